"""The encoders behind a VideoWriter: one video file, or a folder of numbered pictures with the sound beside them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from thespis.errors import MediaError
from thespis.export.output import Output
from thespis.export.sound import CODEC_RATE, SoundFeed, layout
from thespis.types import Bytes, Speech

if TYPE_CHECKING:
    from av import AudioStream, VideoStream
    from av.container import OutputContainer


@dataclass(frozen=True)
class Coding:
    """How one kind of file is encoded. `rates` are the sample rates its sound codec keeps; others become 48 kHz."""

    format: str
    video: str
    sound: str
    video_options: Mapping[str, str]
    sound_rates: tuple[int, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    pixels: str = "yuv420p"


# On 200 frames of a talking head, superfast at 19 against veryfast at 18: half the work (2.5 ms a frame of 512x512, not 5.0), 47.3
# against 44.9 dB, and 56 % more bytes.
# One core draws; on two, a second thread of the encoder would only take turns with it.
H264 = {"preset": "superfast", "crf": "19", "profile": "high", "threads": str(max((os.cpu_count() or 1) - 1, 1))}
VP9 = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "tile-columns": "1", "crf": "24", "b": "0"}
PRORES = {"profile": "4444", "vendor": "apl0", "alpha_bits": "16"}
CODINGS = {
    ".mp4": Coding("mp4", "libx264", "aac", H264, (44_100, 48_000), {"movflags": "+faststart"}),
    ".mov": Coding("mov", "libx264", "aac", H264, (44_100, 48_000), {"movflags": "+faststart"}),
    ".webm": Coding("webm", "libvpx-vp9", "libopus", VP9, (48_000,)),
}
SEE_THROUGH = {
    ".mov": Coding("mov", "prores_ks", "aac", PRORES, (44_100, 48_000), {"movflags": "+faststart"}, "yuva444p10le"),
    ".webm": Coding("webm", "libvpx-vp9", "libopus", {**VP9, "auto-alt-ref": "0"}, (48_000,), pixels="yuva420p"),
}
"""The files that can hold how much of each pixel is there."""


BT709 = 1  # the numbers of the H.273 standard, which every container stores
LIMITED = 1


class Sink(Protocol):
    """What encodes: a video file or a folder of pictures."""

    def add(self, item: Bytes | Speech) -> None:
        """Encode the next picture (height, width, 3), or the next piece of sound."""

    def finish(self) -> None:
        """Flush and close."""

    def abort(self) -> None:
        """Close without caring for what is lost."""


class FileSink:
    """Encodes into one video file."""

    def __init__(
        self,
        output: Output,
        fps: Fraction,
        size: tuple[int, int],
        sound: tuple[int, int] | None,
        about: Mapping[str, str],
        *,
        see_through: bool = False,
    ) -> None:
        """Open the file at its temporary name; `size` is (width, height), `sound` is (rate, channels)."""
        import av
        from av.video.reformatter import VideoReformatter

        coding = (SEE_THROUGH if see_through else CODINGS)[output.path.suffix.lower()]
        self._pixels = coding.pixels
        self._fps, self._count = fps, 0
        # 4:2:0 colour needs even sides: an odd picture gets its last row or column once more.
        self._pad = (size[1] % 2, size[0] % 2)
        self._reformatter = VideoReformatter()
        self._container = av.open(str(output.temporary), "w", format=coding.format, options=dict(coding.options))
        self._container.metadata.update(about)
        self._video = cast("VideoStream", self._container.add_stream(coding.video, rate=fps, options=dict(coding.video_options)))
        self._video.width, self._video.height, self._video.pix_fmt = size[0] + self._pad[1], size[1] + self._pad[0], coding.pixels
        self._video.time_base = 1 / fps
        context = self._video.codec_context
        context.time_base, context.gop_size, context.thread_type = 1 / fps, max(round(2 * fps), 1), "FRAME"
        if coding.video == "libvpx-vp9":
            context.bit_rate = 0  # with a bit rate, VP9 would not hold the quality that crf asks for
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        self._sound: AudioStream | None = None
        self._feed: SoundFeed | None = None
        if sound is not None:
            rate = sound[0] if sound[0] in coding.sound_rates else CODEC_RATE
            self._feed = SoundFeed(*sound, rate)
            self._sound = cast("AudioStream", self._container.add_stream(coding.sound, rate=rate, layout=layout(self._feed.channels)))
            self._sound.bit_rate = 96_000 * self._feed.channels

    def add(self, item: Bytes | Speech) -> None:
        """Encode the next picture (height, width, 3), or the next piece of sound."""
        if isinstance(item, Speech):
            self._speech(item)
        else:
            self._frame(item)

    def _frame(self, image: Bytes) -> None:
        """Encode the next picture (height, width, 3 or 4)."""
        import av

        if any(self._pad):
            image = np.pad(image, ((0, self._pad[0]), (0, self._pad[1]), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgba" if image.shape[2] == 4 else "rgb24")
        picture = self._reformatter.reformat(
            picture, format=self._pixels, dst_colorspace=BT709, dst_color_range=LIMITED, interpolation="AREA", threads=1
        )
        picture.pts, picture.time_base = self._count, 1 / self._fps
        self._count += 1
        self._container.mux(self._video.encode(picture))

    def _speech(self, speech: Speech) -> None:
        """Encode the next piece of sound."""
        if self._feed is not None and self._sound is not None:
            frame = self._feed.feed(speech)
            if frame is not None:
                self._container.mux(self._sound.encode(frame))

    def finish(self) -> None:
        """Flush both encoders and write the end of the file."""
        if self._feed is not None and self._sound is not None:
            frame = self._feed.finish()
            if frame is not None:
                self._container.mux(self._sound.encode(frame))
            self._container.mux(self._sound.encode(None))
        self._container.mux(self._video.encode(None))
        self._container.close()

    def abort(self) -> None:
        """Close the file; what it holds will be removed."""
        self._container.close()


class PictureSink:
    """Writes a folder of PNG files, and the sound beside them as `sound.wav` at its own rate, in 16 bits."""

    def __init__(self, output: Output, sound: tuple[int, int] | None) -> None:
        """Make the folder at its temporary name."""
        import av

        self._folder, self._pattern, self._count = output.temporary, output.pattern, 0
        self._folder.mkdir()
        self._container: OutputContainer | None = None
        self._feed: SoundFeed | None = None
        if sound is not None:
            self._feed = SoundFeed(*sound, sound[0])
            self._container = av.open(str(self._folder / "sound.wav"), "w", format="wav", options={"rf64": "auto"})
            self._stream = self._container.add_stream("pcm_s16le", rate=sound[0], layout=layout(self._feed.channels))

    def add(self, item: Bytes | Speech) -> None:
        """Encode the next picture (height, width, 3), or the next piece of sound."""
        if isinstance(item, Speech):
            self._speech(item)
        else:
            self._frame(item)

    def _frame(self, image: Bytes) -> None:
        """Write the next picture (height, width, 3 or 4)."""
        import cv2

        turned = image[..., [2, 1, 0, 3][: image.shape[2]]]
        done, data = cv2.imencode(".png", turned, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not done:
            raise MediaError(f"a picture of {image.shape[1]}x{image.shape[0]} cannot be written as PNG")
        (self._folder / (self._pattern % self._count)).write_bytes(data.tobytes())
        self._count += 1

    def _speech(self, speech: Speech) -> None:
        """Write the next piece of sound."""
        if self._feed is not None and self._container is not None:
            frame = self._feed.feed(speech)
            if frame is not None:
                self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write the end of the sound."""
        if self._container is not None:
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def abort(self) -> None:
        """Close the sound; the folder will be removed."""
        if self._container is not None:
            self._container.close()
