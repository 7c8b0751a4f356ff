"""What the network hears in a recording: classes of sounds, second thoughts that stream as first ones do, lips that open as they should."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from thespis import recipes
from thespis.features.articulation import WHOLE_LOOK_AHEAD, Articulation, hear
from thespis.features.gestures import MOUTH, REST_CLOSURE
from thespis.features.phone_classes import LETTERS, PHONE_CLASSES, SILENCE, classes, timed_classes
from thespis.motion.lips import OPENS, parting
from thespis.speech.say import say
from thespis.types import Direction, Phone, Portrait, Speech, Track
from thespis.weights import ASSETS

pytestmark = pytest.mark.unit

NETWORK = ASSETS / "articulation.onnx"
NOBODY = Portrait((np.zeros((8, 8, 3), np.uint8),))
SAID = say("My mama bought five purple plums, papa.")


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("p", ("p",)),
        ("tʃ", ("t", "ʃ")),
        ("ʧ", ("t", "ʃ")),
        ("ˈaɪ", ("a", "ɪ")),
        ("ɔ̃", ("o",)),
        ("ɛ̃", ("æ",)),
        ("ã", ("a",)),
        ("tʲ", ("t",)),
        ("g", ("ɡ",)),
        ("_", ()),
    ],
)
def test_symbols_of_any_language_fall_into_classes(symbol: str, expected: tuple[str, ...]) -> None:
    assert classes(symbol) == expected


def test_every_letter_has_one_class() -> None:
    letters = "".join(LETTERS.values())
    assert len(letters) == len(set(letters))
    assert PHONE_CLASSES.names == (SILENCE, *LETTERS)
    assert all(name in letters for name, letters in LETTERS.items())


def test_the_parts_of_a_phone_share_its_time() -> None:
    assert timed_classes((Phone("aɪ", 0.0, 0.2), Phone("m", 0.2, 0.3))) == (("a", 0.0, 0.1), ("ɪ", 0.1, 0.2), ("m", 0.2, 0.3))
    (_, _, end), (_, begin, last) = timed_classes((Phone("tʃ", 1.0, 1.2),))
    assert (end, begin, last) == pytest.approx((1.1, 1.1, 1.2))


@pytest.mark.parametrize("whole", [True, False])
def test_sounds_are_heard_when_they_sound(whole: bool) -> None:
    heard = hear(SAID, whole=whole)
    assert heard.phones.space == PHONE_CLASSES
    assert len(heard.phones) == len(heard.articulation) == -(-len(SAID) * 100 // SAID.rate)
    assert heard.phones.values.sum(axis=1) == pytest.approx(1.0, abs=1e-4)
    right = []
    for name, start, end in timed_classes(SAID.phones or ()):
        middle = int((start + end) * 50)
        near = heard.phones.values[max(middle - 3, 0) : middle + 3]
        right.append(name in {PHONE_CLASSES.names[column] for column in near.argmax(axis=1)})
    assert np.mean(right) > 0.5  # one of 44 by chance
    assert heard.phones[SILENCE][:10].min() > 0.6


def test_known_phones_are_not_used_for_hearing() -> None:
    unknown = Speech(SAID.samples, SAID.rate)
    assert np.array_equal(hear(SAID).articulation.values, hear(unknown).articulation.values)


def test_nothing_is_heard_in_nothing() -> None:
    heard = hear(Speech(np.zeros((1, 0), np.float32), 16000))
    assert heard.phones.values.shape == (0, PHONE_CLASSES.size)


@pytest.mark.parametrize("known", [True, False])
def test_second_thoughts_stream(known: bool) -> None:
    stage = Articulation(NETWORK, whole=True)
    assert stage.delay == WHOLE_LOOK_AHEAD
    speech = Speech(SAID.samples, SAID.rate, phones=SAID.phones if known else None)
    expected = stage.step(stage.start(NOBODY, Direction()), speech, True)
    state, track = stage.start(NOBODY, Direction()), Track.empty(expected.space, Fraction(100))
    for begin, end in pairwise([0, 1, 5000, 5000, 31_313, len(speech)]):
        track = track.join(stage.step(state, speech.cut(begin, end), False))
        assert len(track) >= int((end / speech.rate - float(WHOLE_LOOK_AHEAD)) * 100)
    track = track.join(stage.step(state, Speech(np.zeros((1, 0), np.float32), speech.rate, start=len(speech)), True))
    assert np.array_equal(track.values, expected.values)


def mouth(**channels: float) -> float:
    return float(parting({name: np.array([channels.get(name, 0.0)]) for name in (*MOUTH, "speaking")})[0])


def test_lips_open_by_more_than_the_jaw() -> None:
    """Teeth show in "ee", a round mouth is a small hole, a tongue at the teeth keeps the jaw up."""
    assert mouth(jaw=0.4, spreading=0.6) > mouth(jaw=0.4) > mouth(jaw=0.4, tongue=0.8) > mouth(jaw=0.4, rounding=0.8) > 0
    assert mouth(closure=REST_CLOSURE) == 0.0  # lips at rest touch
    assert mouth(closure=REST_CLOSURE, speaking=1.0) > 0.05 and mouth(closure=1.0, speaking=1.0) == 0.0  # those that speak stay ajar
    assert set(OPENS) < set(MOUTH)


def test_a_short_vowel_between_closures_opens() -> None:
    """As in "mama": the lips must be seen to part between two closures."""
    track = hear(SAID, whole=True).articulation
    nasals = [phone for phone in SAID.phones or () if phone.symbol == "m"]
    between = [(a.end, b.start) for a, b in pairwise(nasals) if b.start - a.end < 0.3]
    assert between
    for begin, end in between:
        rows = slice(int(begin * 100) - 6, int(end * 100) + 1)
        assert (track["jaw"] * (1 - track["closure"]))[rows].max() > 0.15


def test_live_hears_sooner() -> None:
    live, full = recipes.load(size="live"), recipes.load()
    assert full.delay - live.delay >= Fraction(1, 4)
