"""Make `hallo.safetensors`: what Hallo's official networks give for made-up parameters, and the names of all parameters.

Needs a clone of github.com/fudan-generative-vision/hallo (MIT), torch, diffusers and einops:
THESPIS_HALLO=CLONE python tests/golden/make_hallo.py
"""

import json
import os
import sys
import types
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from official import filled, listing

from thespis.types import random_for

PLACE = Path(__file__).with_name("hallo.safetensors")
ROWS, FRAMES, PAST = 1, 3, 2
"""One row: of several, the official program reads the portraits in turns, frame by frame (it repeats them without an axis of their own)."""
WIDTHS = (32, 32, 64, 64)
DRAWS: dict[str, Any] = {
    "sample_size": 64, "in_channels": 4, "out_channels": 4, "layers_per_block": 2, "norm_num_groups": 32, "use_inflated_groupnorm": True,
    "unet_use_cross_frame_attention": False, "unet_use_temporal_attention": False, "use_motion_module": True, "use_audio_module": True,
    "motion_module_resolutions": (1, 2, 4, 8), "motion_module_mid_block": True, "motion_module_decoder_only": False,
    "motion_module_type": "Vanilla", "stack_enable_blocks_name": ("up", "down", "mid"), "stack_enable_blocks_depth": (0, 1, 2, 3),
}  # fmt: skip
MOTION = {
    "num_transformer_block": 1, "attention_block_types": ("Temporal_Self", "Temporal_Self"), "temporal_position_encoding": True,
    "temporal_position_encoding_max_len": 32, "temporal_attention_dim_div": 1,
}  # fmt: skip


def sizes(widths: tuple[int, ...], heads: int, told: int) -> dict[str, Any]:
    """The official configuration of a drawing network with these widths."""
    motion = {"motion_module_kwargs": {**MOTION, "num_attention_heads": heads}}
    same = {"attention_head_dim": heads, "cross_attention_dim": told, "audio_attention_dim": told}
    return {**DRAWS, **motion, **same, "block_out_channels": widths}


def modules(clone: str) -> dict[str, Any]:
    """Import the official networks; of the library for graphics cards that they name, nothing is asked for."""
    import diffusers  # noqa: F401 - it asks for that library too, and is not to find what stands in for it

    if clone not in sys.path:
        sys.path.insert(0, clone)
    for name in ("xformers", "xformers.ops"):
        sys.modules.setdefault(name, types.ModuleType(name))
    names = ("unet_3d", "unet_2d_condition", "audio_proj", "image_proj", "face_locator", "mutual_self_attention", "motion_module",
             "transformer_3d", "attention")  # fmt: skip
    return {name: import_module(f"hallo.models.{name}") for name in names}


def inputs() -> dict[str, torch.Tensor]:
    """Make up latents, tokens, what was heard, regions and weights."""
    random = random_for(4, "golden inputs of Hallo")
    regions = random.uniform(size=(ROWS, 3, 8, 8))
    found = {
        "noisy": random.standard_normal((ROWS, FRAMES, 4, 8, 8)),
        "pictures": random.standard_normal((ROWS * (1 + PAST), 4, 8, 8)),
        "face": random.standard_normal((ROWS, 40)),
        "voice": random.standard_normal((ROWS, FRAMES, 5, 3, 8)),
        "regions": regions,
        "where": random.uniform(size=(ROWS, 1, 64, 64)),
        "weights": np.tile([0.7, 1.2, 1.6], (ROWS, FRAMES, 1)),
    }
    return {**{name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in found.items()}, "step": torch.tensor([731])}


def build(found: dict[str, Any], widths: tuple[int, ...], heads: int, told: int, full: bool) -> dict[str, Any]:
    """Build the official networks, by the names under which their parameters are published."""
    picture = {
        "sample_size": 64, "in_channels": 4, "layers_per_block": 2, "norm_num_groups": 32, "attention_head_dim": heads,
        "cross_attention_dim": told, "block_out_channels": widths,
    }  # fmt: skip
    heard = {"seq_len": 5, "blocks": 12, "channels": 768, "intermediate_dim": 512, "context_tokens": 32} if full else {
        "seq_len": 5, "blocks": 3, "channels": 8, "intermediate_dim": 20, "context_tokens": 6,
    }  # fmt: skip
    made = {
        "reference_unet": found["unet_2d_condition"].UNet2DConditionModel(**picture),
        "denoising_unet": found["unet_3d"].UNet3DConditionModel(**sizes(widths, heads, told)),
        "face_locator": found["face_locator"].FaceLocator(conditioning_embedding_channels=widths[0]),
        "imageproj": found["image_proj"].ImageProjModel(told, 512 if full else 40, 4 if full else 3),
        "audioproj": found["audio_proj"].AudioProjModel(**heard, output_dim=told),
    }
    for part in ("reference_unet", "denoising_unet"):
        # The file of settings that lies beside Stable Diffusion's own network says this too.
        made[part].register_to_config(center_input_sample=False)
    return made


