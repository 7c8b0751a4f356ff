"""Made-up people who speak and feel, filmed and then looked at as any video is: what the judges of the bench learn from.

Half of what is asked of them comes from the stage, and each face is filmed nearer, turned further and moved less by the book than on the
stage, so that a judge learns faces and not one renderer. No picture or recording of anybody but those that the caller gives is used.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from articulation_data import SENTENCES, VOICES, text
from articulation_recordings import Recording, labelled
from capture_data import any_camera, filmed, somebody_else

from thespis.capture.faces import find_faces, measure
from thespis.capture.follow import place_of, sighting, straight
from thespis.capture.unwrap import HIGH, WIDE
from thespis.data.acting import Habits, Plan, acted, direction_of, habits, plan, spoken, voice_of
from thespis.data.actor import Actor
from thespis.data.looks import look, setting
from thespis.data.sentences import LANGUAGES, Split
from thespis.data.sentences import VOICES as THROATS
from thespis.errors import FaceError, ThespisError
from thespis.features.articulation import hear
from thespis.features.resample import RATE, Resampler
from thespis.motion.spaces.face import EXPRESSION, FACE
from thespis.pixels.warp import Warp
from thespis.speech.say import say
from thespis.types import EMOTION, Array, Bytes, Curve, Direction, Key, Phone, Portrait, Speech, Track, random_for

FPS = Fraction(25)
SECONDS, CLIPS = 3.0, 4  # a clip, and the clips of one person
_phones: dict[tuple[str, str, str], tuple[Phone, ...]] = {}
SOURCES = ("stage", "texts", "recordings")
KEPT_VOICES = tuple(
    voice
    for voice in VOICES
    if voice.removeprefix("+") not in {*sum(THROATS["test"].values(), ()), *sum(THROATS["validation"].values(), ())}
)


@dataclass(frozen=True, eq=False)
class Seen:
    """One clip as it was looked at: `views` (n, HIGH, WIDE), `points` (n, 468, 3) straightened, `felt` (n, emotions), `sound` (samples,).

    `found` (n,) says in which frames the face was found; the others repeat the one before.
    """

    views: Bytes
    points: Array
    felt: Array
    sound: Array
    found: Bytes
    weights: Array


def feelings(random: np.random.Generator, emotion: str, seconds: float) -> Curve:
    """Draw how one emotion is felt in a clip: as strong throughout, beginning or ending within it, or mixed with another."""
    row = np.zeros(EMOTION.size)
    if emotion != "neutral":
        row[EMOTION.column(emotion)] = random.uniform(0.15, 1.2)
    way = random.uniform()
    if way < 0.12:
        row *= 0.7
        row[int(random.integers(1, EMOTION.size))] += random.uniform(0.15, 0.4)
    keys = [Key(0.0, tuple(row.tolist()), 0.0)]
    if way > 0.75:
        after = np.zeros(EMOTION.size)
        if way > 0.85:
            after[int(random.integers(1, EMOTION.size))] = random.uniform(0.3, 1.2)
        keys.append(Key(float(random.uniform(0.3, 0.6)) * seconds, tuple(after.tolist()), float(random.uniform(0.3, 0.7))))
    return Curve(EMOTION, tuple(keys))


def said(random: np.random.Generator, wish: Plan, ways: Habits, found: Sequence[Recording], source: str) -> Speech:
    """Make what is heard in a clip: the stage's own sentences, made-up texts, or recordings of one real speaker with their phones."""
    if source == "recordings" and found:
        return recorded(random, found)
    if source == "texts":
        language = str(random.choice(list(SENTENCES)))
        voice = language + str(random.choice(KEPT_VOICES))
        speech = say(text(random, language), voice, rate=int(random.integers(110, 240)), pitch=int(random.integers(10, 90)))
        lead = float(random.uniform(0, 0.4))
        start = round(lead * speech.rate)
        samples = np.zeros((1, round(SECONDS * speech.rate)), np.float32)
        end = min(len(speech), samples.shape[1] - start)
        samples[:, start : start + end] = speech.samples[:, :end]
        phones = [replace(phone, start=phone.start + lead, end=phone.end + lead) for phone in speech.phones or ()]
        return Speech(samples, speech.rate, text="", phones=tuple(phone for phone in phones if phone.start < SECONDS), words=())
    return spoken(wish, ways)


