"""Whether it is still the same person: by the shape of the face, by how it looks, and by a face-recognition network of the user's.

How it looks is told by local binary patterns (Ojala, Ahonen) of the straightened face above the mouth, which need no training.
"""

from functools import cache
from itertools import product

import numpy as np

from thespis.capture.follow import STEADY
from thespis.capture.sighting import Sighting
from thespis.evaluate import networks
from thespis.evaluate.metric import Doubles, Metric, truth_of
from thespis.evaluate.watched import face_points
from thespis.types import Bytes, Clip

LOOKS = 12  # sightings of a clip that are compared
ROWS = slice(8, 70)  # of a straightened face: from the forehead to the nostrils, which speech does not move
CELL = 16  # pixels a side of the parts in which patterns are counted
FIRST = 1.0  # seconds that say who it is, where there is no real clip
FIVE = ((33, 133), (362, 263), (1,), (61,), (291,))
"""Points whose means are the right eye, the left eye, the tip of the nose and the corners of the mouth."""
ALIGNED = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
"""Where face-recognition networks of 112 pixels expect them (ArcFace)."""


@cache
def uniform() -> Doubles:
    """Number the 58 patterns of eight bits that change at most twice around the circle, and one number for all others (256,)."""
    table, number = np.full(256, 58), 0
    for pattern in range(256):
        bits = [(pattern >> k) & 1 for k in range(8)]
        if sum(bits[k] != bits[k - 1] for k in range(8)) <= 2:
            table[pattern], number = number, number + 1
    return table


def patterns(view: Bytes) -> Doubles:
    """Count local binary patterns of a straightened grey face (height, width) in overlapping parts -> (numbers,) of length 1."""
    import cv2

    grey = cv2.GaussianBlur(view, (0, 0), 1.0)[ROWS].astype(np.int16)
    middle = grey[2:-2, 2:-2]
    code = np.zeros(middle.shape, np.int64)
    for bit, (dy, dx) in enumerate(((-2, 0), (-1, 1), (0, 2), (1, 1), (2, 0), (1, -1), (0, -2), (-1, -1))):
        code |= (grey[2 + dy : grey.shape[0] - 2 + dy, 2 + dx : grey.shape[1] - 2 + dx] > middle).astype(np.int64) << bit
    code = uniform()[code].astype(np.int64)
    cells = [
        np.bincount(code[y : y + CELL, x : x + CELL].ravel(), minlength=59)
        for y, x in product(range(0, code.shape[0] - CELL + 1, CELL // 2), range(8, code.shape[1] - CELL - 7, CELL // 2))
    ]
    # Roots of shares: the product of two such rows is the Bhattacharyya coefficient of the counts.
    found = np.sqrt(np.concatenate(cells) / sum(int(cell.sum()) for cell in cells))
    return np.asarray(found / np.linalg.norm(found))


def some(sightings: list[Sighting], count: int) -> list[Sighting]:
    """Pick sightings evenly."""
    return [sightings[int(k)] for k in np.unique(np.linspace(0, len(sightings) - 1, min(count, len(sightings))).astype(int))]


def sides(clip: Clip) -> tuple[list[Sighting], list[Sighting]] | None:
    """Give the sightings that say who it is (of the real clip, else of the first second), and those that are compared with them."""
    sightings = clip.labels.get("sightings")
    if not sightings:
        return None
    truth = truth_of(clip)
    if truth is not None:
        return some(truth.labels["sightings"], LOOKS), some(sightings, LOOKS)
    assert clip.motion is not None
    edge = sightings[0].frame + FIRST * clip.motion.fps
    later = [each for each in sightings if each.frame >= edge]
    return (some([each for each in sightings if each.frame < edge], 4), some(later, LOOKS)) if later else None


def looks(clip: Clip) -> list[float] | None:
    """Compare how the face looks with who it should be: the mean likeness of the patterns, in per cent."""
    both = sides(clip)
    if both is None:
        return None
    known, seen = (np.stack([patterns(each.view) for each in side]) for side in both)
    reference = known.mean(axis=0) / np.linalg.norm(known.mean(axis=0))
    return [100 * float((seen @ reference).mean())]


def shape(clip: Clip) -> list[float] | None:
    """Measure how far the firm points of the usual face are from those of the real clip's."""
    truth = truth_of(clip)
    own, real = face_points(clip), None if truth is None else face_points(truth)
    if own is None or real is None:
        return None
    usual, goal = (np.nanmedian(points[:, STEADY, :2], axis=0) for points in (own, real))
    return [100 * float(np.linalg.norm(usual - goal, axis=1).mean())]


def aligned(clip: Clip, row: int) -> Bytes:
    """Lay the face of one row as recognition networks want it -> (112, 112, 3)."""
    import cv2

    from thespis.capture.placed import flat_similarity

    assert clip.frames is not None
    points = clip.labels["points"].values[row].reshape(-1, 2).astype(np.float64)
    found = np.array([points[list(group)].mean(axis=0) for group in FIVE])
    matrix, shift, _ = flat_similarity(found, np.array(ALIGNED))
    move = np.concatenate([matrix, shift[:, None]], axis=1)
    cut = cv2.warpAffine(clip.frames.images[row], move, (112, 112), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def recognised(clip: Clip) -> list[float] | None:
    """Compare the embeddings of the user's face-recognition network with who it should be: their mean cosine."""
    both, truth = sides(clip), truth_of(clip)
    if both is None:
        return None
    network = networks.face_recognition()
    sources = (clip if truth is None else truth, clip)
    known, seen = (np.stack([network(aligned(source, each.frame)) for each in side]) for source, side in zip(sources, both, strict=True))
    reference = known.mean(axis=0) / np.linalg.norm(known.mean(axis=0))
    return [float((seen @ reference).mean())]


METRICS = (
    Metric(
        "identity.looks", "Looks the same", "Likeness of the upper face to the real clip's, or to its own first second (binary patterns)",
        "%", "higher", ("pictures",), looks, digits=1,
    ),
    Metric(
        "identity.shape", "Shape apart", "Distance of the firm points of the usual face from those of the real clip's",
        "% eye distance", "lower", ("face", "truth"), shape,
    ),
    Metric(
        "identity.recognised", "Recognised (CSIM)", "Cosine of a face-recognition network's embeddings, with your own weights",
        "cosine", "higher", ("pictures", "weights"), recognised, digits=3,
    ),
)  # fmt: skip
