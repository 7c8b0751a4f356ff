"""How large a network is that paints mouths anew, where a face stands in its square, and which part of it is painted: plain numbers."""

from dataclasses import dataclass

Spot = tuple[float, float]

USUAL_ANCHORS = ((0.291, 0.133), (0.709, 0.133), (0.5, 0.48))
USUAL_OUTLINE = (
    (0.26, 0.42), (0.12, 0.50), (0.08, 0.64), (0.13, 0.80), (0.25, 0.98),
    (0.75, 0.98), (0.87, 0.80), (0.92, 0.64), (0.88, 0.50), (0.74, 0.42),
)  # fmt: skip
PUBLISHED_ANCHORS = ((0.2267, 0.2), (0.7733, 0.2), (0.5, 0.4))
PUBLISHED_OUTLINE = (
    (0.035, 0.35), (0.035, 0.53), (0.045, 0.63), (0.062, 0.70), (0.102, 0.75), (0.156, 0.81), (0.25, 0.875), (0.406, 0.938), (0.5, 0.95),
    (0.60, 0.938), (0.766, 0.875), (0.844, 0.81), (0.898, 0.75), (0.938, 0.70), (0.957, 0.63), (0.965, 0.53), (0.961, 0.35),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LipShape:
    """Squares of `side` pixels, `frames` at once, whose latents have `channels` numbers in a place of `factor` x `factor` pixels.

    `anchors` say where the middles of the two brows and of the nose stand, as shares of the square's width and height; `tall` is how
    much higher than wide the part of the picture is that becomes the square. `outline` is the fixed part that is painted anew. `taps` and
    `told` count tokens of sound for a frame, and numbers of a token; `back` is how many tokens lie before the frame. `motion` names the
    levels, from the finest, that look over time.
    """

    side: int = 64
    frames: int = 8
    channels: int = 16
    factor: int = 4
    widths: tuple[int, ...] = (16, 24)
    layers: int = 1
    heads: int = 2
    motion: tuple[int, ...] = (1,)
    groups: int = 8
    taps: int = 9
    told: int = 19
    back: int = 4
    steps: int = 2
    guidance: float = 1.0
    tall: float = 1.0
    anchors: tuple[Spot, Spot, Spot] = USUAL_ANCHORS
    outline: tuple[Spot, ...] = USUAL_OUTLINE

    @property
    def places(self) -> int:
        """The side of a picture of latents."""
        return self.side // self.factor

    @property
    def enters(self) -> int:
        """Channels beside each other: noisy latents, mask, masked latents, reference latents."""
        return 3 * self.channels + 1


def published(side: int) -> LipShape:
    """Give the published size for squares of so many pixels."""
    return LipShape(
        side=side, frames=16, channels=4, factor=8, widths=(320, 640, 1280, 1280), layers=2, heads=8, motion=(0, 1, 2, 3), groups=32,
        taps=50, told=384, back=4, steps=20, guidance=1.5, tall=4 / 3, anchors=PUBLISHED_ANCHORS, outline=PUBLISHED_OUTLINE,
    )  # fmt: skip


SHAPES = {"tiny": LipShape(), "full": published(256), "full512": published(512)}
"""The sizes of LatentSync: tiny is ours; full is version 1.5, full512 version 1.6."""
