"""Hallo's networks over diffusers' classes: one sees the portrait and earlier frames, one draws while it reads what that saw and hears.

Voices act by three attentions, each within its own part of the picture: around the face, in the face, at the lips. Each begins at nothing
and has a weight. Needs the extra `train`. Shapes: B rows, F frames, M earlier frames, N = B * F, C channels, P places a side, L = P * P.
"""

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from thespis.errors import MissingExtraError

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("diffusers") is None:
    raise MissingExtraError("the networks of hallo need torch and diffusers, not installed here: pip install 'thespis[train]'")

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, relu, silu

from thespis.pixels.hallo.shape import HalloShape
from thespis.pixels.inflated import Clock, Motion, VideoShape, picture_network

REGIONS = ("pose", "face", "lips")
"""Where voices act: around the face, in the face without the lips, and at the lips."""


def picture_shape(shape: HalloShape, enters: int) -> VideoShape:
    """Say how large a picture network is that so many channels enter."""
    return VideoShape(
        enters, shape.channels, shape.widths, shape.layers, shape.heads, shape.groups, shape.told,
        plain_last=len(shape.widths) > 2, across=False, motion=(), longest=shape.longest,
    )  # fmt: skip


@dataclass
class Told:
    """What all parts of a drawing network are told at the moment.

    The `frames` of a row, tokens of the voice (N, T, D), regions by level (N, 3, L), weights (N, 3), what was seen of the portrait at each
    place of attention (N, L, C) and of earlier frames (B, M, L, C), whether the portrait is known (N,), and where the face is (N, C, P, P).
    """

    frames: int = 1
    voice: Tensor = field(default_factory=lambda: torch.zeros(0))
    masks: list[Tensor] = field(default_factory=list)
    weights: Tensor = field(default_factory=lambda: torch.zeros(0))
    seen: Sequence[Tensor] = ()
    past: Sequence[Tensor] = ()
    known: Tensor = field(default_factory=lambda: torch.zeros(0))
    located: Tensor = field(default_factory=lambda: torch.zeros(0))

    def forget(self) -> None:
        """Hold nothing of a step that is over."""
        self.__init__()  # type: ignore[misc]


class Noting:
    """Attention of a picture to itself that notes what entered it."""

    def __init__(self, noted: list[Tensor]) -> None:
        """Write into a list."""
        self.noted, self.usual = noted, AttnProcessor2_0()

    def __call__(self, attention: Attention, rows: Tensor, encoder_hidden_states: None = None, attention_mask: None = None) -> Tensor:
        """Attend in rows (N, L, C)."""
        self.noted.append(rows)
        made: Tensor = self.usual(attention, rows)
        return made


class Reading:
    """Attention of a frame to itself and to the portrait beside it."""

    def __init__(self, told: Told, place: int) -> None:
        """Read at a place of attention, counted in the order in which they are met."""
        self.told, self.place, self.usual = told, place, AttnProcessor2_0()

    def __call__(self, attention: Attention, rows: Tensor, encoder_hidden_states: None = None, attention_mask: None = None) -> Tensor:
        """Attend in rows (N, L, C)."""
        # Attention to everything twice is attention to it once: so it is where the portrait is not known.
        beside = torch.where(self.told.known[:, None, None] > 0, self.told.seen[self.place], rows)
        made: Tensor = self.usual(attention, rows, torch.cat([rows, beside], dim=1))
        return made


class Regional(nn.Module):
    """Attention to itself, attention to the voice in each region, and a feed-forward part."""

    def __init__(self, width: int, shape: HalloShape) -> None:
        """Build it for a width; what the voice adds begins at nothing."""
        super().__init__()
        heads, each = shape.heads, width // shape.heads
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn1 = Attention(width, heads=heads, dim_head=each)
        self.regions = nn.ModuleList(Attention(width, cross_attention_dim=shape.told, heads=heads, dim_head=each) for _ in REGIONS)
        self.gates = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in REGIONS)
        for gate in self.gates:
            nn.init.zeros_(gate.weight)
            nn.init.zeros_(gate.bias)
        self.ff = FeedForward(width, activation_fn="geglu")

    def forward(self, rows: Tensor, voice: Tensor, masks: Tensor, weights: Tensor) -> Tensor:
        """Change rows (N, L, C), told the voice (N, T, D), where each region lies (N, 3, L) and how much it counts (N, 3)."""
        rows = rows + self.attn1(self.norm1(rows))
        evened = self.norm2(rows)
        for number, (region, gate) in enumerate(zip(self.regions, self.gates, strict=True)):
            heard = region(evened, voice) * masks[:, number, :, None]
            rows = rows + weights[:, number, None, None] * gate(heard.transpose(1, 2)[..., None])[..., 0].transpose(1, 2)
        made: Tensor = rows + self.ff(self.norm3(rows))
        return made


