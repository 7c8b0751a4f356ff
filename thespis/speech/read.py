"""Recordings and the sound tracks of videos -> Speech, through PyAV: any container and codec it decodes, any rate, any channel count."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thespis.errors import MediaError
from thespis.types import Array, Speech

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer

LOWEST_RATE, HIGHEST_RATE = 4_000, 768_000
LOUDEST = 1e6  # times full scale; whatever is beyond it is no sound
SILENT_PEAK = 10 ** (-60 / 20)
CANCELLED = 0.03  # of the loudness of the channels, under which little of them is left when they are mixed
GAP = Fraction(1, 10)  # seconds; shorter jumps of the time stamps are rounding, longer ones are sound that was lost
LONGEST_GAP = 120  # seconds; a longer one is a broken time stamp and not a pause
FEW_DAMAGED, MUCH_DAMAGED = 5, 0.04  # so many packets and such a share of them make a file unusable
KINDS = "wav, flac, mp3, m4a, ogg, mp4, mov, mkv or webm"
PICTURES = ("image2", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "gif", "apng", "svg_pipe", "pgm_pipe", "ppm_pipe")


@dataclass
class Damage:
    """What of a file could not be read: `pieces` that cannot be decoded, `seconds` that are missing, and where the `first` of it is."""

    pieces: int = 0
    seconds: Fraction = Fraction(0)
    first: float | None = None

    def note(self, at: Fraction | int, rate: int = 1) -> None:
        """Remember where it begins."""
        self.first = float(Fraction(at) / rate) if self.first is None else self.first

    def __str__(self) -> str:
        """Say it in one line."""
        count = "a piece" if self.pieces == 1 else f"{self.pieces} pieces"
        what = [f"{count} of its sound cannot be decoded"] if self.pieces else []
        what += [f"{float(self.seconds):.1f} s of its sound are missing and silent"] if self.seconds else []
        minutes, seconds = divmod(self.first or 0.0, 60)
        return f"{' and '.join(what)}, first at {int(minutes)}:{seconds:04.1f}; it is damaged, or was recorded with gaps"


class SpeechFile:
    """An audio or video file that is read piece by piece: `rate`, `channels`, and `seconds` where the file states its length.

    Iterating gives Speech blocks of one second; their samples are those that `read_speech` gives, and memory stays flat.
    """

    def __init__(self, path: str | Path) -> None:
        """Look at the file; nothing is decoded yet."""
        self.path = Path(path)
        self._told = False
        with opened(self.path) as container:
            stream = container.streams.audio[0]
            self.rate, self.channels = int(stream.rate or 0), int(stream.channels or 0)
            if not LOWEST_RATE <= self.rate <= HIGHEST_RATE or self.channels < 1:
                raise MediaError(
                    f"{self.path} says it holds {self.channels} channels at {self.rate} samples a second; "
                    f"rates from {LOWEST_RATE:,} to {HIGHEST_RATE:,} are read: convert it to 48,000"
                )
            length = stream.duration * stream.time_base if stream.duration and stream.time_base else None
            if length is None and container.duration:
                length = Fraction(container.duration, 1_000_000)
            self.seconds: float | None = float(length) if length is not None and 0 < length < 10**7 else None

    def __iter__(self) -> Iterator[Speech]:
        """Decode from the beginning, one second a block; the last block holds what is left."""
        waiting: list[Array] = []
        held = start = 0
        for samples in self._pieces():
            waiting.append(samples)
            held += samples.shape[1]
            while held >= self.rate:
                joined = np.concatenate(waiting, axis=1)
                yield Speech(joined[:, : self.rate].copy(), self.rate, start=start)
                start += self.rate
                waiting, held = [joined[:, self.rate :]], held - self.rate
        if held:
            yield Speech(np.concatenate(waiting, axis=1), self.rate, start=start)
        elif not start:
            raise MediaError(f"no sound in {self.path} can be decoded; the file is damaged or empty: save or export it again")

    def refuse_silence(self) -> None:
        """Raise an error when nothing in the whole file is louder than -60 dB of full scale; it reads up to the first sound only."""
        cancelled = False
        for block in self:
            if not is_silent(block):
                if len(block.samples) == 1 or float(np.std(block.mono())) > CANCELLED * float(np.std(block.samples)):
                    return
                cancelled = True
        if cancelled:
            raise MediaError(f"the channels of {self.path} cancel each other out: one is the other turned over; export one of them as mono")
        raise MediaError(f"{self.path} is silent from beginning to end (nothing above -60 dB); choose a recording with a voice in it")

    def _pieces(self) -> Iterator[Array]:
        """Decode to float arrays (channels, n) that follow each other without a gap on the clock of the file."""
        with opened(self.path) as container:
            origin, converter = clock_origin(container), Converter(self.rate, self.channels)
            position: int | None = None
            damage = Damage()
            for frame in decoded(container, damage):
                samples = converter(frame)
                at = None if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base - origin
                if position is None:
                    position = 0
                    if at is not None and abs(at) > LONGEST_GAP:
                        raise MediaError(
                            f"the sound of {self.path} begins {float(at):.0f} s off its picture; its time stamps are broken: save it again"
                        )
                    skip = 0 if at is None or at >= 0 else min(round(-at * self.rate), samples.shape[1])
                    if at is not None and at + Fraction(samples.shape[1], self.rate) <= 0:
                        position = None  # all of it lies before the picture begins
                        continue
                    samples = samples[:, skip:]
                    gap = 0 if at is None else max(round(at * self.rate), 0)
                else:
                    late = Fraction(0) if at is None else at - Fraction(position, self.rate)
                    gap = round(late * self.rate) if GAP < late < LONGEST_GAP else 0
                    if gap:
                        damage.note(position, self.rate)
                        damage.seconds += Fraction(gap, self.rate)
                if gap:
                    yield np.zeros((self.channels, gap), np.float32)
                if not np.isfinite(samples).all():
                    raise MediaError(f"{self.path} holds samples that are not finite numbers; export it again as 16-bit PCM")
                if np.abs(samples).max(initial=0) > LOUDEST:
                    raise MediaError(f"{self.path} holds samples beyond {LOUDEST:g} times full scale; export it again as 16-bit PCM")
                position += gap + samples.shape[1]
                yield samples
        if (damage.pieces or damage.seconds) and not self._told:
            self._told = True  # a file is read several times
            logging.getLogger("thespis").warning("%s: %s", self.path, damage)


class Converter:
    """Decoded audio of any sample format -> float arrays (channels, n); a file that changes its rate midway is resampled to its first."""

    def __init__(self, rate: int, channels: int) -> None:
        """State what comes out."""
        self.rate, self.channels = rate, channels
        self._resampler: Any = None
        self._key: tuple[Any, ...] = ()

    def __call__(self, frame: "AudioFrame") -> Array:
        """Turn one decoded frame."""
        if frame.sample_rate == self.rate and frame.layout.nb_channels == self.channels:
            return planar(frame)
        from av.audio.resampler import AudioResampler

        key = (frame.sample_rate, frame.layout.name, frame.format.name)
        if key != self._key:
            layout = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels}c")
            self._resampler, self._key = AudioResampler("fltp", layout, self.rate), key
        parts = [planar(part) for part in self._resampler.resample(frame)]
        return np.concatenate(parts, axis=1) if parts else np.zeros((self.channels, 0), np.float32)


def planar(frame: "AudioFrame") -> Array:
    """Turn one decoded frame into float samples (channels, n) in -1 to 1."""
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128) / 128
    if values.dtype.kind == "i":
        return (values / np.float64(2 ** (8 * values.dtype.itemsize - 1))).astype(np.float32)
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def opened(path: Path) -> "InputContainer":
    """Open a file that has a sound track, or say in one line why that is impossible."""
    import av

    if not path.exists():
        raise MediaError(f"there is no file {path}; give the path of a recording or of a video with sound")
    if not path.is_file():
        raise MediaError(f"{path} is a folder, not a recording; give the path of one audio or video file")
    if path.stat().st_size == 0:
        raise MediaError(f"{path} is empty (0 bytes); record or copy it again")
    try:
        # An absolute path, so that no name can be mistaken for the address of a protocol.
        container = av.open(str(path.absolute()), metadata_errors="ignore")
    except PermissionError:
        raise MediaError(f"{path} may not be read; change its permissions or copy it to a place of your own") from None
    except (av.FFmpegError, OSError, ValueError):
        raise MediaError(f"{path} is not a recording that can be read; use {KINDS}") from None
    if container.streams.audio:
        return container
    kind, pictures = container.format.name, bool(container.streams.video)
    container.close()
    if any(name in PICTURES for name in kind.split(",")):
        raise MediaError(f"{path} is a picture, not a recording; give an audio file, or a video with sound, as the speech")
    if pictures and kind != "tty":  # FFmpeg reads any plain text as a film of a terminal
        raise MediaError(f"the video {path} has no sound; give an audio file, or a video with sound, as the speech")
    raise MediaError(f"{path} holds no sound; use {KINDS}")


def clock_origin(container: "InputContainer") -> Fraction:
    """Find the second at which the file's clock begins: with its picture, or with its sound where there is no picture."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        return stream.start_time * stream.time_base if stream.start_time is not None and stream.time_base is not None else Fraction(0)
    sound = container.streams.audio[0]
    return sound.start_time * sound.time_base if sound.start_time is not None and sound.time_base is not None else Fraction(0)


