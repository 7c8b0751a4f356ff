"""The studio's stage hands: trial frames with prepared portraits, videos that can be stopped, takes, and files that go away."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import thespis
from thespis.apps.export_take import BY_SUFFIX, WRITERS
from thespis.apps.render import trial
from thespis.apps.studio import hearing, takes
from thespis.apps.studio.acting import Cast, Ended, StoppedError, Watch, job_of, made_up, make_video, try_one, watched
from thespis.apps.studio.reading import lanes, strongest
from thespis.apps.studio.shelf import Shelf
from thespis.apps.studio.wishes import Wish, direction_of
from thespis.errors import MediaError, ThespisError, UsageError
from thespis.types import EMOTION, Speech

pytestmark = pytest.mark.unit
KEYS = [{"time": 0, "emotion": "happy", "strength": 1.0}]
SMALL = Wish(size="96")
SAID = {"script": "Hello, my friend.", "voice": "en-us"}


@pytest.fixture(scope="module")
def cast() -> Cast:
    return Cast()


@pytest.fixture(scope="module")
def take(cast: Cast, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("take")
    made = make_video(
        cast, job_of(made_up()["Mila"], SAID, direction_of(KEYS, SMALL), "thespis"), folder / "a.mp4", folder / "a.take", Watch()
    )
    assert made.size == (96, 96)
    yield folder / "a.take"


def test_a_trial_with_a_prepared_portrait_is_the_trial_without(cast: Cast) -> None:
    def job() -> object:
        return job_of(made_up()["Mila"], SAID, direction_of(KEYS, SMALL), "thespis")

    plain = trial(job(), cast.talker("thespis"))  # type: ignore[arg-type]
    first, second = (try_one(cast, job()) for _ in range(2))  # type: ignore[arg-type]
    np.testing.assert_array_equal(first, plain)
    np.testing.assert_array_equal(second, plain)
    assert (try_one(cast, job(), at=0.0) != plain).any()  # type: ignore[arg-type]


def test_every_made_up_face_is_found_and_large_enough() -> None:
    from thespis.capture.faces import face_of, quiet

    assert len(made_up()) == 8
    for path in made_up().values():
        portrait = thespis.portrait(path)
        assert min(portrait.image.shape[:2]) >= 512
        with quiet():
            assert np.ptp(face_of(portrait).points[:, 0]) > 150


@pytest.mark.parametrize(
    ("who", "said", "line"),
    [(False, SAID, "no portrait yet"), (True, {"script": "  "}, "nothing to say yet"), (True, {"audio": "/nowhere.wav"}, "nowhere.wav")],
)
def test_what_is_missing_is_told_in_a_line(who: bool, said: dict[str, str], line: str) -> None:
    with pytest.raises(ThespisError, match=line):
        job_of(made_up()["Mila"] if who else None, said, direction_of([]), "thespis")


def test_a_video_that_is_stopped_leaves_nothing(cast: Cast, tmp_path: Path) -> None:
    watch = Watch()
    job = job_of(made_up()["Mila"], {"script": "One, two, three, four, five, six, seven, eight."}, direction_of([], SMALL), "thespis")

    def work() -> object:
        return make_video(cast, job, tmp_path / "a.mp4", tmp_path / "a.take", watch)

    for state in watched(work, watch):
        if isinstance(state, Ended):
            assert isinstance(state.error, StoppedError)
        elif state[1] is not None:
            watch.stop()
    assert list(tmp_path.iterdir()) == []


def test_the_timeline_hears_words_and_loudness(tmp_path: Path) -> None:
    found = hearing.heard(SAID, direction_of([]))
    assert [text for text, _, _ in found["words"]] == ["Hello", "my", "friend"]
    assert len(found["peaks"]) == hearing.PEAKS
    assert max(found["peaks"]) == 1.0
    assert hearing.heard({"script": " "}, direction_of([])) == hearing.NOTHING
    half = Speech(np.concatenate([np.zeros(8000), np.full(8000, 0.5)]).astype(np.float32)[None], 16_000)
    loud = hearing.loudness([half.cut(0, 5000), half.cut(5000, 16_000)], 1.0)
    np.testing.assert_array_equal(loud > 0.5, np.arange(hearing.PEAKS) >= hearing.PEAKS // 2)


def test_feelings_are_read_from_the_words() -> None:
    found = hearing.suggested({"script": "I am so happy, this is wonderful! But it is broken, and I am terribly sad."}, direction_of([]))
    assert next(key["emotion"] for key in found) == "happy"
    assert "sad" in {key["emotion"] for key in found}
    assert direction_of(found).emotion.at([0.5]).max() > 0.2


def test_every_export_of_the_page_has_a_writer_and_its_suffix() -> None:
    for layout, suffix in takes.EXPORTS.values():
        assert layout in WRITERS
        assert layout in BY_SUFFIX[suffix.lower()]


def test_a_take_is_plotted_edited_and_written(take: Path, tmp_path: Path) -> None:
    sheet = takes.plotted(take, thespis.portrait(made_up()["Mila"]))
    assert sheet.shape[1] == takes.PLOT_WIDTH
    same = dict.fromkeys(takes.PATTERNS, 100.0)
    with pytest.raises(UsageError, match="nothing to change yet"):
        takes.edited(take, tmp_path / "b.take", scales=same, begin=0, end=0, speed=1, smooth=0, mirror=False)
    made = takes.edited(take, tmp_path / "b.take", scales=same | {"jaw": 50.0}, begin=0.2, end=0.8, speed=1, smooth=0, mirror=False)
    before, after = thespis.open_take(take).track(), thespis.open_take(made).track()
    np.testing.assert_allclose(after["jawOpen"], before["jawOpen"][5:20] * 0.5, atol=1e-6)
    assert "rows" in takes.exported(made, tmp_path / "c.csv", "ARKit curves (.csv)")
    assert (tmp_path / "c.csv").read_text().count("\n") == 16
    with pytest.raises(UsageError, match="unknown export"):
        takes.exported(made, tmp_path / "d.csv", "a film")


def test_files_go_when_they_are_old_and_the_oldest_when_they_are_many(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    places = [shelf.place("a.mp4") for _ in range(3)]
    for age, path in enumerate(places):
        path.write_bytes(bytes(1000))
        os.utime(path, (10_000 - age, 10_000 - age))
    shelf.sweep(now=10_000, seconds=100, most=2500)
    assert [path.exists() for path in places] == [True, True, False]
    shelf.sweep(now=10_200, seconds=100)
    assert not any(path.exists() for path in places)
    shelf.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_studio_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "studio-999999999").mkdir()
    (tmp_path / "studio-1").mkdir()
    shelf = Shelf(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["studio-1", shelf.folder.name])


def test_a_folder_that_cannot_be_made_is_an_error_of_the_file_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((MediaError, OSError)):
        Shelf(tmp_path / "file")


def test_what_was_asked_and_what_is_shown_stand_one_above_the_other() -> None:
    asked = direction_of([{"time": 0, "emotion": "happy"}, {"time": 2, "emotion": "sad", "over": 0.1}]).emotion
    times = np.array([0.5, 1.5, 2.5, 3.5], np.float32)
    shown = np.zeros((4, EMOTION.size), np.float32)
    shown[[0, 1, 2], EMOTION.column("happy")] = 0.4
    shown[3, EMOTION.column("sad")] = 0.4
    found = lanes(asked, times, shown, 4.0)
    assert "In 75 % of the video" in found
    assert found.count('aria-label="happy, then sad, over 4.0 seconds"') == 2
    assert "asked</dt>" not in lanes(None, times, shown, 4.0)
    assert strongest(np.zeros((1, EMOTION.size), np.float32)) == ["neutral"]
