"""Read the pictures of a video or an image file one after the other, upright, at a steady rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import numpy as np

from thespis.capture.portrait import read_portrait
from thespis.errors import MediaError
from thespis.types import Array, Bytes

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
Item = TypeVar("Item")
USUAL_FPS = Fraction(25)
SLOWEST, FASTEST = Fraction(1, 10), Fraction(240)
NEARLY = 0.03  # how far a mean rate may be from that of the spacing of frames, and mean the same
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
        reformatter = one_reformatter()
        for frame in decoded(self.path):
            at = None if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base
            begin = at if begin is None else begin
            due = shown if at is None or begin is None else round((at - begin) * self.fps)
            if 0 <= due < shown:
                continue
            picture = upright(frame, reformatter)
            if last is not None and due - shown < LONGEST_REPEAT * self.fps:
                for _ in range(shown, due):
                    yield last
                    shown += 1
            yield picture
            shown += 1
            last = picture
        if last is None:
            raise MediaError(f"{self.path} holds no pictures that can be decoded; convert it to mp4 or choose another")


def ahead(pictures: Iterator[Item]) -> Iterator[Item]:
    """Give the pictures of an iterator, which runs a few of them ahead in a thread of its own."""
    waiting: Queue[Item | Exception | None] = Queue(AHEAD)
    left = Event()

    def offer(item: Item | Exception | None) -> bool:
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


def upright(frame: Any, reformatter: Any = None) -> Bytes:  # noqa: ANN401 - PyAV's frame, and what converts many of one kind
    """Turn a decoded frame into RGB bytes (height, width, 3), rotated as its display matrix says."""
    if frame.format.name in ("yuv444p", "yuvj444p"):
        picture = coloured(frame)
    else:
        made = frame.reformat(format="rgb24") if reformatter is None else reformatter.reformat(frame, format="rgb24")
        picture = rows_of(made.planes[0])[:, : 3 * made.width].reshape(made.height, made.width, 3)
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90) % 4))


def one_reformatter() -> Any:  # noqa: ANN401 - PyAV's
    """Make a converter that prepares once for all frames of a kind."""
    from av.video.reformatter import VideoReformatter

    return VideoReformatter()


def rows_of(plane: Any) -> Bytes:  # noqa: ANN401 - PyAV's plane
    """Look at the rows of a plane (height, bytes a row) without copying them."""
    return np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)


def coloured(frame: Any) -> Bytes:  # noqa: ANN401 - PyAV's frame
    """Turn a frame with full colour into RGB bytes (height, width, 3), five times as fast as FFmpeg does."""
    import cv2

    merged = cv2.merge([rows_of(plane)[:, : frame.width] for plane in frame.planes])
    return np.asarray(cv2.transform(merged, colours(frame.format.name, int(frame.colorspace), int(frame.color_range))), np.uint8)


@cache
def colours(layout: str, space: int, span: int) -> Array:
    """Find the matrix (3, 4) that turns brightness and two colours into red, green and blue, by asking the converter itself."""
    import av

    levels = np.array([(y, u, v) for y in (80, 120, 160) for u in (112, 128, 144) for v in (112, 128, 144)], np.uint8)
    probe = av.VideoFrame(16, len(levels), layout)
    for number, plane in enumerate(probe.planes):
        plane.update(np.repeat(levels[:, number : number + 1], plane.line_size, axis=1).tobytes())
    probe.colorspace, probe.color_range = space, span
    seen = probe.to_ndarray(format="rgb24")[:, 4].astype(np.float64)
    known = np.concatenate([levels.astype(np.float64), np.ones((len(levels), 1))], axis=1)
    return np.ascontiguousarray(np.linalg.lstsq(known, seen, rcond=None)[0].T, np.float32)


def nominal(average: Fraction | None, spacing: Fraction | None) -> Fraction:
    """Choose a stream's rate: by the spacing of its frames, where the mean over its length comes near that."""
    # The mean counts what is cut off at either end and what a camera dropped; by it frames would be skipped or told twice.
    if average and spacing and abs(Fraction(spacing) / Fraction(average) - 1) < NEARLY:
        return Fraction(spacing)
    return Fraction(average or spacing or USUAL_FPS)


def open_footage(path: str | Path) -> Footage:
    """Look at a video or image file; nothing is decoded yet."""
    place = Path(path)
    if not place.exists():
        raise MediaError(f"there is no video {place}; give the path of a video or image file that exists")
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
            rate = nominal(stream.average_rate, stream.guessed_rate)
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
