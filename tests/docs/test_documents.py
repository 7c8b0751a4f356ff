"""What the documents tell people to type works: every shell command and every block of Python in them is run, in order."""

import re
import shlex
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.apps.demo import astronaut

pytestmark = pytest.mark.docs

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, what else stands behind the language, and its text."""

    language: str
    note: str
    text: str


def blocks(path: Path) -> list[Block]:
    """Find the fenced blocks that name a language."""
    return [Block(language, note.strip(), text) for language, note, text in FENCE.findall(path.read_text(encoding="utf-8"))]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the documents speak of: photo.jpg and a second of speech.wav."""
    monkeypatch.chdir(tmp_path)
    with Image.open(astronaut()) as picture:
        picture.convert("RGB").save("photo.jpg", quality=92)
    time = np.arange(16_000) / 16_000
    samples = (np.sin(2 * np.pi * 180 * time) * np.abs(np.sin(2 * np.pi * 3 * time)) * 9_000).astype("<i2")
    with wave.open("speech.wav", "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return tmp_path


def do_shell(block: Block) -> None:
    """Run every line of a shell block; a line of make is one of the Makefile's."""
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "make":
            assert words[1] in targets, line
            continue
        assert words[0] == "thespis", f"only thespis and make are told to type, not {line!r}"
        assert cli.main(words[1:]) == (2 if block.note == "fails" else 0), line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_says_works(path: Path, here: Path) -> None:
    for block in blocks(path):
        if block.language == "sh":
            do_shell(block)
        elif block.language == "python" and block.note.startswith("file="):
            Path(block.note.removeprefix("file=")).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, path.name, "exec"), {"__name__": "document"})
        elif block.language == "toml":
            Path("direction.toml").write_text(block.text, encoding="utf-8")
            assert cli.main(["run", "photo.jpg", "speech.wav", "--direct", "direction.toml", "--size", "64", "-o", "directed.mp4"]) == 0
        else:
            raise AssertionError(f"{path.name} has a block in {block.language!r}: say sh, python or toml, or nothing for plain text")
    assert not list(here.glob(".*.part"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for pair in LINK.findall(path.read_text(encoding="utf-8")):
        target = pair[0] or pair[1]
        assert "://" not in target, f"{path.name} leads out of the repository: {target}"
        assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"


def test_the_tree_of_the_readme_is_the_tree() -> None:
    tree = next(text for text in re.findall(r"^```\n(thespis/.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL))
    told = set(re.findall(r"^  ([a-z_]+)/ ", tree, re.MULTILINE))
    assert told == {path.name for path in (ROOT / "thespis").iterdir() if path.is_dir() and path.name != "__pycache__"}


def test_the_demo_makes_a_video_and_a_sheet_and_leaves_what_the_commands_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_bytes(b"mine")
    assert cli.main(["demo", "--size", "96", "-o", "demo.mp4"]) == 0
    shown = capsys.readouterr().out
    assert "wrote" in shown and "demo.mp4" in shown and "demo_sheet.png" in shown
    with Image.open("demo_sheet.png") as sheet:
        assert sheet.width > 400 and np.asarray(sheet).std() > 20
    assert Path("photo.jpg").read_bytes() == b"mine", "what is there stays"
    Path("photo.jpg").unlink()
    assert cli.main(["demo", "--size", "96", "-o", "demo.mp4"]) == 0
    assert cli.main(["run", "photo.jpg", "speech.wav", "--size", "64", "--preview", "-o", "look.png"]) == 0
