"""How large LivePortrait's networks are: plain data, without torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Sizes of the networks: pictures of `side` pixels become volumes of `channels` x `depth` x side / 2^`halvings` squared.

    `width` to `widest` are channels of pictures, `flow_*` those of the network that finds the flow, which squeezes volumes to `squeezed`
    channels; `stages` and `widths` are blocks and channels of the motion extractor; pictures drawn are `upscale` times as large.
    """

    side: int = 256
    width: int = 64
    widest: int = 512
    halvings: int = 2
    channels: int = 32
    depth: int = 16
    residuals: int = 6
    keypoints: int = 21
    bins: int = 66
    stages: tuple[int, ...] = (3, 3, 9, 3)
    widths: tuple[int, ...] = (96, 192, 384, 768)
    flow_width: int = 32
    flow_widest: int = 1024
    flow_levels: int = 5
    squeezed: int = 4
    drawn_width: int = 64
    told_width: int = 128
    upscale: int = 2
    stitching: tuple[int, ...] = (128, 128, 64)
    eyes: tuple[int, ...] = (256, 256, 128, 128, 64)

    @property
    def inner(self) -> int:
        """Channels of a picture after its halvings."""
        return min(self.widest, self.width << self.halvings)

    @property
    def volume_side(self) -> int:
        """Places of a volume across and down."""
        return self.side >> self.halvings


OFFICIAL = Shape()
TINY = Shape(
    side=32, width=4, widest=16, channels=4, depth=4, residuals=2, stages=(1, 1, 1, 1), widths=(4, 6, 8, 12), flow_width=4,
    flow_widest=16, flow_levels=3, squeezed=2, drawn_width=4, stitching=(8, 8, 6), eyes=(10, 8, 6),
)  # fmt: skip
"""For tests: every part is there."""
