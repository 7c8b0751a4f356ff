"""Measure the dial of feelings of a recipe: what is shown, how evenly it grows, whether the lips still speak, joints, drift, first frame.

python tools/measure_feeling.py FOLDER [--recipe NAME] [--only PART]... [--people 5] [--pictures 8]

FOLDER holds videos with sound and pictures of faces. The parts are `stage` (made-up people of the test split), `photographs`, `lips`
(the sounds of the videos, judged by the motion), `seen` (lips of photographs that say them, judged from pixels), `joints`, `drift` and
`first` (the first frame of a live session). All feelings are judged from pixels.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measure_emodiffhead import Readback, together

from thespis import recipes
from thespis.capture.portrait import read_portrait
from thespis.capture.sighting import Sighting
from thespis.direction.parse import direct
from thespis.errors import ThespisError
from thespis.evaluate.claims.thespis import portrait_of, spearman
from thespis.evaluate.footage import clips_of
from thespis.evaluate.judge import judge, seen_in
from thespis.evaluate.lips import drawn
from thespis.evaluate.mouths import sound_of
from thespis.features.articulation import hear
from thespis.features.resample import RATE, Resampler
from thespis.motion.actor import PERIOD
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say
from thespis.stages import Chain
from thespis.talker import Talker
from thespis.types import EMOTION, FRAMES, Bytes, Direction, Portrait, Speech, Track

Numbers = npt.NDArray[np.float64]
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
FRAMES_SEEN = 6  # of each performance
SIZE = (256, 256)
SAID = (("I will tell you what I saw this morning.", "en-us+f5"), ("We walked to the river and nobody spoke.", "en-gb+m3"))
NOBODY = Portrait((np.zeros((8, 8, 3), np.uint8),))
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
SHORTEST, LONGEST = 3.0, 12.0  # seconds of a voice
NEAR = 0.25  # seconds around speech that still count as speaking
LARGE = (512, 512)  # pixels in which lips are seen
SAYS = 5.0  # seconds that a photograph says
PARTS = ("stage", "photographs", "lips", "seen", "joints", "drift", "first")


def performer(talker: Talker) -> Chain:
    """Give the stages that act: everything between hearing and drawing."""
    return Chain(*[stage for stage in talker.stages[1:] if stage.gives != FRAMES])


def heard_by(talker: Talker, speech: Speech) -> Track:
    """Let a talker's first stage hear, which does not depend on what is felt."""
    ear = talker.stages[0]
    heard = ear.step(ear.start(NOBODY, Direction()), speech, True)
    assert isinstance(heard, Track)
    return heard


def acted(chain: Chain, heard: Track, wish: Direction) -> Track:
    """Act what was heard."""
    motion = chain.step(chain.start(NOBODY, wish), heard, True)
    assert isinstance(motion, Track)
    return motion


def judged(talker: Talker, portraits: Iterator[Portrait], most: int, graded: int) -> None:
    """Ask portraits for every emotion and print what is seen; for the first of them at every intensity."""
    chain, drawer = performer(talker), talker.stages[-1]
    heard = [heard_by(talker, say(text, voice)) for text, voice in SAID]
    table = np.zeros((EMOTION.size, EMOTION.size), int)
    order: list[float] = []
    even: list[float] = []
    done = 0
    for number, portrait in enumerate(portraits):
        if done == most:
            break
        try:
            state = drawer.start(portrait, Direction(size=SIZE))
            rest = seen_in([portrait.image])
        except ThespisError:
            continue
        if not rest:
            continue

        def made(wish: str, seed: int, state: object = state, number: int = number) -> list[Sighting]:
            motion = acted(chain, heard[number % len(heard)], direct(wish, seed=seed))
            rows = np.linspace(0, len(motion) - 1, FRAMES_SEEN + 2).round().astype(int)[1:-1]
            return seen_in(list(drawer.step(state, Track(FACE, motion.values[rows], motion.fps), True).images))

        for column, emotion in enumerate(EMOTION.names):
            shown = judge(made(f"{emotion}=1" if column else "neutral", 100 * number + column), rest)
            table[column, EMOTION.column(shown.feeling)] += 1
        for emotion in EMOTION.names[1:] if done < graded else ():
            amounts = [float(judge(made(f"{emotion}={a}", 7 + number), rest).amounts[EMOTION.column(emotion)]) for a in LEVELS]
            order.append(spearman(np.array(LEVELS), np.array(amounts)))
            even.append(float(np.corrcoef(LEVELS, amounts)[0, 1] ** 2))
        done += 1
        print(f"  {done}: {np.trace(table)} of {table.sum()}", flush=True)
    print(f"  shown as asked {np.trace(table)} of {table.sum()}, {100 * np.trace(table) / table.sum():.0f} %; rows asked, columns shown")
    print("  " + " " * 10 + " ".join(f"{name[:6]:>6}" for name in EMOTION.names))
    for name, row in zip(EMOTION.names, table, strict=True):
        print(f"  {name:10}" + " ".join(f"{count:6d}" for count in row))
    print(f"  order (Spearman) mean {np.mean(order):.3f}, least {min(order):.3f}")
    print(f"  linearity (R2) mean {np.mean(even):.3f}, least {min(even):.3f}")


