"""A face in a frame, and the shelf on which those of a long video lie so that memory does not grow with it."""

import threading
import weakref
from tempfile import SpooledTemporaryFile, gettempdir

import numpy as np

from thespis.capture.unwrap import HIGH, WIDE
from thespis.errors import MediaError
from thespis.types import Array, Bytes

IN_MEMORY = 64 << 20  # bytes; what comes after goes to the disk: about 4000 faces
POINTS = (478, 3)
BYTES = 4 * POINTS[0] * POINTS[1]
ROW = BYTES + HIGH * WIDE


class Sighting:
    """One face in one frame: `points` (478, 3) in pixels, and its straightened grey `view` (HIGH, WIDE)."""

    def __init__(self, frame: int, points: Array, view: Bytes) -> None:
        """Note the face in the frame of this number."""
        self.frame = frame
        self._points, self._view = points, view

    @property
    def points(self) -> Array:
        """The points (478, 3) in pixels, z in the same scale."""
        return self._points

    @property
    def view(self) -> Bytes:
        """The face as if it looked straight at the camera, grey."""
        return self._view


class Shelved(Sighting):
    """A sighting whose numbers lie on a shelf."""

    def __init__(self, frame: int, shelf: "Shelf", place: int) -> None:
        """Note where it lies."""
        self.frame = frame
        self._shelf, self._place = shelf, place

    @property
    def points(self) -> Array:
        """The points (478, 3) in pixels, z in the same scale."""
        return np.frombuffer(bytearray(self._shelf.get(ROW * self._place, BYTES)), np.float32).reshape(POINTS)

    @property
    def view(self) -> Bytes:
        """The face as if it looked straight at the camera, grey."""
        return np.frombuffer(bytearray(self._shelf.get(ROW * self._place + BYTES, HIGH * WIDE)), np.uint8).reshape(HIGH, WIDE)


class Shelf:
    """Numbers of many sightings, in memory while they are few, else in a nameless file."""

    def __init__(self) -> None:
        """Begin empty."""
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it lives as long as the sightings
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._count = 0

    def add(self, frame: int, points: Array) -> Shelved:
        """Lay a face down, for now without its view."""
        place, self._count = self._count, self._count + 1
        self._put(ROW * place, np.ascontiguousarray(points, np.float32).tobytes() + bytes(HIGH * WIDE))
        return Shelved(frame, self, place)

    def complete(self, sighting: Shelved, view: Bytes) -> None:
        """Lay down its view."""
        self._put(ROW * sighting._place + BYTES, view.tobytes())

    def get(self, begin: int, size: int) -> bytes:
        """Take bytes."""
        with self._lock:
            self._file.seek(begin)
            return self._file.read(size)

    def _put(self, begin: int, data: bytes) -> None:
        try:
            with self._lock:
                self._file.seek(begin)
                self._file.write(data)
        except OSError as error:
            raise MediaError(
                f"no room for what is seen in a video this long in {gettempdir()} ({error.strerror}); "
                "free some space, or name another folder in the environment variable TMPDIR"
            ) from error
