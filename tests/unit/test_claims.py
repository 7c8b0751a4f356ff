"""Claims: with and without over seeds, within a budget, resumable, and a verdict from the interval."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from thespis.apps import cli
from thespis.card import Claim
from thespis.errors import ThespisError
from thespis.evaluate.claim import Found, claim_of, interval, judged, run
from thespis.evaluate.claim_page import with_row

pytestmark = pytest.mark.unit

RECIPE = '''
"""A recipe that claims something."""

from pathlib import Path

from thespis.card import Card, Claim

card = Card(
    title="Mine", summary="claims", accepts=frozenset(), fps=25, status="own", licence="Apache-2.0", commercial=True,
    claim=Claim(sentence="It gains.", metric="points", mechanism="the trick", better="BETTER", least=0.1),
)


def build(weights, size="full"):
    raise NotImplementedError


def claim(trial):
    with Path("calls.txt").open("a") as calls:
        calls.write(f"{trial.mechanism} {trial.seed}\\n")
    (trial.folder / "kept").touch()
    return trial.seed * 0.01 + (GAIN if trial.mechanism else 0.0)
'''


def recipe(gain: float = 0.5, better: str = "higher") -> None:
    """Write the recipe into the current folder."""
    Path("mine.py").write_text(RECIPE.replace("BETTER", better).replace("GAIN", repr(gain)), encoding="utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_claim_that_holds_is_written_with_its_plot(capsys: pytest.CaptureFixture[str]) -> None:
    recipe()
    assert cli.main(["claims", "mine.py", "--seeds", "4", "--minutes", "1", "--run", "trials"]) == 0
    assert "holds: gain +0.500" in capsys.readouterr().out
    page = Path("claims.md").read_text(encoding="utf-8")
    (line,) = (each for each in page.splitlines() if each.startswith("| `mine`"))
    assert "**holds**" in line and "| points ↑ |" in line and "| 4 |" in line
    picture = ET.parse("pictures/claims/mine.svg").getroot()
    assert sum(part.tag.endswith("circle") for part in picture) == 8
    assert Path("calls.txt").read_text().splitlines()[:2] == ["True 0", "False 0"] and Path("trials/with_3/kept").exists()


def test_what_was_done_is_not_done_again(capsys: pytest.CaptureFixture[str]) -> None:
    recipe()
    run("mine.py", Path("trials"), 1.0, 2)
    run("mine.py", Path("trials"), 1.0, 3)
    assert len(Path("calls.txt").read_text().splitlines()) == 6
    recipe(gain=0.7)  # another state of the recipe: nothing of the old one may be mixed in
    found, _ = run("mine.py", Path("trials"), 1.0, 2)
    assert len(Path("calls.txt").read_text().splitlines()) == 10 and found.with_it[0] == 0.7
    assert cli.main(["claims", "mine.py", "--seeds", "2", "--run", "trials", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "undecided" and told["gain"] == pytest.approx(0.7)


def test_no_trial_begins_that_would_end_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe()
    clock = iter(range(0, 10_000, 20))  # every look at the clock is 20 s after the last one
    monkeypatch.setattr("thespis.evaluate.claim.time.monotonic", lambda: float(next(clock)))
    found, ended = run("mine.py", Path("trials"), 2.0, 9)
    assert ended == "out of time" and 1 <= len(found.seeds) < 9


@pytest.mark.parametrize(
    ("gain", "better", "verdict"),
    [(0.5, "higher", "holds"), (-0.5, "lower", "holds"), (0.05, "higher", "does not hold here"), (0.5, "lower", "does not hold here")],
)
def test_the_verdict_follows_from_the_interval(gain: float, better: str, verdict: str) -> None:
    recipe(gain, better)
    found, _ = run("mine.py", Path("trials"), 1.0, 4)
    assert judged(claim_of("mine.py")[1], found).verdict == verdict


def test_gains_that_spread_are_undecided() -> None:
    claim = Claim("It gains.", "points", "the trick")
    found = Found("", dict(enumerate([0.4, -0.5, 0.6, -0.3])), dict.fromkeys(range(4), 0.0))
    assert judged(claim, found).verdict == "undecided"
    assert judged(claim, Found("", {0: 1.0, 1: 1.0}, {0: 0.0, 1: 0.0})).verdict == "undecided", "two seeds decide nothing"
    low, high = interval([0.0, 1.0] * 50, "coins")
    assert 0.38 < low < 0.44 and 0.56 < high < 0.62


def test_rows_replace_their_own_and_stay_in_order() -> None:
    page = "before\n<!-- claims -->\n<!-- /claims -->\nafter\n"
    for name, line in (("b", "| `b` | 1 |"), ("a", "| `a` | 2 |"), ("b", "| `b` | 3 |")):
        page = with_row(page, name, line)
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == ["| `a` | 2 |", "| `b` | 3 |"] and page.startswith("before") and page.endswith("after\n")
    with pytest.raises(ThespisError, match="has no place for rows"):
        with_row("nothing", "a", "| `a` | 1 |")


def test_what_cannot_be_measured_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    recipe()
    text = Path("mine.py").read_text(encoding="utf-8")
    Path("other.py").write_text(text.replace("def claim", "def other"), encoding="utf-8")
    assert cli.main(["claims", "other.py"]) == 2
    assert "cannot be measured: it has no claim(trial); docs/claims.md shows one" in capsys.readouterr().err
    Path("none.py").write_text(text.replace("    claim=Claim", "    year=2026,\n)\nunused = dict(\n    claim=Claim"), encoding="utf-8")
    assert cli.main(["claims", "none.py"]) == 2
    assert "claims nothing: its card has no claim" in capsys.readouterr().err
    Path("odd.py").write_text(text.replace("return trial.seed * 0.01", "return float('nan')"), encoding="utf-8")
    assert cli.main(["claims", "odd.py", "--run", "odd"]) == 2
    assert "measured nan for seed 0, which is no number" in capsys.readouterr().err
    assert cli.main(["claims", "mine.py", "--seeds", "0"]) == 2
    assert "at least one seed and some minutes" in capsys.readouterr().err
    Path("trials").mkdir()
    Path("trials/trials.json").write_text("{", encoding="utf-8")
    assert cli.main(["claims", "mine.py", "--run", "trials"]) == 2
    assert "is damaged (JSONDecodeError); remove it to begin again" in capsys.readouterr().err


def test_a_recipe_may_claim_more_than_one_thing(capsys: pytest.CaptureFixture[str]) -> None:
    recipe()
    text = Path("mine.py").read_text(encoding="utf-8")
    second = 'more_claims=(Claim(name="other", sentence="It gains too.", metric="marks", mechanism="another trick"),),\n)\n'
    text = text.replace("least=0.1),\n)\n", "least=0.1),\n    " + second)
    Path("mine.py").write_text(text + "\n\ndef other(trial):\n    return 2.0 + trial.mechanism\n", encoding="utf-8")
    assert cli.main(["claims", "mine.py", "--claim", "other", "--seeds", "3", "--minutes", "1", "--run", "trials"]) == 0
    assert "It gains too.\nholds: gain +1.000" in capsys.readouterr().out
    assert cli.main(["claims", "mine.py", "--seeds", "3", "--minutes", "1", "--run", "first"]) == 0
    page = Path("claims.md").read_text(encoding="utf-8")
    assert "| `mine` | It gains." in page and "| `mine-other` | It gains too." in page
    assert Path("pictures/claims/mine-other.svg").exists()
    assert cli.main(["claims", "mine.py", "--claim", "others", "--run", "trials"]) == 2
    assert "unknown claim of mine.py 'others'. Did you mean 'other'?" in capsys.readouterr().err
    assert cli.main(["show", "mine.py"]) == 0
    assert "claim other" in capsys.readouterr().out


def test_a_second_claim_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    recipe()
    assert cli.main(["claims", "mine.py", "--claim", "other"]) == 2
    assert "the recipe 'mine.py' has one claim only; leave --claim out" in capsys.readouterr().err
