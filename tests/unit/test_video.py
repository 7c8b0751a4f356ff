"""Videos are read back with PyAV: what is in the file is what was given, and nothing is left behind when it goes wrong."""

import errno
import os
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import thespis
from thespis.errors import MediaError
from thespis.export.output import check_output, write_error
from thespis.export.video import VideoWriter
from thespis.types import Bytes, Clip, Frames, Speech, frame_count

pytestmark = pytest.mark.unit

FPS = Fraction(25)


def pictures(count: int, width: int = 64, height: int = 48, fps: Fraction = FPS, start: int = 0) -> Frames:
    """Make grey pictures whose brightness tells their number."""
    levels = (40 + (np.arange(start, start + count) * 7) % 180).astype(np.uint8)
    return Frames(np.broadcast_to(levels[:, None, None, None], (count, height, width, 3)).copy(), fps, start)


def tone(seconds: float, rate: int = 48_000, channels: int = 1) -> Speech:
    """Make a 440 Hz tone with a click in each whole second."""
    time = np.arange(round(seconds * rate)) / rate
    samples = 0.1 * np.sin(2 * np.pi * 440 * time)
    for second in range(1, int(seconds)):
        samples[second * rate : second * rate + rate // 100] += 0.8
    return Speech(np.tile(samples.astype(np.float32), (channels, 1)), rate)


def read(path: Path) -> tuple[list[Bytes], np.ndarray, int]:
    """Decode a file -> its pictures, its samples (channels, n) on the clock of the file, and their rate."""
    with av.open(str(path)) as container:
        images = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        pieces, rate, first = [], 0, None
        for frame in container.decode(audio=0):
            rate = frame.sample_rate
            first = float(frame.pts * frame.time_base) if first is None else first
            pieces.append(frame.to_ndarray())
    samples = np.concatenate(pieces, axis=1)
    # A negative time is priming, which a player drops.
    skip = max(round(-(first or 0.0) * rate), 0)
    return images, samples[:, skip:], rate


def write(path: Path, frames: Frames, speech: Speech | None = None) -> None:
    """Write in pieces of odd length, as a session would."""
    rate, channels = (None, 1) if speech is None else (speech.rate, len(speech.samples))
    with VideoWriter(path, frames.fps, frames.images.shape[2:0:-1], rate, channels) as writer:
        for first in range(0, len(frames), 7):
            if speech is not None:
                low, high = (int(Fraction(k) * speech.rate / frames.fps) for k in (first, first + 7))
                writer.speech(speech.cut(low, high if first + 7 < len(frames) else speech.stop))
            writer.frames(frames.cut(first, first + 7))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm"])
@pytest.mark.parametrize(
    ("rate", "channels", "fps"), [(22_050, 1, Fraction(25)), (44_100, 2, Fraction(30_000, 1001)), (16_000, 4, Fraction(30))]
)
def test_frames_and_sound_come_back(tmp_path: Path, suffix: str, rate: int, channels: int, fps: Fraction) -> None:
    speech = tone(3.3, rate, channels)
    count = frame_count(len(speech), rate, fps)
    path = tmp_path / f"out{suffix}"
    write(path, pictures(count, fps=fps), speech)
    images, samples, heard_rate = read(path)
    assert len(images) == count
    levels = np.array([image.mean() for image in images])
    assert np.abs(levels - pictures(count).images[:, 0, 0, 0]).max() < 3
    assert len(samples) == (2 if channels == 2 else 1)
    assert abs(samples.shape[1] / heard_rate - count / fps) < 1 / fps
    for second in (1, 2):
        heard = np.abs(samples[0]) > 0.5
        near = np.flatnonzero(heard[int((second - 0.2) * heard_rate) : int((second + 0.2) * heard_rate)])
        assert abs(near[0] / heard_rate - 0.2) < 0.004, "sound and picture are in sync"
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.colorspace == 1
        assert container.streams.video[0].average_rate == fps
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_ten_minutes_end_together(tmp_path: Path) -> None:
    fps, rate, seconds = Fraction(30_000, 1001), 44_100, 600
    samples = seconds * rate + 777
    count = frame_count(samples, rate, fps)
    path = tmp_path / "long.mp4"
    with VideoWriter(path, fps, (16, 16), rate) as writer:
        for second in range(seconds + 1):
            low, high = second * rate, min((second + 1) * rate, samples)
            writer.speech(Speech(np.zeros((1, high - low), np.float32), rate, start=low))
            done = frame_count(high, rate, fps)
            writer.frames(Frames(np.full((done - writer.written, 16, 16, 3), 90, np.uint8), fps, writer.written))
    with av.open(str(path)) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) == count
    with av.open(str(path)) as container:
        heard = 0
        for frame in container.decode(audio=0):
            heard += frame.samples
    assert abs(Fraction(heard, rate) - count / fps) < 1 / fps


def test_colours_are_bt709(tmp_path: Path) -> None:
    colours = np.array([(200, 40, 90), (20, 160, 60), (30, 60, 210), (235, 200, 180)], np.uint8)
    image = np.repeat(np.repeat(colours[None], 64, axis=0), 64, axis=1)[:, :, :]
    path = tmp_path / "colour.mp4"
    write(path, Frames(np.stack([image] * 3), FPS))
    with av.open(str(path)) as container:
        planes = next(container.decode(video=0)).to_ndarray().astype(float)
    for k, colour in enumerate(colours / 255.0):
        luma = 16 + 219 * (colour @ [0.2126, 0.7152, 0.0722])
        assert abs(planes[32, k * 64 + 32] - luma) < 2
    image = read_pictures(path)[0]
    assert np.abs(image.astype(float)[32, 32::64] - colours).max() < 6


