"""Examples: a feeling out of a picture, a style out of a clip."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.direction.auto import is_like
from thespis.direction.style import style_factors
from thespis.errors import DirectionError, FaceError
from thespis.evaluate.example import feeling_like, followed, habits_of, mixture, style_like
from thespis.evaluate.judge import Shown
from thespis.motion.spaces.face import FACE
from thespis.types import EMOTION, Array, Track

pytestmark = pytest.mark.unit


def shown(**chances: float) -> Shown:
    values = np.array([chances.get(name, 0.01) for name in EMOTION.names], np.float32)
    return Shown(values / values.sum(), 2 * values, values[None])


def test_what_is_shown_becomes_a_wish() -> None:
    assert mixture(shown(happy=0.45, neutral=0.1)) == {"happy": 1.2}
    assert list(mixture(shown(sad=0.5, fear=0.4))) == ["sad", "fear"]
    assert list(mixture(shown(sad=0.5, fear=0.2))) == ["sad"]
    assert mixture(shown(neutral=0.9, sad=0.05)) == {"neutral": 1.0}
    assert mixture(shown(happy=0.02)) == {"happy": 0.3}


def turning(amount: float, fps: int = 25) -> Track:
    times = np.arange(20 * fps) / fps
    rows = np.zeros((len(times), FACE.size), np.float32)
    turned: Array = np.stack([0.04 * np.sin(2.2 * times), 0.055 * np.sin(1.5 * times), 0.03 * np.sin(1.9 * times)], axis=1).astype(
        np.float32
    )
    rows[:, FACE.slice("head_rotation")] = amount * turned
    rows[:, FACE.column("browInnerUp")] = amount * 0.3 * np.sin(times) ** 2
    for begin in range(2, 20, 2):
        rows[begin * fps : begin * fps + 4, [FACE.column("eyeBlinkLeft"), FACE.column("eyeBlinkRight")]] = 1.0
    return Track(FACE, rows, Fraction(fps))


def test_habits_are_told_as_multiples() -> None:
    calm, lively = habits_of(turning(1.0)), habits_of(turning(2.0))
    assert lively["head"] == pytest.approx(2 * calm["head"], rel=0.1)
    assert lively["brows"] > 1.4 * calm["brows"]
    assert calm["blinks"] > 1.1  # nine in twenty seconds are more than people do
    assert calm["tempo"] == pytest.approx(lively["tempo"], rel=0.05)
    style = ", ".join(f"{name}={value:.2f}" for name, value in calm.items() if name != "lips")
    assert style_factors(style)["head"] == pytest.approx(calm["head"], abs=0.01)


def test_wishes_without_examples_stay_as_they_are() -> None:
    wishes = {"emotion": "happy=0.8", "style": "calm", "seed": 3}
    assert followed(wishes) == wishes
    assert is_like(" like=photo.jpg") and not is_like("likely") and not is_like(0.8)


def test_wrong_examples_are_explained(tmp_path: Path) -> None:
    with pytest.raises(DirectionError, match=r"there is no file .*absent\.jpg to take as an example"):
        followed({"emotion": "like=absent.jpg"})
    from PIL import Image

    plain = tmp_path / "plain.png"
    Image.fromarray(np.full((96, 96, 3), 128, np.uint8)).save(plain)
    with pytest.raises(FaceError, match="no face found"):
        feeling_like(plain)
    with pytest.raises(DirectionError, match="is a picture; a style needs a clip"):
        style_like(plain)


def test_a_photograph_gives_its_feeling(tmp_path: Path) -> None:
    from PIL import Image
    from skimage.data import astronaut

    path = tmp_path / "astronaut.png"
    Image.fromarray(astronaut()).save(path)
    wishes = followed({"emotion": f"like={path}", "seed": 1})
    assert wishes["seed"] == 1 and set(wishes["emotion"]) <= set(EMOTION.names)
    assert all(0.3 <= amount <= 1.2 for amount in wishes["emotion"].values())
