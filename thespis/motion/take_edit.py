"""Edits of whole Tracks that respect what their channels are: other rates, strength, mirror, smoothing, other lips, soft joins."""

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from thespis.errors import DirectionError, unknown
from thespis.motion.rotations import between, matrices, turn_vectors
from thespis.motion.spaces.face import EXPRESSION, FACE
from thespis.types import Array, Channel, Space, Track

LIPS = (
    "jaw*", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthRoll*", "mouthShrug*", "mouthPress*",
    "mouthLowerDown*", "mouthUpperUp*", "mouthStretch*", "tongueOut",
)  # fmt: skip
"""The channels of `face` that articulate; smiles, frowns, dimples and sneers are left to the emotion."""

UNSCALED = ("eyeBlink*", "gaze_*")
"""What a strength leaves alone: half a blink is a drowsy eye, and half a glance looks at nothing."""

REST_SECONDS = 0.1
"""How far to either side of a moment of rest the median is taken."""

PEAKS = ("eyeBlink*", "mouthClose", "mouthPress*", "mouthRoll*")
"""The channels whose largest value counts when rows are dropped: a blink of 60 ms is still a blink at 12 rows a second."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "brows": ("brow*",),
    "lids": ("eyeBlink*", "eyeSquint*", "eyeWide*"),
    "eyes": ("gaze_*", "eyeLook*", "*EyeYaw", "*EyePitch", "*EyeRoll"),
    "cheeks and nose": ("cheek*", "nose*"),
    "jaw": ("jaw*",),
    "mouth": ("mouth*", "tongue*"),
    "head": ("head*",),
}


def matching(space: Space, *patterns: str) -> tuple[Channel, ...]:
    """Find the channels whose names match one of the patterns (* and ? as in file names)."""
    return tuple(channel for channel in space.channels if any(fnmatchcase(channel.name, pattern) for pattern in patterns))


def columns(space: Space, channels: tuple[Channel, ...]) -> npt.NDArray[np.intp]:
    """Find the columns of channels (n,)."""
    parts = [np.arange(space.size)[space.slice(channel.name)] for channel in channels]
    return np.concatenate(parts) if parts else np.zeros(0, np.intp)


def of_kind(space: Space, *kinds: str) -> npt.NDArray[np.intp]:
    """Find the columns of the channels of these kinds (n,)."""
    return columns(space, tuple(channel for channel in space.channels if channel.kind in kinds))


def group_of(name: str) -> str:
    """Name the part of the face that a channel belongs to."""
    return next((group for group, patterns in GROUPS.items() if any(fnmatchcase(name, pattern) for pattern in patterns)), "other")


def from_the_start(track: Track) -> Track:
    """Let a Track begin at row 0: earlier rows are dropped, and what begins later holds its first row until then."""
    later = track.cut(0, max(track.stop, 0))
    if not len(later) or not later.start:
        return replace(later, start=0)
    return replace(later, values=np.concatenate([np.repeat(later.values[:1], later.start, axis=0), later.values]), start=0)


def resample(track: Track, fps: Fraction, rows: int | None = None) -> Track:
    """Bring a Track to another rate: row k tells what holds at k / fps seconds; `rows` rows, or as many as last as long.

    Rotations turn on the shortest way, tokens take the nearest row, everything else goes straight; where rows are dropped, blinks and
    lip closures keep their peaks. At its own rate a Track stays as it is, bit by bit. Its first row must be row 0.
    """
    if track.start or fps <= 0:
        raise ValueError(f"resample needs a Track from row 0 and a positive rate, not row {track.start} and {fps}")
    count = int(len(track) * fps / track.fps + Fraction(1, 2)) if rows is None else rows
    if fps == track.fps:
        index = np.minimum(np.arange(count), max(len(track) - 1, 0))
        return replace(track, values=track.values if count == len(track) else track.values[index])
    if not len(track) or not count:
        return Track.empty(track.space, fps)
    ratio = track.fps / fps
    numbers = np.arange(count, dtype=np.int64) * ratio.numerator
    last = len(track) - 1
    low = np.minimum(numbers // ratio.denominator, last)
    high, share = np.minimum(low + 1, last), ((numbers % ratio.denominator) / ratio.denominator).astype(np.float32)
    before, after = track.values[low], track.values[high]
    made: Array = before + share[:, None] * (after - before)
    for channel in track.space.channels:
        there = track.space.slice(channel.name)
        if channel.kind == "rotation":
            made[:, there] = between(before[:, there], after[:, there], share)
        elif channel.kind == "token":
            made[:, there] = np.where(share[:, None] < 0.5, before[:, there], after[:, there])
    if ratio > 1:
        keep_peaks(track, made, ratio)
    return Track(track.space, made, fps)


def keep_peaks(track: Track, made: Array, ratio: Fraction) -> None:
    """Raise the channels of PEAKS to the largest value within half an output row to either side; `ratio` is input rows an output row."""
    peaks = columns(track.space, matching(track.space, *PEAKS))
    for number in range(len(made)):
        first, stop = max(int(-(-(number - Fraction(1, 2)) * ratio // 1)), 0), int(-(-(number + Fraction(1, 2)) * ratio // 1))
        if stop > first and first < len(track):
            made[number, peaks] = np.maximum(made[number, peaks], track.values[first:stop][:, peaks].max(axis=0))


def stronger(track: Track, strength: float) -> Track:
    """Multiply the performance, relative to rest, by a strength (1 as it is); blinks and gaze stay, tokens too."""
    if strength == 1:
        return track
    skip = {channel.name for channel in matching(track.space, *UNSCALED)}
    chosen = tuple(channel for channel in track.space.channels if channel.name not in skip and channel.kind != "token")
    return scaled(track, chosen, strength)


def scale(track: Track, pattern: str, factor: float) -> Track:
    """Multiply the channels whose names match a pattern such as "mouth*"; a pattern that matches nothing is an error."""
    found = matching(track.space, pattern)
    if not found:
        raise DirectionError(unknown("channel", pattern, track.space.names))
    return scaled(track, found, factor)


def scaled(track: Track, channels: tuple[Channel, ...], factor: float) -> Track:
    """Multiply some channels."""
    values = track.values.copy()
    values[:, columns(track.space, channels)] *= np.float32(factor)
    return replace(track, values=values)


def from_rest(face: Track, seconds: float) -> Track:
    """Take the face at a moment, when it rested, for the neutral one: weights become (weight - rest) / (1 - rest), poses relative to it."""
    if face.space != FACE:
        raise DirectionError(f"only a performance in the Space face has a resting face, not one in {face.space.name}")
    if not len(face):
        return face
    middle = min(max(round(seconds * float(face.fps)) - face.start, 0), len(face) - 1)
    reach = round(REST_SECONDS * float(face.fps))
    rest = np.median(face.values[max(middle - reach, 0) : middle + reach + 1], axis=0)
    values = face.values - rest
    weights = columns(FACE, EXPRESSION.channels)
    values[:, weights] = np.maximum(values[:, weights], 0) / np.maximum(1 - rest[weights], 0.1)
    turn = FACE.slice("head_rotation")
    back = matrices(-rest[None, turn])[0]
    values[:, turn] = turn_vectors(matrices(face.values[:, turn]) @ back)
    return replace(face, values=values)


def other_side(name: str) -> str:
    """Name the channel of the other side of the face."""
    for one, other in (("Left", "Right"), ("left", "right")):
        if one in name:
            return name.replace(one, other)
        if other in name:
            return name.replace(other, one)
    return name


def mirror(track: Track) -> Track:
    """Exchange left and right: the face in a mirror."""
    values = np.empty_like(track.values)
    for channel in track.space.channels:
        there, source = track.space.slice(channel.name), track.space.slice(other_side(channel.name))
        values[:, there] = track.values[:, source]
        if channel.kind == "rotation":
            values[:, there] *= np.array([1, -1, -1], np.float32)
        elif channel.kind == "point":
            values[:, there] *= np.array([-1, 1, 1], np.float32)
        elif channel.name.lower().endswith(("yaw", "roll")):
            values[:, there] *= -1
    return replace(track, values=values)


def smooth(track: Track, seconds: float) -> Track:
    """Average over a bell of this standard deviation in seconds; tokens stay, the length too."""
    spread = seconds * float(track.fps)
    reach = int(np.ceil(3 * spread))
    if not reach or not len(track):
        return track
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2)
    bell /= bell.sum()
    chosen = of_kind(track.space, "linear", "rotation", "log_scale", "point")
    padded = np.pad(track.values[:, chosen].astype(np.float64), ((reach, reach), (0, 0)), mode="edge")
    values = track.values.copy()
    values[:, chosen] = np.stack([np.convolve(column, bell, mode="valid") for column in padded.T], axis=1)
    return replace(track, values=values)


def with_lips(track: Track, other: Track) -> Track:
    """Take the lips of another performance and keep the rest; the result is as long as the shorter of the two."""
    if track.space != FACE or other.space != FACE:
        raise DirectionError(f"lips are exchanged between performances in the Space face, not {track.space.name} and {other.space.name}")
    theirs = resample(other, track.fps)
    count = min(len(track), len(theirs))
    lips = columns(FACE, matching(FACE, *LIPS))
    values = track.values[:count].copy()
    values[:, lips] = theirs.values[:count, lips]
    return replace(track, values=values)


def join_softly(first: Track, second: Track, seconds: float) -> Track:
    """Append a Track and let the jump at the seam fade over so many seconds of the second one; its clock moves on, its timing stays."""
    if first.space != second.space:
        raise DirectionError(f"cannot join a performance in {second.space} to one in {first.space}; both need the same Space")
    after = resample(second, first.fps)
    values = after.values.copy()
    count = min(round(seconds * float(first.fps)), len(values))
    if count and len(first):
        left = 0.5 + 0.5 * np.cos(np.pi * (np.arange(count) + 1) / (count + 1))
        chosen = of_kind(first.space, "linear", "rotation", "log_scale", "point")
        jump = first.values[-1, chosen] - values[0, chosen]
        values[:count, chosen] += (left[:, None] * jump).astype(np.float32)
    return replace(first, values=np.concatenate([first.values, values]))
