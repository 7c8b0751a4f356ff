"""What `thespis bench live` measures with: the clapperboard, the look into a film, and what a turnover leaves."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from served import free_port, served

pytest.importorskip("fastapi", reason="fastapi is not installed: pip install 'thespis[studio]'")
from thespis import recipes
from thespis.apps.bench_live import skew, slope, turnover
from thespis.apps.bench_watch import CLAPPER, Film, apart, beeps, decoded
from thespis.apps.cli import main
from thespis.apps.server.client import Client
from thespis.apps.server.live.fragments import SOUND_RATE, Fragments
from thespis.errors import ThespisError
from thespis.types import Direction, Portrait, Speech, frame_sample

pytestmark = pytest.mark.unit


def filmed(late: int) -> Film:
    """A clapperboard filmed, whose picture comes `late` frames after its sound."""
    sound = beeps(3.0, SOUND_RATE)
    talker = recipes.load(str(CLAPPER))
    nobody = Portrait((np.zeros((8, 8, 3), np.uint8),))
    clip = talker(Speech(sound[None], SOUND_RATE), nobody, Direction(size=(64, 64)))
    assert clip.frames is not None
    stream, parts = Fragments(Fraction(25), (64, 64)), []
    for number in range(75):
        low, high = (frame_sample(at, SOUND_RATE, Fraction(25)) for at in (number, number + 1))
        parts.append(stream.add(clip.frames.images[max(number - late, 0)], sound[low:high]))
    return decoded([*parts, stream.close()])


@pytest.mark.parametrize("late", [0, 3])
def test_a_clapperboard_tells_how_far_picture_and_sound_are_apart(late: int) -> None:
    film = filmed(late)
    lit, loud = film.claps()
    assert (len(film.times), len(loud)) == (75, 5)
    found = apart(lit[lit > 0.3], loud)
    assert np.abs(found - late / 25).max() < 0.012


def test_a_film_without_claps_is_no_measure() -> None:
    with pytest.raises(ThespisError, match="not seen and heard"):
        apart(np.zeros(0), np.ones(3))
    assert slope([(0.0, 10.0), (1.0, 12.0), (2.0, 14.0)]) == pytest.approx(2.0)
    assert slope([(0.0, 10.0)]) == 0.0


def test_sessions_leave_nothing_behind_and_are_in_step(tmp_path: Path) -> None:
    port = free_port()
    process = served(tmp_path, port, {"requests_a_minute": 100_000})
    try:
        client = Client(f"http://127.0.0.1:{port}")
        found = turnover(client, 64, "clapper", 200, process.pid)
        assert found["threads_after"] <= found["threads_before"]
        assert found["files_after"] <= found["files_before"] + 2, "of two hundred; the database may be open for a moment"
        assert found["kilobytes_a_session"] < 50
        assert client.rooms() == []
        assert skew(client, 64)["skew_worst_ms"] < 40
        assert list((tmp_path / "shelf" / "uploads").iterdir()) == []
    finally:
        process.terminate()
        process.wait(20)


WRONG = [
    (["--sizes", "big"], "whole numbers"),
    (["--sizes", "4000"], "sizes go from 64 to 512"),
    (["--simulate", "1", "--turnover", "3"], "different things"),
    (["--turnover", "0"], "more than 0"),
    (["--browser", "--minutes", "-1"], "more than 0"),
    (["--report", "/none/x.json"], "does not exist"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "why"), WRONG)
def test_what_cannot_be_measured_is_one_line(words: list[str], why: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "live", *words]) == 2
    assert why in capfd.readouterr().err
    assert not Path("/none").exists()
