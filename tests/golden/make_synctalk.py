"""Make `synctalk.safetensors`: what SyncTalk's official field and ears give for made-up parameters, and the names of all parameters.

Needs a clone of github.com/ZiqiaoPeng/SyncTalk and torch: THESPIS_SYNCTALK=CLONE python tests/golden/make_synctalk.py
Its grids and harmonics are CUDA programs; here plain loops stand in for these two, written from the program's own formulas.
"""

import json
import math
import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from official import filled, listing

from thespis.types import random_for

PLACE = Path(__file__).with_name("synctalk.safetensors")
PLACES, FRAMES = 24, 8


def grids(
    inputs: torch.Tensor, embeddings: torch.Tensor, offsets: torch.Tensor, outputs: torch.Tensor,
    count: int, axes: int, channels: int, levels: int, growth: float, base: int, slopes: Any, kind: int, aligned: bool,
) -> None:  # fmt: skip
    """Read grids (levels, count, channels) place by place, level by level, corner by corner."""
    assert (axes, kind, aligned, slopes) == (2, 0, False, None)
    outputs.zero_()
    for level in range(levels):
        first, after = int(offsets[level]), int(offsets[level + 1])
        scale = np.float32(2.0 ** (level * growth) * base - 1)
        points = math.ceil(float(scale)) + 2
        for number in range(count):
            if bool((inputs[number] < 0).any() or (inputs[number] > 1).any()):
                continue
            place = [np.float32(float(value)) * scale + np.float32(0.5) for value in inputs[number]]
            for x in (0, 1):
                for y in (0, 1):
                    left, top = int(place[0]), int(place[1])
                    weight = (place[0] - left if x else 1 - place[0] + left) * (place[1] - top if y else 1 - place[1] + top)
                    at = left + x + (top + y) * points
                    if points * points > after - first:
                        at = (left + x) ^ ((top + y) * 2654435761 % 2**32)
                    outputs[level, number] += float(weight) * embeddings[first + at % (after - first)].detach()


class Harmonics(torch.nn.Module):
    """Real spherical harmonics of degree 0 to 3 by their usual constants."""

    output_dim = 16

    def forward(self, given: torch.Tensor, size: float = 1) -> torch.Tensor:
        """Turn directions (n, 3) into 16 numbers."""
        x, y, z = (given / size).unbind(dim=-1)
        return torch.stack(
            [
                torch.full_like(x, 0.28209479177387814), -0.48860251190291987 * y, 0.48860251190291987 * z, -0.48860251190291987 * x,
                1.0925484305920792 * x * y, -1.0925484305920792 * y * z, 0.94617469575755997 * z * z - 0.31539156525251999,
                -1.0925484305920792 * x * z, 0.54627421529603959 * (x * x - y * y), 0.59004358992664352 * y * (-3 * x * x + y * y),
                2.8906114426405538 * x * y * z, 0.45704579946446572 * y * (1 - 5 * z * z), 0.3731763325901154 * z * (5 * z * z - 3),
                0.45704579946446572 * x * (1 - 5 * z * z), 1.4453057213202769 * z * (x * x - y * y),
                0.59004358992664352 * x * (-x * x + 3 * y * y),
            ],
            dim=-1,
        )  # fmt: skip


class Renderer(torch.nn.Module):
    """The official base class without its march along rays, which is not asked."""

    def __init__(self, opt: Any) -> None:
        """Keep what the network reads."""
        super().__init__()
        self.opt, self.bound, self.exp_eye, self.torso, self.individual_dim = opt, 1.0, True, False, 4


def official(clone: str) -> ModuleType:
    """Import the official network, with plain loops where it has CUDA programs."""
    if clone not in sys.path:
        sys.path.insert(0, clone)
    backend = ModuleType("_gridencoder")
    backend.grid_encode_forward = grids  # type: ignore[attr-defined]
    sys.modules["_gridencoder"] = backend
    harmonics = ModuleType("shencoder")
    harmonics.SHEncoder = lambda **_: Harmonics()  # type: ignore[attr-defined]
    sys.modules["shencoder"] = harmonics
    renderer = ModuleType("nerf_triplane.renderer")
    renderer.NeRFRenderer = Renderer  # type: ignore[attr-defined]
    sys.modules["nerf_triplane.renderer"] = renderer
    return import_module("nerf_triplane.network")


def inputs() -> dict[str, torch.Tensor]:
    """Make up places and directions, what is heard, what the upper face does, a code of a frame, and mel."""
    random = random_for(6, "golden inputs of SyncTalk")
    directions = random.standard_normal((PLACES, 3))
    found = {
        "places": random.uniform(-1.02, 1.02, (PLACES, 3)),
        "directions": directions / np.linalg.norm(directions, axis=1, keepdims=True),
        "heard": random.standard_normal((FRAMES, 512)),
        "upper": random.uniform(0, 1, (1, 7)),
        "own": random.standard_normal((1, 4)),
        "mel": random.standard_normal((2, 1, 80, 16)),
    }
    return {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in found.items()}


def answers(clone: str) -> tuple[dict[str, torch.Tensor], dict[str, dict[str, list[int]]]]:
    """Run the official field and ears -> what they say, and their parameters' names and shapes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what torch calls old
        return asked(official(clone))


def asked(module: Any) -> tuple[dict[str, torch.Tensor], dict[str, dict[str, list[int]]]]:
    """Ask the official program."""
    opt = SimpleNamespace(emb=False, asr_model="ave", att=2, au45=False, bs_area="upper", unc_loss=True, torso=False)
    network = module.NeRFNetwork(opt, audio_dim=32).eval()
    tower = module.AudioEncoder().eval()
    names = {"field": listing(network.state_dict()), "tower": listing(tower.state_dict())}
    held = filled(names["field"])
    network.load_state_dict({name: value if name.endswith("offsets") else held[name] for name, value in network.state_dict().items()})
    tower.load_state_dict(filled(names["tower"]))
    given = inputs()
    with torch.no_grad():
        code = network.encode_audio(given["heard"][:, None])
        density, colour, voice, upper, doubt = network(given["places"], given["directions"], code, given["own"], given["upper"])
        heard = tower(given["mel"])
    found = {"code": code, "density": density, "colour": colour, "voice_gate": voice, "upper_gate": upper, "doubt": doubt, "tower": heard}
    return {name: value.reshape(len(value), -1).contiguous() for name, value in found.items()}, names


def main() -> None:
    """Write the golden tensors."""
    found, names = answers(os.environ["THESPIS_SYNCTALK"])
    tensors = {**{f"given.{name}": value for name, value in inputs().items()}, **found}
    save_file(tensors, PLACE, metadata={"listings": json.dumps({"official": names})})


if __name__ == "__main__":
    main()
