"""Preparing footage: pieces, crops, reasons, going on after a kill, and the report."""

import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.apps.cli import main
from thespis.capture.follow import Followed
from thespis.capture.sighting import Sighting
from thespis.data.acting import acted, habits
from thespis.data.actor import Actor
from thespis.data.clipfile import load_clip, save_clip
from thespis.data.corpus import open_corpus
from thespis.data.crops import square_around
from thespis.data.item import Item
from thespis.data.looks import look, setting
from thespis.data.packed import Packed, Packing, pack
from thespis.data.pieces import Limits, pieces, sureness, together
from thespis.data.prepare import CLIPS, TOLD, Preparing, file_name, outcomes, prepare
from thespis.data.prepared import Prepared
from thespis.data.sets import open_set
from thespis.data.stretches import stretches
from thespis.errors import MediaError, UsageError
from thespis.evaluate.syncnet import Sync
from thespis.export.video import save
from thespis.head.shapes import load_shapes
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say
from thespis.types import Clip, Direction, Frames, Speech, Track

pytestmark = pytest.mark.unit

FPS, RATE = Fraction(25), 16_000
TEXT = "Papa pulled a purple pumpkin out of the pond, and my mother bought five blue plums for a pie."
LONG = 30  # frames of each clip
SETTINGS = Preparing(64, Limits(offset=0.5, silence=1.0))


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips: one that can be used, and some with what is wrong with real ones."""
    place = tmp_path_factory.mktemp("footage")
    actor, where = Actor(look(0, 3), fine=False), setting(0, 3, plain=True)
    values = np.zeros((LONG, FACE.size), np.float32)
    swing = 0.5 - 0.5 * np.cos(np.arange(LONG) / 25 * 2 * np.pi * 2.5)
    values[:, FACE.column("jawOpen")] = 0.7 * swing
    shown = actor.film(Track(FACE, values, FPS), where, 160).frames.images
    voice = voice_of(swing)
    empty = np.full_like(shown, 90)
    save(Clip(voice, Frames(shown, FPS)), place / "good.mp4")
    save(Clip(voice, Frames(empty, FPS)), place / "nobody.mp4")
    save(Clip(None, Frames(shown, FPS)), place / "mute.mp4")
    save(Clip(voice, Frames(np.repeat(shown[:1], LONG, axis=0), FPS)), place / "still.mp4")
    save(Clip(voice, Frames(np.concatenate([shown, shown], axis=2), FPS)), place / "two.mp4")
    (place / "broken.mp4").write_bytes(b"nothing of a video" * 20)
    return place


def voice_of(swing: np.ndarray) -> Speech:
    """A buzzing vowel that is loud where the mouth is open."""
    at = np.arange(round(LONG / FPS * RATE))
    loud = np.interp(at / RATE, np.arange(LONG) / float(FPS), swing)
    buzz = sum(np.sin(2 * np.pi * 120 * k * at / RATE) / k for k in range(1, 30))
    return Speech((0.1 * loud * buzz).astype(np.float32)[None], RATE)


@pytest.fixture(scope="module")
def prepared(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clips, prepared by the command."""
    out = tmp_path_factory.mktemp("prepared") / "out"
    command = ["data", "prepare", str(footage), "-o", str(out), "--size", "64", "--offset", "0.5", "--silence", "1", "--workers", "1"]
    assert main(command) == 0
    return out


def test_what_is_wrong_is_dropped_and_told(prepared: Path) -> None:
    told = {each["name"]: each for each in outcomes(prepared)}
    assert len(told["good.mp4"]["kept"]) == 1 and not told["good.mp4"]["dropped"]
    reasons = {name: {piece["reason"] for piece in each["dropped"]} for name, each in told.items() if not each["kept"]}
    assert reasons == {
        "nobody.mp4": {"no face"}, "mute.mp4": {"no sound"}, "still.mp4": {"still lips"}, "two.mp4": {"several faces"},
        "broken.mp4": {"unreadable"},
    }  # fmt: skip
    report = json.loads((prepared / "report.json").read_text(encoding="utf-8"))
    assert report["kept"] == {"pieces": 1, "seconds": 1.2} and report["clips"] == 6
    assert report["dropped"]["no face"]["pieces"] == 1
    page = (prepared / "report.html").read_text(encoding="utf-8")
    assert "two.mp4" in page and "more than one face is seen" in page
    for name in {each["picture"] for each in told.values()} - {told["broken.mp4"]["picture"]}:
        assert (prepared / name).stat().st_size > 500 and name in page


