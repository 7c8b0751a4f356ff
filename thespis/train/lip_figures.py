"""What a network that paints mouths is worth on people it never saw: pixels of the mouth, opening of the lips, and sync."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from thespis.capture.faces import measure
from thespis.data.faces import Arrays
from thespis.pixels.dub.align import painted
from thespis.pixels.dub.lip_networks import Patches, first_noise, paint
from thespis.pixels.dub.lip_shape import LipShape
from thespis.pixels.dub.lip_torch import Lips
from thespis.pixels.dub.syncnet import SyncNet, likeness
from thespis.train.face_diffusion import numbers
from thespis.train.lip_data import WAYS, even, heard, tokens_of
from thespis.types import Array, Bytes

FINER, ROOM = 4, 24  # squares are enlarged by this to be measured, and get so many pixels around them
UPPER_LIP, LOWER_LIP, EYES = 13, 14, (33, 263)


@dataclass(frozen=True)
class Worth:
    """Of frames that were painted, or copied: decibels within the outline, how lips open as they should (r), and likeness to the voice.

    `share` is how far they open for each unit that they should.
    """

    decibels: float
    opening: float
    share: float
    sync: float


def painted_again(lips: Lips, window: Arrays, seed: int = 0, strength: float = 1.0) -> Bytes:
    """Paint the mouths of a window's frames from those it refers to: (F, S, S, 3), outside of what is painted the frames themselves."""
    shape = lips.shape
    patches = Patches(lips.patterns.numpy(), lips.middle.numpy(), float(lips.spread))

    def clean(latents: Array, step: int, tokens: Array) -> Array:
        with torch.no_grad():
            found = lips(torch.from_numpy(latents.astype(np.float32)), torch.full((len(tokens),), step), torch.from_numpy(tokens))
        return np.asarray(found.numpy())

    def guess(squares: Array, tokens: Array) -> tuple[Array, Array, Array]:
        with torch.no_grad():
            found = lips.guess(torch.from_numpy(squares), torch.from_numpy(np.ascontiguousarray(tokens, np.float32)))
        return found.moved.numpy(), found.laid.numpy(), found.flow.numpy()

    noise = first_noise(shape, seed)
    new = paint(patches, guess, clean, shape, window["frames"], window["others"], window["tokens"], noise, strength)
    where = painted(shape, shape.side)[..., None] > 0
    return np.where(where, new.made, window["frames"])


def dubbed(lips: Lips, clip: Arrays) -> list[tuple[Bytes, Bytes, Bytes, Array]]:
    """Dub a clip either way, window by window as at work -> frames as they are, those referred to, painted ones, and the voice (n, 10)."""
    shape, found = lips.shape, []
    for one, other, told in WAYS:
        voice = clip[f"{told}articulation"]
        count = len(voice) // shape.frames * shape.frames
        spans = [(at, slice(at, at + shape.frames)) for at in range(0, count, shape.frames)]
        windows = [{"frames": clip[one][span], "others": clip[other][span], "tokens": tokens_of(voice, at, shape)} for at, span in spans]
        made = np.concatenate([painted_again(lips, window) for window in windows])
        found.append((clip[one][:count], clip[other][:count], made, voice[:count]))
    return found


def worth(clips: Sequence[tuple[Bytes, Bytes, Array]], shape: LipShape, judge: SyncNet) -> Worth:
    """Compare frames (n, S, S, 3) with others that should be equal, beside the voice (n, 10), clip by clip, and give the means."""
    decibels = [within(true, made, shape) for true, made, _ in clips]
    openings = [followed(opening(true), opening(made)) for true, made, _ in clips]
    near = [together(judge, made, voice) for _, made, voice in clips]
    like, share = np.nanmean(openings, axis=0)
    return Worth(float(np.mean(decibels)), float(like), float(share), float(np.mean(near)))


def within(true: Bytes, made: Bytes, shape: LipShape) -> float:
    """Give the PSNR within the outline in decibels."""
    where = np.broadcast_to(painted(shape, shape.side)[..., None] > 0, true.shape)
    error = np.square((true.astype(np.float64) - made)[where] / 255).mean()
    return float(-10 * np.log10(max(error, 1e-9)))


def opening(frames: Bytes) -> Array:
    """Measure how far the lips are apart in frames (n, S, S, 3), in distances of the eyes' outer corners; not a number where no face is."""
    found = []
    for frame in frames:
        framed = cv2.copyMakeBorder(frame, ROOM, ROOM, ROOM, ROOM, cv2.BORDER_REPLICATE)
        large = np.asarray(cv2.resize(framed, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_CUBIC), np.uint8)
        middle, size = len(large) / 2, FINER * len(frame)
        points = measure(large, middle, middle, 0.9 * size)
        if points is None:
            found.append(np.nan)
            continue
        eyes = np.linalg.norm(points[EYES[0], :2] - points[EYES[1], :2])
        found.append(float(np.linalg.norm(points[UPPER_LIP, :2] - points[LOWER_LIP, :2]) / eyes))
    return np.asarray(found, np.float32)


def followed(true: Array, made: Array) -> tuple[float, float]:
    """Correlate two openings (n,) where both are known, and give the slope; not numbers where the true one hardly moves."""
    known = np.isfinite(true) & np.isfinite(made)
    if known.sum() < len(true) / 2 or true[known].std() < 0.01:
        return float("nan"), float("nan")
    like = float(np.corrcoef(true[known], made[known] + 1e-6 * np.arange(known.sum()))[0, 1])
    return like, like * float(made[known].std() / true[known].std())


def together(judge: SyncNet, frames: Bytes, voice: Array) -> float:
    """Tell how alike lips of frames (n, S, S, 3) and their voice (n, 10) are to a sync network: the mean over windows, -1 to 1."""
    shape = judge.shape
    starts = range(0, len(frames) - shape.frames + 1, shape.frames // 2)
    lips = torch.stack([numbers(torch.from_numpy(even(frames[at : at + shape.frames])[0])) for at in starts])
    told = torch.from_numpy(np.stack([heard(voice, at, shape) for at in starts]))
    with torch.no_grad():
        return float(likeness(*judge(judge.lower(lips), told)).mean())
