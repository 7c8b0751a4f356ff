"""The claim of `synctalk` is one fit with steady poses or with each frame's own."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("accelerate", reason="torch and accelerate are not installed: pip install 'thespis[train]'")

from thespis.evaluate.claim import Trial, claim_of
from thespis.evaluate.claims import synctalk

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("mechanism", [True, False])
def test_the_mechanism_is_the_steadying(mechanism: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def fit(video: Path, folder: Path, audio: None, wishes: dict[str, Any], tell: object) -> dict[str, Any]:
        asked.update(wishes, video=video.name)
        return {"psnr": {"face": 27.5}}

    monkeypatch.setattr(synctalk, "fit", fit)
    monkeypatch.setattr(synctalk, "made_up", lambda folder, seed, tell, seconds: folder / f"{seed}.mp4")
    assert synctalk.claim(Trial(mechanism, 3, 5.0, tmp_path)) == 27.5
    assert (asked["steady"], asked["seed"], asked["video"]) == (mechanism, 3, "3.mp4")
    assert claim_of("synctalk")[2] is synctalk.claim
