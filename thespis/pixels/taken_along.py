"""Whether a person had better not be cut out: where much of them is a guess, or nobody can see the wall go along with the head."""

import cv2
import numpy as np

from thespis.pixels.channels import strongest
from thespis.pixels.strands import BAND, Mask, Wall
from thespis.types import Array, Bytes

PATCH, GUESSED = 0.05, 0.7  # half the width, and square eye distances, from which on soft patches before no plain wall are a guess, too
LOOSE = 0.1  # square eye distances of such patches and of hanging locks from which on a wall that nobody can see move goes along
FLAT, MOST, BESIDE = 10.0, 99.7, 0.2  # grey levels a pixel, in so many per cent of it, from so many eye distances beside the person on


def better_whole(picture: Bytes, alpha: Array, hanging: Array, goes: Array, made_up: Mask, wall: Wall, unit: float) -> bool:
    """Say whether a person, whose share is `alpha` (h, w), had better take what is around along than be cut out of a picture (h, w, 3).

    So it is where much of them is a guess, soft patches before a wall that tells no strands; and where there are some, or locks `hanging`
    (h, w) out of them, but nobody can see the wall move. `goes` (h, w) is how far what lies there moves.
    """
    reach = max(round(PATCH * unit), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    soft = ((alpha > 0.15) & (alpha < 0.85) & (goes > 0.5) & ~made_up).astype(np.uint8)
    patches = cv2.morphologyEx(soft, cv2.MORPH_OPEN, kernel)
    if float((patches * (wall.plain < 0.5)).sum()) > GUESSED * unit**2:
        return True
    loose = float(patches.sum()) + float((np.maximum(hanging - alpha, 0) * goes).sum())
    return loose > LOOSE * unit**2 and steepest(picture, goes, made_up | (hanging > 0.1), wall) < FLAT


def steepest(picture: Bytes, goes: Array, left_out: Mask, wall: Wall) -> float:
    """Say how steep the steepest of what moves with a head of a wall is, in grey levels a pixel.

    Near the head that is without what is thin, and all without what is `left_out` (h, w).
    """
    edge = cv2.dilate(left_out.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    seen, found = (goes > 0.1) & ~edge & (wall.apart > BESIDE), []
    for colours, where in ((picture, wall.apart > BAND), (wall.behind, wall.apart <= BAND)):
        even = cv2.GaussianBlur(colours, (0, 0), 1.0)
        steps = strongest(cv2.morphologyEx(even, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
        found.append(steps[seen & where][::3])
    steep = np.concatenate(found)
    return float(np.percentile(steep, MOST)) / 2 if len(steep) else np.inf
