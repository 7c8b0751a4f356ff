"""Frames by LivePortrait's networks, from its own motion or from the Space `face`; the rest of the picture stays as it is."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from thespis.errors import DirectionError, UsageError
from thespis.motion.liveportrait import KeypointMap, builtin_map, keypoints_of
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.liveportrait import LIVEPORTRAIT
from thespis.pixels.liveportrait.crop import Laying, laying
from thespis.pixels.liveportrait.source import Seen, absolute, frame_of, keypoints_of_portrait, see
from thespis.types import FRAMES, Array, Bytes, Direction, Frames, Portrait, Space, Track


@dataclass(frozen=True, eq=False)
class Sitting:
    """One session: what was seen, its keypoints (21, 3), the frame to lay squares on, and the map from FACE where that drives."""

    seen: Seen
    source: Array
    laying: Laying
    keypoints: KeypointMap | None


class LivePortrait:
    """Draw frames from rows of LIVEPORTRAIT that are this portrait's own, or from FACE, for which the portrait is calibrated first."""

    gives, delay = FRAMES, Fraction(0)

    def __init__(self, networks: Any, takes: Space = FACE) -> None:  # noqa: ANN401 - LivePortraitNetworks, which need torch
        """Draw with networks; `takes` is FACE or LIVEPORTRAIT."""
        if takes not in (FACE, LIVEPORTRAIT):
            raise UsageError(f"the renderer 'liveportrait' draws from {FACE} or {LIVEPORTRAIT}, not from {takes}")
        self.networks, self.takes = networks, takes

    def start(self, portrait: Portrait, direction: Direction) -> Sitting:
        """Look at the portrait, and settle the frame."""
        asked = [name for name in ("background", "motion_blur") if getattr(direction, name) != getattr(Direction(), name)]
        if direction.others == "alive":
            asked.append("others")
        if asked:
            raise DirectionError(f"the renderer 'liveportrait' cannot follow {', '.join(asked)}; leave that out, or draw with 'warp'")
        seen = see(self.networks, portrait)
        own = Track(LIVEPORTRAIT, seen.row[None], Fraction(25))
        source = keypoints_of(own, known(seen))[0]
        keypoints = keypoints_of_portrait(self.networks, portrait, seen) if self.takes == FACE else None
        side = self.networks.shape.side * self.networks.shape.upscale
        return Sitting(seen, source, laying(*frame_of(portrait, direction), seen.patch, side), keypoints)

    def step(self, state: Sitting, chunk: Track, last: bool) -> Frames:
        """Draw one frame for each row."""
        motion = chunk if state.keypoints is None else absolute(chunk, state.keypoints, state.seen)
        images = np.empty((len(chunk), *state.laying.frame.shape), np.uint8)
        # Row by row, so that no chunk size changes the order of a sum.
        for row in range(len(chunk)):
            driving = keypoints_of(motion.cut(motion.start + row, motion.start + row + 1), known(state.seen))[0]
            images[row] = state.laying.lay(self.square(state, driving))
        return Frames(images, chunk.fps, chunk.start)

    def square(self, state: Sitting, driving: Array) -> Bytes:
        """Draw the square with keypoints (21, 3)."""
        import torch

        networks = self.networks
        device = next(networks.parameters()).device
        source, wanted = (torch.from_numpy(np.asarray(points[None], np.float32)).to(device) for points in (state.source, driving))
        with torch.no_grad():
            stitched = networks.corrections.stitched(source, wanted)
            drawn = networks.drawing(networks.warping(state.seen.volume, source, stitched))[0]
        made: Bytes = (drawn.float().cpu().numpy().transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
        return made


def known(seen: Seen) -> KeypointMap:
    """Put a portrait's own canonical keypoints into a map, for placing them."""
    return replace(builtin_map(), canonical=seen.canonical)
