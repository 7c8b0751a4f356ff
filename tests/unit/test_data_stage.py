"""The made-up stage: clips follow from their seed alone, labels agree with what is heard and seen, splits share nobody and nothing."""

import hashlib
import re
import subprocess
import sys
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from thespis.apps.cli import main
from thespis.data.acting import habits
from thespis.data.actor import PARTS, Actor
from thespis.data.looks import look, setting
from thespis.data.sentences import LANGUAGES, SPLITS, TEXTS, VOICES, sentences
from thespis.data.shards import INDEX, Shards, shard_name, write_shards
from thespis.data.stage import Stage, StageSettings, heard_between, person_of
from thespis.data.stage_speed import measure
from thespis.errors import MediaError
from thespis.motion.spaces.face import FACE
from thespis.types import EMOTION, Clip, Track

pytestmark = pytest.mark.unit


def digest(clip: Clip) -> str:
    """Hash everything in a clip."""
    assert clip.speech is not None and clip.motion is not None
    total = hashlib.sha256(clip.speech.samples.tobytes() + clip.motion.values.tobytes())
    total.update(repr((clip.speech.text, clip.speech.phones, clip.speech.words)).encode())
    total.update(repr(sorted((name, value) for name, value in clip.labels.items() if isinstance(value, str | int | float | list))).encode())
    for name in ("mask", "depth"):
        if name in clip.labels:
            total.update(clip.labels[name].tobytes())
    if clip.frames is not None:
        total.update(clip.frames.images.tobytes())
    return total.hexdigest()


