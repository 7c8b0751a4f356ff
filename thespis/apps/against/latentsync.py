"""LatentSync's network and sync network beside the official ones, at the published widths: squares of 256 pixels."""

import sys
import types
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import torch
from diffusers.models.embeddings import SinusoidalPositionalEmbedding

from thespis.apps.against import Part, drawn, some
from thespis.errors import WeightsError
from thespis.pixels.dub.lip_shape import SHAPES
from thespis.pixels.dub.lip_torch import video_shape
from thespis.pixels.dub.syncnet import SyncNet
from thespis.pixels.inflated import VideoNetwork, adopt, published

CODE = "github.com/bytedance/LatentSync (it needs einops)"
FRAMES = {"cpu": 2, "cuda": 16}
"""Frames that are painted together: all sixteen take minutes a step without a GPU."""
MOTION = {
    "num_attention_heads": 8, "num_transformer_block": 1, "attention_block_types": ["Temporal_Self", "Temporal_Self"],
    "temporal_position_encoding": True, "temporal_position_encoding_max_len": 24, "temporal_attention_dim_div": 1, "zero_initialize": True,
}  # fmt: skip
LAYOUT: dict[str, Any] = {
    "sample_size": 64, "in_channels": 13, "out_channels": 4, "norm_num_groups": 32, "use_motion_module": True,
    "motion_module_type": "Vanilla", "motion_module_resolutions": (1, 2, 4, 8), "add_audio_layer": True, "layers_per_block": 2,
}  # fmt: skip
FULL = {
    **LAYOUT, "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 384, "attention_head_dim": 8,
    "motion_module_kwargs": MOTION,
}  # fmt: skip
VOICE_STEPS, LIP_STEPS = [[2, 1], 2, 2, 1, 2, 2, [2, 3]], [[1, 2], 2, 2, 2, 2, 2, 2, 2]


def towers(voice: list[int], lips: list[int]) -> dict[str, Any]:
    """Give the official configuration of a sync network with these widths."""

    def tower(enters: int, widths: list[int], steps: list[Any], attends: list[int]) -> dict[str, Any]:
        names = ("in_channels", "block_out_channels", "downsample_factors", "attn_blocks", "dropout")
        return dict(zip(names, (enters, widths, steps, attends, 0.0), strict=True))

    return {
        "audio_encoder": tower(1, voice, VOICE_STEPS, [0, 0, 0, 1, 1, 0, 0]),
        "visual_encoder": tower(48, lips, LIP_STEPS, [0, 0, 0, 0, 1, 1, 0, 0]),
    }


FULL_SYNC = towers([32, 64, 128, 256, 512, 1024, 2048], [64, 128, 256, 256, 512, 1024, 2048, 2048])


def modules() -> tuple[Any, Any]:
    """Import the official networks, whose clone must be importable; of their tools only one name is asked for, which needs no library."""
    tools = types.ModuleType("latentsync.utils.util")
    tools.zero_rank_log = print  # type: ignore[attr-defined]
    sys.modules.setdefault("latentsync.utils.util", tools)
    return import_module("latentsync.models.unet"), import_module("latentsync.models.stable_syncnet")


def parts(device: str) -> Iterator[Part]:
    """Give one step of the sampler without guidance, and the sync network."""
    unet, sync = modules()
    yield painting(unet, device)
    judge = drawn(sync.StableSyncNet(FULL_SYNC)).to(device)
    own = SyncNet().to(device).eval()
    own.load_state_dict(judge.state_dict())
    lips, mel = some("lips", 1, 48, 128, 256, device=device), some("mel", 1, 1, 80, 52, device=device)
    yield Part("sync network, 16 frames", lambda: torch.cat(own(lips, mel)), lambda: torch.cat(judge(lips, mel)))


def painting(unet: Any, device: str) -> Part:  # noqa: ANN401 - the official module
    """Build both networks on the same parameters: two copies would take ten gigabytes."""
    with torch.device("meta"):
        empty, ours = unet.UNet3DConditionModel(**FULL), VideoNetwork(video_shape(SHAPES["full"]))
    official = drawn(empty.to_empty(device=device))
    # Places in time are no parameters: ours has one table for both attentions of a block, of which the official code keeps two alike.
    for name, table in official.named_buffers():
        if name.endswith(".pe"):
            table.copy_(SinusoidalPositionalEmbedding(table.shape[2], table.shape[1]).pe)
    held = official.state_dict()
    wrong = adopt(ours, held, check_only=True)
    if wrong:
        raise WeightsError(f"the official code has another network than LatentSync 1.5: {'; '.join(wrong[:3])}; get its newest state")
    ours.load_state_dict({name: held[published(name)] for name in ours.state_dict()}, assign=True)
    ours.eval()
    frames = FRAMES[device]
    latents, tokens = some("latents", 1, frames, 13, 32, 32, device=device), some("tokens", 1, frames, 50, 384, device=device)
    step = torch.tensor([731], device=device)

    def theirs() -> Any:  # noqa: ANN401 - a Tensor
        return official(latents.transpose(1, 2), step, encoder_hidden_states=tokens).sample.transpose(1, 2)

    return Part(f"one step of {frames} frames, 256 pixels", lambda: ours(latents, step, tokens), theirs)
