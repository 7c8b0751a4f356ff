"""Animated meshes: what the files hold, read back and posed by hand, is what OpenHead does."""

import json
import struct
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thespis.apps import cli
from thespis.export.gltf import document, four_joints, read_glb
from thespis.export.mesh import UP, movement_of, of_arrays, openhead_mesh
from thespis.export.take import open_take, save_take
from thespis.head.openhead import METRES, load_openhead
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.types import Clip, Track

pytestmark = pytest.mark.unit

KINDS = {5126: np.float32, 5121: np.uint8, 5125: np.uint32}
SIZES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rows of a face that does a little of everything."""
    random = np.random.default_rng(0)
    values = random.uniform(0, 0.6, (6, FACE.size))
    values[:, FACE.slice("head_rotation")] = random.uniform(-0.4, 0.4, (6, 3))
    values[:, FACE.slice("head_translation")] = random.uniform(-0.2, 0.2, (6, 3))
    for side in ("left", "right"):
        for way in ("yaw", "pitch"):
            values[:, FACE.column(f"gaze_{side}_{way}")] = random.uniform(-0.3, 0.3, 6)
    track = Track(FACE, values.astype(np.float32), Fraction(25))
    return save_take(tmp_path_factory.mktemp("mesh") / "a.take", Clip(None, None, track))


def array(json_part: dict[str, Any], data: bytes, number: int) -> np.ndarray:
    """Read an accessor."""
    accessor = json_part["accessors"][number]
    view = json_part["bufferViews"][accessor["bufferView"]]
    size = SIZES[accessor["type"]]
    kind = np.dtype(KINDS[accessor["componentType"]])
    assert view["byteOffset"] % 4 == 0 and view["byteLength"] == accessor["count"] * size * kind.itemsize
    found = np.frombuffer(data, kind, accessor["count"] * size, view["byteOffset"]).reshape(accessor["count"], size)
    if "min" in accessor:
        assert np.allclose(accessor["min"], found.min(axis=0)) and np.allclose(accessor["max"], found.max(axis=0))
    return found


def rigid(quat: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Make the matrix (4, 4) of a turn and a place."""
    x, y, z, w = quat.astype(float)
    made = np.eye(4)
    made[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    made[:3, 3] = place
    return made


def posed(found: dict[str, Any], data: bytes, row: int) -> np.ndarray:
    """Pose the mesh of a glTF document as its specification says: shapes, then skin."""
    node = next(node for node in found["nodes"] if "mesh" in node)
    part = found["meshes"][node["mesh"]]["primitives"][0]
    animation = found["animations"][0]
    sampled = {
        (channel["target"]["node"], channel["target"]["path"]): array(found, data, animation["samplers"][channel["sampler"]]["output"])
        for channel in animation["channels"]
    }
    weights = sampled[found["nodes"].index(node), "weights"].reshape(-1, len(part["targets"]))[row]
    points = array(found, data, part["attributes"]["POSITION"]).astype(float)
    for weight, target in zip(weights, part["targets"], strict=True):
        points = points + weight * array(found, data, target["POSITION"])
    skin = found["skins"][node["skin"]]
    binds = array(found, data, skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    parents = {child: number for number, other in enumerate(found["nodes"]) for child in other.get("children", [])}

    def whole(number: int) -> np.ndarray:
        own = found["nodes"][number]
        turn = sampled.get((number, "rotation"))
        place = sampled.get((number, "translation"))
        quat = np.array([0, 0, 0, 1.0]) if turn is None else turn[row]
        matrix = rigid(quat, np.array(own["translation"]) if place is None else place[row])
        return whole(parents[number]) @ matrix if number in parents else matrix

    moved = np.stack([whole(number) @ bind for number, bind in zip(skin["joints"], binds, strict=True)])
    joints = array(found, data, part["attributes"]["JOINTS_0"])
    shares = array(found, data, part["attributes"]["WEIGHTS_0"])
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-6)
    blended = np.einsum("vj,vjab->vab", shares, moved[joints])
    return np.einsum("vab,vb->va", blended, np.concatenate([points, np.ones((len(points), 1))], axis=1))[:, :3]


def test_the_file_poses_as_openhead_does(take: Path, tmp_path: Path) -> None:
    assert cli.main(["export", str(take), "-o", str(tmp_path / "a.glb")]) == 0
    mesh, head, face = openhead_mesh(), load_openhead(), open_take(take).track()
    movement = movement_of(open_take(take), mesh.names)
    turned = document(mesh, replace(movement, weights=np.zeros_like(movement.weights)))
    gaze = np.stack([face[f"gaze_{side}_{way}"] for side in ("left", "right") for way in ("yaw", "pitch")], axis=1)

    def expected(weights: np.ndarray) -> np.ndarray:
        return head.pose(weights, face["head_rotation"], gaze, translation=face["head_translation"])[row][kept] * METRES * UP

    corners = np.stack([head.triangles.ravel(), head.uv_triangles.ravel()], axis=1)
    kept = np.unique(corners, axis=0)[:, 0]
    for row in (0, 3):
        moves = head.weights[kept, 0] < 1e-6  # the chest stays while a translated head takes its neck along
        shown = posed(turned.json, bytes(turned.data), row)
        assert np.abs(shown - expected(np.zeros_like(movement.weights)))[moves].max() < 2e-5
        # In files the joints do not move with the expression, as FLAME's do: less than a millimetre.
        made = read_glb(tmp_path / "a.glb")
        assert np.abs(posed(made.json, bytes(made.data), row) - expected(movement.weights))[moves].max() < 1e-3


def test_the_binary_file_is_well_formed(take: Path, tmp_path: Path) -> None:
    assert cli.main(["export", str(take), "-o", str(tmp_path / "a.glb")]) == 0
    data = (tmp_path / "a.glb").read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data)) and length % 4 == 0
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON" and size % 4 == 0
    found = json.loads(data[20 : 20 + size])
    assert struct.unpack_from("<I4s", data, 20 + size) == (found["buffers"][0]["byteLength"], b"BIN\0")
    assert found["meshes"][0]["extras"]["targetNames"] == list(ARKIT) and len(found["meshes"][0]["weights"]) == 52
    assert {material["name"] for material in found["materials"]} == {"skin", "eyeball", "iris", "pupil", "mouth", "teeth", "hair"}
    buffer = data[28 + size :]
    times = array(found, buffer, found["animations"][0]["samplers"][0]["input"])
    assert np.allclose(times[:, 0], np.arange(6) / 25)
    for accessor in range(len(found["accessors"])):
        assert np.isfinite(array(found, buffer, accessor)).all()
    indices = [array(found, buffer, part["indices"]) for part in found["meshes"][0]["primitives"]]
    assert sum(len(part) for part in indices) == load_openhead().triangles.size


