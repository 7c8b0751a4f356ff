"""Measure the emotion judge: on unseen made-up people, on photographs that our warp renderer drives, and on real clips with labels.

python tools/measure_judge.py --portraits FOLDER --clips LABELLED.tsv -o confusion.png

LABELLED.tsv has a line for each real clip: its path, a tab, the emotion. Neither photographs nor clips were trained on.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from thespis import recipes
from thespis.capture.footage import open_footage
from thespis.capture.portrait import read_portrait
from thespis.capture.sighting import Sighting
from thespis.data.acting import acted, direction_of, habits, plan, spoken, voice_of
from thespis.data.actor import Actor
from thespis.data.looks import look, setting
from thespis.data.sentences import LANGUAGES
from thespis.errors import ThespisError
from thespis.evaluate.judge import judge, seen_in
from thespis.evaluate.performing import performance_of
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say
from thespis.types import EMOTION, Bytes, Curve, Direction, Frames, Track, random_for

LOOKS = 6  # frames of a made-up clip that are looked at
WEAKEST = 0.4  # the least intensity that is asked for
TEXT = "I will tell you what I saw this morning."
PICTURES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, eq=False)
class Case:
    """One clip: `who` it is of, the emotion it was made with, how strong that was, and the face in its frames and at rest, if known."""

    who: str
    emotion: str
    asked: float
    sightings: Sequence[Sighting]
    rest: Sequence[Sighting] = ()


def made_up(people: int, size: int, seed: int) -> Iterator[Case]:
    """Film people of the test split in all emotions, as the stage films them."""
    for number in range(people):
        person = 10 * number + 9
        who, ways = look(seed, person), habits(seed, person)
        actor, place = Actor(who, fine=False), setting(seed, person, number % 2 == 0)
        lit = actor.lit(place)
        calm = Track(FACE, np.zeros((1, FACE.size), np.float32), Fraction(25))
        rest = seen_in([picture for picture, _, _ in actor.draw(calm, place, size, lit)])
        for each, emotion in enumerate(EMOTION.names):
            random = random_for(seed, f"judged {person} {emotion}")
            asked = 0.0 if emotion == "neutral" else float(random.uniform(WEAKEST, 1.0))
            wish = plan(seed, 8 * person + each, "test", voice_of(seed, person, "test", who.feminine), 2.4, False, "speaking", LANGUAGES)
            wish = replace(wish, emotion=Curve.constant(EMOTION, **{emotion: asked}))
            motion = acted(spoken(wish, ways), direction_of(wish, ways, Fraction(25)), ways)
            rows = Track(FACE, motion.values[4 :: len(motion) // LOOKS][:LOOKS], motion.fps)
            yield Case(
                f"made-up {person}", emotion, asked, seen_in([picture for picture, _, _ in actor.draw(rows, place, size, lit)]), rest
            )


def driven(portraits: Sequence[Path], size: int, seed: int) -> Iterator[Case]:
    """Let photographs speak with all emotions by the recipe `thespis`."""
    talker, speech = recipes.load("thespis"), say(TEXT, "en-us+f5")
    for path in portraits:
        try:
            portrait = read_portrait(path)
            state = talker.stages[-1].start(portrait, Direction(size=(size, size)))
            rest = seen_in([portrait.image])
        except ThespisError:
            continue  # no face, or one that cannot be animated
        for emotion in EMOTION.names:
            random = random_for(seed, f"driven {path.name} {emotion}")
            asked = 0.0 if emotion == "neutral" else float(random.uniform(WEAKEST, 1.0))
            wish = Direction(emotion=Curve.constant(EMOTION, **{emotion: asked}), seed=int(random.integers(1 << 31)))
            motion = performance_of(talker, speech, replace(wish, fps=Fraction(25)))
            rows = Track(FACE, motion.values[4 :: len(motion) // LOOKS][:LOOKS], motion.fps)
            frames = talker.stages[-1].step(state, rows, True)
            assert isinstance(frames, Frames)
            sightings = seen_in(frames)
            if sightings:
                yield Case(path.name, emotion, asked, sightings, rest)


def real(table: Path) -> Iterator[Case]:
    """Look at real clips with labels."""
    for line in table.read_text(encoding="utf-8").splitlines():
        name, _, emotion = line.partition("\t")
        pictures: list[Bytes] = list(open_footage(name.strip()))
        chosen = [pictures[k] for k in np.unique(np.linspace(0, len(pictures) - 1, 18).astype(int)[1:-1])]
        yield Case(Path(name).name, emotion.strip(), 1.0, seen_in(chosen))


def report(title: str, cases: Sequence[Case], at_rest: bool = False) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Print how often cases are judged right, perhaps beyond the face at rest, and give the counts (asked, judged)."""
    counts = np.zeros((EMOTION.size, EMOTION.size), np.int64)
    asked, shown = [], []
    for case in cases:
        found = judge(case.sightings, case.rest if at_rest else ())
        counts[EMOTION.column(case.emotion), EMOTION.column(found.feeling)] += 1
        asked.append(case.asked)
        shown.append(float(found.amounts[EMOTION.column(case.emotion)]))
    right = int(np.trace(counts))
    print(f"{title}: {right} of {counts.sum()} right, {100 * right / max(counts.sum(), 1):.0f} %", flush=True)
    if np.std(asked) > 0:
        print(f"  asked and shown amount: r = {np.corrcoef(asked, shown)[0, 1]:.2f}")
    for number, name in enumerate(EMOTION.names):
        print(f"  {name:10s} " + " ".join(f"{count:4d}" for count in counts[number]))
    return counts


