"""`thespis bench --against`: our networks beside official code that lies where an environment variable says; with the extra `train`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("diffusers", reason="torch and diffusers are not installed: pip install 'thespis[train]'")

from thespis.apps import against, cli  # noqa: E402
from thespis.apps.against import Part, compare, drawn, names, some, timed  # noqa: E402
from thespis.errors import ThespisError, UsageError  # noqa: E402

pytestmark = pytest.mark.unit


def silent(_: str) -> None:
    """Tell nobody."""


def test_every_system_says_where_its_code_is() -> None:
    assert {"ditto", "latentsync", "liveportrait", "synctalk"} <= set(names())
    assert all(against.importlib.import_module(f"thespis.apps.against.{name}").CODE.startswith("github.com/") for name in names())


@pytest.mark.parametrize("name", names())
def test_without_a_clone_it_says_what_to_do(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variable = f"THESPIS_{name.upper()}"
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UsageError, match=rf"{variable} is not set: get github\.com/\S+ .*let it name that folder"):
        compare(name, 1.0, silent)
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match=rf"{variable} names .*nowhere, which is no folder; let it name a clone of github\.com"):
        compare(name, 1.0, silent)
    monkeypatch.setenv(variable, str(tmp_path))
    before = list(sys.path)
    with pytest.raises(ThespisError, match=rf"the official code of {name} cannot be imported from .*let {variable} name a whole clone"):
        compare(name, 1.0, silent)
    assert sys.path == before


def test_an_unknown_system_gets_the_near_name() -> None:
    with pytest.raises(UsageError, match="Did you mean 'ditto'"):
        compare("dito", 1.0, silent)


def test_both_are_timed_in_turns() -> None:
    asked: list[str] = []

    def run(who: str, size: float) -> torch.Tensor:
        asked.append(who)
        return torch.tensor([1.0, size])

    found = timed(Part("toy", lambda: run("ours", 2.0), lambda: run("theirs", 2.5)), 0.0)
    assert asked == ["ours", "theirs"] * 4
    assert (found.runs, found.part) == (3, "toy")
    assert found.apart == pytest.approx(0.2)
    alone = timed(Part("toy", lambda: run("ours", 2.0), None, "a program"), 0.0)
    assert (alone.official_ms, alone.apart, alone.needs) == (None, None, "a program")


def test_parameters_come_from_names() -> None:
    one, other = drawn(torch.nn.Conv2d(3, 4, 3)), drawn(torch.nn.Conv2d(3, 4, 3))
    assert torch.equal(one.weight, other.weight)
    assert float(one.weight.detach().std()) == pytest.approx(27**-0.5, rel=0.3)
    assert not torch.equal(some("a", 8), some("b", 8))


def test_the_command_prints_figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def parts(_device: str) -> Iterator[Part]:
        yield Part("toy", lambda: torch.ones(2), lambda: torch.ones(2))
        yield Part("alone", lambda: torch.ones(2), None, "CUDA")

    toy = ModuleType("thespis.apps.against.toy")
    toy.CODE, toy.parts = "github.com/toy/toy", parts  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, toy.__name__, toy)
    monkeypatch.setattr(against, "names", lambda: ["toy"])
    monkeypatch.setenv("THESPIS_TOY", str(tmp_path))
    assert cli.main(["bench", "--against", "toy", "--seconds", "1", "--json", "--report", str(tmp_path / "f.json")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["part"] for each in found["parts"]] == ["toy", "alone"]
    assert found["parts"][0]["apart"] == 0
    assert json.loads((tmp_path / "f.json").read_text()) == found
    assert cli.main(["bench", "--against", "toy", "--seconds", "1"]) == 0
    assert "needs CUDA" in capsys.readouterr().out