def recorded(random: np.random.Generator, found: Sequence[Recording]) -> Speech:
    """Join recordings of one speaker until the clip is full; where their sounds are follows from their texts."""
    # A speaker of whom much is known is heard more often, but not as much more often as there is more of them.
    speakers = Counter((each.speaker, each.language) for each in found)
    share = np.sqrt(list(speakers.values()))
    who = list(speakers)[int(random.choice(len(speakers), p=share / share.sum()))]
    same = [each for each in found if (each.speaker, each.language) == who]
    first = same[int(random.integers(len(same)))]
    samples = np.zeros(round(SECONDS * RATE), np.float32)
    phones: list[Phone] = []
    at, each = float(random.uniform(0, 0.3)), first
    while at < SECONDS - 0.3:
        sound = each.samples
        if len(sound) > RATE // 4:
            own = phones_of(each)
            if not own:  # its text does not fit
                each = same[int(random.integers(len(same)))]
                at += 0.05  # an end is reached even where none fits
                continue
            begin = 0.0
            if len(sound) > 1.5 * SECONDS * RATE:  # out of the middle of a long reading
                begin = float(random.uniform(0, len(sound) / RATE - SECONDS))
            start = round(at * RATE)
            part = sound[round(begin * RATE) :][: len(samples) - start]
            samples[start : start + len(part)] = part
            phones += [replace(phone, start=phone.start - begin + at, end=phone.end - begin + at) for phone in own if phone.start >= begin]
            at += len(part) / RATE + float(random.uniform(0.0, 0.4))
        each = same[int(random.integers(len(same)))]
    return Speech(samples[None], RATE, text="", phones=tuple(phone for phone in phones if phone.start < SECONDS), words=())


def phones_of(recording: Recording) -> tuple[Phone, ...]:
    """Find the sounds of a recording from its text, once."""
    name = (recording.language, recording.speaker, recording.name)
    if name not in _phones:
        found = labelled(recording, hear(Speech(recording.samples[None], RATE)).phones.values)
        _phones[name] = () if found is None else found.phones
    return _phones[name]


def loosened(motion: Track, random: np.random.Generator) -> Track:
    """Move a face less by the book: each weight some factor stronger or weaker for a clip, few others along, the head turned further."""
    values = motion.values.copy()
    count = EXPRESSION.size
    factors = np.exp(random.normal(0, 0.25, count))
    for name in EXPRESSION.names:  # both sides nearly alike
        if name.endswith("Right"):
            left = EXPRESSION.column(name.removesuffix("Right") + "Left")
            factors[EXPRESSION.column(name)] = factors[left] * np.exp(random.normal(0, 0.08))
    # What parts the lips and what closes them again belong together.
    factors[EXPRESSION.column("mouthClose")] = factors[EXPRESSION.column("jawOpen")]
    values[:, :count] *= factors
    for _ in range(int(random.integers(0, 3))):
        other = int(random.integers(count))
        if not EXPRESSION.names[other].startswith(("eye", "jaw", "mouthClose", "tongue")):
            values[:, other] += random.uniform(0, 0.2)
    values[:, :count] = np.clip(values[:, :count], 0, 1.6)
    turn = values[:, FACE.slice("head_rotation")]
    values[:, FACE.slice("head_rotation")] = turn + np.radians(random.normal(0, 1, 3) * [5.0, 8.0, 4.0])
    return replace(motion, values=values)


def looked_at(pictures: Sequence[Bytes]) -> tuple[Bytes, Array, Bytes]:
    """Follow the one face of some pictures -> views (n, HIGH, WIDE), straightened points (n, 468, 3), whether it was found (n,)."""
    faces = find_faces(pictures[0])
    if len(faces) != 1:
        raise FaceError(f"{len(faces)} faces where one was drawn")
    place = place_of(faces[0].points)
    views: list[Bytes] = []
    points: list[Array] = []
    found: list[bool] = []
    for number, picture in enumerate(pictures):
        x, y, size = place
        spots = measure(picture, x, y, 0.9 * size)
        found.append(spots is not None)
        if spots is None:
            views.append(views[-1] if views else np.zeros((HIGH, WIDE), np.uint8))
            points.append(points[-1] if points else np.zeros((468, 3), np.float32))
            continue
        seen = sighting(number, spots, picture)
        place = place_of(spots)
        views.append(seen.view)
        points.append(straight(spots))
    return np.stack(views), np.stack(points), np.array(found, np.uint8)


