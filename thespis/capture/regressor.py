"""Read expressions with the user's own DECA or EMOCA weights (Feng et al. 2021, Danecek et al. 2022). Needs the extra `train`.

The networks are ResNet-50s with two linear layers on top: DECA's gives 236 numbers (shape 100, texture 50, expression 50, pose 6,
camera 3, light 27), EMOCA has a second one for the 50 of the expression, in some versions with the 3 of the jaw. Which weights a file
holds, and how wide they are, is read from the file; nothing in it is executed.
"""

import importlib.util
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from thespis.errors import MissingExtraError, WeightsError

if importlib.util.find_spec("torch") is None:
    raise MissingExtraError("reading faces with a regressor needs torch, which is not installed; run: pip install 'thespis[train]'")

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from thespis.capture.footage import Footage
from thespis.capture.sighting import Sighting
from thespis.head.flame_landmarks import FlameReading
from thespis.head.shapes import BROW_LEFT, BROW_RIGHT, SHAPES, Indices
from thespis.types import Array, Bytes, Channel, Space, Track

CODE = {"shape": 100, "texture": 50, "expression": 50, "pose": 6, "camera": 3, "light": 27}
"""What DECA's network gives, in its order; the pose is the rotation vectors of the head and of the jaw."""
SIZE = sum(CODE.values())
REGRESSED = Space(
    "regressed",
    (
        *(Channel(f"shape_{number}") for number in range(CODE["shape"])),
        *(Channel(f"expression_{number}") for number in range(CODE["expression"])),
        Channel("head", "rotation", 3),
        Channel("jaw", "rotation", 3),
        *(Channel(name) for name in ("camera_scale", "camera_x", "camera_y")),
    ),
)
"""What the regressor said, in the basis of the user's FLAME head and in FLAME's axes."""
INPUT = 224  # pixels a side
ROOM = 1.1 * 1.25  # of the landmarks' box, as the networks were trained
BATCH = 8
LIDS = tuple(name.startswith("eye") for name in SHAPES)
OUTLINE = (127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356)
"""From ear to ear along the jaw: with the brows the border of the 68 landmarks that the networks' crops were made by."""
WHERE = "give the file that its authors publish, such as deca_model.tar or EMOCA's last checkpoint"


class Bottleneck(nn.Module):
    """Three convolutions beside a short cut; the middle one may halve the picture."""

    def __init__(self, inside: int, width: int, stride: int) -> None:
        """Make a block from `inside` to 4 * `width` channels."""
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.downsample: nn.Module | None = None
        if stride > 1 or inside != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(inside, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x: Tensor) -> Tensor:
        """Go on from (B, inside, H, W) to (B, 4 * width, H / stride, W / stride)."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class Trunk(nn.Module):
    """A residual network (He et al. 2015) under its usual names; 64 channels and 3, 4, 6, 3 blocks make a ResNet-50."""

    def __init__(self, width: int, blocks: tuple[int, ...]) -> None:
        """Make the layers."""
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        inside = width
        for number, count in enumerate(blocks):
            wide = width * 2**number
            steps = [Bottleneck(inside if k == 0 else 4 * wide, wide, 2 if k == 0 and number > 0 else 1) for k in range(count)]
            self.add_module(f"layer{number + 1}", nn.Sequential(*steps))
            inside = 4 * wide
        self.layers = [f"layer{number + 1}" for number in range(len(blocks))]

    def forward(self, pictures: Tensor) -> Tensor:
        """Turn pictures (B, 3, 224, 224), 0 to 1, into features (B, 32 * width)."""
        x = torch.relu(self.bn1(self.conv1(pictures)))
        x = nn.functional.max_pool2d(x, 3, 2, 1)
        for name in self.layers:
            x = self.get_submodule(name)(x)
        return x.mean(dim=(2, 3))


class Encoder(nn.Module):
    """One network of a regressor: the trunk and two linear layers."""

    def __init__(self, width: int, blocks: tuple[int, ...], hidden: int, size: int) -> None:
        """Make an encoder that gives `size` numbers."""
        super().__init__()
        self.encoder = Trunk(width, blocks)
        self.layers = nn.Sequential(nn.Linear(width * 4 * 2 ** (len(blocks) - 1), hidden), nn.ReLU(), nn.Linear(hidden, size))

    def forward(self, pictures: Tensor) -> Tensor:
        """Turn pictures (B, 3, 224, 224) into numbers (B, size)."""
        numbers: Tensor = self.layers(self.encoder(pictures))
        return numbers


class Inert:
    """Stands for anything in a checkpoint that is not a tensor: it takes what it is given and does nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        """Take anything."""

    def __call__(self, *_: object, **__: object) -> "Inert":
        """Give another one."""
        return Inert()

    def __setstate__(self, _: object) -> None:
        """Forget what it was to hold."""

    def __setitem__(self, _: object, __: object) -> None:
        """Forget an entry."""

    def append(self, _: object) -> None:
        """Forget an item."""

    def extend(self, _: object) -> None:
        """Forget items."""