def test_a_kept_piece_is_a_tracked_crop_with_its_sound(prepared: Path, footage: Path) -> None:
    corpus = open_corpus(prepared)
    assert isinstance(corpus, Prepared) and len(corpus) == 1
    clip = corpus[0]
    assert clip.frames is not None and clip.motion is not None and clip.speech is not None
    assert clip.frames.images.shape == (LONG, 64, 64, 3) and len(clip.motion) == LONG and clip.motion.space == FACE
    assert clip.speech.seconds == pytest.approx(1.2, abs=1e-3)
    swing = 0.5 - 0.5 * np.cos(np.arange(LONG) / 25 * 2 * np.pi * 2.5)
    assert np.corrcoef(clip.motion["jawOpen"], swing)[0, 1] > 0.8
    points = clip.labels["points"]
    assert points.shape == (LONG, 478, 2) and points.min() > 0 and points.max() < 63
    # The middle of the face stands where portraits have it, and the crop shows that face and not the wall.
    assert np.abs(np.median(points[:, :468, 0]) - 32) < 4
    skin = clip.frames.images[0][tuple(np.round(points[0, [50, 280]]).astype(int).T[::-1])]
    assert (skin[:, 0] > skin[:, 2] + 10).all()


def test_prepared_clips_pack_like_made_up_ones(prepared: Path, tmp_path: Path) -> None:
    list(pack(Prepared(prepared), tmp_path / "packed", Packing(size=32)))
    packed = Packed(tmp_path / "packed")
    assert packed.rows(0, "frames").shape == (LONG, 32, 32, 3) and packed.rows(0, "flame").shape == (LONG, 68)
    assert packed.clips[0]["labelled"] is False


def test_a_run_goes_on_with_what_is_missing(footage: Path, prepared: Path, tmp_path: Path) -> None:
    clips = open_set("folder", footage)
    assert list(prepare(clips, prepared, SETTINGS)) == []
    name = file_name(clips.items[1])
    (prepared / TOLD / f"{name}.json").unlink()
    (prepared / CLIPS / ".left.123.part").write_bytes(b"half")
    assert [told["name"] for told in prepare(clips, prepared, SETTINGS)] == [clips.items[1].name]
    assert not list((prepared / CLIPS).glob(".*"))
    with pytest.raises(MediaError, match="was prepared from another set or with other settings"):
        list(prepare(clips, prepared, Preparing(128)))
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MediaError, match="is not empty"):
        list(prepare(clips, tmp_path, SETTINGS))


