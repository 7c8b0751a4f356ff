"""Emotion from voice and words: what is heard, what is read, how both become a calm curve, and what `--emotion auto` refuses."""

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from made_up import NOBODY, cuttings

from thespis.apps.render import prepare
from thespis.direction.auto import CHANGES, STAY, STRONGEST, Said, auto_emotion, auto_strength, curve, is_auto
from thespis.direction.parse import direct
from thespis.errors import DirectionError
from thespis.features.prosody import PROSODY, Prosody
from thespis.speech.say import say, say_marked
from thespis.speech.sentiment import sentiment, understood
from thespis.speech.tone import Tone
from thespis.speech.voice_emotion import FEELINGS, VOICE_EMOTION, VoiceEmotion, voice_feeling
from thespis.types import EMOTION, Direction, Speech, random_for

pytestmark = pytest.mark.unit

TEXT = "The dogs are sitting by the door. She will be back on Wednesday evening."


@pytest.fixture(scope="module")
def excited() -> Speech:
    speech = say_marked(TEXT, (), "en-us+f2", tones=[(0, Tone(9.0, 2.0, 1.2, 3.0))])[0]
    return sharper(speech, 5.0)


@pytest.fixture(scope="module")
def subdued() -> Speech:
    return sharper(say_marked(TEXT, (), tones=[(0, Tone(-3.0, 0.3, 0.7, -8.0))])[0], -2.0)


def sharper(speech: Speech, tilt: float) -> Speech:
    """Tilt the spectrum by so many dB an octave above 400 Hz, as more effort does."""
    samples = speech.mono()
    hertz = np.fft.rfftfreq(len(samples), 1 / speech.rate)
    gain = 10 ** (tilt * np.log2(np.clip(hertz, 400, 5000) / 400) / 20)
    made = np.fft.irfft(np.fft.rfft(samples) * gain, len(samples)).astype(np.float32)
    return Speech(made[None], speech.rate)


def test_excited_and_subdued_voices_are_told_apart(excited: Speech, subdued: Speech) -> None:
    high, plain, low = (voice_feeling(speech)["arousal"] for speech in (excited, say(TEXT), subdued))
    assert high > plain + 0.2 > plain > low + 0.1
    assert sum(voice_feeling(excited)[name] for name in FEELINGS) == pytest.approx(1.0, abs=1e-5)


def test_level_and_rate_of_the_recording_do_not_matter(excited: Speech) -> None:
    soft = Speech(excited.samples * 0.2, excited.rate)
    assert voice_feeling(soft)["arousal"] == pytest.approx(voice_feeling(excited)["arousal"], abs=0.1)


def test_silence_and_hiss_are_no_evidence() -> None:
    hiss = random_for(0, "hiss").normal(0, 0.05, (1, 48_000)).astype(np.float32)
    for samples in (np.zeros((1, 48_000), np.float32), hiss):
        found = voice_feeling(Speech(samples, 16_000))
        assert found["evidence"] < 0.1 and abs(found["arousal"]) < 0.1
    assert not Prosody().now().any()


def test_measures_are_what_they_say() -> None:
    speech = say("Now we all know where you are", pitch=60)
    higher = say("Now we all know where you are", pitch=85)

    def heard(given: Speech) -> dict[str, float]:
        from thespis.features.ear import Ear
        from thespis.features.resample import Resampler

        prosody = Prosody(None)
        for rows in Ear()(Resampler(given.rate)(given.mono(), True)):
            prosody.hear(rows)
        return dict(zip(PROSODY.names, prosody.now().tolist(), strict=True))

    assert heard(higher)["pitch mean"] == pytest.approx(heard(speech)["pitch mean"] + 25 / 75, abs=0.08)
    assert 2.0 < heard(speech)["syllables"] < 7.0
    assert heard(speech)["evidence"] == pytest.approx(1.3, abs=0.6)


STAGE = VoiceEmotion()
SPEECH = say("One two three.")


