"""Sound on its way to an encoder: mixed down where it must be, and resampled without a seam."""

from typing import TYPE_CHECKING

import numpy as np

from thespis.types import Array, Speech

if TYPE_CHECKING:
    from av import AudioFrame

CODEC_RATE = 48_000


def sound_channels(channels: int) -> int:
    """Count the channels that are written: one and two are kept, more are averaged to one."""
    return channels if channels <= 2 else 1


class SoundFeed:
    """Turn Speech blocks into the encoder's audio frames at `rate`: the pieces join without a gap, however they are cut."""

    def __init__(self, source_rate: int, channels: int, rate: int) -> None:
        """Begin a stream of `channels` at `source_rate` samples a second."""
        self.rate, self.channels = rate, sound_channels(channels)
        self._written = 0
        self._resampler = None
        if source_rate != rate:
            import soxr

            self._resampler = soxr.ResampleStream(source_rate, rate, self.channels, dtype="float32", quality="HQ")

    def feed(self, speech: Speech) -> "AudioFrame | None":
        """Convert one block; the resampler may keep some samples for the next one."""
        return self._frame(speech.samples if len(speech.samples) == self.channels else speech.mono()[None], last=False)

    def finish(self) -> "AudioFrame | None":
        """Give what the resampler kept."""
        return self._frame(np.zeros((self.channels, 0), np.float32), last=True)

    def _frame(self, samples: Array, last: bool) -> "AudioFrame | None":
        """Resample (channels, n) and wrap the result."""
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(np.ascontiguousarray(samples.T), last=last).T
        if not samples.shape[1]:
            return None
        from av import AudioFrame

        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout(self.channels))
        frame.sample_rate, frame.pts = self.rate, self._written
        self._written += samples.shape[1]
        return frame


def layout(channels: int) -> str:
    """Name the speaker layout of one or two channels."""
    return "mono" if channels == 1 else "stereo"
