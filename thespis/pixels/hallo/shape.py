"""How large a network of Hallo is: plain numbers, known without torch."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class HalloShape:
    """Squares of `side` pixels, whose latents have `channels` numbers in a place of `factor` x `factor` pixels.

    `frames` are drawn at once after `past` earlier ones. `widths`, `layers`, `heads` and `groups` are those of the picture networks, all
    of whose attention to something else reads tokens of `told` numbers. A face is told by `face` numbers as `face_tokens` tokens, the
    voice of a frame by `heard` numbers through layers of width `inner` as `voice_tokens`; `located` are the widths of what reads where
    the face is. With `beside` the portrait's latents lie beside the noise too; where it is `aligned`, eyes and lips stand where they do in
    the corpus. `longest` counts the moments that time is told apart in.
    """

    side: int = 64
    factor: int = 8
    channels: int = 32
    frames: int = 8
    past: int = 2
    beside: bool = True
    aligned: bool = True
    widths: tuple[int, ...] = (16, 16)
    layers: int = 1
    heads: int = 1
    groups: int = 4
    told: int = 24
    face: int = 64
    face_tokens: int = 2
    heard: int = 50
    inner: int = 64
    voice_tokens: int = 4
    located: tuple[int, ...] = (8, 8, 8, 16)
    longest: int = 12
    steps: int = 1
    guidance: float = 1.0

    @property
    def places(self) -> int:
        """The side of a picture of latents."""
        return self.side // self.factor

    @property
    def enters(self) -> int:
        """Channels beside each other: noisy latents, and the portrait's where they lie beside them."""
        return self.channels * (1 + self.beside)

    @property
    def row(self) -> int:
        """How many numbers the latents of a frame have."""
        return self.channels * self.places**2


SHAPES = {
    "tiny": HalloShape(),
    "full": HalloShape(
        side=512, factor=8, channels=4, frames=16, past=2, beside=False, aligned=False, widths=(320, 640, 1280, 1280), layers=2, heads=8,
        groups=32, told=768, face=512, face_tokens=4, heard=5 * 12 * 768, inner=512, voice_tokens=32, located=(16, 32, 64, 128),
        longest=32, steps=40, guidance=3.5,
    ),
}  # fmt: skip
"""The sizes of Hallo: tiny is ours and draws what changes in a portrait, full is the published one."""
