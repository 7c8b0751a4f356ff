"""SyncTalk's ear beside the official one; its field alone, since the official grids are programs for CUDA."""

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import torch

from thespis.apps.against import Part, drawn, some
from thespis.pixels.field.networks import Field, Tower
from thespis.pixels.field.shape import OFFICIAL, WINDOW, harmonics

CODE = "github.com/ZiqiaoPeng/SyncTalk"
PLACES = 65_536


def parts(device: str) -> Iterator[Part]:
    """Give the ear with a second of windows, and the field with four places for each pixel of a picture of 128."""
    # The official base class marches along rays by CUDA programs, which importing it would compile.
    marching = ModuleType("nerf_triplane.renderer")
    marching.NeRFRenderer = torch.nn.Module  # type: ignore[attr-defined]
    sys.modules.setdefault("nerf_triplane.renderer", marching)
    module = import_module("nerf_triplane.network")
    theirs = drawn(module.AudioEncoder()).to(device)
    tower = Tower().to(device).eval()
    tower.load_state_dict(theirs.state_dict())
    mel = some("mel", 25, 1, 80, 16, device=device)
    yield Part("ear, 25 windows", lambda: tower(mel), lambda: theirs(mel))
    field = drawn(Field(OFFICIAL, WINDOW)).to(device)
    places = some("places", PLACES, 3, device=device).tanh()
    ways = torch.nn.functional.normalize(some("ways", PLACES, 3, device=device), dim=1)
    along = torch.stack(harmonics(*ways.unbind(dim=1)), dim=1)
    sizes = {"voice": OFFICIAL.heard, "upper": OFFICIAL.upper, "own": OFFICIAL.own}
    told = [some(name, PLACES, size, device=device) for name, size in sizes.items()]
    yield Part("field, 65536 places", lambda: field(places, along, *told)["colour"], None, "CUDA and its compiler")
