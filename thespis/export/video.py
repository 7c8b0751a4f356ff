"""Write frames and sound as a video file or as numbered pictures, while they are being made.

Encoding has its own thread behind a short queue, so that drawing and encoding overlap and memory stays flat. The result has a
temporary name until it is whole; an error, a full disk or an interruption removes it.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from math import ceil
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from thespis.errors import MediaError
from thespis.export.coding import SEE_THROUGH, FileSink, PictureSink, Sink
from thespis.export.output import Output, check_output, write_error
from thespis.types import Bytes, Clip, Frames, Speech

WAITING = 8  # pictures or pieces of sound that may wait for the encoder: enough to overlap, little enough for flat memory


class VideoWriter:
    """Takes frames and speech as they are made; use it in a `with` block, which publishes the result or removes it."""

    def __init__(
        self,
        path: str | Path | Output,
        fps: Fraction,
        size: tuple[int, int],
        audio_rate: int | None = None,
        channels: int = 1,
        *,
        title: str = "",
        comment: str = "",
        see_through: bool = False,
    ) -> None:
        """Check the path; `size` is (width, height), `audio_rate` is None for a silent video; `see_through` pictures have four channels."""
        self.output = path if isinstance(path, Output) else check_output(path)
        self._see_through = see_through
        if see_through and not self.output.pattern and self.output.path.suffix.lower() not in SEE_THROUGH:
            raise MediaError(
                f"{self.output.path.name} cannot hold a transparent background; use {' or '.join(SEE_THROUGH)}, or a folder (frames/)"
            )
        if min(size) < 2 or fps <= 0:
            raise MediaError(f"a video needs at least 2x2 pixels and a positive frame rate, not {size[0]}x{size[1]} at {fps} fps")
        self.fps, self.size, self.written = fps, size, 0
        self._sound = None if audio_rate is None else (audio_rate, channels)
        self._about = {name: text for name, text in (("title", title), ("comment", comment)) if text}
        self._queue: Queue[Bytes | Speech | None] = Queue(WAITING)
        self._stop = Event()
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        """Open the encoder and start its thread."""
        try:
            self._sink: Sink = (
                PictureSink(self.output, self._sound)
                if self.output.pattern
                else FileSink(self.output, self.fps, self.size, self._sound, self._about, see_through=self._see_through)
            )
        except BaseException as error:
            self.output.discard()
            if isinstance(error, OSError):
                raise write_error(error, self.output.path) from error
            raise
        self._thread = Thread(target=self._work, name="encoder", daemon=True)
        self._thread.start()
        return self

    def frames(self, frames: Frames) -> None:
        """Add the next frames, which must follow without a gap."""
        if frames.fps != self.fps or frames.start != self.written or (len(frames) and frames.images.shape[1:3] != self.size[::-1]):
            raise ValueError(
                f"expected frames of {self.size[0]}x{self.size[1]} at {self.fps} fps from {self.written}, "
                f"got {frames.images.shape[2]}x{frames.images.shape[1]} at {frames.fps} fps from {frames.start}"
            )
        for image in frames.images:
            self._put(image)
        self.written += len(frames)

    def speech(self, speech: Speech) -> None:
        """Add the next piece of speech, at the rate and with the channels the writer was made for."""
        if self._sound is None or not len(speech):
            return
        given = (speech.rate, len(speech.samples))
        if given != self._sound:
            raise ValueError(f"expected (rate, channels) {self._sound}, got {given}")
        self._put(speech)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Publish the result when all went well, and remove it otherwise."""
        published = False
        if kind is not None:
            self._stop.set()
        try:
            self._queue.put(None)
            self._thread.join()
            if kind is None:
                self._raise_failure()
                self.output.publish()
                published = True
        except OSError as problem:
            raise write_error(problem, self.output.path) from problem
        finally:
            if not published:
                self._stop.set()
                self.output.discard()

    def _put(self, item: Bytes | Speech) -> None:
        """Hand something to the encoder's thread, or tell what went wrong there."""
        self._raise_failure()
        self._queue.put(item)

    def _raise_failure(self) -> None:
        """Raise what stopped the encoder's thread."""
        if isinstance(self._failure, OSError):
            raise write_error(self._failure, self.output.path) from self._failure
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        """Encode until the end; once something is wrong only empty the queue, so that nobody waits for ever."""
        while (item := self._queue.get()) is not None:
            if not self._stop.is_set():
                self._attempt(partial(self._sink.add, item))
        if not self._stop.is_set():
            self._attempt(self._sink.finish)
        if self._stop.is_set():
            self._attempt(self._sink.abort)

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do one thing, and remember the first that went wrong."""
        try:
            action()
        except BaseException as error:
            self._failure = self._failure or error
            self._stop.set()


def save(clip: Clip, path: str | Path, *, title: str = "", comment: str = "") -> Path:
    """Write a Clip's frames and speech as .mp4, .mov, .webm or numbered pictures, and give the path."""
    output = check_output(path)
    if clip.frames is None or not len(clip.frames):
        raise MediaError("this clip has no frames to save; its recipe makes motion only, or nothing was said")
    frames, speech = Frames(clip.frames.images, clip.frames.fps), clip.speech
    height, width = frames.images.shape[1:3]
    rate, channels = (None, 1) if speech is None else (speech.rate, len(speech.samples))
    with VideoWriter(
        output, frames.fps, (width, height), rate, channels, title=title, comment=comment, see_through=frames.images.shape[3] == 4
    ) as writer:
        # A second of each in turn: the encoder keeps what it cannot interleave yet.
        for second in range(ceil(max(len(frames) / frames.fps, 0 if speech is None else speech.seconds))):
            if speech is not None:
                writer.speech(speech.cut(speech.start + second * speech.rate, speech.start + (second + 1) * speech.rate))
            writer.frames(frames.cut(int(second * frames.fps), int((second + 1) * frames.fps)))
    return output.path