@settings(max_examples=8)
@given(cuttings(len(SPEECH)))
def test_streamed_equals_offline(cuts: list[int]) -> None:
    whole = STAGE.step(STAGE.start(NOBODY, Direction()), SPEECH, True)
    assert len(whole) == -(-len(SPEECH) * 10 // SPEECH.rate)
    state, made = STAGE.start(NOBODY, Direction()), []
    for first, stop in pairwise([0, *cuts, len(SPEECH)]):
        made.append(STAGE.step(state, SPEECH.cut(first, stop), False).values)
    made.append(STAGE.step(state, SPEECH.cut(len(SPEECH), len(SPEECH)), True).values)
    assert np.array_equal(np.concatenate(made), whole.values)
    assert whole.space == VOICE_EMOTION


@pytest.mark.parametrize(
    ("text", "feeling"),
    [
        ("I lost it, and now I am so sad.", "sad"), ("This is wonderful!", "happy"), ("I hate you, you idiot!", "angry"),
        ("I am afraid of the dark.", "fear"), ("Yuck, that is disgusting.", "disgusted"), ("Wow, that is unbelievable!", "surprised"),
        ("The train leaves at nine.", "neutral"), ("I am not afraid.", "neutral"), ("You never betrayed me.", "happy"),
    ],
)  # fmt: skip
def test_words_are_felt(text: str, feeling: str) -> None:
    (found,) = sentiment(text)
    loud = {name: share for name, share in found.shares.items() if name != "neutral"}
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert (max(loud, key=lambda name: loud[name]) if max(loud.values()) >= 0.2 else "neutral") == feeling


def test_negation_turns_words_around() -> None:
    good, bad = sentiment("I am happy. I am not happy.")
    assert good.valence > 0.3 and bad.valence < -0.3
    assert bad.shares["happy"] == 0.0
    assert (good.first, good.stop, bad.first) == (0, 12, 12)


def test_only_english_is_read() -> None:
    assert understood("en-gb+f2") and understood("EN_us") and not understood("de") and not understood("eno")


def test_the_curve_is_calm_and_limited() -> None:
    random = random_for(3, "flicker")
    times = np.arange(0.0, 60.0, 0.5)
    wild = random.dirichlet(np.full(len(FEELINGS), 0.15), len(times))
    found = curve(times, wild, 1.0)
    shown = found.at(np.arange(0.0, 60.0, 0.04))
    assert shown.max() <= STRONGEST + 1e-6
    names = [int(np.argmax(key.value)) for key in found.keys if max(key.value) > 0]
    changes = [key.at for before, key in pairwise(found.keys) if np.argmax(before.value) != np.argmax(key.value) and max(key.value) > 0]
    assert len(set(names)) > 1
    assert all(after - before >= STAY - 0.51 for before, after in pairwise(changes))
    assert np.abs(np.diff(shown, axis=0)).max() < 0.06
    calm = curve(times, np.tile(np.eye(len(FEELINGS))[0], (len(times), 1)), 1.0)
    assert len(calm.keys) == 1 and not max(calm.keys[0].value)
    sad = np.tile(np.eye(len(FEELINGS))[FEELINGS.index("sad")], (len(times), 1))
    assert curve(times, sad, 0.5).keys[0].value[EMOTION.column("sad")] == pytest.approx(STRONGEST / 2, abs=CHANGES)


def test_words_of_the_built_in_voice_turn_into_a_curve_at_their_time() -> None:
    text = "What a wonderful, lovely day this is! I love it so much. Then my old dog died, and I cried and cried. I am so sad and lonely."
    speech = say(text)
    found = auto_emotion([speech], Said(text, speech.words or (), "en-us"), voice=False)
    turn = next(word.start for word in speech.words or () if word.text == "Then")
    glad, sad = found.at([turn / 2, speech.seconds - 1.0])
    assert glad[EMOTION.column("happy")] > 0.3 and glad[EMOTION.column("sad")] == 0
    assert sad[EMOTION.column("sad")] > 0.3 and sad[EMOTION.column("happy")] < 0.05
    assert not auto_emotion([speech], Said(text, speech.words or (), "de"), voice=False).at(1.0).any()


def test_voice_and_words_are_two_witnesses(excited: Speech) -> None:
    words = say(TEXT).words or ()
    glad, bad = (
        auto_emotion([excited], Said(text, words[:4], "en")).at(np.arange(0, 5, 0.1)).max(axis=0)
        for text in ("The dogs are wonderful!", "The dogs are hateful!")
    )
    assert glad[EMOTION.column("happy")] > 0.1 > glad[EMOTION.column("angry")]
    assert bad[EMOTION.column("angry")] > 0.1 > bad[EMOTION.column("happy")]


def test_auto_is_a_wish_of_its_own() -> None:
    assert is_auto("auto") and is_auto(" AUTO=0.5") and not is_auto("happy") and not is_auto(None)
    assert auto_strength("auto") == 1.0 and auto_strength("auto=0.5") == auto_strength("auto 50%") == 0.5
    with pytest.raises(DirectionError, match="no other emotion beside it"):
        auto_strength("auto=0.5, happy=0.3")
    with pytest.raises(DirectionError, match=r"strength of auto goes from 0 to 1.5"):
        auto_strength("auto=7")
    with pytest.raises(DirectionError, match=r"'auto' is read from speech.*--emotion auto"):
        direct("auto")


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from thespis.apps.demo import astronaut

    return Path(astronaut())


def test_a_run_follows_what_is_felt(picture: Path, tmp_path: Path) -> None:
    text = "What a wonderful day! [look left] Then my dog died, and I cried."
    job = prepare(picture, script=text, wishes={"emotion": "auto"})
    plain = prepare(picture, script=text)
    assert "emotion" in job.direction.asked() and "gaze" in job.direction.asked()
    assert sum(len(block) for block in job.blocks) != sum(len(block) for block in plain.blocks)  # the voice acts too
    speech = say("Good morning to all of you.")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, speech.rate, 0, "NONE", ""))
        file.writeframes((speech.samples[0] * 32767).astype("<i2").tobytes())
    assert prepare(picture, audio=tmp_path / "a.wav", wishes={"emotion": "auto"}).seconds is not None


def test_contradictions_are_refused(picture: Path, tmp_path: Path) -> None:
    with pytest.raises(DirectionError, match=r"tags in the script.*leave one of them out"):
        prepare(picture, script="[sad] I lost it.", wishes={"emotion": "auto"})
    (tmp_path / "d.toml").write_text('emotion = "happy"\n')
    with pytest.raises(DirectionError, match="asks for one too"):
        prepare(picture, script="I lost it.", wishes={"emotion": "auto"}, directed=tmp_path / "d.toml")
    with pytest.raises(DirectionError, match=r"only English texts are understood.*'de'"):
        prepare(picture, script="Guten Tag.", voice="de", wishes={"emotion": "auto"})
