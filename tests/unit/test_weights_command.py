"""`thespis weights`: where weights come from, licences accepted once, hashes checked, and copies for machines without a network."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from thespis import weights
from thespis.apps import cli
from thespis.errors import WeightsError

pytestmark = pytest.mark.unit

FACTS = {
    "title": "Toys: two small files", "for": "nothing", "licence": "MIT", "commercial": True, "terms": "Do as you like.",
    "source": "https://example.org/toys", "homepage": "https://example.org",
    "files": {"a.bin": ["first.pth", "first.safetensors"], "b.bin": ["b.bin"]},
}  # fmt: skip


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of files that are taken as they are, a place for weights, and a folder of downloads."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "official_toys.json").write_text(json.dumps(FACTS))
    monkeypatch.setattr(weights, "ASSETS", assets)
    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path / "own"))
    weights.sha256.cache_clear()
    downloads = tmp_path / "downloads" / "deep"
    downloads.mkdir(parents=True)
    (downloads / "first.pth").write_bytes(b"one")
    (downloads / "b.bin").write_bytes(b"two")
    return tmp_path


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: object) -> tuple[int, str, str]:
        weights.sha256.cache_clear()
        code = cli.main(["weights", *map(str, words)])
        heard = capsys.readouterr()
        return code, " ".join(heard.out.split()), " ".join(heard.err.split())

    return run


def placed(toys: Path, told: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = told("toys", "--from", toys / "downloads", "--accept")
    assert (code, out) == (0, f"toys is in place: {toys / 'own' / 'toys'}")


def test_it_lists_and_explains(toys: Path, told: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = told()
    assert code == 0
    assert "toys absent MIT yes nothing" in out
    code, out, _ = told("toys")
    assert code == 0
    for part in ("https://example.org/toys", "first.pth or first.safetensors", "Do as you like.", "thespis weights toys --from FOLDER"):
        assert part in out
    assert json.loads(told("--json")[1])[0]["state"] == "absent"


def test_absent_weights_say_what_to_get(toys: Path) -> None:
    with pytest.raises(WeightsError, match=r"the weights of toys \(MIT\) are not here: get them from https.* thespis weights toys --from"):
        weights.ready("toys")
    with pytest.raises(WeightsError, match=r"unknown weights 'toy'. Did you mean 'toys'\?"):
        weights.ready("toy")


def test_nothing_is_put_in_place_before_the_licence_is_accepted(toys: Path, told: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = told("toys", "--from", toys / "downloads")
    assert code == 2
    assert "Do as you like." in err
    assert "the licence of toys (MIT) must be accepted: read it above, then add --accept" in err
    assert not (toys / "own").exists()


def test_what_was_accepted_is_ready_and_its_hashes_are_kept(toys: Path, told: Callable[..., tuple[int, str, str]]) -> None:
    placed(toys, told)
    folder = weights.ready("toys")
    assert (folder / "a.bin").read_bytes() == b"one"
    record = json.loads((folder / "bundle.json").read_text())
    assert record["files"]["b.bin"] == hashlib.sha256(b"two").hexdigest()
    assert record["published"]["first.pth"] == hashlib.sha256(b"one").hexdigest()
    assert told("--check")[0] == 0
    assert "accepted" in told("toys")[1]


@pytest.mark.parametrize(("change", "said"), [(True, "has changed since it was accepted"), (False, "is gone")])
def test_a_changed_or_lost_file_is_refused(toys: Path, told: Callable[..., tuple[int, str, str]], change: bool, said: str) -> None:
    placed(toys, told)
    path = toys / "own" / "toys" / "b.bin"
    path.write_bytes(b"three") if change else path.unlink()
    weights.sha256.cache_clear()
    with pytest.raises(WeightsError, match=said):
        weights.ready("toys")
    code, out, _ = told("--check")
    assert code == 2
    assert said in out


def test_a_copy_for_another_machine_is_checked_and_taken(
    toys: Path, told: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(toys, told)
    stick = toys / "stick"
    assert told("toys", "--export", stick)[0] == 0
    monkeypatch.setenv("THESPIS_WEIGHTS", str(toys / "other"))
    assert told("toys", "--from", stick)[0] == 0  # accepted once, on the first machine
    assert weights.ready("toys") == toys / "other" / "toys"
    (stick / "a.bin").write_bytes(b"broken")
    code, _, err = told("toys", "--from", stick)
    assert code == 2
    assert "is not what was exported; copy the folder again" in err


def test_a_published_hash_is_checked(toys: Path, told: Callable[..., tuple[int, str, str]]) -> None:
    (toys / "assets" / "official_toys.json").write_text(json.dumps({**FACTS, "sha256": {"b.bin": "0" * 64}}))
    code, _, err = told("toys", "--from", toys / "downloads", "--accept")
    assert code == 2
    assert "b.bin is not the published file" in err


def test_missing_and_doubled_files_are_named(toys: Path, told: Callable[..., tuple[int, str, str]]) -> None:
    (toys / "downloads" / "b.bin").write_bytes(b"again")
    assert "holds 2 files b.bin" in told("toys", "--from", toys / "downloads", "--accept")[2]
    for path in (toys / "downloads").rglob("b.bin"):
        path.unlink()
    assert "holds no b.bin; get it from https://example.org/toys" in told("toys", "--from", toys / "downloads", "--accept")[2]
    assert "there is no folder" in told("toys", "--from", toys / "nowhere", "--accept")[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--accept",), "--accept goes with --from FOLDER"),
        (("--from", "x"), "say which weights: thespis weights NAME --from FOLDER"),
        (("toys", "--from", "x", "--check"), "are four jobs; give one at a time"),
        (("toys", "--onnx", "x"), "the weights of toys cannot be written as ONNX"),
        (("other",), "unknown weights 'other'"),
    ],
)
def test_words_that_do_not_go_together(toys: Path, told: Callable[..., tuple[int, str, str]], words: tuple[str, ...], said: str) -> None:
    code, _, err = told(*words)
    assert code == 2
    assert said in err


def test_a_damaged_record_is_told(toys: Path, told: Callable[..., tuple[int, str, str]]) -> None:
    placed(toys, told)
    (toys / "own" / "toys" / "bundle.json").write_text("{")
    with pytest.raises(WeightsError, match="is damaged or of other weights"):
        weights.ready("toys")


def test_what_ships_is_complete() -> None:
    for name in weights.bundle_names():
        known = weights.bundle(name)
        assert known.title and known.purpose and known.licence and known.terms and known.files
        assert known.source.startswith("https://")
        assert known.homepage.startswith("https://")