PRINT = """
import sys
sys.path.insert(0, sys.argv[1])
from test_data_stage import digest
from thespis.data.stage import Stage, StageSettings
print(digest(Stage(StageSettings(seed=5, seconds=1.0))[3]))
print(digest(Stage(StageSettings(seed=5, seconds=0.5, size=64, fps=10))[0]))
"""


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    here = [digest(Stage(StageSettings(seed=5, seconds=1.0))[3]), digest(Stage(StageSettings(seed=5, seconds=0.5, size=64, fps=10))[0])]
    ran = subprocess.run([sys.executable, "-c", PRINT, str(Path(__file__).parent)], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == here


def test_a_clip_does_not_depend_on_how_many_there_are_or_on_the_order() -> None:
    few, many = Stage(StageSettings(seed=2, clips=3, seconds=1.0)), Stage(StageSettings(seed=2, clips=50, seconds=1.0))
    last = digest(few[2])
    assert digest(many[2]) == last
    assert digest(few[0]) != last
    assert digest(Stage(StageSettings(seed=3, clips=3, seconds=1.0))[2]) != last


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    """Twenty clips of the emotional regime."""
    return list(Stage(StageSettings(seed=0, clips=20, seconds=2.0)))


def test_lengths_phones_and_words_are_those_of_the_sound(clips: list[Clip]) -> None:
    spoke = 0
    for clip in clips:
        assert clip.speech is not None and clip.motion is not None
        assert clip.speech.seconds == pytest.approx(2.0, abs=1e-4)
        assert clip.motion.space == FACE and len(clip.motion) == 50 and np.isfinite(clip.motion.values).all()
        phones = clip.speech.phones or ()
        assert all(one.end <= other.start + 1e-6 for one, other in pairwise(phones))
        assert all(0 <= phone.start < phone.end <= 2.0 for phone in phones)
        sound = np.abs(clip.speech.mono())
        if clip.labels["kind"] in ("listening", "idle"):
            assert not phones and not sound.any()
        else:
            spoke += 1
            assert phones and sound[round(phones[0].start * clip.speech.rate) :].max() > 0.02
            assert clip.motion["jawOpen"].max() > 0.05
    assert spoke >= 10


def test_lips_are_shut_where_the_labels_have_a_closure() -> None:
    shut, open_ = [], []
    for clip in Stage(StageSettings(seed=1, clips=12, seconds=4.0, languages=("en-us", "de", "es"))):
        assert clip.motion is not None and clip.speech is not None
        gap = clip.motion["jawOpen"] - clip.motion["mouthClose"]
        shut += [gap[round(phone.start * 25)] for phone in clip.speech.phones or () if phone.symbol in "pbm" and phone.start < 3.9]
        open_ += [gap[min(round((phone.start + phone.end) / 2 * 25), 99)] for phone in clip.speech.phones or () if phone.symbol[0] in "aɑ"]
    assert len(shut) > 10 and len(open_) > 10
    assert np.median(shut) < 0.03 < 0.12 < np.median(open_)


def test_emotion_labels_are_what_was_asked_and_what_moves(clips: list[Clip]) -> None:
    feelings = {clip.labels["feeling"] for clip in clips}
    assert len(feelings) >= 5
    for clip in clips:
        curve = clip.labels["emotion"]
        assert curve.space == EMOTION and len(curve) == 50 and curve.values.min() >= 0 and curve.values.max() <= 1.5
    smiles = [clip.motion["mouthSmileLeft"].mean() for clip in clips if clip.motion and clip.labels["feeling"] == "happy"]
    others = [clip.motion["mouthSmileLeft"].mean() for clip in clips if clip.motion and clip.labels["feeling"] in ("sad", "angry")]
    assert min(smiles) > max(others)


def test_the_plain_regime_tells_no_feelings_and_has_more_people() -> None:
    people = {regime: {person_of(0, "train", regime, number) for number in range(200)} for regime in ("plain", "emotional")}
    assert len(people["plain"]) > 150 and 8 <= len(people["emotional"]) <= 12
    assert not people["plain"] & people["emotional"]
    clip = Stage(StageSettings(regime="plain", seconds=1.0))[0]
    assert not {"emotion", "feeling", "intensity"} & set(clip.labels)


def test_no_person_voice_or_sentence_is_in_two_splits() -> None:
    for one, other in combinations(SPLITS, 2):
        assert not {each.name for each in sentences(one)} & {each.name for each in sentences(other)}
        for regime in ("plain", "emotional"):
            assert not {person_of(0, one, regime, k) for k in range(80)} & {person_of(0, other, regime, k) for k in range(80)}
        for feminine in (True, False):
            assert not set(VOICES[one][feminine]) & set(VOICES[other][feminine])
    for split in SPLITS:
        assert {each.language for each in sentences(split)} == set(LANGUAGES)
        assert {each.emotion for each in sentences(split)} == set(EMOTION.names)
    assert len(LANGUAGES) == 12 and all(set(TEXTS[language]) == set(EMOTION.names) for language in LANGUAGES)


def test_people_differ_in_how_they_act() -> None:
    ways = [habits(0, person) for person in range(20)]
    assert np.std([way.lips for way in ways]) > 0.08 and np.std([way.head for way in ways]) > 0.15
    loud = Stage(StageSettings(seed=0, seconds=1.0))[0]
    assert loud.labels["habits"]["lips"] == pytest.approx(habits(0, loud.labels["person"]).lips, abs=1e-4)


def test_dialogues_take_turns() -> None:
    stage = Stage(StageSettings(seed=4, clips=2, seconds=4.0, dialogues=True))
    first, second = stage[0], stage[1]
    assert (first.labels["partner"], second.labels["partner"]) == (1, 0)
    assert first.speech is not None and second.speech is not None and first.speech.phones and second.speech.phones
    assert second.speech.phones[0].start > 1.8 > first.speech.phones[0].start
    both = heard_between([first, second])
    assert len(both.phones or ()) == len(first.speech.phones) + len(second.speech.phones)


@pytest.fixture(scope="module")
def actor() -> Actor:
    """One made-up person."""
    return Actor(look(0, 3), fine=False)


def row(**weights: float) -> Track:
    """One row of the Space `face`."""
    values = np.zeros((1, FACE.size), np.float32)
    for name, weight in weights.items():
        values[0, FACE.column(name)] = weight
    return Track(FACE, values, Fraction(25))


def test_masks_and_depth_are_those_of_the_picture(actor: Actor) -> None:
    place = setting(0, 3, plain=True)
    light = actor.lit(place)
    rest, spoke = (actor.film(track, place, 128, light) for track in (row(), row(jawOpen=0.8)))
    count = {name: int((rest.masks[0] == number).sum()) for number, name in enumerate(PARTS)}
    assert count["background"] > 2000 and count["skin"] > 2000 and count["clothes"] > 500
    assert 30 < count["lips"] < 600 and 15 < count["eyes"] < 400
    behind = rest.masks[0] == PARTS.index("background")
    assert np.isinf(rest.depth[0][behind]).all() and np.isfinite(rest.depth[0][~behind]).all()
    lips = rest.masks[0] == PARTS.index("lips")
    eyes = rest.masks[0] == PARTS.index("eyes")
    assert np.nonzero(eyes)[0].mean() + 15 < np.nonzero(lips)[0].mean()
    inside = [int((footage.masks[0] == PARTS.index("mouth")).sum()) for footage in (rest, spoke)]
    assert inside[1] > inside[0] + 40
    changed = np.abs(rest.frames.images[0].astype(int) - spoke.frames.images[0]).sum(axis=2) > 8
    assert changed[lips].mean() > 0.5 and changed[: eyes.nonzero()[0].min()].mean() < 0.02


def test_blinks_cover_the_eyes_and_cameras_see_the_side(actor: Actor) -> None:
    place = setting(0, 3, plain=True)
    light = actor.lit(place)
    eyes = PARTS.index("eyes")
    seen, shut = (actor.film(track, place, 128, light).masks[0] for track in (row(), row(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)))
    assert (shut == eyes).sum() < 0.25 * (seen == eyes).sum()
    aside = actor.film(row(), place, 128, light, turn=60.0).masks[0]
    assert (aside == eyes).sum() < 0.8 * (seen == eyes).sum()


def test_people_have_the_whole_range_of_skins_and_styles() -> None:
    looks = [look(0, person) for person in range(40)]
    tones = [sum(each.skin) for each in looks]
    assert min(tones) < 0.9 and max(tones) > 2.3
    assert len({each.style for each in looks}) >= 10 and len({each.clothes for each in looks}) == 6
    assert 12 <= sum(each.feminine for each in looks) <= 28


def test_shards_give_back_what_was_made(tmp_path: Path) -> None:
    settings = StageSettings(seed=6, clips=22, seconds=0.5, fps=10)
    folder = tmp_path / "stage"
    assert list(write_shards(settings, folder)) == [20, 2]
    kept, made = Shards(folder), Stage(settings)
    assert len(kept) == 22
    for number in (0, 21):
        again, clip = kept[number], made[number]
        assert clip.motion is not None and again.motion is not None and clip.speech is not None and again.speech is not None
        assert np.array_equal(clip.motion.values, again.motion.values) and again.speech.phones == clip.speech.phones
        assert np.abs(clip.speech.samples - again.speech.samples).max() <= 1 / 65536 + 1e-7
        assert np.array_equal(clip.labels["emotion"].values, again.labels["emotion"].values)
        assert set(again.labels) == set(clip.labels)
    second = (folder / shard_name(1)).read_bytes()
    (folder / shard_name(1)).unlink()
    with pytest.raises(MediaError, match=r"lacks stage-00001\.safetensors; run the command that made it again"):
        Shards(folder)
    assert list(write_shards(settings, folder)) == [2]
    assert (folder / shard_name(1)).read_bytes() == second


def test_damaged_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    settings = StageSettings(clips=1, seconds=0.5, fps=10)
    with pytest.raises(MediaError, match=f"it has no {INDEX}"):
        Shards(tmp_path)
    list(write_shards(settings, tmp_path / "one"))
    with pytest.raises(MediaError, match="holds clips of other settings"):
        list(write_shards(StageSettings(clips=2, seconds=0.5, fps=10), tmp_path / "one"))
    (tmp_path / "one" / shard_name(0)).write_bytes(b"nothing")
    with pytest.raises(MediaError, match="is damaged or gone"):
        Shards(tmp_path / "one")[0]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MediaError, match="is not empty"):
        list(write_shards(settings, tmp_path / "full"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"split": "trian"}, "unknown split 'trian'. Did you mean 'train'"), ({"regime": "calm"}, "unknown regime"),
        ({"seconds": 0.1}, "lasts 0.5 to 60 seconds"), ({"size": 2048}, "64 to 1024 pixels"), ({"views": 0}, "1 to 7 cameras"),
        ({"languages": ("tlh",)}, "unknown language of the stage 'tlh'"),
        ({"clips": 0}, "at least one clip"), ({"fps": 0}, "1 to 120 frames"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(MediaError, match=message):
        StageSettings(**changed)  # type: ignore[arg-type]


def test_the_command_makes_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "stage", "--clips", "2", "--seconds", "0.5", "-o", str(tmp_path / "made"), "--workers", "1"]) == 0
    assert "2 clips of 0.5 s" in capsys.readouterr().out
    assert len(Shards(tmp_path / "made")) == 2
    assert main(["data", "stage", "--clips", "2"]) == 2
    assert "give -o FOLDER for the clips or --sheet FILE.png" in capsys.readouterr().err


def test_the_command_measures_its_speed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "stage", "--speed", "--clips", "2", "--seconds", "0.5", "--workers", "1"]) == 0
    assert re.fullmatch(r"2 clips of 0\.5 s in \d+\.\d s \(emotional, 1 process\)\n", capsys.readouterr().out)
    found = measure(StageSettings(clips=1, seconds=0.5, fps=4, size=64), 1)
    assert (found.clips, found.frames, found.workers) == (1, 2, 1) and 0 < found.seconds < 600
