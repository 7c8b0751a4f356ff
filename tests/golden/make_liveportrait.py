"""Make `liveportrait.safetensors`: what the official LivePortrait networks give for made-up parameters, and the names of all parameters.

Needs a clone of github.com/KwaiVGI/LivePortrait (MIT) and torch: THESPIS_LIVEPORTRAIT=CLONE python tests/golden/make_liveportrait.py
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from official import filled, listing

from thespis.apps.against.liveportrait import FULL, networks
from thespis.types import random_for

PLACE = Path(__file__).with_name("liveportrait.safetensors")
TINY: dict[str, dict[str, Any]] = {
    "appearance": {
        "image_channel": 3, "block_expansion": 4, "num_down_blocks": 2, "max_features": 16, "reshape_channel": 4, "reshape_depth": 4,
        "num_resblocks": 2,
    },
    "motion": {"num_kp": 21, "backbone": "little"},
    "warping": {
        "num_kp": 21, "block_expansion": 4, "max_features": 16, "num_down_blocks": 2, "reshape_channel": 4, "estimate_occlusion_map": True,
        "dense_motion_params": {"block_expansion": 4, "max_features": 16, "num_blocks": 3, "reshape_depth": 4, "compress": 2},
    },
    "drawing": {"upscale": 2, "block_expansion": 4, "max_features": 16, "num_down_blocks": 2, "out_channels": 4},
    "stitching": {"input_size": 126, "hidden_sizes": [8, 8, 6], "output_size": 65},
    "eyes": {"input_size": 66, "hidden_sizes": [10, 8, 6], "output_size": 63},
    "lips": {"input_size": 65, "hidden_sizes": [8, 8, 6], "output_size": 63},
}  # fmt: skip
"""The sizes of TINY in thespis/pixels/liveportrait/shape.py, as the official code wants them told."""


def official(clone: str, sizes: dict[str, dict[str, Any]]) -> dict[str, torch.nn.Module]:
    """Build the official networks of these sizes from a clone."""
    if clone not in sys.path:
        sys.path.insert(0, clone)
    extractor = import_module("src.modules.motion_extractor")
    next_networks = import_module("src.modules.convnextv2")

    def little(**wishes: Any) -> torch.nn.Module:
        made: torch.nn.Module = next_networks.ConvNeXtV2(depths=[1, 1, 1, 1], dims=[4, 6, 8, 12], **wishes)
        return made

    extractor.model_dict["little"] = little
    return networks(sizes)


def inputs() -> dict[str, torch.Tensor]:
    """Make up pictures, a volume, keypoints and features for the tiny networks."""
    random = random_for(5, "golden inputs of LivePortrait")
    found = {
        "pictures": random.uniform(0, 1, (2, 3, 32, 32)),
        "volume": random.standard_normal((2, 4, 4, 8, 8)),
        "source": 0.4 * random.standard_normal((2, 21, 3)),
        "driving": 0.4 * random.standard_normal((2, 21, 3)),
        "features": random.standard_normal((2, 16, 8, 8)),
        "open_eyes": random.uniform(0, 0.5, (2, 3)),
        "open_lips": random.uniform(0, 0.5, (2, 2)),
    }
    return {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in found.items()}


def answers(clone: str) -> tuple[dict[str, torch.Tensor], dict[str, dict[str, list[int]]]]:
    """Run the official tiny networks on the inputs -> what they say, and their parameters' names and shapes."""
    made = official(clone, TINY)
    names = {name: listing(network.state_dict()) for name, network in made.items()}
    for name, network in made.items():
        network.load_state_dict(filled(names[name]))
    given = inputs()
    with torch.no_grad():
        warped = made["warping"](given["volume"], kp_source=given["source"], kp_driving=given["driving"])
        found = {f"motion.{name}": value for name, value in made["motion"](given["pictures"]).items()}
        found |= {
            "appearance": made["appearance"](given["pictures"]),
            "deformation": warped["deformation"],
            "occlusion": warped["occlusion_map"],
            "warping": warped["out"],
            "drawing": made["drawing"](given["features"]),
            "stitching": made["stitching"](torch.cat([given["source"].flatten(1), given["driving"].flatten(1)], 1)),
            "eyes": made["eyes"](torch.cat([given["source"].flatten(1), given["open_eyes"]], 1)),
            "lips": made["lips"](torch.cat([given["source"].flatten(1), given["open_lips"]], 1)),
        }
    return found, names


def main() -> None:
    """Write the golden tensors."""
    clone = os.environ["THESPIS_LIVEPORTRAIT"]
    found, names = answers(clone)
    full = {name: listing(network.state_dict()) for name, network in official(clone, FULL).items()}
    tensors = {**{f"given.{name}": value for name, value in inputs().items()}, **found}
    listings = {"tiny": names, "full": full}
    save_file({name: value.contiguous() for name, value in tensors.items()}, PLACE, metadata={"listings": json.dumps(listings)})


if __name__ == "__main__":
    main()
