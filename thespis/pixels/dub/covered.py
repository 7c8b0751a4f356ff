"""Where something is before a mouth - a hand, a microphone, a cup - told from how unlike itself the lower face looks."""

from collections.abc import Sequence

import cv2
import numpy as np

from thespis.capture.sighting import Sighting
from thespis.types import Array, Bytes

LOWER = np.s_[54:102, 16:80]  # of a straightened view: from the nostrils to the chin, between the cheeks
PARTS = 2, 4  # into how many parts it is cut, down and across
SAMPLES = 40  # sightings of a shot that say how a face can look
APART = 12  # frames that lie between a sighting and those it is compared with: a hand stays for a while
SOFT, EVEN = 1.0, 8.0  # pixels over which a view is softened, and over which its light is evened
FAINT = 3.0  # grey levels of texture that are nothing to speak of
MANY = (0.33, 0.55)  # how unlike itself the lower face is where it comes to be taken for covered
FEWEST = 2 * APART + 8  # sightings of a shot


def coverage(sightings: Sequence[Sighting], cuts: Sequence[int]) -> Array:
    """Tell how unlike itself (n,) the lower face of one person is in each sighting: from 0 as usual to 1 covered."""
    found = np.zeros(len(sightings), np.float32)
    frames = np.array([each.frame for each in sightings])
    shots = np.searchsorted(np.asarray(cuts, np.int64), frames, side="right")
    for shot in np.unique(shots):
        members = np.flatnonzero(shots == shot)
        if len(members) < FEWEST:
            continue
        chosen = members[np.unique(np.linspace(0, len(members) - 1, SAMPLES).astype(int))]
        known = np.stack([parts(sightings[each].view) for each in chosen])
        for each in members:
            far = np.abs(frames[chosen] - frames[each]) > APART
            # Of all looks the nearest: mouths move, and each look of one was seen at another time as well.
            alike = np.sort((known[far] * parts(sightings[each].view)).sum(axis=-1), axis=0)[-2:].mean(axis=0)
            found[each] = float(np.mean(1 - np.clip(alike, 0, 1)))
    return found


def parts(view: Bytes) -> Array:
    """Look at the texture of the parts of the lower face of a view (HIGH, WIDE) -> directions (parts, numbers)."""
    soft = cv2.GaussianBlur(view, (0, 0), SOFT).astype(np.float32)
    texture = (soft - cv2.GaussianBlur(soft, (0, 0), EVEN))[LOWER]
    down, across = PARTS
    high, wide = texture.shape[0] // down, texture.shape[1] // across
    cut = texture.reshape(down, high, across, wide).transpose(0, 2, 1, 3).reshape(down * across, -1)
    strength = np.sqrt((cut**2).sum(axis=1, keepdims=True) + (FAINT**2) * cut.shape[1])
    return np.asarray(cut / strength, np.float32)


def uncovered(coverage: Array) -> Array:
    """Tell how much of the dubbing (n,) is left where the lower face is so unlike itself (n,)."""
    low, high = MANY
    return np.asarray(1 - np.clip((coverage - low) / (high - low), 0.0, 1.0), np.float32)
