"""The verb `train` calls a recipe's training, and says why where it cannot."""

import json
import re
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from thespis.apps import cli
from thespis.apps.train import check
from thespis.errors import ThespisError, TrainingError

pytestmark = pytest.mark.unit
DOCUMENT = Path(__file__).parents[2] / "docs" / "training.md"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recipe that the document shows."""
    monkeypatch.chdir(tmp_path)
    found = re.search(r'^```\n("""mine.py.*?)^```', DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    Path("mine.py").write_text(found[1], encoding="utf-8")
    return tmp_path


def test_a_recipe_without_training_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["train", "rules", "-o", str(tmp_path)]) == 2
    assert "the recipe 'rules' has nothing to train: it has no train(folder, wishes, tell)" in capsys.readouterr().err
    assert cli.main(["train", "rules"]) == 2
    assert "required: -o/--output" in capsys.readouterr().err


def test_without_torch_it_says_what_to_install(mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from thespis.apps import train

    def absent(name: str) -> Any:
        return None if name in ("torch", "accelerate") else util.find_spec(name)

    monkeypatch.setattr(train, "find_spec", absent)
    assert cli.main(["train", "mine.py", "-o", "runs"]) == 2
    assert "training needs torch and accelerate, not installed here: pip install 'thespis[train]'" in capsys.readouterr().err
    assert not Path("runs").exists()
    monkeypatch.setattr(util, "find_spec", absent)
    assert cli.main(["bench", "photo.png", "--training"]) == 2
    assert "pip install 'thespis[train]'" in capsys.readouterr().err


def test_what_cannot_be_is_told_before_anything_is_prepared(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for folder, wishes, line in (
        (tmp_path / "file", {}, "is a file; choose a folder"),
        (tmp_path / "none" / "run", {}, "does not exist; make it first"),
        (tmp_path / "run", {"batch": 0}, "batch must be more than 0, not 0"),
        (tmp_path / "run", {"rate": -1.0}, "rate must be more than 0"),
    ):
        with pytest.raises(ThespisError, match=line):
            check(folder, wishes)
    (tmp_path / "run").mkdir()
    check(tmp_path / "run", {"batch": 8, "steps": 10})
    (tmp_path / "run" / "run.json").write_text(json.dumps({"settings": {"batch": 4, "steps": 100}}))
    check(tmp_path / "run", {"batch": 4, "steps": 10})
    with pytest.raises(TrainingError, match="holds a training with other settings: batch was 4 and is now 8"):
        check(tmp_path / "run", {"batch": 8})


def test_an_interrupted_part_ends_the_parts_after_it(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from thespis.apps import train

    monkeypatch.setattr(train, "find_spec", lambda name: object())
    Path("parts.py").write_text(
        "from pathlib import Path\n"
        "from thespis.recipes.rules import build, card\n"
        "from thespis.train.settings import Outcome, ended\n"
        "def train(folder, wishes, tell):\n"
        "    for reason in ('steps', 'interrupted', 'steps'):\n"
        "        tell(reason)\n"
        "        last = ended(Outcome(Path('network'), 7, reason, 0.5, None, 1.0))\n"
        "    return last\n"
    )
    assert cli.main(["train", "parts.py", "-o", "runs"]) == 130
    told = capsys.readouterr()
    assert "interrupted after step 7, which is kept: the same command goes on" in told.out
    assert (told.out + told.err).count("steps") == 1
