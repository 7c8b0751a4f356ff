"""LivePortrait's networks as ONNX files, for other programs and machines without torch; each is compared with the network it came from."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from thespis.errors import WeightsError
from thespis.pixels.liveportrait.load import official
from thespis.pixels.liveportrait.networks import LivePortraitNetworks

OPSET = 20  # the first whose GridSample knows volumes
CLOSE = 1e-3


class Heads(nn.Module):
    """The motion extractor as a function of tensors: its heads in the order of their names."""

    def __init__(self, motion: Any) -> None:  # noqa: ANN401 - a Motion
        """Hold the network."""
        super().__init__()
        self.motion = motion

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Read pictures (B, 3, S, S)."""
        said = self.motion.numbers(pictures)
        return tuple(said[name] for name in sorted(said))


def write(folder: Path, networks: LivePortraitNetworks | None = None) -> list[Path]:
    """Write the seven networks into a folder, for one picture at a time; the official ones where none are given."""
    folder.mkdir(parents=True, exist_ok=True)
    own = (networks or official()).cpu().eval()
    shape, random = own.shape, torch.Generator().manual_seed(0)

    def drawn(*size: int) -> Tensor:
        return torch.rand(1, *size, generator=random)

    volume = (shape.channels, shape.depth, shape.volume_side, shape.volume_side)
    points = [0.8 * drawn(shape.keypoints, 3) - 0.4 for _ in range(2)]
    heads = sorted(own.motion.heads)
    jobs = {
        "appearance": (own.appearance, (drawn(3, shape.side, shape.side),), ["picture"], ["volume"]),
        "motion": (Heads(own.motion), (drawn(3, shape.side, shape.side),), ["picture"], heads),
        "warping": (own.warping, (drawn(*volume), *points), ["volume", "source", "driving"], ["features"]),
        "drawing": (own.drawing, (drawn(shape.inner, shape.volume_side, shape.volume_side),), ["features"], ["picture"]),
        "stitching": (own.corrections.stitching, tuple(points), ["source", "driving"], ["added"]),
        "eyes": (own.corrections.eyes, (points[0], drawn(3)), ["source", "open"], ["added"]),
        "lips": (own.corrections.lips, (points[0], drawn(2)), ["source", "open"], ["added"]),
    }
    paths = []
    for name, (module, given, inputs, outputs) in jobs.items():
        path = folder / f"liveportrait_{name}.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes that become constants; the files are compared below
            torch.onnx.export(module, given, str(path), input_names=inputs, output_names=outputs, opset_version=OPSET, dynamo=False)
        compare(module, given, inputs, path)
        paths.append(path)
    return paths


def compare(module: nn.Module, given: tuple[Tensor, ...], inputs: list[str], path: Path) -> None:
    """Make sure that a file answers as the network it was made from."""
    import onnxruntime

    with torch.no_grad():
        found = module(*given)
    wanted = found if isinstance(found, tuple) else (found,)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    made = session.run(None, {name: value.numpy() for name, value in zip(inputs, given, strict=True)})
    apart = max(float(np.abs(one - other.numpy()).max()) for one, other in zip(made, wanted, strict=True))
    if not apart <= CLOSE:
        raise WeightsError(f"{path} answers otherwise than its network, by {apart:.2g}; use the versions of constraints.txt")
