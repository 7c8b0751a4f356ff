"""Made-up noise is what it says, lies under a voice as far as asked, and does not move the lips; presence wakes and rests them softly."""

import numpy as np
import pytest

from tests.made_up import NOBODY
from thespis.apps import cli
from thespis.evaluate.languages import SENTENCES, VOICES
from thespis.evaluate.lips import Curves
from thespis.evaluate.noise import KINDS, LOUD, alone, made_up, motion, under
from thespis.features.presence import FALL, RISE, Presence, share
from thespis.speech.activity import Activity
from thespis.speech.say import say
from thespis.speech.voices import resolve
from thespis.types import Array, Direction, Speech

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("kind", KINDS)
def test_noise_has_its_level_and_follows_from_its_seed(kind: str) -> None:
    made = made_up(kind, 2.0)
    assert len(made) == 32_000 and np.isfinite(made).all()
    assert float(np.sqrt(np.mean(made**2))) == pytest.approx(0.0 if kind == "silence" else 1.0, abs=1e-3)
    assert np.array_equal(made, made_up(kind, 2.0))
    assert kind == "silence" or not np.array_equal(made, made_up(kind, 2.0, seed=1))
    assert float(np.abs(alone(kind).samples).max()) <= 30 * LOUD


def test_what_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="white noise"):
        made_up("thunder", 1.0)


@pytest.mark.parametrize("decibels", [0.0, 10.0, 30.0])
def test_noise_lies_as_far_under_the_voice_as_asked(decibels: float) -> None:
    tone = np.sin(np.arange(48_000) * 0.1).astype(np.float32) * 0.2
    voice = Speech(tone[None], 16_000)
    noise = under(voice, "white noise", decibels).mono() - tone
    level = 20 * np.log10(np.sqrt(np.mean(tone**2)) / np.sqrt(np.mean(noise**2)))
    assert level == pytest.approx(decibels, abs=0.2)


def test_motion_is_speed() -> None:
    times = np.arange(300) / 100
    assert motion(Curves(0.5 * times, times)) == pytest.approx(0.5, abs=0.01)
    assert motion(Curves(np.full(300, 0.2), times)) == 0.0


def test_every_language_can_be_said_by_every_throat() -> None:
    assert {"de", "fr-fr", "es", "it", "cmn", "ja", "hi", "ar", "ru"} <= set(SENTENCES)
    for language in SENTENCES:
        for throat in VOICES:
            assert resolve(language + throat)


@pytest.fixture(scope="module")
def presence() -> Presence:
    """Presence with the network that comes with Thespis."""
    return Presence(Activity())


def followed(presence: Presence, samples: Array, sureness: float, pieces: int = 1600) -> list[float]:
    """The presence of every row for samples at 16,000 a second that come in pieces."""
    state = presence.start(NOBODY, Direction())
    found = list[float]()
    for first in range(0, len(samples), pieces):
        presence.hear(state, samples[first : first + pieces])
        heard = min(first + pieces, len(samples)) / 16_000
        while len(found) / 100 + 0.25 <= heard:
            found.append(presence.at(state, sureness, len(found) / 100))
    return found


def test_a_voice_wakes_the_lips_softly_and_noise_lets_them_rest(presence: Presence) -> None:
    voice = say("We whispered while the wolf walked through the wood.")
    said = np.interp(np.arange(0, voice.seconds, 1 / 16_000), np.arange(len(voice)) / voice.rate, voice.mono()).astype(np.float32)
    samples = np.concatenate([np.zeros(16_000, np.float32), said, np.zeros(32_000, np.float32)])
    found = np.array(followed(presence, samples, 0.0))
    assert found[:60].max() == 0.0 and found[150:300].max() == 1.0 and found[-50:].max() == 0.0
    steps = np.diff(found)
    assert steps.max() <= RISE + 1e-9 and steps.min() >= -FALL - 1e-9
    assert max(followed(presence, alone("hum", 3.0).mono(), 0.0)) < 0.2
    assert followed(presence, samples, 0.0, 777) == followed(presence, samples, 0.0, 5000), "however it is cut"


def test_whispering_counts_where_its_sounds_are_sure(presence: Presence) -> None:
    hiss = alone("white noise", 2.0).mono()
    assert max(followed(presence, hiss, 0.0)) < 0.2
    assert followed(presence, hiss, 1.0)[-1] == 1.0
    assert (share(0.0, 1.0, 2.0), share(1.5, 1.0, 2.0), share(3.0, 1.0, 2.0)) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["eval"], ""),
        (["eval", "lip"], "Did you mean 'lips'"),
        (["eval", "lips", "--media", "nowhere"], "there is no folder nowhere"),
        (["eval", "lips", "--media", ".", "--network", "loudness=a.onnx"], "a name of its own"),
        (["eval", "lips", "--media", "."], "holds no clips"),
        (["eval", "sounds", "--media", "nowhere"], "there is no folder nowhere"),
        (["eval", "sounds", "--media", "."], "nothing to compare with"),
        (["eval", "sounds", "--media", ".", "--network", "none.onnx"], "there is no network none.onnx"),
        (["eval", "languages", "--language", "klingon"], "unknown language 'klingon'"),
        (["eval", "noise", "--media", "nowhere"], "there is no folder nowhere"),
        (["eval", "listening", "--hours", "0"], "--hours goes from above 0"),
    ],
)
def test_the_commands_say_what_is_wrong(
    words: list[str], says: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert cli.main(words) == 2
    shown = capsys.readouterr()
    assert says in shown.err and shown.err.count("\n") == (1 if says else 0)
    assert "Traceback" not in shown.err and (says or "thespis eval SUBJECT" in shown.out)
