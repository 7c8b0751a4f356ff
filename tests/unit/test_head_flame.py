"""The FLAME layer and its files: rotations, broadcasting, old pickles read as plain data, hostile ones refused."""

import importlib
import pickle
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thespis.errors import MissingExtraError, WeightsError
from thespis.head.flame import Flame, chain, rotation_matrices, rotation_vectors
from thespis.head.flame_files import NO_PARENT, load_flame, save_flame
from thespis.types import Array

pytestmark = pytest.mark.unit


def tiny(vertices: int = 12) -> Flame:
    random = np.random.default_rng(0)

    def some(*shape: int) -> Array:
        return random.normal(size=shape).astype(np.float32)

    regressor, weights = np.abs(some(5, vertices)), np.abs(some(vertices, 5))
    return Flame(
        some(vertices, 3), some(vertices, 3, 300), some(vertices, 3, 100), some(vertices, 3, 36),
        regressor / regressor.sum(axis=1, keepdims=True), weights / weights.sum(axis=1, keepdims=True),
        np.arange(vertices, dtype=np.int32).reshape(-1, 3),
    )  # fmt: skip


def table(model: Flame) -> dict[str, object]:
    return {
        "v_template": model.template.astype(np.float64),
        "shapedirs": np.concatenate([model.shape_directions, model.expression_directions], axis=2).astype(np.float64),
        "posedirs": model.pose_directions.astype(np.float64),
        "J_regressor": model.regressor.astype(np.float64),
        "weights": model.weights.astype(np.float64),
        "f": model.triangles.astype(np.uint32),
        "kintree_table": np.array([[NO_PARENT, 0, 1, 1, 1], range(5)], np.int64),
    }


def same(one: Flame, other: Flame) -> None:
    for name in ("template", "shape_directions", "expression_directions", "pose_directions", "regressor", "weights", "triangles"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-7, err_msg=name)


@settings(deadline=None)
@given(st.lists(st.floats(-1.8, 1.8), min_size=3, max_size=3))
def test_rotation_vectors_come_back(vector: list[float]) -> None:
    given_vector = np.array(vector)
    matrix = rotation_matrices(given_vector)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(matrix) == pytest.approx(1)
    np.testing.assert_allclose(rotation_vectors(matrix), given_vector, atol=1e-5)


def test_half_turns_come_back_as_half_turns() -> None:
    for axis in np.eye(3):
        matrix = rotation_matrices(np.pi * axis)
        np.testing.assert_allclose(np.abs(rotation_vectors(matrix)), np.pi * axis, atol=1e-6)


