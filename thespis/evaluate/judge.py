"""The emotion judge: which of eight emotions a face shows and how strongly, read from its pixels alone.

It looks at straightened grey views of the face, as `thespis.capture.follow` makes them of any video, and weighs the directions of their
edges in two layers (tools/train_judge.py). It learned from made-up people other than those it judges, and never sees the motion that
made a picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from safetensors.numpy import load_file

from thespis.capture.faces import find_faces, measure
from thespis.capture.follow import place_of, sighting
from thespis.capture.sighting import Sighting
from thespis.errors import FaceError
from thespis.types import EMOTION, Array, Bytes, Clip, Frames
from thespis.weights import asset

MOST = 16
"""Sightings that are looked at, evenly spread over all that are given."""
CELL, DIRECTIONS = 6, 8  # pixels a side of a cell, and directions of edges that are told apart in it
CALM = 0.25  # of a share that an emotion must gain over a face at rest, against what neutral loses
SHARPNESS = 6.0  # from shares, which are judged too evenly, to chances


@dataclass(frozen=True, eq=False)
class Shown:
    """What a face shows: `chances` (emotions,) sum to 1, `amounts` (emotions,) say how much of each is seen, 0 to about 1.2.

    `rows` (n, emotions) are the chances of each of the n sightings that were looked at. Emotions are in the order of EMOTION.
    """

    chances: Array
    amounts: Array
    rows: Array

    @property
    def feeling(self) -> str:
        """The likeliest emotion."""
        return EMOTION.names[int(self.chances.argmax())]

    @property
    def intensity(self) -> float:
        """How strongly the likeliest emotion is shown; 0 for neutral."""
        return 0.0 if self.feeling == "neutral" else float(self.amounts[int(self.chances.argmax())])

    @property
    def strength(self) -> float:
        """How strongly anything but neutral is shown."""
        return float(np.delete(self.amounts, EMOTION.column("neutral")).sum())


@dataclass(frozen=True, eq=False)
class Weights:
    """What was learned: `middle` and `spread` (size,) of descriptors, and two layers: `hidden` (size + 1, n), then `answer`.

    What is below zero between them is taken away; `answer` (n + 1, 2 * emotions) gives shares, then amounts.
    """

    middle: Array
    spread: Array
    hidden: Array
    answer: Array

    def answers(self, descriptors: Array) -> Array:
        """Answer to descriptors (n, size) -> (n, 2 * emotions)."""
        even = (descriptors - self.middle) / self.spread
        bent = np.maximum(even @ self.hidden[:-1] + self.hidden[-1], 0)
        return np.asarray(bent @ self.answer[:-1] + self.answer[-1], np.float32)


@cache
def weights() -> Weights:
    """Read the weights that ship, once."""
    return Weights(**{name: values.astype(np.float32) for name, values in load_file(asset("emotion_judge")).items()})


def descriptor(view: Bytes) -> Array:
    """Describe a straightened view (HIGH, WIDE) by how strong its edges are in each direction in cells of CELL pixels -> (size,).

    This is a histogram of oriented gradients (Dalal and Triggs 2005), evened over neighbouring cells, so light and skin hardly count.
    """
    seen = view.astype(np.float32)
    seen = cv2.GaussianBlur((seen - seen.mean()) / (seen.std() + 4.0), (0, 0), 0.8)
    strength, angle = cv2.cartToPolar(cv2.Sobel(seen, cv2.CV_32F, 1, 0), cv2.Sobel(seen, cv2.CV_32F, 0, 1))
    place = angle * np.float32(DIRECTIONS / (2 * np.pi))
    height, width = view.shape[0] // CELL, view.shape[1] // CELL
    cells = []
    for direction in range(DIRECTIONS):
        apart = np.abs(place - direction)
        share = np.maximum(0, 1 - np.minimum(apart, DIRECTIONS - apart)) * strength
        cells.append(cv2.resize(cv2.blur(share, (CELL, CELL)), (width, height), interpolation=cv2.INTER_AREA))
    found = np.stack(cells)
    around = np.sqrt(cv2.blur((found**2).sum(axis=0), (3, 3))) + np.float32(0.3)
    return np.asarray((found / around).reshape(-1), np.float32)


def judge(sightings: Sequence[Sighting], rest: Sequence[Sighting] = ()) -> Shown:
    """Judge what one person shows in all these sightings together; where the face is known at `rest`, what it shows beyond that.

    Faces differ at rest more than feelings change them, so where a portrait is at hand, give it.
    """
    if not sightings:
        raise FaceError("there is no face to read an emotion from; give a video in which one is seen")
    chosen = [sightings[k] for k in np.unique(np.linspace(0, len(sightings) - 1, MOST).round().astype(int))]
    described, calm = (np.stack([descriptor(each.view) for each in part]) if part else None for part in (chosen, rest))
    assert described is not None
    return shown(described, weights(), calm)


def shown(descriptors: Array, learned: Weights, rest: Array | None = None) -> Shown:
    """Judge descriptors (n, size) of the frames of one clip, each of which has a say, perhaps beyond those (m, size) at rest."""
    answers = learned.answers(descriptors)
    if rest is not None:
        answers = answers - learned.answers(rest).mean(axis=0)
        answers[:, EMOTION.column("neutral")] += CALM
    shares, amounts = answers[:, : EMOTION.size], answers[:, EMOTION.size :]
    return Shown(softmax(SHARPNESS * shares.mean(axis=0)), np.maximum(amounts.mean(axis=0), 0), softmax(SHARPNESS * shares))


def softmax(logits: Array) -> Array:
    """Turn logits (..., k) into chances."""
    high = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(high / high.sum(axis=-1, keepdims=True), np.float32)


def seen_in(frames: Frames | Sequence[Bytes]) -> list[Sighting]:
    """Find the main face in frames that were not followed yet; a frame in which it is not seen is left out."""
    images = frames.images if isinstance(frames, Frames) else frames
    found: list[Sighting] = []
    for number, image in enumerate(images):
        picture = np.ascontiguousarray(image[..., :3])
        points = None
        if found:
            x, y, size = place_of(found[-1].points)
            points = measure(picture, x, y, 0.9 * size)
        if points is None:
            faces = find_faces(picture)
            points = max(faces, key=lambda face: face.scale).points if faces else None
        if points is not None:
            found.append(sighting(number, points, picture))
    return found


def sightings_of(clip: Clip) -> list[Sighting]:
    """Give the sightings that a clip carries in its labels, or look for its face."""
    known: Mapping[str, Any] = clip.labels
    if "sightings" in known:
        return list(known["sightings"])
    if clip.frames is None:
        raise FaceError("a clip without frames shows no face; render it first")
    return seen_in(clip.frames)


def shown_emotion(clip: Clip) -> Shown:
    """Judge which emotion a clip shows, and how strongly."""
    return judge(sightings_of(clip))
