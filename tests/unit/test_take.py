"""Takes: what goes in comes out, rows are read lazily, and a file that is not what it says gives one clear line."""

import json
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thespis.errors import MediaError
from thespis.export.heading import read_heading, write_heading
from thespis.export.take import KEY, TakeWriter, open_take, save_take
from thespis.motion.spaces.face import FACE
from thespis.types import Clip, Phone, Space, Speech, Track, Word, linear

pytestmark = pytest.mark.unit


def performance(rows: int = 50, fps: Fraction = Fraction(25), seed: int = 0) -> Track:
    """Random rows of the Space `face`."""
    return Track(FACE, np.random.default_rng(seed).uniform(0, 1, (rows, FACE.size)).astype(np.float32), fps)


def spoken(seconds: float = 2.0, channels: int = 1) -> Speech:
    """A quiet noise with phones and words, on the grid of 16 bits."""
    samples = np.random.default_rng(1).integers(-8000, 8000, (channels, round(seconds * 16_000))) / 32768
    phones = (Phone("h", 0.1, 0.2), Phone("aɪ", 0.2, 0.5), Phone("ð", 1.2, 1.3))
    words = (Word("Hi", 0.1, 0.5), Word("there", 1.2, 1.6))
    return Speech(samples.astype(np.float32), 16_000, "Hi there", phones, words)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A take with speech and a second track."""
    further = Track(linear("confidence", "confidence"), np.ones((50, 1), np.float32), Fraction(25))
    place = tmp_path / "one.take"
    save_take(place, Clip(spoken(), None, performance()), tracks={"confidence": further}, direction={"seed": 3}, labels={"mood": "good"})
    return place


def test_what_goes_in_comes_out(path: Path) -> None:
    take = open_take(path)
    clip = take.clip()
    assert clip.motion is not None and clip.speech is not None
    assert clip.motion.space == FACE and clip.motion.fps == 25 and np.array_equal(clip.motion.values, performance().values)
    assert np.array_equal(clip.speech.samples, spoken().samples) and clip.speech.rate == 16_000
    assert (clip.speech.text, clip.speech.phones, clip.speech.words) == (spoken().text, spoken().phones, spoken().words)
    assert clip.labels["mood"] == "good" and clip.labels["direction"] == {"seed": 3}
    assert take.names == ("face", "confidence") and take.track("confidence").values.shape == (50, 1)
    assert take.seconds == 2.0
    with pytest.raises(MediaError, match=r"unknown track 'fase'\. Did you mean 'face'"):
        take.track("fase")


def test_every_kind_of_channel_and_rate_comes_back(tmp_path: Path) -> None:
    from thespis.types import Channel

    space = Space(
        "odd", (Channel("turn", "rotation", 3), Channel("which", "token"), Channel("big", "log_scale"), Channel("at", "point", 2))
    )
    track = Track(space, np.arange(21, dtype=np.float32).reshape(3, 7), Fraction(30000, 1001), start=7)
    save_take(tmp_path / "odd.take", Clip(None, None, track))
    back = open_take(tmp_path / "odd.take").track()
    assert (back.space, back.fps, back.start) == (space, Fraction(30000, 1001), 7) and np.array_equal(back.values, track.values)
    assert open_take(tmp_path / "odd.take").speech() is None


def test_rows_are_read_alone(path: Path) -> None:
    part = open_take(path).track(first=10, stop=13)
    assert part.start == 10 and np.array_equal(part.values, performance().values[10:13])
    assert len(open_take(path).track(first=60, stop=70)) == 0
    assert len(open_take(path).track(first=20, stop=10)) == 0


def test_speech_comes_in_blocks_with_its_words(path: Path) -> None:
    blocks = list(open_take(path).blocks())
    assert [(block.start, len(block)) for block in blocks] == [(0, 16_000), (16_000, 16_000)]
    assert [word.text for word in blocks[1].words or ()] == ["there"] and blocks[1].text == "Hi there"


def test_pieces_make_the_same_file_as_the_whole(path: Path, tmp_path: Path) -> None:
    speech, motion = spoken(), performance()
    with TakeWriter(tmp_path / "pieces.take", direction={"seed": 3}, labels={"mood": "good"}) as writer:
        for first in range(0, 50, 7):
            writer.motion(motion.cut(first, first + 7))
        for first in range(0, len(speech), 5000):
            writer.speech(speech.cut(first, first + 5000))
        writer.motion(Track(linear("confidence", "confidence"), np.ones((50, 1), np.float32), Fraction(25)), "confidence")
    assert (tmp_path / "pieces.take").read_bytes() == path.read_bytes()


def test_samples_beyond_full_scale_are_cut_and_many_channels_mixed(tmp_path: Path) -> None:
    save_take(tmp_path / "loud.take", Clip(Speech(np.full((3, 8000), 2.0, np.float32), 8000), None, performance()))
    speech = open_take(tmp_path / "loud.take").speech()
    assert speech is not None and speech.samples.shape == (1, 8000) and 0.99 < speech.samples.max() < 1.0


def test_nothing_is_left_when_something_goes_wrong(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), TakeWriter(tmp_path / "none.take") as writer:
        writer.motion(performance())
        raise RuntimeError
    with pytest.raises(MediaError, match="no motion to write"), TakeWriter(tmp_path / "none.take"):
        pass
    assert not list(tmp_path.iterdir())


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"ends in \.take"):
        TakeWriter(tmp_path / "one.npz")
    with pytest.raises(MediaError, match="does not exist"):
        TakeWriter(tmp_path / "no" / "one.take")
    with pytest.raises(MediaError, match="no motion"):
        save_take(tmp_path / "one.take", Clip(spoken()))
    with TakeWriter(tmp_path / "one.take") as writer:
        writer.motion(performance())
        with pytest.raises(ValueError, match="from row 50"):
            writer.motion(performance())
        with pytest.raises(ValueError, match="not a name"):
            writer.motion(performance(), "../face")
        with pytest.raises(MediaError, match="not finite"):
            writer.motion(Track(FACE, np.full((1, FACE.size), np.nan, np.float32), Fraction(25), start=50))


@pytest.mark.parametrize(("rows", "most"), [(2000, 20_000), (20, 2_000)])
def test_a_full_disk_is_told(tmp_path: Path, rows: int, most: int) -> None:
    resource = pytest.importorskip("resource")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, old[1]))
        with pytest.raises(MediaError, match="disk is full"), TakeWriter(tmp_path / "big.take") as writer:
            writer.motion(performance(rows))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, before)
    assert not list(tmp_path.iterdir())


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change the heading of a take in its file; the numbers stay."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    heading = json.loads(header["__metadata__"][KEY])
    change(heading)
    header["__metadata__"][KEY] = json.dumps(heading)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    return path


def set_at(*keys: Any) -> Callable[[dict[str, Any]], None]:
    """Make a change: all keys but the last lead there, the last is the new value."""

    def change(heading: dict[str, Any]) -> None:
        place: Any = heading
        for key in keys[:-2]:
            place = place[key]
        place[keys[-2]] = keys[-1]

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (set_at("format", 2), "newer Thespis"),
        (set_at("format", "1"), "not a version"),
        (set_at("format", True), "not a version"),
        (set_at("extra", 1), "unknown field 'extra'"),
        (set_at("tracks", {}), "0 tracks"),
        (set_at("tracks", "face", "rows", 51), "not those its header speaks of"),
        (set_at("tracks", "face", "rows", -1), "whole number"),
        (set_at("tracks", "face", "rows", 10**30), "whole number"),
        (set_at("tracks", "face", "start", 10**9), "whole number"),
        (set_at("tracks", "face", "fps", "0"), "frame rate"),
        (set_at("tracks", "face", "fps", "25/0"), "frame rate"),
        (set_at("tracks", "face", "fps", "1000000"), "frame rate"),
        (set_at("tracks", "face", "fps", 25), "frame rate"),
        (set_at("tracks", "face", "sha256", "x"), "SHA-256"),
        (set_at("tracks", "face", "channels", [["jawOpen", "linear", 1]]), "not those its header speaks of"),
        (set_at("tracks", "face", "channels", [["a", "linear", 1], ["a", "linear", 1]]), "twice"),
        (set_at("tracks", "face", "channels", [["a", "wavy", 1]]), "a kind"),
        (set_at("tracks", "face", "channels", [["a", "linear", -62]]), "whole number"),
        (set_at("speech", "samples", 10**11), "not those its header speaks of"),
        (set_at("speech", "source", "../../etc/passwd"), "plain name"),
        (set_at("speech", "source", "C:\\sound.wav"), "plain name"),
        (set_at("speech", "source", ".."), "plain name"),
        (set_at("speech", "rate", 0), "whole number"),
        (set_at("speech", "phones", [["a", 0.1]]), "phones"),
        (set_at("speech", "words", [["a", 0.1, 1e300]]), "words"),
        (set_at("labels", []), "labels"),
    ],
)
def test_a_heading_that_lies_is_told_in_one_line(path: Path, change: Callable[[dict[str, Any]], None], told: str) -> None:
    with pytest.raises(MediaError, match=told) as error:
        open_take(rewritten(path, change))
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def raw(header: str | bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """Put a safetensors file together by hand."""
    text = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(text) if length is None else length) + text + data


NAN = json.dumps({"format": 1, "tracks": {}}).replace("1", "NaN")
HOSTILE = {
    "empty": (b"", "holds 0 bytes"),
    "short": (b"\0\0\0", "holds 3 bytes"),
    "text": (b"this is no take at all, only words", "not those of a safetensors file"),
    "huge header": (raw("{}", length=2**62), "not those of a safetensors file"),
    "header beyond the end": (raw("{}  ", length=5000), "breaks off inside its header"),
    "not JSON": (raw("{nonsense}"), "header is damaged"),
    "pickle": (raw(b"\x80\x04\x95" + b"c" * 40), "header is damaged"),
    "negative shape": (raw('{"track/face":{"dtype":"F32","shape":[-1,62],"data_offsets":[0,0]}}'), "header is damaged"),
    "enormous shape": (
        raw('{"track/face":{"dtype":"F32","shape":[4611686018427,62],"data_offsets":[0,8]}}', bytes(8)),
        "header is damaged",
    ),
    "overlapping": (
        raw('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', bytes(12)),
        "header is damaged",
    ),
    "other safetensors": (raw('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(8)), "not a take"),
    "heading of NaN": (raw(json.dumps({"__metadata__": {KEY: NAN}})), "not JSON"),
    "heading of a list": (raw(json.dumps({"__metadata__": {KEY: "[]"}})), "not an object"),
    "deep heading": (raw(json.dumps({"__metadata__": {KEY: "[" * 100_000}})), "not JSON"),
    "long number": (raw(json.dumps({"__metadata__": {KEY: '{"format":' + "9" * 6000 + "}"}})), "not JSON"),
    "bare heading": (raw(json.dumps({"__metadata__": {KEY: '{"format": 1}'}})), "has no 'tracks'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    data, told = HOSTILE[name]
    (tmp_path / "bad.take").write_bytes(data)
    with pytest.raises(MediaError, match=told) as error:
        open_take(tmp_path / "bad.take")
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_whatever_is_changed_in_a_file_is_read_or_told(tmp_path: Path) -> None:
    """Random damage: bytes changed, cut out and doubled, mostly in the header; nothing but a MediaError may come of it."""
    path = tmp_path / "one.take"
    save_take(path, Clip(spoken(0.2), None, performance(5)), labels={"mood": "good"})
    whole = path.read_bytes()
    length = struct.unpack("<Q", whole[:8])[0]
    random = np.random.default_rng(7)
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(int(random.integers(1, 4))):
            at = int(random.integers(0, 16 if random.random() < 0.2 else 8 + length))
            match int(random.integers(0, 3)):
                case 0:
                    data[at] = int(random.integers(0, 256))
                case 1:
                    del data[at : at + int(random.integers(1, 40))]
                case _:
                    data[at:at] = data[at : at + int(random.integers(1, 40))]
        path.write_bytes(bytes(data))
        try:
            open_take(path).clip()
        except MediaError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 300


def test_a_file_cut_off_while_it_is_open_is_told(path: Path) -> None:
    take = open_take(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(MediaError, match="can no longer be read"):
        take.track()
    path.unlink()
    with pytest.raises(MediaError, match="can no longer be read"):
        list(take.blocks())


def test_absent_files_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="there is no take"):
        open_take(tmp_path / "none.take")
    with pytest.raises(MediaError, match="is a folder"):
        open_take(tmp_path)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_a_file_cut_off_anywhere_is_told(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(MediaError, match="whole copy"):
        open_take(path)


def test_changed_numbers_are_noticed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    length = struct.unpack("<Q", data[:8])[0]
    data[8 + length + 100] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(MediaError, match="damaged"):
        open_take(path).track()


def test_not_a_number_is_noticed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    length = struct.unpack("<Q", data[:8])[0]
    data[8 + length : 12 + length] = struct.pack("<f", float("nan"))
    path.write_bytes(bytes(data))
    with pytest.raises(MediaError, match="not finite"):
        open_take(path).track(first=0, stop=5)


def test_only_tracks_of_the_same_rows_stand_beside(path: Path, tmp_path: Path) -> None:
    one = linear("confidence", "confidence")
    assert open_take(path).beside(one) is not None and open_take(path).beside(linear("other", "a")) is None
    short = Track(one, np.ones((49, 1), np.float32), Fraction(25))
    save_take(tmp_path / "odd.take", Clip(None, None, performance()), tracks={"confidence": short})
    assert open_take(tmp_path / "odd.take").beside(one) is None


def test_the_wrong_space_is_told(path: Path) -> None:
    with pytest.raises(MediaError, match=r"in face \(62 numbers\), but expression"):
        open_take(path).motion(linear("expression", "one"))


def test_sound_beside_the_take_is_used_only_if_it_is_the_one(path: Path, tmp_path: Path) -> None:
    import hashlib
    import wave

    with wave.open(str(tmp_path / "hi.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((spoken().samples[0] * 32768).astype("<i2").tobytes())
    total = hashlib.sha256((tmp_path / "hi.wav").read_bytes()).hexdigest()

    def refer(heading: dict[str, Any]) -> None:
        heading["speech"] |= {"source": "hi.wav", "source_sha256": total, "sha256": ""}

    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    sound = header.pop("sound")["data_offsets"]
    assert sound[1] == len(data) - 8 - length
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length : 8 + length + sound[0]])
    rewritten(path, refer)
    speech = open_take(path).speech()
    assert speech is not None and np.allclose(speech.samples, spoken().samples, atol=1e-4) and speech.text == "Hi there"
    (tmp_path / "hi.wav").write_bytes(b"something else")
    with pytest.raises(MediaError, match="not the recording"):
        open_take(path).speech()
    (tmp_path / "hi.wav").unlink()
    assert open_take(path).speech() is None


def test_headings_are_read_as_written(path: Path) -> None:
    heading = open_take(path).heading
    assert read_heading(write_heading(heading), path) == heading