def triangle_mesh() -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """One triangle with two shapes."""
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    return points, np.array([[0, 1, 2]]), ["JAWOPEN", "smirk"], np.stack([points, -points])


def test_any_mesh_of_arrays_moves(take: Path, tmp_path: Path) -> None:
    mesh = of_arrays(*triangle_mesh())
    movement = movement_of(open_take(take), mesh.names)
    face = open_take(take).track()
    assert np.allclose(movement.weights[:, 0], face["jawOpen"]) and not movement.weights[:, 1].any()
    made = document(mesh, movement)
    made.write(tmp_path / "a.glb")
    shown = posed(made.json, bytes(made.data), 2)
    turn = rigid(movement.turns["neck"][2], movement.shift[2])
    expected = mesh.points * (1 + movement.weights[2, 0])
    assert np.allclose(shown, expected @ turn[:3, :3].T + turn[:3, 3], atol=1e-6)
    points, triangles, names, fields = triangle_mesh()
    with pytest.raises(ValueError, match="a mesh needs points"):
        of_arrays(points, triangles, names[:1], fields)
    with pytest.raises(ValueError, match="not among the 3"):
        of_arrays(points, triangles + 1, names, fields)


def test_gaze_moves_the_look_shapes_where_a_take_has_none(tmp_path: Path) -> None:
    track = Track(FACE, np.zeros((2, FACE.size), np.float32), Fraction(25)).replace(gaze_left_pitch=[0.2, 0.2], gaze_right_pitch=[0.2, 0.2])
    take = save_take(tmp_path / "a.take", Clip(None, None, track))
    weights = movement_of(open_take(take), ["eyeLookDownLeft", "eyeLookUpLeft"]).weights
    assert np.allclose(weights, [[0.41, 0]] * 2, atol=1e-5)


