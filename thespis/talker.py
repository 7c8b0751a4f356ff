"""A Talker is a list of Stages; a Session is a Talker at work on one stream of speech."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis.card import Card
from thespis.emphasis import Emphases
from thespis.errors import DirectionError, MediaError, PairingError
from thespis.stages import Stage, as_stage, check_pairs
from thespis.types import AMOUNT, FRAMES, SAMPLES, Array, Clip, Curve, Direction, Frames, Key, Portrait, Speech, Track, frame_count

MOST_CHANNELS = 64
CHANGING = ("emotion", "eyes", "mouth", "head", "gaze", "lips", "motion", "listening")  # the wishes that a running session follows
OVER = 0.4  # seconds that a changed wish takes
HUSH = 0.12  # seconds in which an interrupted mouth comes to rest
BLOCKS_PER_SECOND = 5  # how finely a session cuts what it is given: small enough for flat memory and quick first frames


class Talker:
    """A checked list of stages from samples to frames, or to motion where the recipe draws nothing."""

    def __init__(self, *stages: Stage | list[Stage], name: str = "talker", card: Card | None = None) -> None:
        """Check every seam, and that the chain begins with samples."""
        self.stages = tuple(as_stage(stage) for stage in stages)
        check_pairs(self.stages)
        if self.stages[0].takes != SAMPLES:
            raise PairingError(f"a Talker begins with samples, but {type(self.stages[0]).__name__} takes {self.stages[0].takes}")
        self.name, self.card = name, card
        self.brought: Mapping[str, str] = {}  # files of the user's that stand in for what ships, and their digests
        self.delay = sum((stage.delay for stage in self.stages), Fraction(0))

    def start(self, portrait: Portrait, direction: Direction | None = None, *, rate: int) -> "Session":
        """Begin a session for speech at `rate` samples a second."""
        if not isinstance(rate, int) or rate <= 0:
            raise MediaError(f"a session needs a whole, positive number of samples a second, not {rate!r}")
        if not isinstance(portrait, Portrait):
            raise MediaError(f"a session needs a Portrait (thespis.portrait reads a picture file), not {type(portrait).__name__}")
        if direction is not None and not isinstance(direction, Direction):
            raise MediaError(f"a session needs a Direction (thespis.direct reads one from words), not {type(direction).__name__}")
        wish = direction or Direction()
        if self.card is not None:
            wish.check(self.name, self.card.accepts)
        # A session tells its wishes which words are said; no other session may hear them.
        wish = replace(wish, words=Emphases(wish.words))
        return Session(self, [stage.start(portrait, wish) for stage in self.stages], rate, wish)

    def __call__(self, speech: Speech, portrait: Portrait, direction: Direction | None = None) -> Clip:
        """Run a whole Speech; all frames are held in memory, so use a Session for long recordings."""
        session = self.start(portrait, direction, rate=speech.rate)
        session.words.check(speech.words, speech.seconds)
        session.push(speech)
        session.close()
        pieces = list(session)
        frames = [piece.frames for piece in pieces if piece.frames is not None]
        motion = [piece.motion for piece in pieces if piece.motion is not None]
        return Clip(
            speech,
            Frames(np.concatenate([part.images for part in frames]), frames[0].fps) if frames else None,
            Track(motion[0].space, np.concatenate([part.values for part in motion]), motion[0].fps) if motion else None,
        )


class Session:
    """Push samples, iterate over the Clips that are ready, `close()` at the end; frames never run ahead of the sound."""

    def __init__(self, talker: Talker, states: list[Any], rate: int, wish: Direction) -> None:
        """Hold one state for each stage of the talker; `wish` is the direction that these states follow."""
        self.talker, self.rate, self.wish, self.words = talker, rate, wish, wish.words
        self._states = states
        self._queue: deque[Speech] = deque()
        self._pushed = 0  # samples accepted, minus those an interruption dropped
        self._used = 0  # samples given to the stages
        self._closed = False
        self._finished = False
        self._frames: Frames | None = None
        self._motion: Track | None = None
        self._made = 0.0  # seconds of motion, or of frames, that are made: wishes change from there on

    @property
    def pushed(self) -> float:
        """The second at which what is pushed next will be said."""
        return self._pushed / self.rate

    @property
    def made(self) -> float:
        """The second up to which the performance is made, whether it was given out or not."""
        return self._made

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def push(self, speech: Speech | npt.ArrayLike) -> None:
        """Add the next piece of speech: a Speech, or samples (n,) or (channels, n) at the session's rate, floats or whole numbers."""
        if self._closed:
            raise MediaError("this session is closed; start another one to go on speaking")
        if not isinstance(speech, Speech):
            speech = Speech(sound(speech), self.rate)
        if speech.rate != self.rate:
            raise MediaError(f"this session runs at {self.rate} samples a second, but was given {speech.rate}; resample first")
        if not np.isfinite(speech.samples).all():
            raise MediaError("the samples hold values that are not finite numbers")
        shift = (self._pushed - speech.start) / self.rate
        self._queue.append(moved(speech, self._pushed, shift))
        self._pushed += len(speech)

    def direct(self, wish: Direction, at: float | None = None, *, over: float = OVER, also: Iterable[str] = ()) -> None:
        """Follow other wishes from the next frame on, or from `at` seconds: the curves that `wish` asks for, on a clock that begins then.

        What changes does so within `over` seconds. What `wish` does not ask for stays as it is, but for the names in `also`, which
        become natural again.
        """
        begin = self._made if at is None else max(at, self._made)
        asked = tuple(dict.fromkeys((*wish.asked(), *also)))
        fixed = [name for name in asked if name not in CHANGING]
        if fixed:
            raise DirectionError(f"{', '.join(fixed)} cannot change in a running session; it can change {', '.join(CHANGING)}")
        if self.talker.card is not None:
            wish.check(self.talker.name, self.talker.card.accepts)
        for name in asked:
            later: Curve | None = getattr(wish, name)
            now: Curve | None = getattr(self.wish, name)
            if later is None and name == "head" and now is not None:
                later = Curve.constant(now.space)  # natural motion about no turn at all
            if later is None:
                self._follow(name, None)
                continue
            if now is None:
                # Nobody asked before: eyes and mouth felt what the face feels, the head moved by itself, about its rest.
                now = self.wish.emotion if name in ("eyes", "mouth") else Curve.constant(later.space)
            self._follow(name, along(now, later, begin, over, self._made))

    def _follow(self, name: str, curve: Curve | None) -> None:
        """Put another curve in the place of a wish: the stages hold this very direction and read it row by row."""
        object.__setattr__(self.wish, name, curve)

    def interrupt(self) -> int:
        """Drop what was pushed and not yet played; give the number of samples dropped. What is pushed next follows at once.

        Of what was heard already and not yet shown, the lips say nothing any more.
        """
        self._queue.clear()
        dropped, self._pushed = self._pushed - self._used, self._used
        card = self.talker.card
        if self._used / self.rate > self._made and card is not None and "lips" in card.accepts:
            usual = self.wish.lips.at(self._used / self.rate)[0].tolist()
            quiet = Curve(AMOUNT, (Key(0.0, (0.0,)), Key(self._used / self.rate - self._made, tuple(usual))))
            self._follow("lips", along(self.wish.lips, quiet, self._made, HUSH, self._made, last=HUSH))
        return dropped

    def close(self) -> None:
        """Say that no more speech will come, so that the last frames can be made."""
        self._closed = True

    def __iter__(self) -> Iterator[Clip]:
        """Give every Clip that can be made from what was pushed so far; after `close`, through to the last frame."""
        block = max(self.rate // BLOCKS_PER_SECOND, 1)
        while self._queue:
            speech = self._queue.popleft()
            stop = min(speech.start + block, speech.stop)
            if stop < speech.stop:
                self._queue.appendleft(speech.cut(stop, speech.stop))
            self._used = stop
            yield from self._run(speech.cut(speech.start, stop), last=self._closed and not self._queue)
        if self._closed and not self._finished:
            # Nothing was left to carry the end of speech, so an empty chunk does.
            yield from self._run(Speech(np.zeros((1, 0), np.float32), self.rate, start=self._used), last=True)

    def _run(self, speech: Speech, last: bool) -> Iterator[Clip]:
        """Pass one block down the stages and answer with the rows the sound has reached."""
        if self._finished:
            return
        self._finished = last
        if self.words:
            self.words.heard += speech.words or ()
        chunk: Any = speech
        for stage, state in zip(self.talker.stages, self._states, strict=True):
            if isinstance(chunk, Track):
                self._made = max(self._made, float(chunk.stop / chunk.fps))
            if stage.gives == FRAMES and isinstance(chunk, Track):
                # Rows the sound has not reached are drawn for nothing: at the end they would be cut off.
                self._motion = chunk if self._motion is None else self._motion.join(chunk)
                limit = frame_count(self._used, self.rate, chunk.fps)
                if last:
                    chunk = chunk.cut(chunk.start, limit)
            chunk = stage.step(state, chunk, last)
            if not last and not len(chunk):
                break  # an empty chunk tells the stages behind nothing, and small pushes give many
        else:
            if isinstance(chunk, Frames | Track):
                self._made = max(self._made, float(chunk.stop / chunk.fps))
            if isinstance(chunk, Frames):
                self._frames = chunk if self._frames is None else self._frames.join(chunk)
            elif isinstance(chunk, Track):
                self._motion = chunk if self._motion is None else self._motion.join(chunk)
        piece = self._ready()
        if piece is not None:
            yield piece

    def _ready(self) -> Clip | None:
        """Split off what lies within the sound so far, and keep the rest."""
        frames, motion = self._frames, self._motion
        made_frames = made_motion = None
        if frames is not None:
            limit = min(frame_count(self._used, self.rate, frames.fps), frames.stop)
            made_frames, self._frames = frames.cut(frames.start, limit), frames.cut(limit, frames.stop)
        if motion is not None:
            limit = min(frame_count(self._used, self.rate, motion.fps), motion.stop)
            if made_frames is not None:
                limit = min(limit, made_frames.stop)
            made_motion, self._motion = motion.cut(motion.start, limit), motion.cut(limit, motion.stop)
        if not (made_frames is not None and len(made_frames)) and not (made_motion is not None and len(made_motion)):
            return None
        return Clip(None, made_frames, made_motion)


def along(now: Curve, later: Curve, begin: float, over: float, since: float, last: float | None = None) -> Curve:
    """Follow one curve, and from `begin` seconds on another whose clock begins there; what is over before `since` is forgotten.

    The first key of the other is reached within `over` seconds, and its last one within `last` where that is given.
    """
    kept = [key for key in now.keys if key.at < begin]
    ended = [k for k, key in enumerate(kept) if key.at + key.over <= since and (k + 1 == len(kept) or kept[k + 1].at >= key.at + key.over)]
    kept = kept[ended[-1] :] if ended else kept
    added = [replace(key, at=key.at + begin) for key in later.keys]
    added[0] = replace(added[0], over=over)
    if last is not None:
        added[-1] = replace(added[-1], over=last)
    # The first key of a curve holds from the beginning, so there must be one before the change.
    return Curve(now.space, (*(kept or [replace(now.keys[0], at=min(begin, now.keys[0].at))]), *added))


def sound(samples: npt.ArrayLike) -> Array:
    """Read samples (n,) or (channels, n) as floats in -1 to 1; whole numbers, as microphones give them, are scaled by their range."""
    given = np.atleast_2d(np.asarray(samples))
    if given.ndim != 2 or given.dtype.kind not in "iuf" or given.shape[0] > MOST_CHANNELS:
        raise MediaError(
            f"sound is numbers of shape (n,) or (channels, n) with at most {MOST_CHANNELS} channels, not {given.dtype} {given.shape}"
        )
    if given.dtype.kind == "f":
        return np.asarray(given, np.float32)
    middle = np.float32(1 << (8 * given.dtype.itemsize - 1))
    return np.asarray((given.astype(np.float32) - (middle if given.dtype.kind == "u" else 0)) / middle, np.float32)


def moved(speech: Speech, start: int, shift: float) -> Speech:
    """Put a Speech at another place on the clock, its phones and words with it."""
    if shift == 0 and speech.start == start:
        return speech
    return replace(
        speech,
        start=start,
        phones=None if speech.phones is None else tuple(replace(p, start=p.start + shift, end=p.end + shift) for p in speech.phones),
        words=None if speech.words is None else tuple(replace(w, start=w.start + shift, end=w.end + shift) for w in speech.words),
    )
