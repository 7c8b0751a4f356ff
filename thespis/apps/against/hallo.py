"""Hallo's audio attention and motion module beside the official ones, at the published width of the finest level: 512 pixels."""

import sys
import types
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import diffusers  # noqa: F401 - it asks for the library that is stood in for below, and is not to find that
import torch

from thespis.apps.against import Part, drawn, some
from thespis.pixels.hallo.convert import renamed
from thespis.pixels.hallo.networks import Listening, picture_shape
from thespis.pixels.hallo.shape import SHAPES
from thespis.pixels.inflated import Clock, Motion, published

CODE = "github.com/fudan-generative-vision/hallo (it needs einops)"
FRAMES = {"cpu": 2, "cuda": 16}
"""Frames that are drawn together: all sixteen take long without a GPU."""
WIDTH, SIDE = 320, 64


def modules() -> tuple[Any, Any]:
    """Import the official networks, whose clone must be importable; of the library for GPUs that they name nothing is asked for."""
    for name in ("xformers", "xformers.ops"):
        sys.modules.setdefault(name, types.ModuleType(name))
    return import_module("hallo.models.transformer_3d"), import_module("hallo.models.motion_module")


def parts(device: str) -> Iterator[Part]:
    """Give the voice in its three regions, and attention over time."""
    transformer, motion = modules()
    shape, frames = SHAPES["full"], FRAMES[device]
    pictures = some("pictures", frames, WIDTH, SIDE, SIDE, device=device)
    video = pictures.transpose(0, 1)[None]
    voice = some("voice", frames, shape.voice_tokens, shape.told, device=device)
    masks, weights = some("masks", frames, 3, SIDE**2, device=device), torch.ones(frames, 3, device=device)
    theirs = drawn(
        transformer.Transformer3DModel(
            shape.heads, WIDTH // shape.heads, in_channels=WIDTH, cross_attention_dim=shape.told, use_audio_module=True, depth=0,
            unet_block_name="down", stack_enable_blocks_name=("down",), stack_enable_blocks_depth=(0,),
        )
    ).to(device)  # fmt: skip
    ours = Listening(WIDTH, WIDTH, shape).to(device).eval()
    ours.load_state_dict(renamed(theirs.state_dict(), shape))
    regions = {name: [masks[:, number]] for number, name in enumerate(("full_mask", "face_mask", "lip_mask"))}

    def heard() -> Any:  # noqa: ANN401 - a Tensor
        return theirs(video, voice[None], **regions).sample[0].transpose(0, 1)

    yield Part(f"audio attention, {frames} frames, 512 pixels", lambda: ours(pictures, voice, masks, weights), heard)
    over = drawn(
        motion.VanillaTemporalModule(
            WIDTH, shape.heads, 1, temporal_position_encoding=True, temporal_position_encoding_max_len=shape.longest
        )
    ).to(device)
    held = over.state_dict()
    blocks = "temporal_transformer.transformer_blocks.0.attention_blocks"
    held[f"{blocks}.1.pos_encoder.pe"].copy_(held[f"{blocks}.0.pos_encoder.pe"])  # both are the same places in time
    own = Motion(WIDTH, picture_shape(shape, shape.enters), Clock(frames)).to(device).eval()
    place = "down_blocks.0.attentions.0.motion."
    own.load_state_dict({name: held[published(place + name).partition("motion_modules.0.")[2]] for name in own.state_dict()})
    yield Part(f"motion module, {frames} frames, 512 pixels", lambda: own(pictures), lambda: over(video, None)[0].transpose(0, 1))
