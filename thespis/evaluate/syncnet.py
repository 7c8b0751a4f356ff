"""Whether lips and sound belong together, by a small network of ours that embeds both (after SyncNet, Chung and Zisserman 2016).

It hears 40 bands of sound and sees how the points of the mouth move, in any face that `thespis.capture.follow` found. What it gives for a
moment of lips and for a moment of sound lies near where both belong together (tools/train_syncnet.py). It needs no torch to run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
from safetensors.numpy import load_file

from thespis.capture.follow import straight
from thespis.capture.sighting import Sighting
from thespis.errors import MediaError
from thespis.evaluate.judge import sightings_of
from thespis.features.ear import BANDS, HOP, Ear
from thespis.features.resample import RATE, Resampler
from thespis.head.shapes import LIPS_INNER_LOWER, LIPS_INNER_UPPER, LIPS_OUTER
from thespis.types import Array, Clip, Speech
from thespis.weights import asset

FPS = Fraction(25)
ROWS = 4
"""Rows of sound to a frame: the ear gives 100 a second."""
REACH = 15
"""Frames to both sides that are searched."""
MOUTH = tuple(sorted({*LIPS_OUTER, *LIPS_INNER_UPPER, *LIPS_INNER_LOWER, 152, 148, 377, 18, 200, 199, 175, 2, 164, 205, 425, 32, 262}))
"""The points that are looked at: lips, chin, and some around them."""
SEEN_TAPS = (-6, -4, -2, -1, 0, 1, 2, 4, 6)
"""The frames around a moment that are seen."""
BAND_TAPS = (-2, -1, 0, 1, 2)
"""The rows around a row whose bands are put together first."""
HEARD_TAPS = tuple(range(-20, 41, 4))
"""The rows around a moment that are heard; mouths lead the voice, so more of what comes."""
LONGEST_GAP = 0.2  # seconds without a face that are bridged
FEWEST = 15  # frames that must be seen with sound
LOUD = 40.0  # decibels below the loudest row, to which rows say what a voice and a microphone sound like


@dataclass(frozen=True, eq=False)
class Sync:
    """How well lips and sound belong together.

    `offset` in seconds: positive where the picture is late and the sound comes first. `distance` is how far their embeddings are apart at
    the best lag, where 0 is equal and 1 is chance; `confidence` how far the median over all lags lies above it; `curve` (lags,) has all of
    them, from the picture being REACH frames early to REACH frames late.
    """

    offset: float
    confidence: float
    distance: float
    curve: Array


@dataclass(frozen=True, eq=False)
class Network:
    """What was learned: matrices of layers one after the other, each with its offsets in the last row, but for `points`."""

    points: Array  # (MOUTH * 2, seen)
    lips_near: Array  # (SEEN_TAPS * seen + 1, hidden)
    lips_bent: Array  # (hidden + 1, hidden)
    lips: Array  # (hidden + 1, D)
    bands: Array  # (BAND_TAPS * BANDS + 1, heard)
    sound_near: Array  # (HEARD_TAPS * heard + 1, hidden)
    sound_bent: Array  # (hidden + 1, hidden)
    sound: Array  # (hidden + 1, D)


@cache
def network() -> Network:
    """Read the network that ships, once."""
    return Network(**{name: values.astype(np.float32) for name, values in load_file(asset("syncnet")).items()})


def around(rows: Array, taps: Sequence[int], step: int = 1) -> Array:
    """Put beside each `step`th row (n, k) the rows at so many places from it -> (ceil(n / step), taps * k); edges are repeated."""
    at = np.arange(0, len(rows), step)[:, None] + np.asarray(taps)[None]
    return np.ascontiguousarray(rows[np.clip(at, 0, len(rows) - 1)].reshape(len(at), -1))


def with_one(rows: Array) -> Array:
    """Put a one behind each row (n, k), for the offset of the next layer."""
    return np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)


def bent(rows: Array, layer: Array) -> Array:
    """Take rows (n, k) through a layer (k + 1, m), and what is below zero away -> (n, m)."""
    return np.asarray(np.maximum(with_one(rows) @ layer, 0))


def embed_lips(net: Network, points: Array) -> Array:
    """Embed the points of a mouth (n, MOUTH, 2) at 25 frames a second -> (n, D)."""
    near = bent(around(points.reshape(len(points), -1) @ net.points, SEEN_TAPS), net.lips_near)
    return with_one(bent(near, net.lips_bent)) @ net.lips


def embed_sound(net: Network, bands: Array) -> Array:
    """Embed evened bands (4 n, BANDS) -> (n, D)."""
    near = bent(around(bent(around(bands, BAND_TAPS), net.bands), HEARD_TAPS, ROWS), net.sound_near)
    return with_one(bent(near, net.sound_bent)) @ net.sound


def bands_of(speech: Speech, first: int, rows: int) -> Array:
    """Hear rows `first` to `first + rows` (rows, BANDS), 100 a second on the clock of the speech, evened for voice and microphone."""
    heard, level = hear(speech)
    loud = level > max(float(level.max(initial=-90.0)) - LOUD, -80.0)
    usual = heard[loud].mean(axis=0) if loud.any() else heard.mean(axis=0) if len(heard) else np.zeros(BANDS, np.float32)
    quiet = heard.min(axis=0) if len(heard) else usual
    made = np.tile(np.minimum(quiet, usual - 4.0), (rows, 1))
    begin = round(100 * speech.start / speech.rate)
    low, high = max(first, begin), min(first + rows, begin + len(heard))
    if high > low:
        made[low - first : high - first] = heard[low - begin : high - begin]
    return np.asarray(np.clip((made - usual) / 3, -4, 4), np.float32)


def hear(speech: Speech) -> tuple[Array, Array]:
    """Hear all of a speech -> bands (rows, BANDS) and level (rows,) in dB."""
    ear = Ear(pitch=False)
    count = -(-len(speech) * 100 // speech.rate)
    samples = Resampler(speech.rate)(speech.mono(), True)
    groups = ear(np.concatenate([samples, np.zeros((2 * HOP) * RATE // 100 + 2 * ear.margin, np.float32)]))
    bands = np.concatenate([group.bands for group in groups])[:count]
    return bands, np.concatenate([group.level for group in groups])[:count]


def steadied(points: Array) -> Array:
    """Take out of the mouth's points (n, MOUTH, 2) where they usually are, so that movement is left, in twentieths of an eye distance."""
    return np.asarray((points - points.mean(axis=0)) * 20, np.float32)


