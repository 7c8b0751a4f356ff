"""How good the pictures are: sharpness of the mouth, flicker, colour, and likeness to the real pictures (PSNR, SSIM, LPIPS, FID, FVD)."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from thespis.evaluate import networks
from thespis.evaluate.likeness import Mask, regions, signal_to_noise, structure, trembling
from thespis.evaluate.metric import Doubles, Metric, truth_of
from thespis.evaluate.paired import pictures, real_rows
from thespis.evaluate.statistics import frechet
from thespis.evaluate.watched import UNIT
from thespis.types import Array, Bytes, Clip

LOOKS = 16  # pictures of a clip that are looked at
TRIPLES = 60  # groups of three pictures in a row
FINE, MIDDLING = 1.0, 3.0  # pixels of spread: what is finer than the first is detail, what is between the two is structure
FILM = 16  # pictures that networks for films look at
SHORTEST = 3.0  # seconds below which nothing is said about change over time


def masks(clip: Clip, row: int) -> dict[str, Mask]:
    """Mark mouth, eyes and face in one picture of a watched clip."""
    assert clip.frames is not None
    return regions(clip.labels["points"].values[row].reshape(-1, 2), UNIT, clip.frames.images.shape[1:])


def seen_rows(clip: Clip, most: int) -> npt.NDArray[np.int64]:
    """Pick rows in which the face is seen, evenly."""
    good = np.flatnonzero(clip.labels["found"])
    return np.asarray(good[np.unique(np.linspace(0, len(good) - 1, min(most, len(good))).astype(int))])


def detail(picture: Bytes, mask: Mask) -> float:
    """Compare the fine contrast of a picture (height, width, 3) with its middling one where the mask is."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    less, least = (cv2.GaussianBlur(grey, (0, 0), size) for size in (FINE, MIDDLING))
    return float(np.abs(grey - less)[mask].mean() / max(float(np.abs(less - least)[mask].mean()), 0.25))


def mouth_sharpness(clip: Clip) -> list[float]:
    """Compare the detail of the mouth with that of the eyes of the same picture, in per cent."""
    assert clip.frames is not None
    found = []
    for row in seen_rows(clip, LOOKS):
        marked, picture = masks(clip, int(row)), clip.frames.images[int(row)]
        found.append(detail(picture, marked["mouth"]) / max(detail(picture, marked["eyes"]), 1e-3))
    return [100 * float(np.median(found))]


def flicker(clip: Clip) -> list[float] | None:
    """Measure the second difference of three pictures in a row on the skin between eyes and mouth, in grey levels."""
    assert clip.frames is not None
    good = clip.labels["found"]
    starts = np.flatnonzero(good[:-2] & good[1:-1] & good[2:])
    cuts = np.array(clip.labels.get("cuts", ()), np.int64)
    starts = starts[[not ((cuts > k) & (cuts <= k + 2)).any() for k in starts]] if len(cuts) else starts
    if not len(starts):
        return None
    found = []
    for row in starts[np.unique(np.linspace(0, len(starts) - 1, min(TRIPLES, len(starts))).astype(int))]:
        marked = masks(clip, int(row))
        skin = marked["face"] & ~marked["mouth"] & ~marked["eyes"]
        found.append(trembling(list(clip.frames.images[row : row + 3]), skin))
    return [float(np.median(found))]