def read_pictures(path: Path) -> list[Bytes]:
    """Decode the pictures of a file without sound."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_odd_sizes_keep_every_pixel(tmp_path: Path) -> None:
    path = tmp_path / "odd.mp4"
    write(path, pictures(5, width=63, height=47))
    assert read_pictures(path)[0].shape == (48, 64, 3)


def test_a_picture_sequence_has_its_sound_beside_it(tmp_path: Path) -> None:
    frames, speech = pictures(9, width=33, height=21), tone(0.36, 16_000, 2)
    write(tmp_path / "frames" / "shot_%03d.png", frames, speech)
    folder = tmp_path / "frames"
    assert sorted(entry.name for entry in folder.iterdir()) == [f"shot_{k:03d}.png" for k in range(9)] + ["sound.wav"]
    assert (cv2.imread(str(folder / "shot_004.png")) == frames.images[4]).all()
    with av.open(str(folder / "sound.wav")) as container:
        heard = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0)])
    assert np.abs(heard.T / 32768 - speech.samples).max() < 1e-4


def test_save_writes_a_clip_in_one_line(tmp_path: Path) -> None:
    speech = tone(2.5, 22_050)
    path = thespis.save(Clip(speech, pictures(62)), tmp_path / "clip.mp4", title="A title", comment="recipe toy")
    images, samples, rate = read(path)
    assert len(images) == 62
    assert 0 <= samples.shape[1] / rate - 2.5 < 1024 / rate, "at most the rest of one packet of the codec is added"
    with av.open(str(path)) as container:
        assert (container.metadata["title"], container.metadata["comment"]) == ("A title", "recipe toy")
    with pytest.raises(MediaError, match="no frames to save"):
        thespis.save(Clip(speech), tmp_path / "none.mp4")


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    speech = tone(1.0)
    for name in ("a.mp4", "b.mp4"):
        write(tmp_path / name, pictures(25), speech)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    for name in ("out.mp4", "frames/", "out.webm"):
        with pytest.raises(KeyboardInterrupt), VideoWriter(f"{tmp_path}/{name}", FPS, (64, 48), 16_000) as writer:
            writer.frames(pictures(20))
            raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_an_older_file_survives_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"older")
    with pytest.raises(RuntimeError), VideoWriter(path, FPS, (64, 48)):
        raise RuntimeError
    assert path.read_bytes() == b"older"
    with pytest.raises(ValueError, match="expected frames"), VideoWriter(path, FPS, (64, 48)) as writer:
        writer.frames(pictures(3, width=80))
    assert path.read_bytes() == b"older"
    assert len(list(tmp_path.iterdir())) == 1


FILL = """
    import resource, signal, sys
    import numpy as np
    from fractions import Fraction
    from thespis.export.video import VideoWriter
    from thespis.errors import MediaError
    from thespis.types import Frames
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
    noise = np.random.default_rng(0).integers(0, 255, (50, 128, 128, 3), np.uint8)
    try:
        with VideoWriter(sys.argv[1], Fraction(25), (128, 128)) as writer:
            writer.frames(Frames(noise, Fraction(25)))
    except MediaError as error:
        print(error)
        sys.exit(7)
"""


@pytest.mark.parametrize("name", ["out.mp4", "out.webm", "frames/"])
def test_no_room_is_one_sentence_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(FILL), f"{tmp_path}/{name}"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (7, "")
    assert "the disk is full" in ran.stdout
    assert not list(tmp_path.iterdir())


def test_outputs_are_refused_before_any_work(tmp_path: Path) -> None:
    photo = tmp_path / "photo.mp4"
    photo.write_bytes(b"x")
    full = tmp_path / "full"
    full.mkdir()
    (full / "a.txt").touch()
    for given, words in [
        (tmp_path / "out.avi", r"unknown kind '.avi'; use .mp4, .mov, .webm, a folder"),
        (tmp_path / "out", "it has no suffix"),
        (tmp_path / "nowhere" / "out.mp4", "does not exist"),
        (photo / "out.mp4", "is not a folder"),
        (photo, "also an input"),
        (f"{full}/", "is not empty"),
        (full, "is not empty"),
        (tmp_path / "%05d.jpg", "use one number and .png"),
    ]:
        with pytest.raises(MediaError, match=words):
            check_output(given, [photo])
    folder = tmp_path / "a.mp4"
    folder.mkdir()
    with pytest.raises(MediaError, match="is a folder"):
        check_output(folder)
    with pytest.raises(MediaError, match="positive frame rate"):
        VideoWriter(tmp_path / "out.mp4", FPS, (0, 0))


def test_a_read_only_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(MediaError, match="cannot be written"):
        check_output(tmp_path / "out.mp4")


def test_write_errors_name_the_cause() -> None:
    assert "the disk is full" in str(write_error(OSError(errno.ENOSPC, "x"), Path("a.mp4")))
    assert "cannot write a.mp4: x" in str(write_error(OSError(errno.EIO, "x"), Path("a.mp4")))


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    def peak(seconds: int) -> int:
        code = f"""
            import resource
            import numpy as np
            from fractions import Fraction
            from thespis.export.video import VideoWriter
            from thespis.types import Frames, Speech
            fps = Fraction(25)
            with VideoWriter({str(tmp_path / "memory.mp4")!r}, fps, (128, 128), 16000) as writer:
                for second in range({seconds}):
                    writer.speech(Speech(np.zeros((1, 16000), np.float32), 16000, start=second * 16000))
                    writer.frames(Frames(np.full((25, 128, 128, 3), second % 200, np.uint8), fps, second * 25))
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        """
        return int(subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True).stdout)

    assert peak(150) < 1.05 * peak(10)
