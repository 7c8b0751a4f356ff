"""Speech told from noise and silence, streamed as offline, and breaths, laughter and singing told by what makes them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import NOBODY, same
from thespis.speech.activity import Activity, Sound, breaths, laughed, segments, share_of_speech, spoken, sung
from thespis.speech.say import say
from thespis.types import Array, Direction, Speech

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def network() -> Activity:
    """The network, loaded once."""
    return Activity()


@pytest.fixture(scope="module")
def talk() -> Speech:
    """A made-up voice."""
    return say("We whispered while the wolf walked through the wood. Have you ever moved a very heavy sofa?", "en-us+f3")


def hiss(seconds: float, level: float = 0.05, seed: int = 0) -> Array:
    """White noise (n,) at 22,050 samples a second."""
    return (np.random.default_rng(seed).standard_normal(round(seconds * 22_050)) * level).astype(np.float32)


def humming(blocks: int) -> Array:
    """A made-up voice (512 * blocks,) at 16,000 samples a second: harmonics that glide, as loud as an opening mouth makes them."""
    seconds = np.arange(512 * blocks) / 16_000
    turns = 2 * np.pi * np.cumsum(130 + 25 * np.sin(2 * np.pi * 1.3 * seconds)) / 16_000
    first, second = 500 + 220 * np.sin(2 * np.pi * 3.1 * seconds), 1500 + 500 * np.cos(2 * np.pi * 2.3 * seconds)
    made = np.zeros(len(seconds))
    for number in range(1, 30):
        pitch = 130 * number
        loud = np.exp(-(((pitch - first) / 180) ** 2)) + 0.5 * np.exp(-(((pitch - second) / 250) ** 2)) + 0.02
        made += loud * np.sin(number * turns)
    return (0.1 * made * (0.55 + 0.45 * np.sin(2 * np.pi * 3.5 * seconds))).astype(np.float32)


def test_a_voice_is_found_and_noise_is_not(network: Activity, talk: Speech) -> None:
    noise = hiss(2.0)
    joined = Speech(np.concatenate([noise, talk.mono(), noise])[None], talk.rate)
    found = [segment for segment in segments(joined, network) if segment.kind == "speech"]
    assert found[0].start > 1.9 and found[-1].end < 2.1 + talk.seconds
    assert sum(segment.end - segment.start for segment in found) > 0.5 * talk.seconds, "a formant voice is not always taken for one"
    assert share_of_speech(talk, network) > 0.5
    assert share_of_speech(Speech(noise[None], talk.rate), network) == 0.0


def test_it_answers_as_the_published_network(network: Activity) -> None:
    sound = np.concatenate([humming(4), np.zeros(512 * 8, np.float32)])
    found = network.step(network.start(NOBODY, Direction()), Speech(sound[None], 16_000), True)["speech"]
    published = (0.7869, 0.9489, 0.9718, 0.9932, 0.1974, 0.0466, 0.0374, 0.0232, 0.0149, 0.0130, 0.0138, 0.0141)
    np.testing.assert_allclose(found, published, atol=1e-4)


def test_in_blocks_as_in_one(network: Activity, talk: Speech) -> None:
    blocks = [talk.cut(first, first + 9_000) for first in range(0, len(talk), 9_000)]
    assert segments(blocks, network) == segments(talk, network) != ()


@pytest.mark.parametrize("samples", [0, 1, 511, 3000])
def test_next_to_nothing_says_nothing(network: Activity, samples: int) -> None:
    speech = Speech(np.zeros((1, samples), np.float32), 16_000)
    assert segments(speech, network) == ()
    assert share_of_speech(speech, network) == 0.0
    track = network.step(network.start(NOBODY, Direction()), speech, True)
    assert len(track) == -(-samples // 512)


@given(cuts=st.lists(st.integers(0, 30_000), max_size=6).map(sorted), rate=st.sampled_from([16_000, 22_050, 48_000]))
def test_streamed_equals_offline(network: Activity, talk: Speech, cuts: list[int], rate: int) -> None:
    speech = Speech(talk.samples[:, :30_000], rate)
    whole = network.step(network.start(NOBODY, Direction()), speech, True)
    state = network.start(NOBODY, Direction())
    parts = [network.step(state, speech.cut(a, b), False) for a, b in pairwise([0, *cuts, 30_000])]
    parts.append(network.step(state, speech.cut(30_000, 30_000), True))
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.join(part)
    assert same(joined, whole)


def test_a_doubt_does_not_cut_speech_but_a_pause_does() -> None:
    probability = np.zeros(300)
    probability[50:100], probability[60:64] = 0.9, 0.4
    probability[130:170] = 0.9
    probability[200:205] = 0.9
    edges = np.flatnonzero(np.diff(spoken(probability).astype(int))) + 1
    assert edges.tolist() == [50, 100, 130, 170]


def sound(pitch: Array, level: Array | None = None, periodicity: float = 0.9, bands: Array | None = None) -> Sound:
    """A voice whose pitch, level and colour are given."""
    rows = len(pitch)
    return Sound(
        np.ones(rows),
        np.full(rows, -20.0) if level is None else level.astype(np.float64),
        np.full(rows, periodicity),
        pitch.astype(np.float64),
        np.zeros((rows, 40), np.float32) if bands is None else bands.astype(np.float32),
    )


def test_a_tune_is_singing_and_a_melody_of_speech_or_one_long_note_is_not() -> None:
    rows = np.arange(800)
    notes = 7.5 + np.array([0, 4, 7, 5, 2, 9, 4, 0])[rows // 100] / 12 + 0.03 * np.sin(rows * 0.35)
    glides = 7.5 + 0.5 * np.abs((rows / 45) % 2 - 1)
    assert sung(sound(notes)).mean() > 0.9
    assert not sung(sound(glides)).any()
    assert not sung(sound(np.full(800, 7.5))).any()


def bursts(alike: bool, every: tuple[int, ...]) -> Sound:
    """Bursts of sound at these rows, of one colour or of many."""
    rows, random = np.arange(300), np.random.default_rng(1)
    level, bands = np.full(300, -70.0), random.normal(-12.0, 0.1, (300, 40))
    one = random.normal(0.0, 2.0, 40)
    for at in every:
        shape = np.exp(-(((rows - at) / 4.0) ** 2))
        level = np.maximum(level, -70.0 + 50.0 * shape)
        bands += shape[:, None] * (one if alike else random.normal(0.0, 2.0, 40))
    return sound(np.zeros(300), level, 0.5, bands)


def test_even_and_like_bursts_are_laughter() -> None:
    marked = laughed(bursts(True, (100, 119, 138, 157)))
    assert marked[100:157].all() and not marked[:90].any() and not marked[170:].any()
    assert not laughed(bursts(False, (100, 119, 138, 157))).any(), "syllables differ"
    assert not laughed(bursts(True, (100, 115, 143, 158))).any(), "uneven"
    assert not laughed(bursts(True, (100, 119))).any(), "too few"


def test_a_breath_is_soft_beside_speech_and_has_no_pitch() -> None:
    level, voice = np.full(400, -70.0), np.zeros(400, np.bool_)
    voice[200:400] = True
    level[200:], level[150:185] = -20.0, -45.0
    assert breaths(sound(np.zeros(400), level, 0.1), voice) == [(150, 185)]
    assert breaths(sound(np.zeros(400), level, 0.8), voice) == []
    voice[200:300] = False
    level[200:300] = -70.0
    assert breaths(sound(np.zeros(400), level, 0.1), voice) == [], "too far from any speech"