def people() -> Iterator[Portrait]:
    """Give made-up people of the test split at rest."""
    number = 0
    while True:
        yield portrait_of(number)
        number += 1


def pictures(folder: Path) -> Iterator[Portrait]:
    """Give every seventh picture of a folder that shows a face."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)[::7]:
        try:
            yield read_portrait(path)
        except ThespisError:
            continue


def voices(folder: Path, talker: Talker) -> Iterator[tuple[Speech, Track]]:
    """Give the voices of videos in which somebody speaks, at most LONGEST seconds each, and what a talker hears in them."""
    for path in clips_of(folder):
        try:
            speech = sound_of(path)
        except ThespisError:
            continue
        speech = speech.cut(0, min(len(speech), round(LONGEST * speech.rate)))
        if speech.seconds >= SHORTEST and hear(speech).articulation["speaking"].mean() > 0.2:
            yield speech, heard_by(talker, speech)


def near(marked: npt.NDArray[np.bool_], rows: int) -> npt.NDArray[np.bool_]:
    """Widen what is marked (n,) by `rows` to both sides."""
    return np.convolve(marked, np.ones(2 * rows + 1), "same") > 0


def lips(talker: Talker, folder: Path) -> None:
    """Print how the opening of the lips with each feeling follows that of the neutral face with the same voice."""
    chain = performer(talker)
    found: dict[tuple[str, float], list[tuple[float, float]]] = {}
    closed: dict[str, list[float]] = {}
    for number, (speech, heard) in enumerate(voices(folder, talker)):
        plain = acted(chain, heard, Direction(seed=number))
        base = drawn(plain).opening
        voiced = hear(speech).articulation
        loud = near(np.interp(plain.seconds, voiced.seconds, voiced["speaking"]) > 0.5, round(NEAR * float(plain.fps)))
        shut = loud & (base < 0.005)
        for emotion in EMOTION.names[1:]:
            for level in (0.5, 1.0):
                felt = drawn(acted(chain, heard, direct(f"{emotion}={level}", seed=number))).opening
                pair = tuple(float(np.corrcoef(base[rows], felt[rows])[0, 1]) for rows in (loud, np.full(len(base), True)))
                found.setdefault((emotion, level), []).append((pair[0], pair[1]))
            if shut.any():
                closed.setdefault(emotion, []).append(float((felt[shut] < 0.01).mean()))
    for (emotion, level), rows in found.items():
        (spoken, everywhere), least = np.median(rows, axis=0), np.min(rows, axis=0)
        kept = f"; closures kept {100 * np.mean(closed[emotion]):.1f} %" if level == 1.0 and emotion in closed else ""
        print(f"  {emotion:10} {level:3}: r while speaking {spoken:.3f}, least {least[0]:.3f}", end="; ")
        print(f"everywhere {everywhere:.3f}, least {least[1]:.3f}{kept}")
    print(f"  {len(rows)} voices")


def seen(talker: Talker, folder: Path, most: int) -> None:
    """Print how far apart lips are seen with each feeling, beside the same photograph that says the same without any."""
    found: dict[tuple[str, float], list[float]] = {}
    said = [speech.cut(0, min(len(speech), round(SAYS * speech.rate))) for speech, _ in voices(folder, talker)]
    done = 0
    for portrait in pictures(folder):
        if done == most:
            break
        speech = said[done * len(said) // most]

        def shown(emotion: str, level: float, speech: Speech = speech, portrait: Portrait = portrait) -> Bytes:
            wish = direct(emotion=f"{emotion}={level}", head="still", gaze="camera", blink="off", motion=0)
            made = talker(speech, portrait, replace(wish, size=LARGE)).frames
            assert made is not None
            return made.images

        try:
            plain = shown("neutral", 0.0)
            read = Readback(plain[0])
        except (ThespisError, ValueError):
            continue
        base, done = read(plain)[1], done + 1
        for emotion in EMOTION.names[1:]:
            for level in (0.5, 1.0):
                found.setdefault((emotion, level), []).append(together(read(shown(emotion, level))[1], base))
        told = ", ".join(f"{emotion} {rows[-1]:.2f}" for (emotion, level), rows in found.items() if level == 1.0)
        print(f"  {done}: {told}", flush=True)
    for (emotion, level), rows in found.items():
        print(f"  {emotion:10} {level:3}: r mean {np.mean(rows):.3f}, median {np.median(rows):.3f}, least {min(rows):.3f}")


def joints(talker: Talker, folder: Path) -> None:
    """Print how quickly the head and face move in the frames that hold a joint of controls, and in the others."""
    chain, at, off = performer(talker), [], []
    for number, (_, heard) in enumerate(voices(folder, talker)):
        motion = acted(chain, heard, direct("happy=0.6", seed=number))
        speed = np.linalg.norm(np.diff(motion["head_rotation"].astype(np.float64), axis=0), axis=1) * float(motion.fps) * 180 / np.pi
        whole = [int(row / motion.fps / PERIOD) for row in range(len(motion))]
        joint = np.diff(whole) > 0
        at.append(speed[joint])
        off.append(speed[~joint])
    for name, part in (("at joints", at), ("elsewhere", off)):
        print(
            f"  {name}: degrees a second, 50 / 90 / 99 %: "
            + " / ".join(f"{x:.2f}" for x in np.percentile(np.concatenate(part), [50, 90, 99]))
        )


def drift(talker: Talker, folder: Path) -> None:
    """Print by how much the mean pose of two minutes differs, in ten minutes made of all voices one after the other."""
    chain, ten = performer(talker), 600
    samples = [np.asarray(Resampler(speech.rate)(speech.mono(), True), np.float32) for speech, _ in voices(folder, talker)]
    whole = np.concatenate(samples)
    whole = np.tile(whole, -(-ten * RATE // len(whole)))[: ten * RATE]
    motion = acted(chain, heard_by(talker, Speech(whole[None], RATE)), direct("happy=0.5", seed=3))
    turned = np.degrees(motion["head_rotation"].astype(np.float64))
    parts = np.array([part.mean(axis=0) for part in np.array_split(turned, 5)])
    print("  mean turn of every two minutes, degrees: " + "; ".join(" ".join(f"{x:+.1f}" for x in row) for row in parts))
    print("  differ at most by " + " ".join(f"{x:.1f}" for x in np.ptp(parts, axis=0)))


def first(name: str, portrait: Portrait) -> None:
    """Print after how much sound and how much time a live session gives its first frame, sound arriving 20 ms at a time."""
    talker = recipes.load(name, size="live")
    speech = say(*SAID[0])
    piece = speech.rate // 50
    for turn in range(4):
        session = talker.start(portrait, Direction(size=(512, 512)), rate=speech.rate)
        session.push(speech.cut(0, 0))
        begun, position = time.perf_counter(), 0
        while True:
            position += piece
            time.sleep(max(begun + position / speech.rate - time.perf_counter(), 0.0))
            session.push(speech.cut(position - piece, position))
            if any(clip.frames is not None and len(clip.frames) for clip in session):
                break
        spent = time.perf_counter() - begun
        if turn:
            print(f"  first frame {1000 * spent:.0f} ms after the sound began, {1000 * (spent - 0.2):.0f} ms after its first 200 ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipe", default="thespis")
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--graded", type=int, default=3, help="how many of them are asked for every intensity")
    args = parser.parse_args()
    talker = recipes.load(args.recipe)
    for part in args.only or PARTS:
        print(part, flush=True)
        if part == "stage":
            judged(talker, people(), args.people, args.graded)
        elif part == "photographs":
            judged(talker, pictures(args.folder), args.pictures, args.graded)
        elif part == "lips":
            lips(talker, args.folder)
        elif part == "seen":
            seen(talker, args.folder, args.pictures)
        elif part == "joints":
            joints(talker, args.folder)
        elif part == "drift":
            drift(talker, args.folder)
        else:
            first(args.recipe, portrait_of(0))


if __name__ == "__main__":
    main()
