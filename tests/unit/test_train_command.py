"""Training by the command: the recipe of the document learns, goes on, and is measured."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from test_train_verb import mine  # noqa: E402, F401

from thespis.apps import bench, cli  # noqa: E402

pytestmark = pytest.mark.unit


def test_the_recipe_of_the_document_learns_and_goes_on(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert cli.main(["train", "mine.py", "-o", "runs", "--steps", "40", "--rate", "0.01"]) == 0
    shown = capsys.readouterr().out
    assert "step 40: loss" in shown and f"wrote {Path('runs/network.safetensors')}: step 40, loss 0." in shown
    assert cli.main(["train", "mine.py", "-o", "runs", "--steps", "60", "--rate", "0.01", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["step"], told["reason"]) == (60, "steps")
    assert cli.main(["train", "mine.py", "-o", "runs", "--steps", "60", "--rate", "0.02"]) == 2
    assert "rate was 0.01 and is now 0.02" in capsys.readouterr().err
    assert cli.main(["train", "mine.py", "-o", "other", "--batch", "0"]) == 2
    assert "batch must be more than 0" in capsys.readouterr().err


def test_the_speed_of_training_is_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "STRIDES", {10: 2})
    assert cli.main(["bench", "--training", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["training"]
    assert 850_000 < row["parameters"] < 1_150_000
    assert row["steps_a_second"] > 0 and row["billions_a_core_second"] > 0
    assert cli.main(["bench", "--training"]) == 0
    assert "frames a token" in capsys.readouterr().out