def test_the_users_own_file_gets_the_animation(take: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = open_take(take)
    own = document(of_arrays(*triangle_mesh()), movement_of(empty, ["JAWOPEN", "smirk"]))
    del own.json["animations"]
    own.write(tmp_path / "own.glb")
    before = read_glb(tmp_path / "own.glb")
    assert cli.main(["export", str(take), "--mesh", str(tmp_path / "own.glb"), "-o", str(tmp_path / "a.glb")]) == 0
    made = read_glb(tmp_path / "a.glb")
    assert made.json["meshes"] == before.json["meshes"] and bytes(made.data).startswith(bytes(before.data))
    sampler = made.json["animations"][0]["samplers"][0]
    weights = array(made.json, bytes(made.data), sampler["output"]).reshape(-1, 2)
    assert np.allclose(weights[:, 0], empty.track()["jawOpen"]) and made.json["buffers"][0]["byteLength"] == len(made.data)
    points, triangles, _, fields = triangle_mesh()
    document(of_arrays(points, triangles, ["a", "b"], fields), movement_of(empty, ["a", "b"])).write(tmp_path / "odd.glb")
    capsys.readouterr()
    for name, content, told in (
        ("odd.glb", None, "shapes with ARKit's names"),
        ("text.glb", b"hello", "not a .glb"),
        ("cut.glb", (tmp_path / "own.glb").read_bytes()[:-50], "not a .glb"),
        ("none.glb", None, "cannot read"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert cli.main(["export", str(take), "--mesh", str(tmp_path / name), "-o", str(tmp_path / "b.glb")]) == 2
        assert told in capsys.readouterr().err
    assert cli.main(["export", str(take), "--mesh", str(tmp_path / "own.glb"), "-o", str(tmp_path / "b.csv")]) == 2
    assert not (tmp_path / "b.glb").exists() and not list(tmp_path.glob(".*"))


def test_irises_are_round_and_alike() -> None:
    mesh = openhead_mesh()
    sizes = {}
    for name in ("eyeball", "iris", "pupil"):
        middles = mesh.points[mesh.triangles[mesh.materials[name][2]]].mean(axis=1)
        left, right = middles[middles[:, 0] > 0], middles[middles[:, 0] < 0]
        assert len(left) == len(right) > 0
        assert np.allclose(left.mean(axis=0), right.mean(axis=0) * [-1, 1, 1], atol=1e-5)
        sizes[name] = np.ptp(left[:, :2], axis=0)
    assert 1.5 < sizes["iris"][0] / sizes["pupil"][0] < 4 and 0.8 < sizes["iris"][0] / sizes["iris"][1] < 1.25
    assert sum(len(chosen) for _, _, chosen in mesh.materials.values()) == len(mesh.triangles)


def test_joints_without_a_share_are_joint_nought() -> None:
    joints, shares = four_joints(np.array([[0, 0.75, 0.25], [0, 0, 2.0]], np.float32))
    assert joints.tolist() == [[1, 2, 0, 0], [2, 0, 0, 0]] and shares.tolist() == [[0.75, 0.25, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("suffix", [".usda", ".usdc"])
def test_usd_passes_its_checkers_and_holds_the_take(suffix: str, take: Path, tmp_path: Path) -> None:
    from pxr import Usd, UsdSkel, UsdValidation

    path = tmp_path / f"a{suffix}"
    assert cli.main(["export", str(take), "-o", str(path)]) == 0
    stage = Usd.Stage.Open(str(path))
    checks = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert len(checks) > 20
    assert [error.GetMessage() for error in UsdValidation.ValidationContext(checks).Validate(stage)] == []
    animation = UsdSkel.Animation(stage.GetPrimAtPath("/Head/Performance"))
    movement = movement_of(open_take(take), ARKIT)
    assert list(animation.GetBlendShapesAttr().Get()) == list(ARKIT) and stage.GetTimeCodesPerSecond() == 25
    for row in (0, 5):
        assert np.allclose(np.array(animation.GetBlendShapeWeightsAttr().Get(row)), movement.weights[row])
        neck = animation.GetRotationsAttr().Get(row)[list(animation.GetJointsAttr().Get()).index("root/neck")]
        assert np.allclose([*neck.GetImaginary(), neck.GetReal()], movement.turns["neck"][row], atol=1e-6)
    assert not list(tmp_path.glob(".*"))


def test_usd_skins_as_openhead_does(take: Path, tmp_path: Path) -> None:
    from pxr import Usd, UsdGeom, UsdSkel, Vt

    assert cli.main(["export", str(take), "-o", str(tmp_path / "a.usdc")]) == 0
    stage = Usd.Stage.Open(str(tmp_path / "a.usdc"))
    cache = UsdSkel.Cache()
    root = UsdSkel.Root(stage.GetPrimAtPath("/Head"))
    cache.Populate(root, Usd.PrimDefaultPredicate)
    mesh = stage.GetPrimAtPath("/Head/Mesh")
    skinning = cache.GetSkinningQuery(mesh)
    skeleton = cache.GetSkelQuery(UsdSkel.Skeleton(stage.GetPrimAtPath("/Head/Skeleton")))
    shapes = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(mesh))
    row = 3
    weights = skinning.GetBlendShapeMapper().Remap(skeleton.GetAnimQuery().ComputeBlendShapeWeights(row))
    points = Vt.Vec3fArray(UsdGeom.Mesh(mesh).GetPointsAttr().Get())
    sub_weights, sub_shapes, sub_numbers = shapes.ComputeSubShapeWeights(weights)
    indices, offsets = shapes.ComputeBlendShapePointIndices(), shapes.ComputeSubShapePointOffsets()
    assert shapes.ComputeDeformedPoints(sub_weights, sub_shapes, sub_numbers, indices, offsets, points)
    assert skinning.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(row), points, row)
    mesh_of = openhead_mesh()
    made = document(mesh_of, movement_of(open_take(take), ARKIT))
    assert np.abs(np.array(points) - posed(made.json, bytes(made.data), row)).max() < 2e-5


def test_without_openusd_the_command_to_install_it_is_told(
    take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pxr", None)
    assert cli.main(["export", str(take), "-o", str(tmp_path / "a.usda")]) == 2
    assert 'pip install "thespis[export]"' in capsys.readouterr().err and not list(tmp_path.iterdir())
