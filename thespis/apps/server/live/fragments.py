"""Frames and sound -> fragmented MP4 while they are made: H.264 and AAC in pieces of one frame, which a browser plays as they come."""

from fractions import Fraction
from typing import Any, cast

import numpy as np

from thespis.types import Array, Bytes

SOUND_RATE = 48_000
H264 = {"preset": "superfast", "tune": "zerolatency", "crf": "22", "profile": "main", "threads": "1", "bf": "0"}
SECONDS_BETWEEN_KEYS = 4
FRAGMENT = 40_000  # microseconds
SPS = b"\x00\x00\x00\x01\x67"


class Basket:
    """A file that only takes, and is emptied now and then."""

    def __init__(self) -> None:
        """Begin empty."""
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._held += data
        return len(data)

    def empty(self) -> bytes:
        """Give what was taken since the last time."""
        held, self._held = bytes(self._held), bytearray()
        return held


class Fragments:
    """One stream: its `mime` type, and the bytes that each frame with its sound becomes."""

    def __init__(self, fps: Fraction, size: tuple[int, int]) -> None:
        """Open the encoders for frames of `size` (width, height), both even."""
        import av
        from av.video.reformatter import VideoReformatter

        self._av, self._reformatter, self._fps = av, VideoReformatter(), fps
        self._basket = Basket()
        # By duration: FFmpeg's own way of a fragment for each frame gives some of them the time of the one before.
        options = {"movflags": "empty_moov+default_base_moof", "frag_duration": str(FRAGMENT), "flush_packets": "1"}
        self._container = av.open(self._basket, "w", format="mp4", options=options)
        self._video = cast("Any", self._container.add_stream("libx264", rate=fps, options=dict(H264)))
        self._video.width, self._video.height, self._video.pix_fmt = *size, "yuv420p"
        context = self._video.codec_context
        context.time_base, context.gop_size = 1 / fps, round(SECONDS_BETWEEN_KEYS * fps)
        self._sound = cast("Any", self._container.add_stream("aac", rate=SOUND_RATE, layout="mono"))
        self._sound.bit_rate = 96_000
        self._container.start_encoding()
        self._frames = self._samples = 0
        head = bytes(context.extradata)
        place = head.find(SPS) + len(SPS)
        self.mime = f'video/mp4; codecs="avc1.{head[place : place + 3].hex()}, mp4a.40.2"'

    def add(self, image: Bytes, samples: Array) -> bytes:
        """Encode one frame (height, width, 3) and the sound (n,) that goes with it -> the bytes that are ready."""
        spoken = self._av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), format="fltp", layout="mono")
        spoken.sample_rate, spoken.pts, spoken.time_base = SOUND_RATE, self._samples, Fraction(1, SOUND_RATE)
        self._samples += len(samples)
        self._container.mux(self._sound.encode(spoken))
        shown = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        shown = self._reformatter.reformat(shown, format="yuv420p", dst_colorspace=1, dst_color_range=1, threads=1)
        shown.pts, shown.time_base = self._frames, 1 / self._fps
        self._frames += 1
        self._container.mux(self._video.encode(shown))
        return self._basket.empty()

    def close(self) -> bytes:
        """End the stream -> the last bytes."""
        self._container.mux(self._sound.encode(None))
        self._container.mux(self._video.encode(None))
        self._container.close()
        return self._basket.empty()
