"""Reading recordings: every container, the clock of the picture, blocks, and the lines for files that cannot be read."""

import re
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from thespis.apps.cli import main
from thespis.errors import MediaError
from thespis.speech.read import is_silent, open_speech, read_speech
from thespis.types import Speech

pytestmark = pytest.mark.unit


def tone(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    ramp = np.linspace(0.1, 0.5, round(seconds * rate))
    return np.stack([ramp * np.sin(2 * np.pi * 220 * (1 + c) * np.arange(len(ramp)) / rate) for c in range(channels)]).astype(np.float32)


def write_wav(path: Path, samples: np.ndarray, rate: int, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(width)
        file.setframerate(rate)
        if width == 1:
            data = np.round(samples.T * 127 + 128).astype(np.uint8)
        else:
            data = np.round(samples.T * (2 ** (8 * width - 1) - 1)).astype({2: np.int16, 4: np.int32}[width])
        file.writeframes(data.tobytes())
    return path


def write_av(path: Path, samples: np.ndarray, rate: int, codec: str, *, picture: bool = False, late: float = 0.0) -> Path:
    """Write with PyAV; `late` shifts the sound against the picture, in seconds."""
    with av.open(str(path), "w") as container:
        layout = {1: "mono", 2: "stereo"}[len(samples)]
        sound = container.add_stream(codec, rate=rate, layout=layout)
        video = container.add_stream("libx264", rate=25) if picture else None
        if video is not None:
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
            for number in range(round(samples.shape[1] / rate * 25)):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 255, np.uint8), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(video.encode(frame))
            container.mux(video.encode())
        at = round(late * rate)
        for first in range(0, samples.shape[1], 1024):
            part = np.ascontiguousarray(samples[:, first : first + 1024])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            frame.rate, frame.pts, frame.time_base = rate, at + first, Fraction(1, rate)
            container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return path


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_wav_of_any_rate_and_channels_is_read_exactly(tmp_path: Path, rate: int, channels: int) -> None:
    samples = tone(0.73, rate, channels)
    speech = read_speech(write_wav(tmp_path / "a.wav", samples, rate))
    assert (speech.rate, speech.samples.shape, speech.samples.dtype) == (rate, samples.shape, np.float32)
    assert np.abs(speech.samples - samples).max() < 1e-4


@pytest.mark.parametrize(("width", "error"), [(1, 0.01), (4, 1e-6)])
def test_other_sample_widths(tmp_path: Path, width: int, error: float) -> None:
    samples = tone(0.2, 16000)
    assert np.abs(read_speech(write_wav(tmp_path / "a.wav", samples, 16000, width)).samples - samples).max() < error


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.mp3", "libmp3lame"), ("a.webm", "libopus"), ("a.flac", "flac")])
def test_compressed_recordings_keep_their_length_and_time(tmp_path: Path, name: str, codec: str) -> None:
    rate = 48000 if codec == "libopus" else 44100
    samples = tone(1.0, rate)
    samples[:, : rate // 2] = 0
    speech = read_speech(write_av(tmp_path / name, samples, rate, codec))
    assert abs(speech.seconds - 1.0) < 0.06
    onset = np.argmax(np.abs(speech.mono()) > 0.1) / speech.rate
    assert abs(onset - 0.5) < 0.03


@pytest.mark.parametrize("late", [0.0, 0.4, -0.3])
def test_the_clock_is_the_picture_of_a_video(tmp_path: Path, late: float) -> None:
    samples = tone(2.0, 48000)
    samples[:, :48000] = 0
    speech = read_speech(write_av(tmp_path / "a.mkv", samples, 48000, "flac", picture=True, late=late))
    onset = np.argmax(np.abs(speech.mono()) > 0.05) / speech.rate
    assert abs(onset - 1.0 - late) < 0.01
    assert abs(speech.seconds - 2.0 - late) < 0.01


def test_blocks_are_the_whole_file_and_can_be_read_twice(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(3.37, 22050, 2), 22050)
    file, whole = open_speech(path), read_speech(path)
    for _ in range(2):
        blocks = list(file)
        assert [len(block) for block in blocks[:-1]] == [22050] * 3
        assert [block.start for block in blocks] == [0, 22050, 44100, 66150]
        assert np.array_equal(np.concatenate([block.samples for block in blocks], axis=1), whole.samples)
    assert (file.rate, file.channels) == (22050, 2)
    assert file.seconds == pytest.approx(3.37, abs=0.01)


def test_a_file_that_breaks_off_gives_what_is_there(tmp_path: Path) -> None:
    path = write_av(tmp_path / "a.mp3", tone(3.0, 44100), 44100, "libmp3lame")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 1.0 < read_speech(path).seconds < 2.0


def test_bad_packets_leave_the_rest_in_time(tmp_path: Path) -> None:
    samples = tone(3.0, 44100)
    samples[:, : 44100 * 2] *= 0.1
    path = write_av(tmp_path / "a.mp4", samples, 44100, "aac")
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(bytes(data))
    speech = read_speech(path)
    assert abs(np.argmax(np.abs(speech.mono()) > 0.1) / speech.rate - 2.0) < 0.12


def refused(path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        read_speech(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_lines_for_what_cannot_be_read(tmp_path: Path) -> None:
    assert "there is no file" in refused(tmp_path / "none.wav")
    assert "is a folder" in refused(tmp_path)
    (tmp_path / "zero.wav").touch()
    assert "0 bytes" in refused(tmp_path / "zero.wav")
    (tmp_path / "note.txt").write_text("this is a letter and not a recording\n" * 50)
    assert "holds no sound" in refused(tmp_path / "note.txt") or "is not a recording" in refused(tmp_path / "note.txt")
    (tmp_path / "noise.wav").write_bytes(np.random.default_rng(0).bytes(5000))
    assert "is not a recording" in refused(tmp_path / "noise.wav")
    Image.new("RGB", (8, 8)).save(tmp_path / "face.png")
    assert "is a picture" in refused(tmp_path / "face.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "face.jpg")
    assert "is a picture" in refused(tmp_path / "face.jpg")


def test_a_video_without_sound_says_so(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(video.encode())
    assert "has no sound" in refused(tmp_path / "mute.mp4")


def test_a_header_without_sound_is_refused(tmp_path: Path) -> None:
    assert "no sound" in refused(write_wav(tmp_path / "a.wav", tone(0, 16000), 16000))


@pytest.mark.parametrize("rate", [1, 1000, 3_000_000])
def test_absurd_rates_are_refused(tmp_path: Path, rate: int) -> None:
    assert "samples a second" in refused(write_wav(tmp_path / "a.wav", tone(0.5, 8000), rate))


@pytest.mark.parametrize(("value", "says"), [(np.nan, "not finite"), (1e38, "full scale")])
def test_values_that_are_no_sound_are_refused(tmp_path: Path, value: float, says: str) -> None:
    samples = tone(0.5, 16000)
    samples[0, 4000] = value
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert says in refused(tmp_path / "a.wav")


def test_silence_is_read_but_can_be_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(1.5, 16000) * 0.0005, 16000)
    assert is_silent(read_speech(path))
    with pytest.raises(MediaError, match="silent from beginning to end"):
        open_speech(path).refuse_silence()
    loud = write_wav(tmp_path / "b.wav", tone(1.5, 16000), 16000)
    assert not is_silent(read_speech(loud))
    open_speech(loud).refuse_silence()
    assert is_silent(Speech(np.zeros((1, 0), np.float32), 16000))
    one = tone(1.5, 16000)
    with pytest.raises(MediaError, match="cancel each other out"):
        open_speech(write_wav(tmp_path / "c.wav", np.concatenate([one, -one]), 16000)).refuse_silence()
    open_speech(write_wav(tmp_path / "d.wav", np.concatenate([one, 0 * one]), 16000)).refuse_silence()


def test_a_file_of_which_much_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.m4a"
    noise = np.random.default_rng(0).normal(0, 0.2, (1, 96_000)).clip(-1, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray((noise * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        for piece in av.AudioResampler("fltp", "mono", 16_000, frame_size=1024).resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    assert read_speech(path).seconds > 5
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : 2 * third] = np.random.default_rng(2).integers(0, 256, third).astype(np.uint8).tobytes()
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"is damaged: \d+ of its first \d+ pieces of sound cannot be decoded"):
        read_speech(path)


@pytest.mark.parametrize(("name", "codec"), [("a.flac", "flac"), ("a.ogg", "libopus")])
def test_sound_that_is_missing_in_the_middle_is_told_once(
    tmp_path: Path, name: str, codec: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 48_000 * 6)).clip(-1, 1).astype(np.float32)
    path = write_av(tmp_path / name, noise, 48_000, codec)
    assert read_speech(path).seconds == pytest.approx(6.0, abs=0.05)
    assert not caplog.records
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + data[len(data) * 2 // 3 :])
    file = open_speech(path)
    for _ in range(2):
        assert sum(len(block) for block in file) / file.rate == pytest.approx(6.0, abs=0.05)
    (told,) = caplog.records
    assert re.fullmatch(
        rf"{re.escape(str(path))}: [0-9.]+ s of its sound are missing and silent, first at 0:0[1-4]\.\d; it is damaged, .*",
        told.getMessage(),
    )
    assert main(["align", str(path), "-o", str(tmp_path / "a.json")]) == 0
    assert f"thespis: warning: {path}: " in capsys.readouterr().err