class Listening(nn.Module):
    """What the voice changes in pictures (N, C, P, P), within `inner` channels."""

    def __init__(self, width: int, inner: int, shape: HalloShape) -> None:
        """Build it for a width."""
        super().__init__()
        self.norm = nn.GroupNorm(shape.groups, width, eps=1e-6)
        self.proj_in, self.proj_out = nn.Conv2d(width, inner, 1), nn.Conv2d(inner, width, 1)
        self.transformer_blocks = nn.ModuleList([Regional(inner, shape)])

    def forward(self, pictures: Tensor, voice: Tensor, masks: Tensor, weights: Tensor) -> Tensor:
        """Change pictures by what is told."""
        entered = self.proj_in(self.norm(pictures))
        rows = entered.reshape(-1, entered.shape[1], entered.shape[2] * entered.shape[3]).transpose(1, 2)
        for block in self.transformer_blocks:
            rows = block(rows, voice, masks, weights)
        made: Tensor = pictures + self.proj_out(rows.transpose(1, 2).reshape(-1, *entered.shape[1:]))
        return made


class Hearing(nn.Module):
    """A part of a picture network that attends, what the voice changes after it, and attention over time with earlier frames."""

    def __init__(self, part: nn.Module, audio: Listening, motion: Motion, told: Told, place: int, level: int) -> None:
        """Hold them; `place` counts the places of attention, `level` is how often pictures were halved."""
        super().__init__()
        self.part, self.audio, self.motion = part, audio, motion
        self.told, self.place, self.level = told, place, level

    def forward(self, pictures: Tensor, *given: Any, **named: Any) -> tuple[Tensor]:  # noqa: ANN401 - whatever the part takes
        """Change pictures (N, C, P, P)."""
        told = self.told
        made = self.part(pictures, *given, **named)[0]
        made = self.audio(made, told.voice, told.masks[self.level], told.weights)
        past, each = told.past[self.place], made.shape[1:]
        before = past.transpose(2, 3).reshape(-1, past.shape[1], *each)
        whole = torch.cat([before, made.reshape(-1, told.frames, *each)], dim=1)
        self.motion.clock.frames = count = past.shape[1] + told.frames
        moved = self.motion(whole.reshape(-1, *each)).reshape(-1, count, *each)
        return (moved[:, -told.frames :].reshape(-1, *each),)


class Located(nn.Module):
    """The first layer of a network, and where the face is added to what it gives."""

    def __init__(self, part: nn.Module, told: Told) -> None:
        """Hold the layer."""
        super().__init__()
        self.part, self.told = part, told

    def forward(self, pictures: Tensor) -> Tensor:
        """Enter pictures (N, C, P, P)."""
        made: Tensor = self.part(pictures) + self.told.located
        return made


class Locator(nn.Module):
    """Where the face is, as numbers at each place; begins at nothing."""

    def __init__(self, shape: HalloShape) -> None:
        """Build the layers: each pair halves the picture once."""
        super().__init__()
        widths = shape.located
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for here, after in pairwise(widths):
            self.blocks += [nn.Conv2d(here, here, 3, padding=1), nn.Conv2d(here, after, 3, padding=1, stride=2)]
        self.conv_out = nn.Conv2d(widths[-1], shape.widths[0], 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, where: Tensor) -> Tensor:
        """Read where the face is (B, 1, S, S), 0 to 1."""
        hidden = silu(self.conv_in(where.expand(-1, 3, -1, -1)))
        for block in self.blocks:
            hidden = silu(block(hidden))
        made: Tensor = self.conv_out(hidden)
        return made


class FaceTokens(nn.Module):
    """Who it is, as tokens."""

    def __init__(self, shape: HalloShape) -> None:
        """Build the layers."""
        super().__init__()
        self.told, self.count = shape.told, shape.face_tokens
        self.proj, self.norm = nn.Linear(shape.face, shape.face_tokens * shape.told), nn.LayerNorm(shape.told)

    def forward(self, face: Tensor) -> Tensor:
        """Turn numbers (B, face) into tokens (B, face_tokens, D)."""
        made: Tensor = self.norm(self.proj(face).reshape(-1, self.count, self.told))
        return made


class VoiceTokens(nn.Module):
    """What is heard around a frame, as tokens."""

    def __init__(self, shape: HalloShape) -> None:
        """Build the layers."""
        super().__init__()
        self.told, self.count = shape.told, shape.voice_tokens
        self.proj1, self.proj2 = nn.Linear(shape.heard, shape.inner), nn.Linear(shape.inner, shape.inner)
        self.proj3, self.norm = nn.Linear(shape.inner, shape.voice_tokens * shape.told), nn.LayerNorm(shape.told)

    def forward(self, voice: Tensor) -> Tensor:
        """Turn numbers (N, heard) into tokens (N, voice_tokens, D)."""
        hidden = self.proj3(relu(self.proj2(relu(self.proj1(voice)))))
        made: Tensor = self.norm(hidden.reshape(-1, self.count, self.told))
        return made