def test_a_kill_at_any_moment_leaves_only_whole_files(footage: Path, prepared: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    code = "from tests.unit.test_data_prepare import prepare_slowly; import sys; prepare_slowly(sys.argv[1], sys.argv[2])"
    root = Path(__file__).parents[2]
    run = subprocess.Popen([sys.executable, "-c", code, str(footage), str(out)], cwd=root, stdout=subprocess.PIPE)
    assert run.stdout is not None and run.stdout.readline() == b"half\n"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert list((out / CLIPS).glob(".*.part")) and not list((out / TOLD).iterdir())
    clips = open_set("folder", footage)
    good = next(item for item in clips.items if item.name == "good.mp4")
    told = {each["name"]: each for each in prepare(clips, out, SETTINGS)}
    assert len(told) == 6 and not list((out / CLIPS).glob(".*"))
    file = told["good.mp4"]["kept"][0]["file"]
    assert file.startswith(file_name(good)) and (out / CLIPS / file).read_bytes() == (prepared / CLIPS / file).read_bytes()


def prepare_slowly(footage: str, out: str) -> None:
    """Prepare until a clip is half written, and wait there to be killed."""
    from thespis.export.output import Output

    def half(output: Output) -> None:
        output.temporary.write_bytes(output.temporary.read_bytes()[:1000])
        print("half", flush=True)
        time.sleep(60)

    Output.publish = half  # type: ignore[method-assign]
    clips = open_set("folder", footage)
    clips.items = tuple(item for item in clips.items if item.name == "good.mp4")
    list(prepare(clips, out, SETTINGS))


def test_a_full_disk_ends_the_run(footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from thespis.data import prepare as module

    def full(clip: Clip, path: Path) -> None:
        from thespis.export.output import write_error

        raise write_error(OSError(errno.ENOSPC, "no room"), path)

    monkeypatch.setattr(module, "save_clip", full)
    with pytest.raises(MediaError, match="the disk is full"):
        list(prepare(open_set("folder", footage), tmp_path / "out", SETTINGS))
    assert not (tmp_path / "out" / TOLD / "good-mp4.json").exists()


def test_missing_pieces_are_named(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="holds no prepared clips"):
        Prepared(tmp_path)
    piece = next((prepared / CLIPS).iterdir())
    held = piece.read_bytes()
    piece.unlink()
    with pytest.raises(MediaError, match=r"1 file of .* is missing: good-mp4"):
        Prepared(prepared)
    piece.write_bytes(held[: len(held) // 2])
    with pytest.raises(MediaError, match="is damaged or gone"):
        Prepared(prepared)[0]
    piece.write_bytes(held)


def test_a_clip_in_a_file_is_what_it_was(tmp_path: Path) -> None:
    ramp = np.add.outer(np.arange(48), np.arange(48)).astype(np.uint8)
    images = np.stack([np.stack([ramp + shift, ramp // 2, 255 - ramp], axis=2).astype(np.uint8) for shift in range(4)])
    motion = Track(FACE, np.random.default_rng(0).normal(size=(4, FACE.size)).astype(np.float32), FPS)
    speech = Speech(np.linspace(-0.5, 0.5, 1600, dtype=np.float32)[None], RATE, "Well.")
    save_clip(Clip(speech, Frames(images, FPS), motion, {"person": "p", "points": np.ones((4, 478, 2), np.float32)}), tmp_path / "one")
    again = load_clip(tmp_path / "one")
    assert again.frames is not None and again.motion is not None and again.speech is not None
    assert np.abs(again.frames.images.astype(int) - images).max() <= 6 and np.array_equal(again.motion.values, motion.values)
    assert again.speech.text == "Well." and again.labels["person"] == "p" and again.labels["points"].shape == (4, 478, 2)


def sighting(frame: int, x: float, y: float, unit: float, roll: float = 0.0) -> Sighting:
    """The canonical face at a place in the picture, `unit` pixels an eye distance, tilted by `roll` radians."""
    points = np.zeros((478, 3), np.float32)
    points[:468] = load_shapes().points * unit
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    points[:, :2] = points[:, :2] @ turn.T + (x, y)
    return Sighting(frame, points, np.zeros((96, 104), np.uint8))


def test_crops_are_level_and_inside_the_picture() -> None:
    tilted = square_around([sighting(0, 400, 300, 60, roll=0.3)], (800, 600), 128)
    eyes = tilted.place(sighting(0, 400, 300, 60, roll=0.3).points)[[33, 263]]
    assert abs(eyes[0, 1] - eyes[1, 1]) < 1.0 and 20 < np.linalg.norm(eyes[0] - eyes[1]) < 60
    near = square_around([sighting(0, 110, 90, 50)], (224, 224), 112)
    corners = np.array([[0, 0], [111, 0], [0, 111], [111, 111]])
    there = (corners - near.matrix[:, 2]) @ np.linalg.inv(near.matrix[:, :2]).T
    assert there.min() > -2 and there.max() < 226
    moving = [sighting(k, 300 + 4 * k, 250, 40) for k in range(40)]
    square = square_around(moving, (800, 600), 128)
    placed = np.concatenate([square.place(each.points)[:468, :2] for each in (moving[0], moving[-1])])
    assert placed.min() > 2 and placed.max() < 125


def test_crops_show_what_is_at_their_place() -> None:
    picture = np.zeros((600, 800, 3), np.uint8)
    picture[290:310, 390:410] = 255
    for side in (64, 256):
        square = square_around([sighting(0, 400, 300, 60)], (800, 600), side)
        spot = square.place(np.array([[399.5, 299.5, 0.0]], np.float32))[0]
        cut = square.cut(picture)[:, :, 0].astype(float)
        rows, columns = np.mgrid[:side, :side]
        assert (cut * columns).sum() / cut.sum() == pytest.approx(spot[0], abs=0.3)
        assert (cut * rows).sum() / cut.sum() == pytest.approx(spot[1], abs=0.3)


def test_pieces_end_at_cuts_gaps_and_the_longest() -> None:
    person = [sighting(k, 400, 300, 60) for k in range(100) if k not in (20, 21) and not 60 <= k < 70]
    limits = Limits(shortest=0.4, longest=0.8, unvoiced=True)
    found = list(pieces(Followed([person], (40,), 100), FPS, None, limits))
    assert [(piece.first, piece.stop) for piece in found] == [(0, 20), (20, 40), (40, 60), (70, 85), (85, 100)]
    assert all(piece.reason is None for piece in found)
    assert together([1, 2, 3, 9, 10], 4) == [(1, 4), (9, 11)]
    assert together([1, 2, 3, 9, 10], 5) == [(1, 11)]


@pytest.mark.parametrize(
    ("people", "limits", "reason"),
    [
        ([[sighting(k, 300, 300, 60) for k in range(10)]], Limits(), "too short"),
        ([[sighting(k, 300, 300, 15) for k in range(50)]], Limits(), "too small"),
        ([[sighting(k, 200, 300, 60) for k in range(50)], [sighting(k, 600, 300, 50) for k in range(20)]], Limits(), "several faces"),
        ([[sighting(k, 200, 300, 60) for k in range(50)], [sighting(k, 600, 300, 50) for k in range(20)]], Limits(alone=False), "no sound"),
        ([], Limits(), "no face"),
    ],
)  # fmt: skip
def test_the_first_thing_that_is_wrong_is_the_reason(people: list[list[Sighting]], limits: Limits, reason: str) -> None:
    assert [piece.reason for piece in pieces(Followed(people, (), 50), FPS, None, limits)] == [reason]


def test_how_sure_lips_and_sound_are_together_is_told_near_and_anywhere() -> None:
    curve = np.full(31, 0.9, np.float32)
    curve[15 - 1], curve[15 + 8] = 0.6, 0.4  # 40 ms early and 320 ms late
    near, best = sureness(Sync(0.32, 0.5, 0.4, curve), 0.12)
    assert near == pytest.approx(0.3) and best == pytest.approx(0.5)
    assert sureness(Sync(0.32, 0.5, 0.4, curve), 0.4)[0] == pytest.approx(0.5)


@pytest.mark.parametrize(("late", "reason"), [(0.0, None), (0.4, "out of sync"), (-0.4, "out of sync")])
def test_lips_that_come_late_or_early_are_dropped(late: float, reason: str | None) -> None:
    speech = say(TEXT, "en-us+f5")
    motion = acted(speech, Direction(fps=FPS, seed=3), habits(0, 9))
    shapes = load_shapes()
    points = shapes.points + np.tensordot(np.stack([motion[name] for name in shapes.names], axis=1), shapes.fields, axes=1)
    points = np.pad(points, ((0, 0), (0, 10), (0, 0))) * 60 + 300
    shown = np.clip(np.arange(len(points)) - round(late * FPS), 0, len(points) - 1)
    person = [Sighting(k, points[row].astype(np.float32), np.zeros((2, 2), np.uint8)) for k, row in enumerate(shown)]
    (piece,) = pieces(Followed([person], (), len(person)), FPS, speech, Limits(silence=1.0))
    assert piece.reason == reason and piece.figures["offset"] == pytest.approx(late, abs=0.05)


def test_stretches_follow_each_other_without_a_gap(footage: Path) -> None:
    item = Item("good", footage / "good.mp4")
    whole = next(stretches(item))
    assert whole.speech is not None and whole.followed.frames == LONG
    shown = list(whole.pictures)
    parts, taken, heard = [], 0, []
    for part in stretches(item, seconds=0.5):
        assert part.first == taken and part.speech is not None
        picture = next(part.pictures)
        assert np.array_equal(picture, shown[taken])  # the others are left, as those of a dropped piece may be
        taken += part.followed.frames
        parts.append(sum(len(person) for person in part.followed.people))
        heard.append(part.speech.samples)
    assert taken == LONG and parts == [12, 12, 6]
    assert np.array_equal(np.concatenate(heard, axis=1), whole.speech.samples)


def test_what_cannot_be_prepared_is_refused(footage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MediaError, match="pieces last"):
        Limits(shortest=5, longest=2)
    with pytest.raises(MediaError, match="64 to 1024 pixels"):
        Preparing(16)
    assert main(["data", "prepare", str(footage), "-o", str(footage / "out")]) == 2
    assert "whose clips it would add to" in capsys.readouterr().err
    meshes = Item("F1/01", None, footage / "good.mp4")
    clips = open_set("folder", footage)
    clips.items = (meshes,)
    told = next(iter(prepare(clips, tmp_path / "meshes", SETTINGS)))
    assert told["dropped"][0]["reason"] == "unreadable" and "sets of meshes need no preparing" in told["dropped"][0]["why"]


def test_without_ray_the_line_says_what_to_install(
    footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["data", "prepare", str(footage), "-o", str(tmp_path / "out"), "--ray", "local"]) == 2
    assert "pip install 'thespis[scale]'" in capsys.readouterr().err


class FakeRay:
    """A cluster of one machine that does everything at once, with the few words that are used of Ray."""

    def __init__(self) -> None:
        self.up: list[str | None] = []
        self.exceptions = self
        self.RayTaskError = RayTrouble

    def init(self, address: str | None, **_: object) -> None:
        if address == "ray://nowhere:10001":
            raise ConnectionError("ray client connection timeout\nand more")
        self.up.append(address)

    def shutdown(self) -> None:
        self.up.append("down")

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def remote(self, **_: object) -> "FakeRay":
        return lambda work: type("Remote", (), {"remote": staticmethod(lambda *given: (work, given))})()  # type: ignore[return-value]

    def wait(self, running: list[object], num_returns: int) -> tuple[list[object], list[object]]:
        assert len(running) <= 8
        return running[-num_returns:], running[:-num_returns]

    def get(self, job: tuple[object, tuple[object, ...]]) -> object:
        try:
            return job[0](*job[1])  # type: ignore[operator]
        except Exception as error:
            raise RayTrouble(error) from error


class RayTrouble(Exception):
    """What Ray wraps around an error of a job."""

    def __init__(self, cause: Exception) -> None:
        super().__init__("wrapped")
        self.cause = cause


def test_ray_spreads_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    from thespis.data.ray_workers import spread_over_machines

    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)  # type: ignore[arg-type]
    assert sorted(spread_over_machines(divmod, [(k, 7) for k in range(20)], "auto")) == sorted(divmod(k, 7) for k in range(20))
    assert fake.up == ["auto", "down"]

    def fails(text: str) -> None:
        raise MediaError(text)

    with pytest.raises(MediaError, match="the disk is full"):
        list(spread_over_machines(fails, [("the disk is full",)], "local"))
    assert fake.up[2:] == [None, "down"]
    with pytest.raises(UsageError, match=r"no Ray cluster answers at 'ray://nowhere:10001' \(ray client connection timeout\); start one"):
        list(spread_over_machines(divmod, [(1, 1)], "ray://nowhere:10001"))


def test_a_run_that_keeps_nothing_says_so(footage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "broken.mp4").write_bytes((footage / "broken.mp4").read_bytes())
    assert main(["data", "prepare", str(tmp_path / "clips"), "-o", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr()
    assert "kept 0 pieces" in shown.out and "nothing was kept of 1 clips" in shown.err and "report.html shows why" in shown.err
    assert (tmp_path / "out" / "report.html").exists()