class TensorsOnly(pickle.Unpickler):
    """An unpickler that makes tensors and tables; whatever else a pickle names becomes inert."""

    ALLOWED = frozenset({("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_parameter"), ("collections", "OrderedDict")})

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - whatever a pickle may ask for
        """Give the makers of tensors, and something inert for everything else."""
        if (module, name) in self.ALLOWED or (module in ("torch", "torch.storage") and name.endswith("Storage") and "." not in name):
            return super().find_class(module, name)
        return Inert


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read every tensor of a checkpoint (.tar, .ckpt, .pth, .pt or .safetensors) by its dotted name."""
    if not path.is_file():
        raise WeightsError(f"there is no file {path} with a regressor's weights; {WHERE}")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        only = SimpleNamespace(
            __name__="pickle",
            Unpickler=TensorsOnly,
            UnpicklingError=pickle.UnpicklingError,
            load=lambda file, **_: TensorsOnly(file).load(),
        )
        held = torch.load(path, map_location="cpu", weights_only=False, pickle_module=only)
    except Exception as error:  # a damaged or hostile file can break the reader in any way
        raise WeightsError(f"{path} cannot be read as a checkpoint ({type(error).__name__}); {WHERE}") from None
    return dict(flattened(held, ""))


def flattened(held: object, before: str) -> list[tuple[str, Tensor]]:
    """List the tensors of nested tables with their dotted names."""
    if isinstance(held, Tensor):
        return [(before.rstrip("."), held)]
    if not isinstance(held, Mapping):
        return []
    return [pair for name, inner in held.items() if isinstance(name, str) for pair in flattened(inner, f"{before}{name}.")]


def load_encoder(tensors: Mapping[str, Tensor], name: str, path: Path) -> Encoder | None:
    """Make the encoder that a checkpoint holds under a name, such as E_flame; None where it holds none."""
    mark = f"{name}."
    own = {key.partition(mark)[2]: value for key, value in tensors.items() if f".{key}".find(f".{mark}") >= 0}
    if not own:
        return None
    try:
        width, hidden, size = (len(own[key]) for key in ("encoder.conv1.weight", "layers.0.weight", "layers.2.weight"))
    except KeyError as error:
        raise WeightsError(f"{path} is no DECA or EMOCA: {name} lacks {error.args[0]}; {WHERE}") from None
    numbers = [{key.split(".")[2] for key in own if key.startswith(f"encoder.layer{layer}.")} for layer in range(1, 5)]
    network = Encoder(width, tuple(len(found) for found in numbers), hidden, size)
    try:
        # Classifier layers of the trunk's first life are in some files; nobody uses them.
        network.load_state_dict({key: value for key, value in own.items() if not key.startswith("encoder.fc.")}, strict=True)
    except RuntimeError as error:
        raise WeightsError(f"{path} is no DECA or EMOCA: {name} does not fit ({' '.join(str(error).split()[:24])} ...); {WHERE}") from None
    network.eval()
    return network


@dataclass(frozen=True, eq=False)
class Regressor:
    """DECA or EMOCA, and the user's FLAME head, by which its expressions become weights."""

    flame: Encoder
    expression: Encoder | None
    reading: FlameReading

    def __call__(self, pictures: Array) -> Array:
        """Turn faces (B, 3, 224, 224), 0 to 1, into numbers (B, 236) in the order of CODE."""
        with torch.inference_mode():
            given = torch.from_numpy(pictures)
            code = self.flame(given)
            if self.expression is not None:
                other = self.expression(given)
                begin = CODE["shape"] + CODE["texture"]
                code[:, begin : begin + CODE["expression"]] = other[:, : CODE["expression"]]
                if other.shape[1] > CODE["expression"]:
                    jaw = begin + CODE["expression"] + 3
                    code[:, jaw : jaw + 3] = other[:, CODE["expression"] :]
        return np.asarray(code.numpy(), np.float32)

    def read(self, footage: Footage, people: list[list[Sighting]]) -> list[Array]:
        """Look at the faces of a video again -> for each person the numbers (n, 236) of their sightings."""
        places = [{each.frame: (number, row) for row, each in enumerate(person)} for number, person in enumerate(people)]
        found = [np.zeros((len(person), SIZE), np.float32) for person in people]
        waiting: list[tuple[int, int, Array]] = []

        def look() -> None:
            if waiting:
                for (number, row, _), code in zip(waiting, self(np.stack([crop for _, _, crop in waiting])), strict=True):
                    found[number][row] = code
                waiting.clear()

        for frame, image in enumerate(footage):
            for seen in places:
                if frame in seen:
                    number, row = seen[frame]
                    waiting.append((number, row, cropped(image, people[number][row].points)))
            if len(waiting) >= BATCH:
                look()
        look()
        return found

    def weights(self, code: Array, usual: Array) -> Array:
        """Turn numbers (n, 236) into the 51 weights (n, 51); the lids, which FLAME has not, stay as `usual` (n, 51) says."""
        parts = split(code)
        made = self.reading.weights(parts["expression"], parts["pose"][:, 3:])
        return np.where(LIDS, usual, made).astype(np.float32)

    def track(self, code: Array, rows: Indices, like: Track) -> Track:
        """Lay numbers (n, 236) of the frames `rows` (n,) out as a track like another one; a frame unseen is as the last that was seen."""
        parts = split(code)
        values = np.concatenate([parts["shape"], parts["expression"], parts["pose"], parts["camera"]], axis=1)
        held = np.maximum(np.searchsorted(rows, np.arange(len(like)), side="right") - 1, 0)
        return Track(REGRESSED, np.ascontiguousarray(values[held], np.float32), like.fps)