def named(networks: dict[str, Any]) -> dict[str, list[int]]:
    """The names and shapes of all their parameters, as published."""
    return {f"{part}.{name}": shape for part, network in networks.items() for name, shape in listing(network.state_dict()).items()}


def attending(network: Any, kind: Any) -> list[Any]:
    """The blocks of a kind in the order in which they are met: inwards, in the middle, outwards."""
    parts = [network.down_blocks, network.mid_block, network.up_blocks]
    return [module for part in parts for module in part.modules() if isinstance(module, kind)]


def answers(clone: str) -> tuple[dict[str, torch.Tensor], dict[str, list[int]]]:
    """Run the official tiny networks -> what they say, and their parameters' names and shapes."""
    with warnings.catch_warnings():
        return asked(clone)


def asked(clone: str) -> tuple[dict[str, torch.Tensor], dict[str, list[int]]]:
    """Do so, whatever is warned of."""
    warnings.simplefilter("ignore")  # what the official code asks of libraries is old
    found = modules(clone)
    networks = build(found, WIDTHS, 4, 24, full=False)
    names = named(networks)
    drawn = filled(names)
    for part, network in networks.items():
        own = network.state_dict()
        # Places in time are no parameters: they are what they are.
        network.load_state_dict({name: value if name.endswith(".pe") else drawn[f"{part}.{name}"] for name, value in own.items()})
        # The published program never leaves the mode for training, and with checkpoints on: only so is what the last frames were read.
        network.train()
        for module in network.modules():
            if hasattr(module, "gradient_checkpointing"):
                module.gradient_checkpointing = part == "denoising_unet"
    given, control = inputs(), found["mutual_self_attention"].ReferenceAttentionControl
    writes = control(networks["reference_unet"], mode="write", fusion_blocks="full")
    reads = control(networks["denoising_unet"], mode="read", fusion_blocks="full")
    with torch.no_grad():
        face = networks["imageproj"](given["face"])
        voice = networks["audioproj"](given["voice"])
        where = networks["face_locator"](given["where"].expand(-1, 3, -1, -1)[:, :, None].expand(-1, -1, FRAMES, -1, -1))
        each = face.repeat_interleave(1 + PAST, dim=0)
        networks["reference_unet"](given["pictures"], torch.zeros((), dtype=torch.int64), encoder_hidden_states=each, return_dict=False)
        reads.update(writes, dtype=torch.float32)
        masks = []
        for level in range(4):
            small = torch.nn.functional.avg_pool2d(given["regions"], 2**level) if level else given["regions"]
            masks.append(small.flatten(2)[:, None].expand(-1, FRAMES, -1, -1).flatten(0, 1))
        velocity = networks["denoising_unet"](
            given["noisy"].transpose(1, 2), given["step"], encoder_hidden_states=face, audio_embedding=voice, mask_cond_fea=where,
            full_mask=[mask[:, 0] for mask in masks], face_mask=[mask[:, 1] for mask in masks], lip_mask=[mask[:, 2] for mask in masks],
            motion_scale=[0.7, 1.2, 1.6], return_dict=False,
        )[0].transpose(1, 2)  # fmt: skip
        parts = alone(networks["denoising_unet"], given, voice, masks)
    kind = found["attention"].TemporalBasicTransformerBlock
    seen = {f"seen_{number}": block.bank[0] for number, block in enumerate(attending(networks["denoising_unet"], kind))}
    made = {"face": face, "voice": voice, "where": where[:, :, 0], "velocity": velocity, **parts, **seen}
    return {name: value.contiguous().clone() for name, value in made.items()}, names


def alone(network: Any, given: dict[str, torch.Tensor], voice: torch.Tensor, masks: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """What one level's audio attention and motion module say by themselves to pictures made up for them."""
    level, random = network.down_blocks[1], random_for(5, "golden pictures of Hallo")
    pictures = torch.from_numpy(random.standard_normal((ROWS, WIDTHS[1], FRAMES, 4, 4)).astype(np.float32))
    heard = level.audio_modules[1](
        pictures, encoder_hidden_states=voice, full_mask=[mask[:, 0] for mask in masks], face_mask=[mask[:, 1] for mask in masks],
        lip_mask=[mask[:, 2] for mask in masks], motion_scale=[0.7, 1.2, 1.6], return_dict=False,
    )[0]  # fmt: skip
    moved = level.motion_modules[1](pictures, None)
    return {"alone": pictures.transpose(1, 2), "alone_heard": heard.transpose(1, 2), "alone_moved": moved.transpose(1, 2)}


def main() -> None:
    """Write the file."""
    clone = os.environ["THESPIS_HALLO"]
    made, names = answers(clone)
    with torch.device("meta"):
        full = named(build(modules(clone), (320, 640, 1280, 1280), 8, 768, full=True))
    save_file(made, PLACE, {"listings": json.dumps({"tiny": {"all": names}, "full": {"all": full}})})
    print(f"wrote {PLACE.name}: {PLACE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
