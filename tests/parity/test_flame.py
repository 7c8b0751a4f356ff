"""Our FLAME layer gives what `smplx`'s gives, from the same file; `test_flame_torch.py` compares torch with numpy."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from thespis.head.flame import Flame
from thespis.head.flame_files import load_flame
from thespis.head.openhead import load_openhead, openhead_card
from thespis.types import Array

pytestmark = pytest.mark.parity
GOLDEN = Path(__file__).parents[1] / "golden"
CLOSE = 1e-5  # metres


def arguments(held: dict[str, Array]) -> dict[str, Array]:
    return {name: held[name] for name in ("shape", "expression", "rotations", "translation")}


def test_the_golden_tensors_belong_to_this_head(golden: tuple[dict[str, Array], str]) -> None:
    assert golden[1] == openhead_card().sha256, "OpenHead has changed: run tests/golden/make_flame.py with smplx installed"


def test_numpy_equals_smplx(folder: Path, golden: tuple[dict[str, Array], str]) -> None:
    held, _ = golden
    posed = load_flame(folder / "FLAME_NEUTRAL.pkl")(**arguments(held))
    every = -(-posed.vertices.shape[1] // held["vertices"].shape[1])
    np.testing.assert_allclose(posed.vertices[:, ::every], held["vertices"], atol=CLOSE)
    np.testing.assert_allclose(posed.joints, held["joints"], atol=CLOSE)
    assert np.abs(held["vertices"][1:] - held["vertices"][0]).max() > 0.1  # the poses do move the head


def test_saved_in_metres_is_the_same_head(folder: Path) -> None:
    head = load_openhead()
    flip = np.array([1, -1, -1], np.float32)
    rotations = np.random.default_rng(0).normal(scale=0.3, size=(3, 5, 3)).astype(np.float32)
    shape = np.random.default_rng(1).normal(size=(3, 40)).astype(np.float32)
    own = head.flame(shape, rotations=rotations).vertices
    metric: Flame = load_flame(folder / "FLAME_NEUTRAL.pkl")
    np.testing.assert_allclose(metric(shape, rotations=rotations * flip).vertices, own * flip * 0.063, atol=CLOSE)


if importlib.util.find_spec("smplx"):

    def test_smplx_itself(folder: Path) -> None:
        sys.path.insert(0, str(GOLDEN))
        import make_flame

        given = make_flame.inputs(5)
        vertices, joints = make_flame.official(folder, given)
        posed = load_flame(folder / "FLAME_NEUTRAL.pkl")(**given)
        np.testing.assert_allclose(posed.vertices, vertices, atol=CLOSE)
        np.testing.assert_allclose(posed.joints, joints, atol=CLOSE)
