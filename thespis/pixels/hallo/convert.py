"""The published parameters of Hallo, loaded strictly by name. Needs the extra `train`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from thespis.errors import WeightsError
from thespis.pixels.hallo.networks import HalloNetwork
from thespis.pixels.hallo.shape import SHAPES, HalloShape
from thespis.pixels.inflated import adopt
from thespis.weights import read_tensors

NAMES = (
    ("reference_unet.", "reference."), ("denoising_unet.", "denoiser."), ("face_locator.", "locator."), ("imageproj.", "face."),
    ("audioproj.", "voice."), (".attn2_0.", ".regions.0."), (".attn2_1.", ".regions.1."), (".attn2_2.", ".regions.2."),
    (".zero_conv_full.", ".gates.0."), (".zero_conv_face.", ".gates.1."), (".zero_conv_lip.", ".gates.2."),
)  # fmt: skip
"""What a part is called there and here."""


def renamed(held: Mapping[str, Any], shape: HalloShape) -> dict[str, Any]:
    """Give parameters (by published name) names that an inflated network's `adopt` knows.

    Levels without attention have parts that attend over time, which the published program never runs: those are left out.
    """
    found, last = {}, len(shape.widths) - 1
    never = re.compile(rf"denoiser\.(down_blocks\.{last}|up_blocks\.0)\.motion_modules\.") if last > 1 else re.compile("(?!)")
    for name, value in held.items():
        told = name.removeprefix("module.")
        for theirs, ours in NAMES:
            told = told.replace(theirs, ours)
        told = re.sub(r"\.audio_modules\.(\d+)\.", r".attentions.\1.audio.", told)
        if not never.match(told):
            found[told] = value
    return found


def load(network: HalloNetwork, held: Mapping[str, Any], source: object, *, check_only: bool = False) -> None:
    """Load published parameters into a network, or with `check_only` see whether they fit; `source` is named where they do not."""
    wrong = adopt(network, renamed(held, network.shape), check_only=check_only)
    if wrong:
        raise WeightsError(f"{source} does not fit Hallo: {'; '.join(wrong[:3])}; get the official file again")


def converted(files: Mapping[str, Path], folder: Path, shape: HalloShape = SHAPES["full"]) -> None:
    """Check that the published network fits, and write its parameters into a folder; other files are copied as they are."""
    from shutil import copyfile

    from safetensors.torch import save_file

    for name, path in files.items():
        beside = folder / f"{name}.part"
        if name == "network.safetensors":
            held = read_tensors(path)
            with torch.device("meta"):
                network = HalloNetwork(shape)
            load(network, held, path, check_only=True)
            save_file({key: value.contiguous().clone() for key, value in held.items()}, beside)
        else:
            copyfile(path, beside)
        beside.replace(folder / name)
