"""The made-up stage: clips of made-up people who speak, sing, listen and feel, with everything about them known.

Every clip is drawn from (seed, split, number) alone, so it is the same however many there are and in whichever order they are made.
People, throats and sentences of one split are never met in another. After EMOdiffhead there are two regimes: "plain" (many people and
places, little feeling, no labels of it) and "emotional" (few people before a plain wall, with labels).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from thespis.data.acting import Habits, Kind, Plan, acted, direction_of, habits, plan, spoken, voice_of
from thespis.data.looks import Look, Setting, look, setting
from thespis.data.sentences import LANGUAGES, SPLITS, Split
from thespis.errors import MediaError, unknown
from thespis.types import EMOTION, Clip, Direction, Frames, Portrait, Speech, Track, random_for

if TYPE_CHECKING:
    from thespis.data.actor import Actor, Lit

Regime = Literal["plain", "emotional"]
REGIMES: tuple[Regime, ...] = ("plain", "emotional")
SIZES = (64, 1024)
COARSE = 160
"""Pixels up to which pictures show no single locks, so that fewer are drawn."""
SECONDS = (0.5, 60.0)
FEW = 12
"""How many people the emotional regime has in the training split; a quarter as many in each of the others."""
VIEWS = (0.0, 30.0, -30.0, 60.0, -60.0, 15.0, -15.0)
"""Degrees by which further cameras stand to the side of the first."""
KINDS: tuple[tuple[Kind, float], ...] = (("speaking", 0.8), ("singing", 0.05), ("listening", 0.1), ("idle", 0.05))
TURN = 0.45
"""How far into a dialogue the second person begins, as a share of its seconds."""


@dataclass(frozen=True)
class StageSettings:
    """What is made: how many `clips` of how many `seconds`, in which `split` and `regime`.

    With a `size` clips have frames, and with `views` above 1 also frames from the side; `dialogues` makes every two clips one talk.
    """

    seed: int = 0
    clips: int = 100
    seconds: float = 4.0
    fps: int = 25
    split: Split = "train"
    regime: Regime = "emotional"
    size: int | None = None
    views: int = 1
    dialogues: bool = False
    languages: tuple[str, ...] = LANGUAGES

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        if self.split not in SPLITS:
            raise MediaError(unknown("split", self.split, SPLITS))
        if self.regime not in REGIMES:
            raise MediaError(unknown("regime", self.regime, REGIMES))
        for language in self.languages:
            if language not in LANGUAGES:
                raise MediaError(unknown("language of the stage", language, LANGUAGES))
        if not self.languages:
            raise MediaError(f"the stage needs at least one language of {', '.join(LANGUAGES)}")
        if self.clips < 1 or self.seed < 0:
            raise MediaError(f"the stage makes at least one clip from a seed of 0 or more, not {self.clips} from {self.seed}")
        if not SECONDS[0] <= self.seconds <= SECONDS[1]:
            raise MediaError(f"a clip of the stage lasts {SECONDS[0]:g} to {SECONDS[1]:g} seconds, not {self.seconds:g}")
        if not 1 <= self.fps <= 120:
            raise MediaError(f"the stage has 1 to 120 frames a second, not {self.fps}")
        if self.size is not None and not SIZES[0] <= self.size <= SIZES[1]:
            raise MediaError(f"pictures of the stage are {SIZES[0]} to {SIZES[1]} pixels wide, not {self.size}")
        if not 1 <= self.views <= len(VIEWS):
            raise MediaError(f"the stage has 1 to {len(VIEWS)} cameras, not {self.views}")


def person_of(seed: int, split: Split, regime: Regime, number: int) -> int:
    """Choose who acts in clip `number`: persons 8, 18, 28 ... are for validation, 9, 19, 29 ... for the test, all others for training."""
    random = random_for(seed, f"who {split} {regime} {number}")
    count = (FEW if split == "train" else FEW // 4) if regime == "emotional" else 100_000
    drawn = int(random.integers(count))
    # The few people of the emotional regime are others than most of the plain one's: they begin far away.
    first = 10_000_000 if regime == "emotional" else 0
    if split == "train":
        return first + 10 * (drawn // 8) + drawn % 8
    return first + 10 * drawn + (8 if split == "validation" else 9)


@dataclass(frozen=True, eq=False)
class Played:
    """What happens in a clip before anything is drawn: who it is and how they are, what was planned, said, felt and done."""

    person: int
    who: Look
    ways: Habits
    wish: Plan
    speech: Speech
    direction: Direction
    motion: Track


@dataclass(eq=False)
class Stage:
    """The corpus: a sequence of Clips, each made when it is asked for.

    `actors` are portraits of the user's that act in place of made-up people; the warp renderer draws them.
    """

    settings: StageSettings = field(default_factory=StageSettings)
    actors: Sequence[Portrait] = ()
    _cast: "dict[int, tuple[Actor, dict[int, Lit]]]" = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """Count the clips."""
        return self.settings.clips

    def __iter__(self) -> Iterator[Clip]:
        """Make all clips in order."""
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> Clip:
        """Make clip `number`."""
        if not 0 <= number < len(self):
            raise IndexError(f"the stage has clips 0 to {len(self) - 1}, not {number}")
        own, played = self.settings, self.played(number)
        speech, motion = played.speech, played.motion
        labels = self.labels(number, played.person, played.who, played.wish, played.ways, motion, played.direction)
        if own.size is None:
            return Clip(speech, None, motion, labels)
        if self.actors:
            return Clip(speech, warped(self.actors[number % len(self.actors)], motion, played.direction, own.size), motion, labels)
        return self.filmed(Clip(speech, None, motion, labels), played.person, played.who, self.place(number, played.person), own.size)

    def played(self, number: int) -> Played:
        """Let a clip's person say and do what is planned for it."""
        own = self.settings
        person = person_of(own.seed, own.split, own.regime, number)
        who, ways = look(own.seed, person), habits(own.seed, person)
        wish = self.plan(number, person, who)
        speech = spoken(wish, ways)
        direction = direction_of(wish, ways, Fraction(own.fps))
        return Played(person, who, ways, wish, speech, direction, acted(speech, direction, ways))

    def place(self, number: int, person: int) -> Setting:
        """Choose where a clip is filmed: emotional people stay where they are."""
        emotional = self.settings.regime == "emotional"
        return setting(self.settings.seed, person if emotional else number, emotional)

    def plan(self, number: int, person: int, who: Look) -> Plan:
        """Draw what happens in a clip; the two clips of a dialogue share their seconds, one speaking after the other."""
        own = self.settings
        random = random_for(own.seed, f"kind {own.split} {number}")
        kind = KINDS[int(random.choice(len(KINDS), p=[share for _, share in KINDS]))][0]
        throat = voice_of(own.seed, person, own.split, who.feminine)
        plain = own.regime == "plain"
        if not own.dialogues:
            return plan(own.seed, number, own.split, throat, own.seconds, plain, kind, own.languages)
        half = own.seconds * TURN
        made = plan(own.seed, number, own.split, throat, half, plain, "speaking", own.languages)
        begins = made.begins if number % 2 == 0 else half + 0.2
        return replace(made, seconds=own.seconds, begins=begins, sentences=made.sentences[:1])

    def labels(
        self, number: int, person: int, who: Look, wish: Plan, ways: Habits, motion: Track, direction: Direction
    ) -> Mapping[str, Any]:
        """Say everything that is known; the plain regime keeps the feelings to itself."""
        own = self.settings
        found: dict[str, Any] = {
            "name": f"stage/{own.seed}/{own.split}/{own.regime}/{number}", "person": person, "voice": wish.voice, "split": own.split,
            "language": wish.voice.partition("+")[0], "kind": wish.kind, "sentences": [sentence.name for sentence in wish.sentences],
            "regime": own.regime, "feminine": who.feminine, "style": who.style, "identity": [round(float(part), 5) for part in who.shape],
            "habits": {name: round(float(value), 5) for name, value in vars(ways).items()},
        }  # fmt: skip
        if own.dialogues:
            found |= {"partner": number ^ 1, "speaks_first": number % 2 == 0}
        if own.regime == "emotional":
            curve = direction.emotion.at(motion.seconds)
            mean = curve.mean(axis=0)
            found["emotion"] = Track(EMOTION, curve, motion.fps)
            found["feeling"] = EMOTION.names[int(mean.argmax())] if mean.max() > 0.05 else "neutral"
            found["intensity"] = round(float(mean.max()), 5)
        return found

    def filmed(self, clip: Clip, person: int, who: Look, place: Setting, size: int) -> Clip:
        """Draw a clip's motion from every camera; masks, depth and cameras go to the labels."""
        assert clip.motion is not None
        actor, lights = self.actor(person, who)
        if place.seed not in lights:
            lights.clear()
            lights[place.seed] = actor.lit(place)
        seen = [actor.film(clip.motion, place, size, lights[place.seed], turn) for turn in VIEWS[: self.settings.views]]
        cameras = [
            {"yaw": place.turn + turn, "pitch": place.nod, "distance": place.distance, "wide": place.wide, "middle": list(place.middle)}
            for turn in VIEWS[: self.settings.views]
        ]
        more: dict[str, Any] = {"cameras": cameras, "place": place.place, "mask": seen[0].masks, "depth": seen[0].depth}
        if len(seen) > 1:
            more["views"] = [footage.frames for footage in seen[1:]]
        return replace(clip, frames=seen[0].frames, labels={**clip.labels, **more})

    def actor(self, person: int, who: Look) -> "tuple[Actor, dict[int, Lit]]":
        """Build a person once; a few are kept, since they hold some megabytes each."""
        from thespis.data.actor import Actor

        if person not in self._cast:
            while len(self._cast) >= FEW:
                self._cast.pop(next(iter(self._cast)))
            self._cast[person] = (Actor(who, fine=(self.settings.size or 0) > COARSE), {})
        return self._cast[person]


def warped(portrait: Portrait, motion: Track, direction: Direction, size: int) -> Frames:
    """Let a portrait of the user's perform a motion."""
    from thespis.pixels.renderer import Renderer

    stage = Renderer(size=size)
    wish = Direction(seed=direction.seed, fps=direction.fps)
    made = stage.step(stage.start(portrait, wish), motion, True)
    assert isinstance(made, Frames)
    return made


def heard_between(clips: Sequence[Clip]) -> Speech:
    """Mix the voices of the clips of one dialogue to what a microphone between them hears."""
    voices = [clip.speech for clip in clips if clip.speech is not None]
    if not voices or len({(voice.rate, len(voice)) for voice in voices}) != 1:
        raise MediaError("the clips of a dialogue need voices of one length and rate; give the two clips of one talk")
    total = np.sum([voice.samples for voice in voices], axis=0, dtype=np.float32)
    words = sorted((word for voice in voices for word in voice.words or ()), key=lambda word: word.start)
    phones = sorted((phone for voice in voices for phone in voice.phones or ()), key=lambda phone: phone.start)
    return replace(voices[0], samples=total, phones=tuple(phones), words=tuple(words), text=" ".join(word.text for word in words))
