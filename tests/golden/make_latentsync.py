"""Make `latentsync.safetensors`: what LatentSync's official networks give for made-up parameters, and the names of all parameters.

Needs a clone of github.com/bytedance/LatentSync (Apache-2.0), torch, diffusers and einops:
THESPIS_LATENTSYNC=CLONE python tests/golden/make_latentsync.py
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from official import filled, listing

from thespis.apps.against.latentsync import FULL, FULL_SYNC, LAYOUT, MOTION, modules, towers
from thespis.types import random_for

PLACE = Path(__file__).with_name("latentsync.safetensors")
TINY = {
    **LAYOUT,
    "block_out_channels": (32, 64, 64, 64),
    "cross_attention_dim": 24,
    "attention_head_dim": 4,
    "motion_module_kwargs": {**MOTION, "num_attention_heads": 4},
}
TINY_SYNC = towers([32, 32, 32, 32, 32, 32, 32], [32, 32, 32, 32, 32, 32, 32, 32])


def official(clone: str) -> tuple[Any, Any]:
    """Import the official networks from a clone."""
    if clone not in sys.path:
        sys.path.insert(0, clone)
    return modules()


def inputs() -> dict[str, torch.Tensor]:
    """Make up latents, tokens, frames and mel."""
    random = random_for(8, "golden inputs of LatentSync")
    found = {
        "latents": random.standard_normal((2, 3, 13, 16, 16)),
        "tokens": random.standard_normal((2, 3, 10, 24)),
        "lips": random.standard_normal((2, 48, 128, 256)),
        "mel": random.standard_normal((2, 1, 80, 52)),
    }
    return {**{name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in found.items()}, "step": torch.tensor([731, 12])}


def made_up(network: Any) -> tuple[Any, dict[str, list[int]]]:
    """Fill a network with parameters drawn from their names; places in time are no parameters and stay."""
    own = network.state_dict()
    names = listing(own)
    drawn = filled(names)
    network.load_state_dict({name: value if name.endswith("pos_encoder.pe") else drawn[name] for name, value in own.items()})
    return network.eval(), names


def answers(clone: str) -> tuple[dict[str, torch.Tensor], dict[str, dict[str, list[int]]]]:
    """Run the official tiny networks -> what they say, and their parameters' names and shapes."""
    unet, sync = official(clone)
    network, names = made_up(unet.UNet3DConditionModel(**TINY))
    together, sync_names = made_up(sync.StableSyncNet(TINY_SYNC))
    given = inputs()
    with torch.no_grad():
        noise = network(given["latents"].transpose(1, 2), given["step"], encoder_hidden_states=given["tokens"]).sample.transpose(1, 2)
        # In double precision: single sums of so many made-up numbers differ by 2e-4 with the number of threads.
        lips, voice = (each.float() for each in together.double()(given["lips"].double(), given["mel"].double()))
    return {"noise": noise.contiguous(), "lips": lips, "voice": voice}, {"network": names, "sync": sync_names}


def main() -> None:
    """Write the file."""
    clone = os.environ["THESPIS_LATENTSYNC"]
    made, names = answers(clone)
    unet, sync = official(clone)
    with torch.device("meta"):
        full = {
            "network": listing(unet.UNet3DConditionModel(**FULL).state_dict()),
            "sync": listing(sync.StableSyncNet(FULL_SYNC).state_dict()),
        }
    save_file(made, PLACE, {"listings": json.dumps({"tiny": names, "full": full})})
    print(f"wrote {PLACE.name}: {PLACE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