def drawn(tables: dict[str, np.ndarray[tuple[int, int], np.dtype[np.int64]]], path: Path) -> None:
    """Draw confusions beside each other: rows asked, columns judged, darker for more of a row."""
    cell, left, top = 34, 92, 92
    parts = []
    for title, counts in tables.items():
        image = np.full((top + 8 * cell + 12, left + 8 * cell + 14, 3), 255, np.uint8)
        cv2.putText(image, title, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (30, 30, 30), 1, cv2.LINE_AA)
        for row, name in enumerate(EMOTION.names):
            y = top + row * cell
            cv2.putText(image, name, (8, y + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (60, 60, 60), 1, cv2.LINE_AA)
            cv2.putText(image, name[:4], (left + row * cell + 1, top - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (60, 60, 60), 1, cv2.LINE_AA)
            for column in range(EMOTION.size):
                share = counts[row, column] / max(counts[row].sum(), 1)
                shade = tuple(int(255 - share * (255 - part)) for part in (168, 108, 27))
                x = left + column * cell
                cv2.rectangle(image, (x, y), (x + cell - 2, y + cell - 2), shade, -1)
                if counts[row, column]:
                    ink = (255, 255, 255) if share > 0.5 else (60, 60, 60)
                    cv2.putText(image, f"{100 * share:.0f}", (x + 5, y + 21), cv2.FONT_HERSHEY_SIMPLEX, 0.38, ink, 1, cv2.LINE_AA)
        parts.append(image)
    cv2.imwrite(str(path), np.hstack(parts))


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=30, help="made-up people, with eight clips each")
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--portraits", type=Path, help="a folder of photographs")
    parser.add_argument("--most", type=int, default=24, help="photographs")
    parser.add_argument("--clips", type=Path, help="a table of real clips with their emotions")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, help="a picture of the confusions")
    asked = parser.parse_args()
    tables = {}

    def both(title: str, cases: Sequence[Case]) -> None:
        tables[f"{title}, %"] = report(title, cases)
        tables[f"{title}, rest known, %"] = report(f"{title}, the face at rest known", cases, at_rest=True)

    both("unseen made-up people", list(made_up(asked.people, asked.size, asked.seed)))
    if asked.portraits:
        every = sorted(path for path in asked.portraits.rglob("*") if path.suffix.lower() in PICTURES)
        chosen = every[:: max(len(every) // asked.most, 1)]
        both("photographs driven by us", list(driven(chosen, 256, asked.seed)))
    if asked.clips:
        tables["real clips, %"] = report("real clips", list(real(asked.clips)))
    if asked.output:
        drawn(tables, asked.output)


if __name__ == "__main__":
    main()