def decoded(container: "InputContainer", found: Damage) -> Iterator["AudioFrame"]:
    """Decode the first sound track; a few damaged packets are skipped, and a file that breaks off ends there.

    A file of which much is damaged is refused: most of what it would say is noise or missing.
    """
    from av import FFmpegError

    stream = container.streams.audio[0]
    packets = container.demux(stream)
    whole, at = 0, Fraction(0)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, FFmpegError, OSError):
            return
        try:
            frames = packet.decode()
        except (FFmpegError, OSError):
            found.pieces += 1
            found.note(at)
            if found.pieces >= FEW_DAMAGED and found.pieces > MUCH_DAMAGED * (whole + found.pieces):
                raise MediaError(
                    f"{container.name} is damaged: {found.pieces} of its first {whole + found.pieces} pieces of sound cannot be decoded; "
                    "save or export it again"
                ) from None
            continue
        whole += 1
        for frame in frames:
            at = at if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base
            yield frame


def open_speech(path: str | Path) -> SpeechFile:
    """Open a recording, or a video with sound, to be read in blocks of one second."""
    return SpeechFile(path)


def read_speech(path: str | Path) -> Speech:
    """Read a whole recording, or the sound of a video: samples (channels, n) at the file's own rate.

    The clock begins with the picture where there is one: a sound track that starts later is padded, one that starts earlier is cut.
    """
    file = SpeechFile(path)
    return Speech(np.concatenate([block.samples for block in file], axis=1), file.rate)


def is_silent(speech: Speech) -> bool:
    """Tell whether no sample is louder than -60 dB of full scale."""
    return not len(speech) or float(np.abs(speech.samples).max()) < SILENT_PEAK