@dataclass(frozen=True)
class Place:
    """Where a picture network attends: part `number` of a list, at a level, and the channels that hear there."""

    parts: nn.ModuleList
    number: int
    level: int
    inner: int


def attending(network: Any, shape: HalloShape) -> Iterator[Place]:  # noqa: ANN401 - diffusers' UNet2DConditionModel
    """Walk through the places of attention in the order in which they are met."""
    widths, last = shape.widths, len(shape.widths) - 1
    for level, block in enumerate(network.down_blocks):
        for number in range(len(getattr(block, "attentions", ()))):
            # As published: the first part of a level hears within the channels of the level before, on the way out all of them do.
            yield Place(block.attentions, number, level, widths[max(level - 1, 0)] if number == 0 else widths[level])
    yield Place(network.mid_block.attentions, 0, last, widths[last])
    for number, block in enumerate(network.up_blocks):
        level = last - number
        for each in range(len(getattr(block, "attentions", ()))):
            yield Place(block.attentions, each, level, widths[max(level - 1, 0)])


class HalloNetwork(nn.Module):
    """All of it: `reference` sees, `denoiser` draws, and three small networks tell where the face is, who it is, and what is heard."""

    def __init__(self, shape: HalloShape) -> None:
        """Build it with parameters of its own."""
        super().__init__()
        self.shape, self.told = shape, Told()
        self.noted: list[Tensor] = []
        self.reference = picture_network(picture_shape(shape, shape.channels))
        # Nobody asks for the picture that it would draw.
        self.reference.conv_norm_out, self.reference.conv_out = None, nn.Identity()
        entering = picture_shape(shape, shape.enters)
        self.denoiser = picture_network(entering)
        for place in attending(self.reference, shape):
            place.parts[place.number].transformer_blocks[0].attn1.set_processor(Noting(self.noted))
        for count, place in enumerate(attending(self.denoiser, shape)):
            part, width = place.parts[place.number], shape.widths[place.level]
            part.transformer_blocks[0].attn1.set_processor(Reading(self.told, count))
            audio, motion = Listening(width, place.inner, shape), Motion(width, replace(entering, motion=(place.level,)), Clock())
            place.parts[place.number] = Hearing(part, audio, motion, self.told, count, place.level)
        self.denoiser.conv_in = Located(self.denoiser.conv_in, self.told)
        self.locator, self.face, self.voice = Locator(shape), FaceTokens(shape), VoiceTokens(shape)

    def see(self, latents: Tensor, face: Tensor) -> list[Tensor]:
        """See pictures' latents (n, C, P, P) of faces (n, face) -> what enters each place of attention (n, L, C)."""
        self.noted.clear()
        step = torch.zeros_like(latents[:, 0, 0, 0], dtype=torch.int64)
        self.reference(latents, step, self.face(face), return_dict=False)
        found = [*self.noted]
        self.noted.clear()
        return found

    def forward(
        self, noisy: Tensor, step: Tensor, seen: Sequence[Tensor], past: Sequence[Tensor], face: Tensor, voice: Tensor, masks: Tensor,
        where: Tensor, weights: Tensor, known: Tensor,
    ) -> Tensor:  # fmt: skip
        """Answer noisy latents (B, F, enters, P, P) at steps (B,) with their velocity (B, F, C, P, P).

        Told are what was seen of the portrait (B, L, C) and of earlier frames (B, M, L, C) at each place, the face (B, face), the voice
        (B, F, heard), the regions (B, 3, P, P), where the face is (B, 1, S, S), the regions' weights (B, F, 3), and whether portrait and
        voice are known (B, 2).
        """
        told, frames = self.told, noisy.shape[1]

        # Reshapes whose first number is open, since an exported network takes any number of rows.
        def each(values: Tensor) -> Tensor:
            return values[:, None].expand(-1, frames, *values.shape[1:]).reshape(-1, *values.shape[1:])

        there, heard = known[:, :1], known[:, 1:]
        told.frames, told.known, told.weights = frames, each(there)[:, 0], weights.reshape(-1, len(REGIONS))
        told.voice = self.voice(voice.reshape(-1, voice.shape[2])) * each(heard)[:, :, None]
        told.seen, told.past = [each(one) for one in seen], past
        told.located = each(self.locator(where) * there[..., None, None])
        told.masks = []
        for level in range(len(self.shape.widths)):
            smaller = avg_pool2d(masks, 2**level) if level else masks
            told.masks.append(each(smaller.reshape(-1, len(REGIONS), smaller.shape[2] * smaller.shape[3])))
        tokens = each(self.face(face * there))
        made: Tensor = self.denoiser(noisy.reshape(-1, *noisy.shape[2:]), each(step), tokens, return_dict=False)[0]
        told.forget()
        return made.reshape(-1, frames, *made.shape[1:])
