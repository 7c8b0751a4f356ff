"""Takes as animated glTF 2.0 in one binary file (.glb): on OpenHead, on a mesh given as arrays, or on the user's own .glb."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import thespis
from thespis.errors import MediaError
from thespis.export.mesh import MorphMesh, Movement, movement_of, openhead_mesh
from thespis.export.output import Output, write_error
from thespis.export.take import Take
from thespis.motion.spaces.face import ARKIT

MAGIC, JSON_CHUNK, BINARY_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
FLOAT, BYTE, INTEGER = 5126, 5121, 5125  # what glTF calls its kinds of numbers
VERTICES, ELEMENTS = 34962, 34963
SHAPES = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
KINDS = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): BYTE, np.dtype(np.uint32): INTEGER}
LARGEST_GLB = 1 << 30


@dataclass
class Document:
    """A glTF document on its way: its JSON, and its one buffer."""

    json: dict[str, Any]
    data: bytearray = field(default_factory=bytearray)

    def store(self, values: npt.NDArray[Any], target: int | None = None, *, bounds: bool = False) -> int:
        """Append an array (n, ...) and give the number of its accessor; `bounds` notes the least and largest values."""
        array = np.ascontiguousarray(values)
        self.data += bytes(-len(self.data) % 4)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": array.nbytes}
        if target is not None:
            view["target"] = target
        self.data += array.tobytes()
        accessor: dict[str, Any] = {
            "bufferView": self.append("bufferViews", view),
            "componentType": KINDS[array.dtype],
            "count": len(array),
            "type": SHAPES[array.shape[1:]],
        }
        if bounds:
            flat = array.reshape(len(array), -1)
            accessor |= {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
        return self.append("accessors", accessor)

    def append(self, kind: str, item: Mapping[str, Any]) -> int:
        """Append to one of the document's lists and give the number."""
        self.json.setdefault(kind, []).append(dict(item))
        return len(self.json[kind]) - 1

    def write(self, path: str | Path) -> None:
        """Write the document as .glb, whole or not at all."""
        self.data += bytes(-len(self.data) % 4)
        self.json["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.json, allow_nan=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        output = Output(Path(path))
        try:
            with output.temporary.open("wb") as file:
                file.write(struct.pack("<III", MAGIC, 2, 28 + len(text) + len(self.data)))
                file.write(struct.pack("<II", len(text), JSON_CHUNK) + text)
                file.write(struct.pack("<II", len(self.data), BINARY_CHUNK) + self.data)
            output.publish()
        except OSError as error:
            raise write_error(error, output.path) from error
        finally:
            output.discard()


def document(mesh: MorphMesh, movement: Movement) -> Document:
    """Make the document of a mesh that moves."""
    made = Document({"asset": {"version": "2.0", "generator": f"Thespis {thespis.__version__}"}, "scene": 0})
    joints = add_joints(made, mesh)
    attributes = {
        "POSITION": made.store(mesh.points, VERTICES, bounds=True),
        "NORMAL": made.store(mesh.normals, VERTICES),
    }
    if mesh.uv is not None:
        # The first row of a glTF picture is the top one, and so v goes down.
        attributes["TEXCOORD_0"] = made.store(np.stack([mesh.uv[:, 0], 1 - mesh.uv[:, 1]], axis=1).astype(np.float32), VERTICES)
    places, shares = four_joints(mesh.weights)
    attributes |= {"JOINTS_0": made.store(places, VERTICES), "WEIGHTS_0": made.store(shares, VERTICES)}
    targets = [{"POSITION": made.store(shape, VERTICES, bounds=True)} for shape in mesh.fields]
    parts = []
    for name, (colour, rough, chosen) in mesh.materials.items():
        surface = {"baseColorFactor": [*colour, 1.0], "metallicFactor": 0.0, "roughnessFactor": rough}
        material = made.append("materials", {"name": name, "pbrMetallicRoughness": surface})
        indices = made.store(mesh.triangles[chosen].ravel().astype(np.uint32), ELEMENTS)
        parts.append({"attributes": attributes, "indices": indices, "material": material, "targets": targets})
    drawn = {"name": "head", "primitives": parts, "weights": [0.0] * len(mesh.names), "extras": {"targetNames": list(mesh.names)}}
    node = made.append("nodes", {"name": "head", "mesh": made.append("meshes", drawn), "skin": 0})
    roots = [number for number, joint in zip(joints, mesh.joints, strict=True) if joint.parent < 0]
    made.append("scenes", {"nodes": [*roots, node]})
    add_animation(made, mesh, movement, joints, node)
    return made


def add_joints(made: Document, mesh: MorphMesh) -> list[int]:
    """Add the joints as nodes and as a skin, and give the numbers of the nodes."""
    numbers = []
    binds = np.tile(np.eye(4, dtype=np.float32), (len(mesh.joints), 1, 1))
    for number, joint in enumerate(mesh.joints):
        above = np.zeros(3) if joint.parent < 0 else np.array(mesh.joints[joint.parent].place)
        numbers.append(made.append("nodes", {"name": joint.name, "translation": (np.array(joint.place) - above).tolist()}))
        binds[number, 3, :3] = -np.array(joint.place)  # matrices are stored column by column
    for number, joint in zip(numbers, mesh.joints, strict=True):
        if joint.parent >= 0:
            made.json["nodes"][numbers[joint.parent]].setdefault("children", []).append(number)
    made.append("skins", {"joints": numbers, "inverseBindMatrices": made.store(binds)})
    return numbers


def four_joints(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Keep the four strongest joints of each point: their numbers (V, 4) and shares (V, 4) that sum to one."""
    padded = np.pad(weights, ((0, 0), (0, max(4 - weights.shape[1], 0))))
    order = np.argsort(-padded, axis=1, kind="stable")[:, :4]
    shares = np.take_along_axis(padded, order, axis=1)
    shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    # A joint without a share must be joint 0.
    return np.where(shares > 0, order, 0).astype(np.uint8), shares


def add_animation(made: Document, mesh: MorphMesh, movement: Movement, joints: list[int], node: int) -> None:
    """Add the movement: weights of the shapes, turns of the joints, and where the neck goes."""
    times = made.store(movement.times, bounds=True)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def channel(target: int, path: str, values: npt.NDArray[np.float32]) -> None:
        samplers.append({"input": times, "output": made.store(values), "interpolation": "LINEAR"})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": target, "path": path}})

    channel(node, "weights", movement.weights.ravel())
    for number, joint in zip(joints, mesh.joints, strict=True):
        if joint.name in movement.turns:
            channel(number, "rotation", movement.turns[joint.name])
        if joint.name == "neck":
            rest = np.array(made.json["nodes"][number]["translation"], np.float32)
            channel(number, "translation", rest + movement.shift)
    made.append("animations", {"name": "performance", "samplers": samplers, "channels": channels})


def write_gltf(take: Take, path: Path, own: Path | None = None) -> int:
    """Write a take as .glb, on OpenHead or on the user's own .glb whose morph targets have ARKit's names; count the rows."""
    if own is not None:
        made, rows = on_own_mesh(take, own)
    else:
        mesh = openhead_mesh()
        movement = movement_of(take, mesh.names)
        made, rows = document(mesh, movement), len(movement.weights)
    if not rows:
        raise MediaError(f"{take.path} holds no rows; there is nothing to animate")
    made.write(path)
    return rows


def read_glb(path: Path) -> Document:
    """Read a .glb: its JSON and its buffer."""
    wrong = f"{path} is not a .glb that can be read; export it again as glTF 2.0 in one binary file"
    try:
        if path.stat().st_size > LARGEST_GLB:
            raise MediaError(f"{path} is larger than 1 GiB; export it without textures")
        data = path.read_bytes()
        magic, version, _ = struct.unpack_from("<III", data)
        length, kind = struct.unpack_from("<II", data, 12)
        found = json.loads(data[20 : 20 + length])
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}") from None
    except (struct.error, ValueError, RecursionError):
        raise MediaError(wrong) from None
    after = data[20 + length :]
    if magic != MAGIC or version != 2 or kind != JSON_CHUNK or not isinstance(found, dict):
        raise MediaError(wrong)
    if len(after) < 8:
        return Document(found)
    size, kind = struct.unpack_from("<II", after)
    if kind != BINARY_CHUNK or len(after) < 8 + size:
        raise MediaError(wrong)
    return Document(found, bytearray(after[8 : 8 + size]))


def on_own_mesh(take: Take, path: Path) -> tuple[Document, int]:
    """Add the take as an animation to every mesh of a .glb that has shapes with ARKit's names."""
    made, rows, times = read_glb(path), 0, -1
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []
    known = {name.lower() for name in ARKIT}
    try:
        if any("uri" in buffer for buffer in made.json.get("buffers", [])):
            raise MediaError(f"{path} keeps its numbers in other files; export it as one binary .glb")
        for number, node in enumerate(made.json.get("nodes", [])):
            if "mesh" not in node:
                continue
            names = made.json["meshes"][node["mesh"]].get("extras", {}).get("targetNames", [])
            if not known & {str(name).lower() for name in names}:
                continue
            movement = movement_of(take, [str(name) for name in names])
            rows = len(movement.weights)
            times = times if times >= 0 else made.store(movement.times, bounds=bool(rows))
            samplers.append({"input": times, "output": made.store(movement.weights.ravel()), "interpolation": "LINEAR"})
            channels.append({"sampler": len(samplers) - 1, "target": {"node": number, "path": "weights"}})
    except (TypeError, KeyError, IndexError, AttributeError):
        raise MediaError(f"{path} is not glTF 2.0 as it should be; check it with a validator and export it again") from None
    if not channels:
        raise MediaError(f"no mesh in {path} has shapes with ARKit's names (jawOpen, mouthSmileLeft ...); name its morph targets so")
    made.append("animations", {"name": "performance", "samplers": samplers, "channels": channels})
    return made, rows