def test_a_chain_of_joints_turns_about_each_joint() -> None:
    joints = np.array([[[0, 0, 0], [0, 1, 0], [0, 2, 0], [1, 2, 0], [-1, 2, 0]]], float)
    matrices = np.tile(np.eye(3), (1, 5, 1, 1))
    matrices[0, 1] = rotation_matrices(np.array([0, 0, np.pi / 2]))
    places, turn, shift = chain(joints, matrices)
    np.testing.assert_allclose(places[0, 2], [-1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(turn[0, 2] @ joints[0, 2] + shift[0, 2], places[0, 2], atol=1e-6)
    np.testing.assert_allclose(places[0, 0], 0, atol=1e-9)


def test_rows_are_shared_out() -> None:
    model = tiny()
    random = np.random.default_rng(1)
    shape, rotations = random.normal(size=(1, 10)).astype(np.float32), random.normal(size=(4, 5, 3)).astype(np.float32)
    expression = random.normal(size=(4, 20)).astype(np.float32)
    together = model(shape, expression, rotations, translation=np.ones(3, np.float32))
    for row in range(4):
        alone = model(shape, expression[row : row + 1], rotations[row : row + 1], np.ones((1, 3), np.float32))
        np.testing.assert_allclose(together.vertices[row], alone.vertices[0], atol=1e-4)
        np.testing.assert_allclose(together.joints[row], alone.joints[0], atol=1e-4)
    assert model().vertices.shape == (1, 12, 3)
    np.testing.assert_allclose(model().vertices[0], model.template, atol=1e-6)
    assert model(rotations=np.zeros((0, 5, 3), np.float32)).vertices.shape == (0, 12, 3)


def test_many_rows_give_what_few_rows_give() -> None:
    model = tiny()
    random = np.random.default_rng(4)
    rotations, shift = random.normal(size=(150, 5, 3)).astype(np.float32), random.normal(size=(150, 3)).astype(np.float32)
    shape = random.normal(size=(1, 5)).astype(np.float32)
    together = model(shape, rotations=rotations, translation=shift)
    assert (together.vertices.shape, together.joints.shape) == ((150, 12, 3), (150, 5, 3))
    for row in (0, 63, 64, 149):
        alone = model(shape, rotations=rotations[row : row + 1], translation=shift[row])
        np.testing.assert_allclose(together.vertices[row], alone.vertices[0], atol=1e-4)
        np.testing.assert_allclose(together.joints[row], alone.joints[0], atol=1e-4)
    still = model(random.normal(size=(70, 5)).astype(np.float32))
    assert still.vertices.shape == (70, 12, 3)


def test_a_head_is_saved_and_loaded(tmp_path: Path) -> None:
    save_flame(tiny(), tmp_path / "head.pkl")
    same(load_flame(tmp_path / "head.pkl"), tiny())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    file = tmp_path / "head.pkl"
    file.write_bytes(pickle.dumps(table(tiny()), protocol=protocol))
    same(load_flame(file), tiny())


def test_chumpy_and_scipy_are_read_as_plain_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLAME 2019 and 2020 hold chumpy's arrays and a sparse regressor; neither library is asked for anything."""
    from scipy.sparse import csc_matrix, csr_matrix

    module = types.ModuleType("chumpy.ch")
    made = type("Ch", (), {"__module__": "chumpy.ch"})
    module.Ch = made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)

    def wrapped(value: object) -> object:
        one = made()
        one.__dict__.update(x=value, _status="new", dirty_vars={"x"})
        return one

    model = tiny()
    held = table(model)
    for name in ("v_template", "shapedirs", "posedirs", "weights"):
        held[name] = wrapped(held[name])
    chosen = made()
    chosen.__dict__.update(a=wrapped(np.asarray(model.template, np.float64).ravel()), idxs=np.arange(36), preferred_shape=(12, 3))
    files = []
    for number, (sparse, template) in enumerate(((csc_matrix, held["v_template"]), (csr_matrix, chosen))):
        held["J_regressor"], held["v_template"] = sparse(model.regressor.astype(np.float64)), template
        files.append(tmp_path / f"{number}.pkl")
        files[-1].write_bytes(pickle.dumps(held, protocol=2))
    monkeypatch.undo()
    for file in files:
        same(load_flame(file), model)
    assert "chumpy" not in sys.modules


class Hostile:
    """Runs a command wherever an ordinary unpickler reads it."""

    def __init__(self, maker: object, *arguments: object) -> None:
        self.maker, self.arguments = maker, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.maker, self.arguments


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("maker", [eval, exec, getattr, subprocess.Popen, importlib.import_module, Path, bytearray, np.load, np.fromfile])
def test_hostile_pickles_are_refused_and_do_nothing(tmp_path: Path, maker: object, protocol: int) -> None:
    trap = tmp_path / "trap"
    argument = f"open({str(trap)!r}, 'w')" if maker in (eval, exec) else str(trap)
    held = table(tiny())
    held["v_template"] = Hostile(maker, argument)
    file = tmp_path / "head.pkl"
    file.write_bytes(pickle.dumps(held, protocol=protocol))
    with pytest.raises(
        WeightsError, match=r"head\.pkl is refused: it asks for .*, and only plain arrays are read; get FLAME from https"
    ) as error:
        load_flame(file)
    assert "\n" not in str(error.value)
    assert not trap.exists()


def test_a_command_in_a_pickle_is_not_run(tmp_path: Path) -> None:
    trap, file = tmp_path / "trap", tmp_path / "head.pkl"
    file.write_bytes(b"cos\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR.")
    with pytest.raises(WeightsError, match=r"asks for os\.system"):
        load_flame(file)
    assert not trap.exists()


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    held = table(tiny())
    held["weights"] = np.array([[object]], dtype=object)
    (tmp_path / "head.pkl").write_bytes(pickle.dumps(held, protocol=2))
    with pytest.raises(WeightsError, match="is refused"):
        load_flame(tmp_path / "head.pkl")


def test_files_that_are_no_flame_heads_get_one_line(tmp_path: Path) -> None:
    file = tmp_path / "head.pkl"
    with pytest.raises(WeightsError, match=r"cannot read .*head\.pkl: No such file"):
        load_flame(file)
    whole = pickle.dumps(table(tiny()), protocol=2)
    for data in (b"", b"nonsense", whole[: len(whole) // 2], whole[:-1], b"\x80\x02]q\x00."):
        file.write_bytes(data)
        with pytest.raises(WeightsError) as error:
            load_flame(file)
        assert "\n" not in str(error.value)
    wrong: list[tuple[str, object, str]] = [
        ("shapedirs", np.zeros((12, 3, 10)), r"shapedirs is \(12, 3, 10\), expected \(12, 3, 400\)"),
        ("kintree_table", np.array([[0, 0, 0, 0, 0], range(5)]), r"its joints hang on \(0, 0, 0, 0\)"),
        ("f", np.array([[0, 1, 99]]), "triangles name vertices that it has not"),
        ("weights", "text", "holds no array under 'weights'"),
    ]
    for name, value, message in wrong:
        file.write_bytes(pickle.dumps({**table(tiny()), name: value}, protocol=2))
        with pytest.raises(WeightsError, match=message):
            load_flame(file)
    held = table(tiny())
    del held["posedirs"]
    file.write_bytes(pickle.dumps(held, protocol=2))
    with pytest.raises(WeightsError, match="posedirs is absent"):
        load_flame(file)


def test_without_torch_the_layer_for_training_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None if name == "torch" else find(name, package))
    monkeypatch.delitem(sys.modules, "thespis.head.flame_torch", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'thespis\[train\]'"):
        importlib.import_module("thespis.head.flame_torch")


def test_loading_needs_neither_torch_nor_scipy() -> None:
    code = "import sys, thespis.head.openhead as o; o.load_openhead().flame(); print(sorted({'torch', 'scipy', 'cv2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
