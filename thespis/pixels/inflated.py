"""A picture network of diffusers made one for video: frames lie in the batch, some norms look across them, some parts attend over time.

This is how video systems on Stable Diffusion's network are built (AnimateDiff, LatentSync, Hallo): its parameters keep their names and
shapes, so that published ones load. Needs the extra `train`. Shapes: B sequences, F frames, N = B * F pictures, C channels, H and W places.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from thespis.errors import MissingExtraError

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("diffusers") is None:
    raise MissingExtraError("latent video diffusion needs torch and diffusers, not installed here: pip install 'thespis[train]'")

from diffusers import UNet2DConditionModel
from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn


@dataclass(frozen=True)
class VideoShape:
    """The size of an inflated network: `enters` and `leaves` channels of latents, `widths` of its levels, `told` numbers of a token.

    The first levels attend to tokens, the last one does not where `plain_last`. `across` says whether norms look across the frames;
    `motion` names the levels (from the finest, 0) after whose parts attention over at most `longest` frames follows.
    """

    enters: int
    leaves: int = 4
    widths: tuple[int, ...] = (320, 640, 1280, 1280)
    layers: int = 2
    heads: int = 8
    groups: int = 32
    told: int = 384
    plain_last: bool = True
    across: bool = True
    motion: tuple[int, ...] = (0, 1, 2, 3)
    motion_middle: bool = False
    longest: int = 24


@dataclass
class Clock:
    """How many frames of a sequence lie in the batch at the moment; all parts of one network share it."""

    frames: int = 1


class AcrossFrames(nn.GroupNorm):
    """A group norm whose mean and spread are those of all frames of a sequence together."""

    clock: Clock

    def forward(self, pictures: Tensor) -> Tensor:
        """Even pictures (N, C, H, W)."""
        count, width, high, wide = pictures.shape
        frames = self.clock.frames
        held = pictures.reshape(count // frames, frames, width, high * wide).transpose(1, 2)
        evened = super().forward(held.reshape(count // frames, width, frames * high, wide))
        back: Tensor = evened.reshape(count // frames, width, frames, high * wide).transpose(1, 2).reshape(pictures.shape)
        return back


class Motion(nn.Module):
    """Attention of every place to itself in the other frames, an addition that begins at nothing (AnimateDiff's motion module)."""

    def __init__(self, width: int, shape: VideoShape, clock: Clock, blocks: int = 1) -> None:
        """Build it for a width."""
        super().__init__()
        self.clock = clock
        self.norm = nn.GroupNorm(shape.groups, width, eps=1e-6)
        self.proj_in, self.proj_out = nn.Linear(width, width), nn.Linear(width, width)
        self.transformer_blocks = nn.ModuleList(
            BasicTransformerBlock(
                width, shape.heads, width // shape.heads, double_self_attention=True, positional_embeddings="sinusoidal",
                num_positional_embeddings=shape.longest,
            )
            for _ in range(blocks)
        )  # fmt: skip
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, pictures: Tensor) -> Tensor:
        """Change pictures (N, C, H, W)."""
        count, width, high, wide = pictures.shape
        frames = self.clock.frames
        rows = self.norm(pictures).reshape(count // frames, frames, width, high * wide).permute(0, 3, 1, 2)
        rows = self.proj_in(rows.reshape(-1, frames, width))
        for block in self.transformer_blocks:
            rows = block(rows)
        rows = self.proj_out(rows).reshape(count // frames, high * wide, frames, width).permute(0, 2, 3, 1)
        made: Tensor = pictures + rows.reshape(pictures.shape)
        return made


class ThenMotion(nn.Module):
    """A part of a picture network, and attention over time after it."""

    def __init__(self, part: nn.Module, motion: Motion) -> None:
        """Hold both."""
        super().__init__()
        self.part, self.motion = part, motion

    def forward(self, pictures: Tensor, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the part takes
        """Do what the part does, and look over time; parts that answer with a tuple go on doing so."""
        made = self.part(pictures, *given, **named)
        return (self.motion(made[0]), *made[1:]) if isinstance(made, tuple) else self.motion(made)


def picture_network(shape: VideoShape) -> Any:  # noqa: ANN401 - diffusers' UNet2DConditionModel
    """Build the picture network of a shape, as diffusers has it."""
    levels = len(shape.widths)
    attends = [number < levels - shape.plain_last for number in range(levels)]
    return UNet2DConditionModel(
        in_channels=shape.enters,
        out_channels=shape.leaves,
        down_block_types=tuple("CrossAttnDownBlock2D" if each else "DownBlock2D" for each in attends),
        up_block_types=tuple("CrossAttnUpBlock2D" if each else "UpBlock2D" for each in reversed(attends)),
        block_out_channels=shape.widths,
        layers_per_block=shape.layers,
        attention_head_dim=shape.heads,
        norm_num_groups=shape.groups,
        cross_attention_dim=shape.told,
    )


def inflate(network: Any, shape: VideoShape, clock: Clock) -> None:  # noqa: ANN401 - diffusers' UNet2DConditionModel
    """Put what looks across frames into a picture network, in place."""
    last = len(shape.widths) - 1
    blocks = [(number, block) for number, block in enumerate(network.down_blocks)]
    blocks += [(last - number, block) for number, block in enumerate(network.up_blocks)]
    if shape.across:
        for part in [module for module in network.modules() if hasattr(module, "time_emb_proj")]:
            part.norm1, part.norm2 = across(part.norm1, clock), across(part.norm2, clock)
        network.conv_norm_out = across(network.conv_norm_out, clock)
    for level, block in blocks:
        if level in shape.motion:
            width = shape.widths[level]
            followed(block.attentions if hasattr(block, "attentions") else block.resnets, lambda: Motion(width, shape, clock))  # noqa: B023
    if shape.motion_middle:
        followed(network.mid_block.attentions, lambda: Motion(shape.widths[-1], shape, clock))


def followed(parts: nn.ModuleList, make: Callable[[], Motion]) -> None:
    """Let attention over time follow each part of a list."""
    for number, part in enumerate(parts):
        parts[number] = ThenMotion(part, make())


def across(norm: nn.GroupNorm, clock: Clock) -> AcrossFrames:
    """Make a norm one that looks across frames."""
    made = AcrossFrames(norm.num_groups, norm.num_channels, norm.eps)
    made.clock = clock
    return made


class VideoNetwork(nn.Module):
    """An inflated network: noisy latents of a sequence and whatever lies beside them -> noise, told tokens for each frame."""

    def __init__(self, shape: VideoShape) -> None:
        """Build it with parameters of its own."""
        super().__init__()
        self.shape, self.clock = shape, Clock()
        self.network = picture_network(shape)
        inflate(self.network, shape, self.clock)

    def forward(self, latents: Tensor, step: Tensor, tokens: Tensor) -> Tensor:
        """Answer latents (B, F, C, H, W) at steps (B,), told tokens (B, F, T, D) -> (B, F, leaves, H, W)."""
        rows, frames = latents.shape[:2]
        self.clock.frames = frames
        made = self.network(latents.flatten(0, 1), step[:, None].expand(rows, frames).flatten(), tokens.flatten(0, 1), return_dict=False)[0]
        answer: Tensor = made.unflatten(0, (rows, frames))
        return answer


def published(name: str) -> str:
    """Undo what inflating did to a name: `attentions.0.part.x` is `attentions.0.x`, and what follows it is a motion module."""
    parts = name.split(".")
    if parts[0] == "network":
        parts = parts[1:]
    if "part" in parts:
        parts.remove("part")
    elif "motion" in parts:
        at = parts.index("motion")
        parts[at - 2], parts[at] = "motion_modules", "temporal_transformer"
        told = ".".join(parts)
        for ours, theirs in MOTION_NAMES:
            told = told.replace(ours, theirs)
        return told
    return ".".join(parts)


MOTION_NAMES = (
    (".attn1.", ".attention_blocks.0."), (".attn2.", ".attention_blocks.1."), (".norm1.", ".norms.0."), (".norm2.", ".norms.1."),
    (".norm3.", ".ff_norm."), (".pos_embed.pe", ".attention_blocks.0.pos_encoder.pe"),
)  # fmt: skip


def adopt(network: nn.Module, held: Mapping[str, Tensor], *, check_only: bool = False) -> list[str]:
    """Load published parameters into an inflated network, strictly; gives what is missing or left over, nothing where all fits.

    With `check_only` nothing is loaded.
    """
    own = network.state_dict()
    wrong, used, found = [], set(), {}
    for name, value in own.items():
        theirs = published(name)
        if theirs not in held:
            if not name.endswith("pos_embed.pe"):  # no parameter: older files leave it out
                wrong.append(f"{theirs} is missing")
            found[name] = value
            continue
        used.add(theirs)
        if held[theirs].shape != value.shape:
            wrong.append(f"{theirs} has the shape {tuple(held[theirs].shape)}, not {tuple(value.shape)}")
            continue
        found[name] = held[theirs]
    wrong += [f"{name} is unknown" for name in held if name not in used and not name.endswith("pos_encoder.pe")]
    if not wrong and not check_only:
        network.load_state_dict(found)
    return wrong