def drawer(random: np.random.Generator, seed: int, person: int, photograph: Bytes | None) -> Callable[[Track], list[Bytes]]:
    """Prepare to draw a person: OpenHead before a near camera, or a bent photograph by the warp renderer."""
    if photograph is not None:
        size = int(random.choice((144, 192, 256)))
        warp = Warp(size)
        canvas = warp.start(Portrait((somebody_else(photograph, random),)), Direction())
        return lambda motion: list(warp.step(canvas, motion, True).images)
    actor = Actor(look(seed, person), fine=False)
    place = setting(seed, int(random.integers(1 << 30)), bool(random.random() < 0.3))
    place = replace(place, wide=float(random.uniform(2.7, 4.6)), middle=(place.middle[0], float(random.uniform(0.45, 0.65))))
    lit = actor.lit(place)
    side = int(random.choice((112, 128, 144)))
    return lambda motion: [picture for picture, _, _ in actor.draw(motion, place, side, lit)]


@dataclass(frozen=True, eq=False)
class Act:
    """What a clip is made of before anybody looks: `sound` (samples,) at RATE, the `motion` in the Space `face`, and what is felt."""

    sound: Array
    motion: Track
    felt: Curve


def performed(
    random: np.random.Generator, seed: int, person: int, number: int, split: Split, emotion: str, found: Sequence[Recording]
) -> Act:
    """Let a person say something with one emotion."""
    ways = habits(seed, person)
    throat = voice_of(seed, person, split, look(seed, person).feminine)
    wish = plan(seed, person * 100 + number, split, throat, SECONDS, False, "speaking", LANGUAGES)
    wish = replace(wish, emotion=feelings(random, emotion, SECONDS))
    source = str(random.choice(SOURCES, p=(0.25, 0.4, 0.35))) if found else "stage"
    speech = said(random, wish, ways, found, source)
    direction = direction_of(wish, ways, FPS)
    sound = Resampler(speech.rate)(speech.mono(), True)[: int(SECONDS * RATE)]
    sound = np.pad(sound, (0, int(SECONDS * RATE) - len(sound)))
    return Act(sound, loosened(acted(speech, direction, ways), random), direction.emotion)


def person_clips(
    seed: int, person: int, split: Split, found: Sequence[Recording], photograph: Bytes | None = None, clips: int = CLIPS, every: int = 1
) -> list[Seen]:
    """Film some clips of one person, each with another emotion, and look at every so manieth frame of them."""
    random = random_for(seed, f"bench views {split} {person} {photograph is not None} {every}")
    try:
        draw = drawer(random, seed, person, photograph)
    except ThespisError as error:  # a photograph that was bent until it shows no single face
        print(f"left out person {person}: {error}", file=sys.stderr)
        return []
    order = random.permutation(EMOTION.size)
    made = []
    for number in range(clips):
        try:
            act = performed(random, seed, person, number, split, EMOTION.names[int(order[number % EMOTION.size])], found)
            motion = Track(FACE, act.motion.values[every // 2 :: every], FPS / every)
            camera = any_camera(random)
            views, points, seen = looked_at([filmed(picture, random, camera) for picture in draw(motion)])
        except ThespisError as error:
            print(f"left out a clip of person {person}: {error}", file=sys.stderr)
            continue
        felt = act.felt.at(motion.seconds + every // 2 / float(FPS)).astype(np.float32)
        made.append(Seen(views, points, felt, act.sound, seen, motion.values[:, : EXPRESSION.size]))
    return made


def write(place: Path, clips: Sequence[Seen]) -> None:
    """Write the clips of one person, whole or not at all."""
    temporary = place.with_name(f".{place.stem}.npz")
    np.savez(
        temporary,
        views=np.stack([clip.views for clip in clips]),
        points=np.stack([clip.points for clip in clips]).astype(np.float16),
        felt=np.stack([clip.felt for clip in clips]),
        sound=(np.stack([clip.sound for clip in clips]).clip(-1, 1) * 32767).astype(np.int16),
        found=np.stack([clip.found for clip in clips]),
        weights=np.stack([clip.weights for clip in clips]).astype(np.float16),
    )
    temporary.replace(place)
