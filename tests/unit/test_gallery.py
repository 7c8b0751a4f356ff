"""The gallery: every face of a folder on one page, refusals with their reason, and nothing drawn twice."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.evaluate import gallery
from thespis.motion.spaces.face import FACE
from thespis.types import Portrait

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path, astronaut: Portrait) -> Path:
    place = tmp_path / "portraits"
    (place / "more").mkdir(parents=True)
    Image.fromarray(astronaut.image).save(place / "more" / "she <b>.png")
    Image.fromarray(np.full((120, 120, 3), 90, np.uint8)).save(place / "wall.png")
    (place / "broken.jpg").write_bytes(b"no picture")
    (place / "notes.txt").write_text("not asked for")
    return place


def test_rows_are_eight_feelings_nine_mouths_and_five_heads() -> None:
    rows = gallery.rows()
    assert {group: len(members) for group, members in rows.items()} == {"feelings": 8, "mouths": 9, "heads": 5}
    assert not rows["feelings"]["neutral"].any()
    different = [row.tobytes() for members in rows.values() for row in members.values()]
    assert len(set(different)) == len(different)
    assert rows["mouths"]["ah"][FACE.column("jawOpen")] > 0.4
    assert rows["mouths"]["p b m"][FACE.column("mouthClose")] >= rows["mouths"]["p b m"][FACE.column("jawOpen")] > 0


def test_a_folder_becomes_a_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "all.html"  # its own sheets are no portraits the next time
    words = ["gallery", str(folder), "--size", "96", "-o", str(page), "--json"]
    assert cli.main(words) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (facts["pictures"], facts["drawn"]) == (3, 1)
    assert "no face found" in facts["refused"]["wall.png"]
    assert "not a picture" in facts["refused"]["broken.jpg"]
    text = page.read_text(encoding="utf-8")
    assert "more/she &lt;b&gt;.png" in text
    assert "she <b>" not in text
    (sheet,) = (folder / "all.files").glob("more_she <b>.png.*.jpg")
    with Image.open(sheet) as drawn:
        assert drawn.width > 9 * 96
    before = sheet.stat().st_mtime_ns
    assert cli.main(words) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (facts["pictures"], facts["drawn"]) == (3, 1)
    assert sheet.stat().st_mtime_ns == before
    sheet.unlink()
    assert cli.main([*words, "--embed"]) == 0
    assert sheet.exists()
    assert "data:image/jpeg;base64," in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere", "-o", "x.html"], "there is no folder nowhere"),
        ([__file__, "-o", "x.html"], "is a file; give the folder"),
        ([".", "-o", "x.pdf"], "end its name in .html"),
        ([".", "-o", "x.html", "--size", "9"], "96 to 1024 pixels"),
    ],
)
def test_mistakes_are_told(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["gallery", *words]) == 2
    assert says in capsys.readouterr().err
    assert cli.main(["gallery", ".", "-o", "x.html"]) == 2
    assert "holds no pictures" in capsys.readouterr().err
