"""Make `latentsync.safetensors`: what LatentSync's official networks give for made-up parameters, and the names of all parameters.

Needs a clone of github.com/bytedance/LatentSync (Apache-2.0), torch, diffusers and einops:
THESPIS_LATENTSYNC=CLONE python tests/golden/make_latentsync.py
"""

import json
import os
import sys
import types
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from official import filled, listing

from thespis.types import random_for

PLACE = Path(__file__).with_name("latentsync.safetensors")
MOTION = {
    "num_attention_heads": 4, "num_transformer_block": 1, "attention_block_types": ["Temporal_Self", "Temporal_Self"],
    "temporal_position_encoding": True, "temporal_position_encoding_max_len": 24, "temporal_attention_dim_div": 1, "zero_initialize": True,
}  # fmt: skip
LAYOUT: dict[str, Any] = {
    "sample_size": 64, "in_channels": 13, "out_channels": 4, "norm_num_groups": 32, "use_motion_module": True,
    "motion_module_type": "Vanilla", "motion_module_resolutions": (1, 2, 4, 8), "add_audio_layer": True, "layers_per_block": 2,
}  # fmt: skip
TINY = {
    **LAYOUT,
    "block_out_channels": (32, 64, 64, 64),
    "cross_attention_dim": 24,
    "attention_head_dim": 4,
    "motion_module_kwargs": MOTION,
}
FULL = {
    **LAYOUT, "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 384, "attention_head_dim": 8,
    "motion_module_kwargs": {**MOTION, "num_attention_heads": 8},
}  # fmt: skip
VOICE_STEPS, LIP_STEPS = [[2, 1], 2, 2, 1, 2, 2, [2, 3]], [[1, 2], 2, 2, 2, 2, 2, 2, 2]


def towers(voice: list[int], lips: list[int]) -> dict[str, Any]:
    """The official configuration of a sync network with these widths."""

    def tower(enters: int, widths: list[int], steps: list[Any], attends: list[int]) -> dict[str, Any]:
        names = ("in_channels", "block_out_channels", "downsample_factors", "attn_blocks", "dropout")
        return dict(zip(names, (enters, widths, steps, attends, 0.0), strict=True))

    return {
        "audio_encoder": tower(1, voice, VOICE_STEPS, [0, 0, 0, 1, 1, 0, 0]),
        "visual_encoder": tower(48, lips, LIP_STEPS, [0, 0, 0, 0, 1, 1, 0, 0]),
    }


TINY_SYNC = towers([32, 32, 32, 32, 32, 32, 32], [32, 32, 32, 32, 32, 32, 32, 32])
FULL_SYNC = towers([32, 64, 128, 256, 512, 1024, 2048], [64, 128, 256, 256, 512, 1024, 2048, 2048])


def modules(clone: str) -> tuple[Any, Any]:
    """Import the official networks; of their tools for video and launches only one name is asked for, which needs no library."""
    if clone not in sys.path:
        sys.path.insert(0, clone)
    tools = types.ModuleType("latentsync.utils.util")
    tools.zero_rank_log = print  # type: ignore[attr-defined]
    sys.modules.setdefault("latentsync.utils.util", tools)
    return import_module("latentsync.models.unet"), import_module("latentsync.models.stable_syncnet")


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
    unet, sync = modules(clone)
    network, names = made_up(unet.UNet3DConditionModel(**TINY))
    together, sync_names = made_up(sync.StableSyncNet(TINY_SYNC))
    given = inputs()
    with torch.no_grad():
        noise = network(given["latents"].transpose(1, 2), given["step"], encoder_hidden_states=given["tokens"]).sample.transpose(1, 2)
        lips, voice = together(given["lips"], given["mel"])
    return {"noise": noise.contiguous(), "lips": lips, "voice": voice}, {"network": names, "sync": sync_names}


def main() -> None:
    """Write the file."""
    clone = os.environ["THESPIS_LATENTSYNC"]
    made, names = answers(clone)
    unet, sync = modules(clone)
    with torch.device("meta"):
        full = {
            "network": listing(unet.UNet3DConditionModel(**FULL).state_dict()),
            "sync": listing(sync.StableSyncNet(FULL_SYNC).state_dict()),
        }
    save_file(made, PLACE, {"listings": json.dumps({"tiny": names, "full": full})})
    print(f"wrote {PLACE.name}: {PLACE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
