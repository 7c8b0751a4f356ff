"""The articulation stage: any chunking gives the same rows, nothing hears the future, lips that must close do, and silence is still."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thespis.features.articulation import AHEAD, Articulation
from thespis.features.gestures import REST_CLOSURE
from thespis.features.spaces import ARTICULATION
from thespis.speech.say import say
from thespis.types import Direction, Portrait, Speech, Track
from thespis.weights import ASSETS

pytestmark = pytest.mark.unit

STAGE = Articulation(ASSETS / "articulation.onnx")
NOBODY = Portrait((np.zeros((8, 8, 3), np.uint8),))
TEXT = "My mama bought five purple plums, papa."
RATES = [8000, 11025, 16000, 22050, 44100, 48000]


def whole(speech: Speech) -> Track:
    return STAGE.step(STAGE.start(NOBODY, Direction()), speech, True)


def chunked(speech: Speech, cuts: list[int]) -> Track:
    state = STAGE.start(NOBODY, Direction())
    edges = [0, *sorted(min(cut, len(speech)) for cut in cuts), len(speech)]
    track = Track.empty(ARTICULATION, Fraction(100))
    for begin, end in pairwise(edges):
        track = track.join(STAGE.step(state, speech.cut(begin, end), False))
    return track.join(STAGE.step(state, Speech(np.zeros((1, 0), np.float32), speech.rate, start=speech.stop), True))


def at_rate(speech: Speech, rate: int) -> Speech:
    """Resample crudely; the phones keep their seconds."""
    count = int(speech.seconds * rate)
    samples = np.interp(np.arange(count) / rate, np.arange(len(speech)) / speech.rate, speech.mono())[None].astype(np.float32)
    return replace(speech, samples=samples, rate=rate)


SAID = say(TEXT)
HEARD = replace(SAID, phones=None, words=None)


@given(
    cuts=st.lists(st.integers(0, 60_000), max_size=12),
    rate=st.sampled_from(RATES),
    odd=st.integers(0, 997),
    known=st.booleans(),
)
def test_any_chunking_gives_the_same_rows(cuts: list[int], rate: int, odd: int, known: bool) -> None:
    speech = at_rate(SAID if known else HEARD, rate)
    speech = speech.cut(0, max(len(speech) // 2 - odd, 0))
    expected = whole(speech)
    assert len(expected) == -(-len(speech) * 100 // rate)
    assert np.array_equal(chunked(speech, cuts).values, expected.values)


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_tiny_chunks_give_the_same_rows(rate: int) -> None:
    speech = at_rate(SAID, rate).cut(0, rate)
    assert np.array_equal(chunked(speech, list(range(0, rate, 137))).values, whole(speech).values)


def test_text_that_comes_and_goes_gives_the_same_rows() -> None:
    """Part of a stream is said, part is recorded: the mouth follows the phones where there are any."""
    middle = 22050
    state = STAGE.start(NOBODY, Direction())
    tracks = []
    for begin, end in pairwise([0, 5000, middle, 30000, len(SAID)]):
        tracks.append(STAGE.step(state, (SAID if begin < middle else HEARD).cut(begin, end), end == len(SAID)))
    track = tracks[0].join(tracks[1]).join(tracks[2]).join(tracks[3])
    assert np.array_equal(track.values[:75], whole(SAID).values[:75])
    assert np.array_equal(track.values[101:], whole(HEARD).values[101:])


@pytest.mark.parametrize("speech", [SAID, HEARD], ids=["said", "heard"])
def test_later_sound_never_changes_earlier_rows(speech: Speech) -> None:
    state = STAGE.start(NOBODY, Direction())
    early = STAGE.step(state, speech.cut(0, 33_000), False)
    other = np.random.default_rng(0).uniform(-1, 1, (1, 40_000)).astype(np.float32)
    changed = Speech(np.concatenate([speech.samples[:, :33_000], other], axis=1), speech.rate, phones=speech.cut(0, 33_000).phones)
    assert len(early) >= int((33_000 / 22050 - float(STAGE.delay)) * 100)
    assert np.array_equal(early.values, whole(changed).values[: len(early)])


def test_nothing_is_no_rows_and_one_sample_is_one_row() -> None:
    assert len(whole(Speech(np.zeros((1, 0), np.float32), 44100))) == 0
    assert len(whole(Speech(np.zeros((2, 1), np.float32), 44100))) == 1


def test_lips_that_must_meet_do_meet() -> None:
    closure = whole(SAID)["closure"]
    labials = [phone for phone in SAID.phones or () if phone.symbol in ("p", "b", "m")]
    assert len(labials) >= 6
    for phone in labials:
        near = closure[int(np.floor((phone.start - 0.02) * 100)) - AHEAD : int(np.ceil((phone.end + 0.02) * 100)) + 1]
        assert near.max() >= 0.9


def test_open_vowels_open_round_ones_round_and_the_mouth_leads() -> None:
    speech = say("Mama. Who? Fee.")
    track = whole(speech)
    phones = {phone.symbol.strip("ˈˌ"): phone for phone in speech.phones or ()}

    def during(channel: str, symbol: str) -> float:
        phone = phones[symbol]
        return float(track[channel][int(phone.start * 100) : int(phone.end * 100) + 1].max())

    assert during("jaw", "ɑː") > 0.6
    assert during("rounding", "uː") > 0.8
    assert during("spreading", "iː") > 0.6
    assert during("dental", "f") > 0.9
    before = int((phones["uː"].start - 0.08) * 100)
    assert track["rounding"][before] > 0.3  # lips round while the h is still heard


@pytest.mark.parametrize("known", [True, False])
def test_silence_is_a_closed_mouth_at_rest(known: bool) -> None:
    track = whole(Speech(np.zeros((1, 44100 * 3), np.float32), 44100, phones=() if known else None))
    assert track["jaw"][30:].max() < 0.08
    assert np.abs(track["closure"][30:] - REST_CLOSURE).max() < 0.12
    assert track["speaking"].max() == 0
    assert track["voiced"].max() == 0
    assert track["loudness"].max() == 0
    assert np.abs(track["pitch"]).max() == 0


def test_steady_noise_is_nobody_speaking() -> None:
    noise = (np.random.default_rng(0).standard_normal((1, 16000 * 6)) * 0.03).astype(np.float32)
    track = whole(Speech(noise, 16000))
    assert track["speaking"][100:].mean() < 0.1
    assert (track["jaw"] * (1 - track["closure"]))[100:].mean() < 0.05


def test_music_moves_the_mouth_little() -> None:
    """A tune with a beat: nobody sings in it."""
    seconds = np.arange(16000 * 8) / 16000
    note = 220 * 2 ** (np.array([0, 4, 7, 12, 7, 4, 5, 9])[(seconds * 2.5).astype(int) % 8] / 12)
    fade = np.exp(-(seconds * 2.5 % 1) * 3)
    tune = sum(np.sin(2 * np.pi * k * np.cumsum(note) / 16000) / k**1.5 for k in range(1, 9)) * fade * 0.1
    beat = np.random.default_rng(0).standard_normal(len(seconds)) * np.exp(-(seconds * 5 % 1) * 30) * 0.1
    music = whole(Speech((tune + beat)[None].astype(np.float32), 16000))
    speech = whole(HEARD)
    assert music["speaking"][100:].mean() < 0.3
    assert music["jaw"][100:].std() < 0.5 * speech["jaw"].std()


def test_the_sound_alone_gives_nearly_what_the_phones_give() -> None:
    speech = say("We whispered while the wolf walked through the wood. My mama baked five pies.")
    said, heard = whole(speech), whole(replace(speech, phones=None))
    for channel, least in (("jaw", 0.75), ("closure", 0.75), ("rounding", 0.6), ("spreading", 0.6)):
        assert np.corrcoef(said[channel], heard[channel])[0, 1] > least
    for channel in ("voiced", "loudness", "pitch", "speaking"):
        assert np.array_equal(said[channel], heard[channel])


def test_voice_channels_follow_the_voice() -> None:
    track = whole(SAID)
    inside = np.zeros(len(track), bool)
    for phone in SAID.phones or ():
        inside[int(phone.start * 100) : int(phone.end * 100)] = True
    assert track["speaking"][inside].mean() > 0.85
    assert track["speaking"][:8].max() < 0.5
    assert 0.4 < track["loudness"][inside].mean() < 0.9
    voiced = track["voiced"] > 0.5
    assert 0.3 < voiced.mean() < 0.9
    assert np.abs(np.median(track["pitch"][voiced])) < 0.3


def test_loudness_does_not_depend_on_the_level_of_the_recording() -> None:
    quiet = replace(HEARD, samples=HEARD.samples * np.float32(0.1))
    loud, soft = whole(HEARD)["loudness"], whole(quiet)["loudness"]
    assert np.abs(loud - soft)[100:].mean() < 0.08


def test_samples_out_of_order_are_refused() -> None:
    state = STAGE.start(NOBODY, Direction())
    STAGE.step(state, HEARD.cut(0, 100), False)
    with pytest.raises(ValueError, match="expected samples from 100 on"):
        STAGE.step(state, HEARD.cut(200, 300), False)