@dataclass(frozen=True, eq=False)
class Mouths:
    """A mouth at 25 frames a second from frame `first`: `points` (n, MOUTH, 2) and which of them were `seen` (n,)."""

    first: int
    points: Array
    seen: Array


def mouths_of(sightings: Sequence[Sighting], fps: Fraction) -> Mouths:
    """Bring sightings at any rate to the network's frames, by the straight line between neighbours."""
    times = np.array([float(each.frame / fps) for each in sightings])
    first, last = int(np.ceil(times[0] * float(FPS) - 1e-6)), int(np.floor(times[-1] * float(FPS) + 1e-6))
    at = np.arange(first, last + 1) / float(FPS)
    after = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    gap = times[after] - times[before]
    share = np.clip((at - times[before]) / np.maximum(gap, 1e-9), 0, 1)
    points = np.stack([straight(each.points)[list(MOUTH), :2] for each in sightings])
    between = points[before] * (1 - share[:, None, None]) + points[after] * share[:, None, None]
    return Mouths(first, steadied(between.astype(np.float32)), (gap <= LONGEST_GAP).astype(np.float32))


def sync(sightings: Sequence[Sighting], fps: Fraction, speech: Speech) -> Sync:
    """Compare the mouth of one person with a sound on the same clock, at lags of up to REACH frames of 25 a second."""
    if len(sightings) < 2 or (sightings[-1].frame - sightings[0].frame) / fps * FPS < FEWEST:
        raise MediaError(f"too little of a face is seen to compare it with the sound; {FEWEST / float(FPS):g} s in a row are needed")
    mouths = mouths_of(sightings, fps)
    frames = len(mouths.points)
    bands = bands_of(speech, ROWS * (mouths.first - REACH), ROWS * (frames + 2 * REACH))
    net = network()
    return compared(embed_lips(net, mouths.points), embed_sound(net, bands), mouths.seen)


def compared(lips: Array, sound: Array, seen: Array) -> Sync:
    """Compare embeddings of lips (n, D) with those of sound (n + 2 REACH, D) that begin REACH frames earlier."""
    counts = seen[:, None]
    curve = np.zeros(2 * REACH + 1, np.float32)
    for lag in range(-REACH, REACH + 1):
        # A picture that is late by `lag` shows now what was heard so many frames ago.
        beside = sound[REACH - lag : REACH - lag + len(lips)]
        size = float(((lips**2 + beside**2) * counts).sum())
        curve[lag + REACH] = float((((lips - beside) ** 2) * counts).sum()) / max(size, 1e-9)
    best = int(curve.argmin())
    return Sync((best + between(curve, best) - REACH) / float(FPS), float(np.median(curve) - curve[best]), float(curve[best]), curve)


def between(curve: Array, best: int) -> float:
    """Find where between its neighbours the least value of a curve lies, by a parabola: -0.5 to 0.5."""
    if not 0 < best < len(curve) - 1:
        return 0.0
    left, middle, right = curve[best - 1 : best + 2].tolist()
    bend = left - 2 * middle + right
    return float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend > 0 else 0.0


def sync_of(clip: Clip) -> Sync:
    """Compare the face of a clip with its sound."""
    if clip.speech is None or clip.frames is None:
        raise MediaError("a clip needs both frames and sound to be compared")
    return sync(sightings_of(clip), clip.frames.fps, clip.speech)