def colour_drift(clip: Clip) -> list[float] | None:
    """Measure how far the mean colour of the face is, in the last third, from that of the first: CIE 1976 difference."""
    assert clip.frames is not None
    rows = seen_rows(clip, 3 * LOOKS)
    if len(clip.frames) < SHORTEST * clip.frames.fps or len(rows) < 6:
        return None
    means = []
    for row in rows:
        lab = cv2.cvtColor(clip.frames.images[int(row)].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        means.append(lab[masks(clip, int(row))["face"]].mean(axis=0))
    third = len(means) // 3
    return [float(np.linalg.norm(np.mean(means[:third], axis=0) - np.mean(means[-third:], axis=0)))]


def likeness(clip: Clip, *, region: str, structural: bool) -> list[float] | None:
    """Average how like the real pictures a region is: decibels, or structural similarity."""
    found = []
    for own, real, points in pictures(clip, LOOKS):
        mask = regions(points, UNIT, own.shape)[region]
        if mask.any():
            found.append(float(structure(real, own)[mask].mean()) if structural else signal_to_noise(real, own, mask))
    return [float(np.mean(found))] if found else None


def lpips(clip: Clip) -> list[float] | None:
    """Average the distance that the user's LPIPS network sees between pictures and the real ones."""
    pairs = list(pictures(clip, LOOKS))
    if not pairs:
        return None
    one, other = (networks.signed(np.asarray([pair[side] for pair in pairs], np.uint8)) for side in (0, 1))
    return [float(networks.ran("image.lpips", one, other).mean())]


def features(clip: Clip) -> Doubles | None:
    """Look at pictures and at the real ones with the user's network -> features (2 * 16 * d,)."""
    pairs = list(pictures(clip, LOOKS))
    if len(pairs) < LOOKS:
        return None
    stacks = [np.asarray([cv2.resize(pair[side], (299, 299)) for pair in pairs], np.uint8) for side in (0, 1)]
    return np.stack([networks.ran("image.fid", networks.signed(stack)) for stack in stacks]).reshape(-1)


def film(images: Bytes) -> Array:
    """Lay sixteen pictures in a row as networks for films want them (1, 3, 16, 224, 224)."""
    stack = np.asarray([cv2.resize(image, (224, 224)) for image in images], np.uint8)
    return np.ascontiguousarray(networks.signed(stack).transpose(1, 0, 2, 3)[None])


def film_features(clip: Clip) -> Doubles | None:
    """Look at four films of sixteen pictures, and at the real ones, with the user's network -> features (2 * 4 * d,)."""
    truth = truth_of(clip)
    assert clip.frames is not None
    if truth is None or truth.frames is None:
        return None
    _, rows = real_rows(clip)
    if len(rows) < 4 * FILM:
        return None
    begins = np.linspace(0, len(rows) - FILM, 4).astype(int)
    own = [networks.ran("image.fvd", film(clip.frames.images[k : k + FILM])) for k in begins]
    real = [networks.ran("image.fvd", film(truth.frames.images[rows[k : k + FILM]])) for k in begins]
    return np.asarray(np.concatenate([*own, *real]).reshape(-1))


def apart(count: int) -> Callable[[Doubles], float]:
    """Make the function that compares the features of all clips (clips, 2 * count * d) with the real ones'."""

    def distance(rows: Doubles) -> float:
        both = rows.reshape(len(rows), 2, count, -1)
        own, real = (both[:, side].reshape(-1, both.shape[-1]) for side in (0, 1))
        return frechet(own, real)

    return distance


METRICS = (
    Metric(
        "image.mouth_sharp", "Mouth as sharp as the eyes", "Fine beside middling contrast around the mouth, and the same around the eyes",
        "%", "real", ("pictures",), mouth_sharpness, digits=0,
    ),
    Metric(
        "image.flicker", "Skin flickers", "Second difference of three pictures in a row on the skin of the straightened face",
        "grey levels", "lower", ("pictures",), flicker,
    ),
    Metric(
        "image.colour", "Colour drifts", "Difference of the face's mean colour between the first and the last third (CIE 1976)",
        "delta E", "lower", ("pictures",), colour_drift,
    ),
    Metric(
        "image.psnr", "Face like the real one (PSNR)", "Peak signal to noise ratio of the face, both laid upright by their own landmarks",
        "dB", "higher", ("pictures", "truth"), partial(likeness, region="face", structural=False), digits=1,
    ),
    Metric(
        "image.ssim", "Face like the real one (SSIM)", "Structural similarity of the face, both laid upright by their own landmarks",
        "0 to 1", "higher", ("pictures", "truth"), partial(likeness, region="face", structural=True), digits=3,
    ),
    Metric(
        "image.mouth_psnr", "Mouth like the real one (PSNR)", "Peak signal to noise ratio around the mouth",
        "dB", "higher", ("pictures", "truth"), partial(likeness, region="mouth", structural=False), digits=1,
    ),
    Metric(
        "image.mouth_ssim", "Mouth like the real one (SSIM)", "Structural similarity around the mouth",
        "0 to 1", "higher", ("pictures", "truth"), partial(likeness, region="mouth", structural=True), digits=3,
    ),
    Metric(
        "image.lpips", "Perceptual distance (LPIPS)", "Distance to the real pictures, with your own weights of LPIPS",
        "distance", "lower", ("pictures", "truth", "weights"), lpips, digits=3,
    ),
    Metric(
        "image.fid", "Distance of pictures (FID)", "Fréchet distance of features of 16 pictures a clip to real ones, with your weights",
        "distance", "lower", ("pictures", "truth", "weights"), features, apart(LOOKS), digits=1, alone=False, interval=False,
    ),
    Metric(
        "image.fvd", "Distance of films (FVD)", "Fréchet distance of features of 16 pictures in a row to real ones, with your weights",
        "distance", "lower", ("pictures", "truth", "weights"), film_features, apart(4), digits=1, alone=False, interval=False,
    ),
)  # fmt: skip
