"""How large a video diffusion network is: plain numbers, known without torch."""

from dataclasses import dataclass

CHANGE = 0.1
"""The unit of what is drawn in pixels: about how far frames are from the carried reference, in halves of the range of bytes."""


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """The size of a network that draws `side` x `side` pictures of `channels` numbers, `frames` at once after `past` earlier ones.

    Pictures are folded `fold` x `fold` pixels into one place before the first level; `widths` are the channels of each level, each of
    which has half the places of the one before. `audio`, `expression` and `pose` count the numbers of each condition in a frame. The
    sampler takes `steps`, and a window is told what was drawn before where it `remembers`.
    """

    side: int = 64
    channels: int = 3
    fold: int = 2
    widths: tuple[int, ...] = (32, 64, 96)
    condition: int = 128
    heads: int = 4
    frames: int = 4
    past: int = 2
    audio: int = 50
    expression: int = 53
    pose: int = 12
    steps: int = 1
    remembers: bool = True

    @property
    def latent(self) -> bool:
        """Whether it draws the latents of an autoencoder instead of pixels."""
        return self.channels != 3


SHAPES = {
    # Its own faults come back to it with its earlier frames, and to every size that was tried with further steps: they draw best without.
    "tiny": NetworkShape(remembers=False),
    "small": NetworkShape(side=128, widths=(64, 96, 128, 192), condition=256),
    "full": NetworkShape(side=64, channels=4, fold=1, widths=(192, 384, 576, 768), condition=768, heads=8, frames=8),
}
"""The sizes of EMOdiffhead: tiny and small draw pixels, full the latents of 512 x 512 pixels."""
