"""Speech encoders of published systems as stages: sound in, rows at the frames of a video out, whole or window by window.

The networks are transformers' own classes; their weights are the user's, from a folder of this machine. Nothing is fetched.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from thespis.errors import MediaError, MissingExtraError, WeightsError
from thespis.features.alignment import Alignment, Seconds
from thespis.features.resample import RATE, Intake
from thespis.types import SAMPLES, Array, Channel, Direction, Portrait, Space, Speech, Track
from thespis.weights import user_folder


@dataclass(frozen=True)
class Source:
    """Where the weights of an encoder come from: its `name` here, the repository on the Hugging Face hub, and their licence."""

    name: str
    repository: str
    licence: str
    others: tuple[str, ...] = ()


class Hearing(Protocol):
    """An encoder network: 16,000 samples a second in, rows out."""

    @property
    def width(self) -> int:
        """How many numbers a row has."""

    @property
    def longest(self) -> float:
        """The seconds of sound it takes at most at a time."""

    def __call__(self, samples: Array, frames: int | None) -> tuple[Array, Seconds]:
        """Hear samples (n,) -> rows (m, width) and their times in seconds; `frames` asks for so many rows over all of the sound."""


def libraries() -> tuple[Any, Any]:
    """Import torch and transformers, or say how to get them."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtraError(f"speech encoders need torch and transformers ({error}): pip install 'thespis[train]'") from None
    return torch, transformers


def folder_of(source: Source, given: Path | None) -> Path:
    """Find the folder of an encoder's weights, or say how to get them."""
    place = given or user_folder() / source.name
    if all((place / name).is_file() for name in ("config.json", "model.safetensors")):
        return place
    others = f" (or {', '.join(source.others)})" if source.others else ""
    raise WeightsError(
        f"the weights of {source.name} ({source.licence}) are not in {place}: on a machine with a network run "
        f"hf download {source.repository}{others} --local-dir {source.name}, and copy the folder with its config.json and "
        "model.safetensors there"
    )


def loaded(kind: str, source: Source, given: Path | None) -> Any:  # noqa: ANN401 - transformers is untyped here
    """Load a model class of transformers by name from the folder of its weights, ready to be asked."""
    _, transformers = libraries()
    place = folder_of(source, given)
    try:
        # Eager attention adds in one order, whatever the hardware offers.
        model = getattr(transformers, kind).from_pretrained(place, local_files_only=True, use_safetensors=True, attn_implementation="eager")
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{place} does not hold a {source.name} that can be loaded: {reason}; get {source.repository} again") from None
    return model.eval().requires_grad_(False)


@dataclass
class EncoderState:
    """One stream: sound at RATE that is still needed, the first sample of which has the index `first`."""

    intake: Intake = field(default_factory=Intake)
    held: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    first: int = 0
    next: int = 0  # the next row to give


class Encoder:
    """Samples -> rows of an encoder at the frames of a video.

    With `window` = (past, hop, future) in frames it runs live: each hop is heard with so much before and after it, always the same,
    whatever the chunks. Without, it hears everything at once at the end.
    """

    takes = SAMPLES

    def __init__(
        self,
        name: str,
        network: Callable[[], Hearing],
        align: Alignment,
        fps: Fraction | int = 25,
        window: tuple[int, int, int] | None = None,
    ) -> None:
        """Load the network; `name` names the Space."""
        self._network, self._align, self._video, self._window = network(), align, Fraction(fps), window
        self.gives = Space(name, (Channel(name, size=align.size(self._network.width)),))
        self.fps = align.rate(self._video)
        per = self._video / self.fps  # frames of the video in a row
        self.delay = Fraction(10**9)
        if window is not None:
            if min(window) < 0 or window[1] < 1 or any(frames % per for frames in window):
                raise ValueError(f"a window is frames before, in and after a hop, each a multiple of {per}, not {window}")
            if sum(window) / self._video > self._network.longest:
                raise ValueError(f"{name} hears at most {self._network.longest:g} s at a time, not {float(sum(window) / self._video):g}")
            self.delay = (window[1] + window[2]) / self._video + Fraction(1, 50)

    def start(self, portrait: Portrait, direction: Direction) -> EncoderState:
        """Begin a stream."""
        return EncoderState()

    def step(self, state: EncoderState, chunk: Speech, last: bool) -> Track:
        """Take the next samples and answer with the rows that are sure."""
        state.held = np.concatenate([state.held, state.intake(chunk, last)])
        total = state.intake.begun(self.fps) if last else None
        first = state.next
        made = self._whole(state, total) if self._window is None else self._windows(state, total, self._window)
        return Track(self.gives, np.concatenate(made) if made else np.zeros((0, self.gives.size), np.float32), self.fps, first)

    def _whole(self, state: EncoderState, total: int | None) -> list[Array]:
        """Hear everything when the end is known."""
        if not total:
            return []
        seconds = len(state.held) / RATE
        if seconds > self._network.longest:
            raise MediaError(f"{self.gives.name} hears at most {self._network.longest:g} s at a time, not {seconds:.0f}: give it a window")
        state.next = total
        return [self._heard(state.held, 0, range(total), ceil(total * self._video / self.fps))]

    def _windows(self, state: EncoderState, total: int | None, window: tuple[int, int, int]) -> list[Array]:
        """Hear every window whose sound is complete, and at the end those that reach beyond it."""
        past, hop, future = window
        made: list[Array] = []
        while total is None or state.next < total:
            begin = int(state.next * self._video / self.fps)  # in frames
            low, high = (round(Fraction(frames) * RATE / self._video) for frames in (begin - past, begin + hop + future))
            if total is None and high > state.first + len(state.held):
                break
            sound = np.zeros(high - low, np.float32)
            inside = state.held[max(low - state.first, 0) : max(high - state.first, 0)]
            offset = max(state.first - low, 0)
            sound[offset : offset + len(inside)] = inside
            rows = int(hop * self.fps / self._video)
            stop = state.next + rows if total is None else min(state.next + rows, total)
            made.append(self._heard(sound, begin - past, range(state.next, stop), past + hop + future))
            state.next = stop
            drop = max(round(Fraction(begin + hop - past) * RATE / self._video) - state.first, 0)
            state.held, state.first = state.held[drop:], state.first + min(drop, len(state.held))
        return made

    def _heard(self, sound: Array, begin: int, rows: range, frames: int) -> Array:
        """Hear sound that begins at frame `begin` of the video, and align the rows asked for."""
        found, times = self._network(sound, frames if self._align.first else None)
        return self._align(found, times + float(begin / self._video), rows, self._video)
