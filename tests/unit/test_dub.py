"""New lips on a video: they follow what is asked, nothing else changes, and nothing the video does ends the job."""

import json
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.apps.dub_draw import fitted, redubbed
from thespis.capture.faces import find_faces
from thespis.capture.follow import follow
from thespis.capture.footage import Footage, open_footage
from thespis.capture.performance import Performance, perform
from thespis.export.video import save
from thespis.motion.spaces.face import FACE
from thespis.pixels.dub.warp import Dub, shares
from thespis.pixels.warp import Warp
from thespis.types import Array, Bytes, Clip, Direction, Frames, Portrait, Speech, Track

pytestmark = pytest.mark.unit

FPS = Fraction(25)
ROWS, LOST = 36, slice(16, 20)


def rows(jaw: Array) -> Array:
    """Rows of the Space `face` in which the jaw opens, and the head turns a little."""
    values = np.zeros((len(jaw), FACE.size), np.float32)
    values[:, FACE.column("jawOpen")] = jaw
    values[:, FACE.slice("head_rotation")] = np.stack([0 * jaw, 0.08 * np.sin(np.arange(len(jaw)) / 6), 0 * jaw], axis=1)
    return values


def record(path: Path | str, samples: object) -> None:
    """Write samples, 16,000 a second, as a wav file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.asarray(samples) * 32_000).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def filmed(astronaut: Portrait) -> Bytes:
    """A performance that is lost from sight for four frames."""
    stage = Warp(256)
    jaw = 0.5 * np.clip(np.sin(np.arange(ROWS) / 2.5), 0, 1)
    images = stage.step(stage.start(astronaut, Direction()), Track(FACE, rows(jaw), FPS), True).images.copy()
    images[LOST] = 90
    return images


@pytest.fixture(scope="module")
def video(filmed: Bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dub") / "film.mp4"
    save(Clip(None, Frames(filmed, FPS), None), path)
    return path


@pytest.fixture(scope="module")
def seen(video: Path) -> tuple[Footage, Performance, Dub]:
    footage = open_footage(video)
    followed = follow(footage)
    performance = perform(followed.people[0], followed.frames, followed.cuts, FPS, 1.0)
    dub = Dub(performance.person, followed.people[0], performance.motion.values, performance.confidence, performance.cuts, 25.0)
    dub.look(footage)
    return footage, performance, dub


def opening(image: Bytes) -> float:
    """The gap between the lips in eye distances, read from a picture."""
    (face,) = find_faces(image)
    return float(np.linalg.norm(face.points[13, :2] - face.points[14, :2])) / face.scale


def test_lips_open_as_asked_and_the_rest_stays_to_the_last_bit(seen: tuple[Footage, Performance, Dub]) -> None:
    footage, performance, dub = seen
    asked = np.clip(np.cos(np.arange(ROWS) / 2.5), 0, 1).astype(np.float32) * 0.6
    found, wanted = [], []
    for number, picture in enumerate(footage):
        row = performance.motion.values[number].copy()
        row[FACE.column("jawOpen")] = asked[number]
        image = picture.copy()
        changed = dub.draw(number, row, image)
        assert changed == (not LOST.start <= number < LOST.stop)
        if not changed:
            assert (image == picture).all()
            continue
        (face,) = find_faces(picture)
        eyes = int(face.points[[33, 263], 1].max())
        assert (image[:eyes] == picture[:eyes]).all()
        if not LOST.start - 4 <= number < LOST.stop + 4:
            found.append(opening(image))
            wanted.append(asked[number])
    assert np.corrcoef(found, wanted)[0, 1] > 0.95
    assert max(found) > 0.2
    assert min(found) < 0.03


def test_the_same_lips_change_next_to_nothing(seen: tuple[Footage, Performance, Dub]) -> None:
    footage, performance, dub = seen
    apart = []
    for number, picture in enumerate(footage):
        if number in (0, 8, 12, 24, 30):
            image = picture.copy()
            dub.draw(number, performance.motion.values[number], image)
            (face,) = find_faces(picture)
            y, x = np.round(face.points[17, 1::-1]).astype(int)
            near = np.s_[y - 16 : y + 20, x - 30 : x + 30]
            apart.append(np.abs(image[near].astype(int) - picture[near]).mean())
    assert np.mean(apart) < 4
    assert max(apart) < 6.5


def test_dubbing_fades_where_the_face_is_lost_but_not_across_cuts() -> None:
    seen = np.r_[0:20, 30:60]
    share = shares(seen, np.ones(60, np.float32), (30,), 60, 3)
    assert (share[20:30] == 0).all()
    assert share[5] == share[45] == pytest.approx(1)
    assert 0 < share[17] < 1
    assert np.abs(np.diff(share[:30])).max() < 0.5
    assert share[30] == pytest.approx(1)


def test_feeling_goes_on_and_articulation_is_replaced() -> None:
    own = Track(FACE, np.zeros((50, FACE.size), np.float32), FPS).replace(
        mouthSmileLeft=np.full(50, 0.7), jawOpen=np.full(50, 0.4), eyeBlinkLeft=np.ones(50)
    )
    spoken = Track(FACE, np.zeros((20, FACE.size), np.float32), FPS).replace(jawOpen=np.full(20, 0.9), mouthSmileLeft=np.zeros(20))
    made = redubbed(own, spoken)
    assert len(made) == 50
    assert made["mouthSmileLeft"] == pytest.approx(np.full(50, 0.7), abs=1e-3)
    assert made["eyeBlinkLeft"] == pytest.approx(np.ones(50))
    assert made["jawOpen"] == pytest.approx(np.r_[np.full(20, 0.9), np.zeros(30)])


def test_teeth_are_bared_as_in_the_film_and_closures_stay_closed() -> None:
    own = Track(FACE, np.zeros((60, FACE.size), np.float32), FPS).replace(
        mouthUpperUpLeft=np.full(60, 0.4), mouthLowerDownLeft=np.full(60, 0.1), jawOpen=np.full(60, 0.2)
    )
    jaw = np.where(np.arange(60) % 20 < 15, 0.3, 0.2)
    spoken = Track(FACE, np.zeros((60, FACE.size), np.float32), FPS).replace(
        jawOpen=jaw, mouthClose=np.where(np.arange(60) % 20 < 15, 0.0, 0.2), mouthLowerDownLeft=np.full(60, 0.25)
    )
    made = redubbed(own, spoken)
    parted = np.arange(60) % 20 < 15
    assert made["mouthUpperUpLeft"][parted] == pytest.approx(0.4, abs=1e-3)
    assert made["mouthUpperUpLeft"][~parted] == pytest.approx(0.0, abs=1e-6)
    # A recipe that bares more than the person keeps its own.
    assert made["mouthLowerDownLeft"] == pytest.approx(np.full(60, 0.25), abs=1e-6)


@pytest.mark.parametrize("samples", [1, 9_999, 16_000, 40_000])
def test_sound_is_as_long_as_the_video(samples: int) -> None:
    blocks = [Speech(np.ones((2, 8_000), np.float32), 8_000, start=0), Speech(np.ones((2, 3_000), np.float32), 8_000, start=8_000)]
    pieces = list(fitted(blocks, 8_000, 2, samples))
    assert sum(len(piece) for piece in pieces) == samples
    assert [piece.start for piece in pieces] == np.r_[0, np.cumsum([len(piece) for piece in pieces])[:-1]].tolist()
    whole = np.concatenate([piece.samples for piece in pieces], axis=1)
    assert (whole[:, :11_000] == 1).all()
    assert (whole[:, 11_000:] == 0).all()


def test_the_command_keeps_frames_rate_and_length(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tone = 0.3 * np.sin(np.arange(48_000) * 0.08) * np.abs(np.sin(np.arange(48_000) / 3_000))
    record(tmp_path / "long.wav", tone)
    assert cli.main(["dub", str(video), str(tmp_path / "long.wav"), "-o", str(tmp_path / "out.mp4"), "--json"]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (done["frames"], done["size"], done["fps"]) == (ROWS, [256, 256], 25.0)
    assert done["dubbed"] == ROWS - 4
    assert done["sound_cut"] == pytest.approx(3 - ROWS / 25, abs=0.01)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == ROWS
    with av.open(str(tmp_path / "out.mp4")) as container:
        sound = sum(frame.samples for frame in container.decode(audio=0))
        assert sound / container.streams.audio[0].rate == pytest.approx(ROWS / 25, abs=0.07)


@pytest.mark.parametrize("recipe", ["thespis", "latentsync"])
def test_a_video_without_any_face_gets_the_sound_and_keeps_its_frames(
    recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = np.tile(np.arange(64, dtype=np.uint8)[:, None, None] * 3, (6, 1, 64, 3))
    save(Clip(None, Frames(frames, FPS), None), tmp_path / "grey.mp4")
    record(tmp_path / "a.wav", 0.2 * np.sin(np.arange(16_000) * 0.1))
    assert cli.main(["dub", str(tmp_path / "grey.mp4"), str(tmp_path / "a.wav"), "--recipe", recipe, "-o", str(tmp_path / "out.mp4")]) == 0
    assert "no frame shows a face" in capsys.readouterr().out
    made, before = (list(open_footage(tmp_path / name)) for name in ("out.mp4", "grey.mp4"))
    assert len(made) == len(before) == 6
    assert np.abs(np.stack(made).astype(int) - np.stack(before)).max() <= 6
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio


def test_skin_below_the_frame_is_never_needed(filmed: Bytes, tmp_path: Path) -> None:
    (face,) = find_faces(filmed[0])
    bottom = int(face.points[152, 1]) + 6  # right under the chin
    save(Clip(None, Frames(np.ascontiguousarray(filmed[:12, : bottom // 2 * 2]), FPS), None), tmp_path / "cut.mp4")
    footage = open_footage(tmp_path / "cut.mp4")
    followed = follow(footage)
    performance = perform(followed.people[0], followed.frames, followed.cuts, FPS, 1.0)
    dub = Dub(performance.person, followed.people[0], performance.motion.values, performance.confidence, performance.cuts, 25.0)
    dub.look(footage)
    # The same lips for every frame, on a picture of one colour: outside of the mouth nothing else may come in from beyond the edge.
    for number, jaw in ((3, 0.0), (6, 0.7), (9, 0.0)):
        row = performance.motion.values[number].copy()
        row[FACE.column("jawOpen")] = jaw
        image = np.full_like(next(iter(footage)), 150)
        assert dub.draw(number, row, image)
        assert (image[-8:] == 150).all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["film.mp4"], "either a recording or --say"),
        (["film.mp4", "a.wav", "--say", "Hello."], "either a recording or --say"),
        (["film.mp4", "a.wav", "--face", "2"], "one person"),
        (["photo.png", "a.wav"], "thespis run"),
        (["grey.mp4", "a.wav", "--face", "1"], "no face found"),
        (["film.mp4", "none.wav"], "none.wav"),
        (["film.mp4", "quiet.wav"], "silent"),
        (["film.mp4", "a.wav", "--lips", "300%"], "lips"),
    ],
)
def test_what_cannot_be_dubbed_is_one_line(
    words: list[str], said: str, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.mp4").symlink_to(video)
    Image.fromarray(np.full((64, 64, 3), 120, np.uint8)).save("photo.png")
    record("a.wav", 0.2 * np.sin(np.arange(16_000) * 0.1))
    record("quiet.wav", np.zeros(8_000))
    save(Clip(None, Frames(np.full((5, 64, 64, 3), 90, np.uint8), FPS), None), tmp_path / "grey.mp4")
    assert cli.main(["dub", *words, "-o", "out.mp4"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not list(tmp_path.glob("*out.mp4*"))


def test_the_video_is_never_overwritten(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "film.mp4"
    copy.write_bytes(video.read_bytes())
    record("a.wav", 0.2 * np.sin(np.arange(16_000) * 0.1))
    assert cli.main(["dub", "film.mp4", "a.wav", "-o", "film.mp4"]) == 2
    assert copy.read_bytes() == video.read_bytes()
