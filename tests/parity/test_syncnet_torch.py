"""Our classes of the published SyncNet give what the official code gives, from the same parameters; where the extra `train` is installed.

With THESPIS_SYNCNET naming a clone of the official code (which needs python_speech_features), that is asked anew; the golden tensors are
what it said.
"""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from golden.make_syncnet import KEPT, PLACE, answers, pictures, rows  # noqa: E402
from official import answered, filled, sources  # noqa: E402

from thespis.errors import MediaError, WeightsError  # noqa: E402
from thespis.evaluate import syncnet_official as published  # noqa: E402
from thespis.evaluate.networks import missing  # noqa: E402
from thespis.evaluate.watched import PLACED  # noqa: E402
from thespis.head.shapes import load_shapes  # noqa: E402
from thespis.types import Clip, Frames, Speech, Track, random_for  # noqa: E402

pytestmark = pytest.mark.parity
CLOSE = 1e-4
CLONE = os.environ.get("THESPIS_SYNCNET")


@pytest.fixture(scope="module", params=sources(CLONE))
def said(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    held, names = answered(request.param, PLACE, CLONE, answers, "full", "syncnet")
    return held, filled(names)


@pytest.fixture(scope="module")
def ours(said: tuple[dict[str, Any], dict[str, Any]]) -> published.PublishedSyncNet:
    return published.fitted(published.convert(said[1]), Path("made up"))


def test_both_sides_equal_the_official_ones(said: tuple[dict[str, Any], dict[str, Any]], ours: published.PublishedSyncNet) -> None:
    seen, heard = published.embedded(ours, pictures(), rows())
    for made, name in ((seen, "lips"), (heard, "sound")):
        asked = said[0][name]
        assert made.shape == (len(asked), 1024) and float(asked.std()) > 0.01
        assert float((made[:, :KEPT] - asked).abs().max()) <= CLOSE * max(float(asked.abs().max()), 1.0)


def test_the_sound_is_heard_as_there(said: tuple[dict[str, Any], dict[str, Any]]) -> None:
    made, asked = published.features(said[0]["given.sound"].numpy()), said[0]["features"].numpy()
    assert made.shape == asked.shape and np.abs(made - asked).max() <= CLOSE * np.abs(asked).max()


def test_lags_are_told_as_there(said: tuple[dict[str, Any], dict[str, Any]]) -> None:
    seen, heard, asked = (said[0][name] for name in ("given.seen", "given.heard", "distances"))
    found = published.compared(seen, heard)
    assert np.abs(found.curve[::-1] - asked.numpy()).max() <= CLOSE
    assert found.distance == pytest.approx(float(asked.min()), abs=CLOSE)
    assert found.confidence == pytest.approx(float(asked.median() - asked.min()), abs=CLOSE)
    # A picture that is late by three frames shows what was heard three frames ago, and the official program says +3.
    assert published.compared(heard[5 - 3 : 35 - 3], heard[5:35]).offset == pytest.approx(3 / 25)


def spoken(seconds: float, fps: Fraction) -> Clip:
    """A watched face that stands still beside a sound of noise."""
    count = round(seconds * fps)
    spots = np.zeros((478, 2), np.float32)
    spots[:468] = load_shapes().points[:, :2] * 60 + (96, 66)
    points = Track(PLACED, np.tile(spots.reshape(1, -1), (count, 1)), fps)
    points.values[2] = np.nan  # not seen for a moment
    random = random_for(3, "a watched face")
    frames = Frames(random.integers(0, 256, (count, 192, 192, 3), np.uint8), fps)
    return Clip(Speech(random.normal(0, 0.1, (1, round(16000 * seconds))).astype(np.float32), 16000), frames, None, {"points": points})


def test_faces_are_cut_out_as_the_published_pipeline_does() -> None:
    clip = spoken(1.0, Fraction(30))
    assert clip.frames is not None
    red = np.zeros_like(clip.frames.images)
    red[..., 0] = 200
    made = published.faces(replace(clip, frames=Frames(red, Fraction(30))))
    assert made.shape == (25, 224, 224, 3) and (made[..., 2] == 200).all() and not made[..., :2].any()  # blue first
    marked = np.zeros_like(clip.frames.images)
    low, high = load_shapes().points[:, :2].min(axis=0), load_shapes().points[:, :2].max(axis=0)
    x, y = ((low + high) / 2 * 60 + (96, 66)).round().astype(int)
    marked[:, y - 2 : y + 3, x - 2 : x + 3] = 255
    shown = published.faces(replace(clip, frames=Frames(marked, Fraction(30))))[0, :, :, 0].astype(float)
    middle = (shown.sum(axis=0) @ np.arange(224) / shown.sum(), shown.sum(axis=1) @ np.arange(224) / shown.sum())
    # Half a face stands above its middle, nine tenths of one below: 224 / 2.8.
    assert middle[0] == pytest.approx(112, abs=1.5) and middle[1] == pytest.approx(80, abs=1.5)


def test_the_users_weights_are_put_in_place_and_used(
    said: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from thespis.apps.cli import main

    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path / "weights"))
    published.network.cache_clear()
    lacking = missing("sync.published_distance")
    assert lacking is not None and "thespis weights syncnet tells" in lacking and "syncnet_v2.model" in lacking
    with pytest.raises(WeightsError, match="thespis weights syncnet --from FOLDER"):
        published.published_sync(spoken(1.0, Fraction(25)))
    (tmp_path / "got").mkdir()
    torch.save({name: value for name, value in said[1].items() if name != "netfclip.0.bias"}, tmp_path / "got" / "syncnet_v2.model")
    assert main(["weights", "syncnet", "--from", str(tmp_path / "got"), "--accept"]) == 2
    torch.save(said[1], tmp_path / "got" / "syncnet_v2.model")
    assert main(["weights", "syncnet", "--from", str(tmp_path / "got"), "--accept"]) == 0
    assert missing("sync.published_distance") is None
    found = published.published_sync(spoken(0.6, Fraction(25)))
    assert found.curve.shape == (31,) and np.isfinite(found.curve).all()
    with pytest.raises(MediaError, match=r"0\.4 s are needed"):
        published.published_sync(spoken(0.2, Fraction(25)))
    published.network.cache_clear()
