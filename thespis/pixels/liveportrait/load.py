"""From the published files of LivePortrait to our networks: converted once, loaded strictly, safetensors or tensors alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from thespis.errors import WeightsError
from thespis.pixels.liveportrait.convert import CONVERT
from thespis.pixels.liveportrait.networks import LivePortraitNetworks
from thespis.pixels.liveportrait.shape import OFFICIAL, Shape
from thespis.weights import read_tensors, ready


def converted(files: Mapping[str, Path], folder: Path, shape: Shape = OFFICIAL) -> None:
    """Convert the published files (by the name each has here), check that they fit, and write them into a folder."""
    from safetensors.torch import save_file

    for name, path in files.items():
        part = name.removesuffix(".safetensors")
        tensors = CONVERT[part](read_tensors(path))
        fitted(LivePortraitNetworks(shape), part, tensors, path)
        save_file({key: value.contiguous().clone() for key, value in tensors.items()}, folder / f"{name}.part")
        (folder / f"{name}.part").replace(folder / name)


def fitted(networks: LivePortraitNetworks, part: str, tensors: Mapping[str, Any], path: Path) -> None:
    """Load the tensors of a part strictly."""
    try:
        getattr(networks, part).load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise WeightsError(f"{path} does not fit LivePortrait's {part} network: {reason}; get the official file again") from error


def networks_of(folder: Path, shape: Shape = OFFICIAL) -> LivePortraitNetworks:
    """Load the networks from a folder of converted files, onto the graphics card where there is one."""
    found = LivePortraitNetworks(shape)
    for part in CONVERT:
        path = folder / f"{part}.safetensors"
        fitted(found, part, read_tensors(path), path)
    made: LivePortraitNetworks = found.eval().requires_grad_(False).to("cuda" if torch.cuda.is_available() else "cpu")
    return made


def official() -> LivePortraitNetworks:
    """Load the official networks that the user has put in place."""
    return networks_of(ready("liveportrait"))