def cropped(image: Bytes, points: Array) -> Array:
    """Cut a face out of an image (height, width, 3) as the networks were trained -> (3, 224, 224), 0 to 1."""
    border = points[[*OUTLINE, *BROW_LEFT, *BROW_RIGHT], :2]
    low, high = border.min(axis=0), border.max(axis=0)
    middle, zoom = (low + high) / 2, (INPUT - 1) / (ROOM * float((high - low).mean()))
    matrix = np.array([[zoom, 0, INPUT / 2 - zoom * middle[0]], [0, zoom, INPUT / 2 - zoom * middle[1]]], np.float64)
    crop = cv2.warpAffine(image, matrix, (INPUT, INPUT), flags=cv2.INTER_LINEAR)
    return np.ascontiguousarray(crop.transpose(2, 0, 1), np.float32) / np.float32(255)


def split(code: Array) -> dict[str, Array]:
    """Name the parts of numbers (n, 236)."""
    stops = np.cumsum(list(CODE.values()))
    return dict(zip(CODE, np.split(code, stops[:-1], axis=1), strict=True))


def load_regressor(path: Path | str, reading: FlameReading) -> Regressor:
    """Load the user's own DECA or EMOCA weights, to be read with their FLAME head."""
    path = Path(path)
    tensors = read_tensors(path)
    flame, expression = (load_encoder(tensors, name, path) for name in ("E_flame", "E_expression"))
    if flame is None:
        raise WeightsError(f"{path} is no DECA or EMOCA: it holds no E_flame; {WHERE}")
    sizes = {"E_flame": (flame, (SIZE,)), "E_expression": (expression, (CODE["expression"], CODE["expression"] + 3))}
    for name, (network, allowed) in sizes.items():
        size = None if network is None else int(network.layers[2].bias.shape[0])
        if size is not None and size not in allowed:
            raise WeightsError(f"{path}: {name} gives {size} numbers, expected {' or '.join(map(str, allowed))}; {WHERE}")
    return Regressor(flame, expression, reading)
