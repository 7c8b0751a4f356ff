"""Read the pictures of a video or an image file one after the other, upright, at a steady rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import Any

import numpy as np

from thespis.capture.portrait import read_portrait
from thespis.errors import MediaError
from thespis.types import Bytes

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
USUAL_FPS = Fraction(25)
SLOWEST, FASTEST = Fraction(1, 10), Fraction(240)
AHEAD = 4  # pictures
LONGEST_REPEAT = 10  # seconds; a longer hole in the time stamps is a broken stamp and not a still picture


@dataclass(frozen=True)
class Footage:
    """A file of moving or still pictures at `fps`; iterating decodes it anew. `frames` is about how many, where the file says so.

    With `most` only so many frames are given.
    """

    path: Path
    fps: Fraction
    frames: int | None
    still: bool = False
    most: int | None = None

    def __iter__(self) -> Iterator[Bytes]:
        """Give the frames (height, width, 3) at a steady rate: one that the file leaves out is repeated, one too many is skipped."""
        return islice(self._steadily(), self.most)

    def _steadily(self) -> Iterator[Bytes]:
        if self.still:
            yield read_portrait(self.path).image
            return
        shown = 0
        last: Bytes | None = None
        begin: Fraction | None = None
        for frame in decoded(self.path):
            at = None if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base
            begin = at if begin is None else begin
            due = shown if at is None or begin is None else round((at - begin) * self.fps)
            if 0 <= due < shown:
                continue
            picture = upright(frame)
            if last is not None and due - shown < LONGEST_REPEAT * self.fps:
                for _ in range(shown, due):
                    yield last
                    shown += 1
            yield picture
            shown += 1
            last = picture
        if last is None:
            raise MediaError(f"{self.path} holds no pictures that can be decoded; convert it to mp4 or choose another")


def ahead(pictures: Iterator[Bytes]) -> Iterator[Bytes]:
    """Give the pictures of an iterator, which runs a few of them ahead in a thread of its own."""
    waiting: Queue[Bytes | Exception | None] = Queue(AHEAD)
    left = Event()

    def offer(item: Bytes | Exception | None) -> bool:
        while not left.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for picture in pictures:
                if not offer(picture):
                    return
        except Exception as error:
            offer(error)
        else:
            offer(None)

    worker = Thread(target=work, daemon=True)
    worker.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        left.set()
        worker.join()


def decoded(path: Path) -> Iterator[Any]:
    """Decode the first picture track; damaged packets are skipped, and a file that breaks off ends there."""
    import av

    with av.open(str(path.absolute()), metadata_errors="ignore") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError, OSError):
                return
            try:
                frames = packet.decode()
            except (av.FFmpegError, OSError):
                continue
            yield from frames


def upright(frame: Any) -> Bytes:  # noqa: ANN401 - PyAV's frame
    """Turn a decoded frame into RGB bytes (height, width, 3), rotated as its display matrix says."""
    picture = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90) % 4))


def open_footage(path: str | Path) -> Footage:
    """Look at a video or image file; nothing is decoded yet."""
    place = Path(path)
    if not place.exists():
        raise MediaError(f"there is no video {place}")
    if place.is_dir():
        raise MediaError(f"{place} is a folder; give one video or image file")
    if place.stat().st_size == 0:
        raise MediaError(f"{place} is empty (0 bytes); give a video or image file")
    if place.suffix.lower() in PICTURES:
        return Footage(place, USUAL_FPS, 1, still=True)
    import av

    try:
        with av.open(str(place.absolute()), metadata_errors="ignore") as container:
            if not container.streams.video or container.format.name == "tty":  # FFmpeg reads any plain text as a film of a terminal
                raise MediaError(f"{place} has no pictures in it; give a video (mp4, mov, webm, mkv, avi) or an image file")
            stream = container.streams.video[0]
            rate = Fraction(stream.average_rate or stream.guessed_rate or USUAL_FPS)
            if not SLOWEST <= rate <= FASTEST:
                raise MediaError(f"{place} says it has {float(rate):g} frames a second; from 0.1 to 240 are read: convert it to 25")
            length = (
                stream.duration * stream.time_base if stream.duration and stream.time_base else Fraction(container.duration or 0, 1_000_000)
            )
            return Footage(place, rate.limit_denominator(1001), round(length * rate) or None)
    except PermissionError:
        raise MediaError(f"{place} may not be read; change its permissions or copy it to a place of your own") from None
    except (av.FFmpegError, OSError, ValueError):
        raise MediaError(f"{place} cannot be read as a video; give an mp4, mov, webm, mkv, avi or image file") from None
