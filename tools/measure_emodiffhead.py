"""Measure the recipe emodiffhead on made-up people it has never seen: likeness, identity, the dial, lips under emotion, speed, long films.

python tools/measure_emodiffhead.py FOLDER [--only likeness dial ...]

FOLDER keeps the test faces, which are drawn first where they are not there. Everything is printed; --json FILE keeps it.
"""

import json
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from thespis import recipes
from thespis.capture.expression import Reader
from thespis.capture.faces import face_at, face_of, find_faces, measure
from thespis.capture.follow import sighting
from thespis.capture.neutral import rest_of
from thespis.capture.portrait import read_portrait
from thespis.data.actor import PARTS
from thespis.data.faces import Arrays, drawn_again, page, read_faces, write_faces
from thespis.data.looks import look, setting
from thespis.data.stage import Regime, Stage, StageSettings
from thespis.direction.parse import direct
from thespis.evaluate.likeness import BEST, structure
from thespis.evaluate.metrics.identity import patterns
from thespis.head.shapes import SHAPES
from thespis.motion.convert_head import vertices_of_face
from thespis.motion.feeling import PATTERNS, sided
from thespis.motion.spaces.face import FACE
from thespis.pixels.diffusion.square import aligning, cut, cut_square, onto, square_of
from thespis.pixels.diffusion.windows import FaceNetwork, Painter
from thespis.pixels.warp import Warp
from thespis.speech.say import say
from thespis.talker import Talker
from thespis.types import EMOTION, Array, Bytes, Clip, Direction, Portrait, Track

FACE_PARTS = [PARTS.index(name) for name in ("skin", "lips", "eyes", "mouth")]
LARGER, LARGE = 4, 256  # pictures of less than so many pixels are enlarged by this before a face is measured in them
EVERYTHING = ["likeness", "turned", "identity", "lips", "followed", "dial", "speed", "long"]
FELT = tuple(name for name in EMOTION.names if name != "neutral")
INTENSITIES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)  # evenly spaced, so that they are their own ranks
NEAR = 6  # frames around speech that still count as speaking
LIVELY = 0.02  # the least spread of a mouth's opening, in eye distances, that a curve can be judged by
SENTENCES = ("Both of them may have moved.", "People buy warm bread here.", "Five of my friends may wait.")


def enlarged(picture: Bytes) -> Bytes:
    """Enlarge a small picture so that a face is found in it."""
    if picture.shape[0] >= LARGE:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=LARGER, fy=LARGER, interpolation=cv2.INTER_CUBIC), np.uint8)


def face_noise(one: Bytes, other: Bytes, mask: npt.NDArray[np.bool_]) -> float:
    """Give the peak signal to noise ratio where the mask is, in decibels."""
    error = float(np.square(one[mask].astype(np.float32) - other[mask].astype(np.float32)).mean())
    return float(min(10 * np.log10(255**2 / error), BEST)) if error else BEST


def warped(clip: Arrays, count: int) -> Bytes | None:
    """Let our mesh renderer act the same motion on the same reference; None where it finds no face in it."""
    picture = enlarged(clip["frames"][0])
    faces = find_faces(picture)
    if not faces:
        return None
    high, side = picture.shape[0], clip["frames"].shape[1]
    renderer = Warp(high)
    canvas = renderer.start(Portrait((picture,), points=faces[0].points), Direction(crop="picture", size=(high, high)))
    frames = renderer.step(canvas, Track(FACE, clip["face"][:count], Fraction(25)), True)
    return np.stack([np.asarray(cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA), np.uint8) for frame in frames.images])


def likeness(network: FaceNetwork, clips: Sequence[Arrays], steps: int) -> dict[str, Any]:
    """Compare each way to make a frame with the true frame, over the face: mean PSNR and SSIM, and where ours is better than a copy."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ("copied", "warped", "carried", "made")}
    won = []
    for clip in clips:
        made, carried = drawn_again(network, clip, steps, len(clip["flame"]) // network.frames * network.frames, remembers=steps > 1)
        truth, masks = clip["frames"][1 : 1 + len(made)], np.isin(clip["masks"][1 : 1 + len(made)], FACE_PARTS)
        ways = {"copied": np.repeat(clip["frames"][:1], len(made), axis=0), "carried": carried, "made": made}
        other = warped(clip, len(made))
        if other is not None:
            ways["warped"] = other
        for name, frames in ways.items():
            pairs = [
                (face_noise(one, real, mask), float(structure(one, real)[mask].mean()))
                for one, real, mask in zip(frames, truth, masks, strict=True)
            ]
            mean = np.mean(pairs, axis=0)
            found[name].append((float(mean[0]), float(mean[1])))
        won.append(found["made"][-1][0] > found["copied"][-1][0])
    table = {name: {"psnr": round(float(np.mean([a for a, _ in rows])), 2), "ssim": round(float(np.mean([b for _, b in rows])), 4),
                    "clips": len(rows)} for name, rows in found.items()}  # fmt: skip
    return {**table, "clips where made beats copied": f"{sum(won)} of {len(won)}"}


def view_of(picture: Bytes) -> npt.NDArray[np.float64] | None:
    """Describe who a picture shows, by local binary patterns of the straightened face."""
    large = enlarged(picture)
    faces = find_faces(large)
    return patterns(sighting(0, faces[0].points, large).view) if faces else None


def elsewhere(person: int, side: int) -> Bytes | None:
    """Draw a person at rest in another light before another place, in the same square as in the corpus."""
    stage = Stage(StageSettings(size=2 * side))
    rest = Track(FACE, np.zeros((1, FACE.size), np.float32), Fraction(25))
    filmed = stage.filmed(Clip(None, None, rest, {}), person, look(0, person), setting(0, 50_000_000 + person), 2 * side)
    assert filmed.frames is not None
    faces = find_faces(enlarged(filmed.frames.images[0]))
    return cut(filmed.frames.images[0], onto(aligning((faces[0].points + 0.5) / LARGER - 0.5), side), side) if faces else None


def identity(network: FaceNetwork, clips: Sequence[Arrays], steps: int) -> dict[str, Any]:
    """Tell how often a frame is nearer to its own person than to any other, in the same light and in another; beside true frames."""
    people = {int(clip["person"][0]): clip for clip in clips}
    galleries: dict[str, dict[int, npt.NDArray[np.float64]]] = {"portraits": {}, "in another light": {}}
    for person, clip in people.items():
        other = elsewhere(person, clip["frames"].shape[1])
        here, there = view_of(clip["frames"][0]), None if other is None else view_of(other)
        if here is not None and there is not None:
            galleries["portraits"][person], galleries["in another light"][person] = here, there
    names = list(galleries["portraits"])
    counts = {f"{name}, {frames}": [0, 0] for name in galleries for frames in ("made", "true")}
    for person in names:
        made, _ = drawn_again(network, people[person], steps, 28, remembers=steps > 1)
        for frames, pictures in (("made", made), ("true", people[person]["frames"][1:29])):
            for view in (view for view in map(view_of, pictures[7::10]) if view is not None):
                for name, gallery in galleries.items():
                    near = [float(view @ gallery[other]) for other in names]
                    counts[f"{name}, {frames}"][0] += names[int(np.argmax(near))] == person
                    counts[f"{name}, {frames}"][1] += 1
    return {"people": len(names), **{name: f"{right} of {count}" for name, (right, count) in counts.items()}}


class Readback:
    """Reads expressions back from small pictures of one portrait."""

    def __init__(self, picture: Bytes) -> None:
        """See the portrait at rest."""
        large = enlarged(picture)
        faces = find_faces(large)
        if not faces:
            raise ValueError("no face in the enlarged portrait")
        face = faces[0]
        self._reader = Reader(rest_of([sighting(0, face.points, large)]))
        low, high = face.points[:468, :2].min(axis=0), face.points[:468, :2].max(axis=0)
        self._place = (*((low + high) / 2).tolist(), float((high - low).max()))

    def __call__(self, pictures: Bytes) -> tuple[Array, Array]:
        """Read pictures (n, s, s, 3) -> weights (n, 51) and how far the lips are apart (n,) in eye distances; nan where no face is."""
        weights, opening = np.full((len(pictures), len(SHAPES)), np.nan, np.float32), np.full(len(pictures), np.nan, np.float32)
        for number, picture in enumerate(pictures):
            points = measure(enlarged(picture), *self._place)
            if points is not None:
                weights[number] = self._reader.read(points).weights
                opening[number] = np.linalg.norm(points[13, :2] - points[14, :2]) / face_at(points).scale
        return weights, opening


def as_shown(portrait: Portrait) -> Bytes:
    """Cut the square out of a portrait that the recipe shows."""
    square = square_of(face_of(portrait).points).inside(*portrait.image.shape[:2])
    return cut_square(portrait.image, square, LARGE)


@cache
def direction(emotion: str) -> Array:
    """Give the pattern (51,) of an emotion at intensity 1."""
    row = np.zeros(len(SHAPES), np.float32)
    for name, weight in sided(PATTERNS[emotion]).items():
        if name in SHAPES:
            row[SHAPES.index(name)] = weight
    return row


def performed(talker: Talker, portrait: Portrait, sentence: str, emotion: str, intensity: float) -> Clip:
    """Let a portrait say a sentence with a feeling, the head held still, without blinks."""
    wish = direct(emotion=f"{emotion}={intensity}", head="still", gaze="camera", blink="off", motion=0)
    return talker(say(sentence), portrait, wish)


def acted(talker: Talker, portrait: Portrait, sentence: str, emotion: str, intensity: float) -> Bytes:
    """Give the pictures alone."""
    made = performed(talker, portrait, sentence, emotion, intensity).frames
    assert made is not None
    return made.images


def lips(talker: Talker, portraits: Sequence[Portrait]) -> dict[str, Any]:
    """Correlate how far lips are parted in the pictures with OpenHead's under the motion asked for, and with the neutral render's."""
    found: dict[str, list[float]] = {name: [] for name in ("neutral", *FELT)}
    parted: dict[str, list[float]] = {name: [] for name in found}
    against: dict[str, list[tuple[float, float]]] = {name: [] for name in FELT}
    for number, portrait in enumerate(portraits):
        read = Readback(as_shown(portrait))
        for emotion in found:
            clip = performed(talker, portrait, SENTENCES[number % len(SENTENCES)], emotion, float(emotion != "neutral"))
            assert clip.motion is not None and clip.frames is not None
            asked = gap(np.concatenate([clip.motion[name].reshape(len(clip.motion), -1) for name in FACE.names], axis=1))
            opening = read(clip.frames.images)[1][: len(asked)]
            if emotion == "neutral":
                plain = opening
                spoken = cv2.dilate((clip.motion["speaking"][: len(asked)] > 0.5).astype(np.uint8), np.ones((2 * NEAR + 1, 1)))[:, 0] > 0
            else:
                against[emotion].append((together(opening, plain), together(opening[spoken], plain[spoken])))
            found[emotion].append(together(opening, asked))
            both = np.isfinite(opening)
            parted[emotion].append(float(np.polyfit(asked[both], opening[both], 1)[0]))
        print(f"  portrait {number}: r " + ", ".join(f"{name} {values[-1]:.2f}" for name, values in found.items()), flush=True)
        print("    with the neutral render " + ", ".join(f"{name} {values[-1][0]:.2f}" for name, values in against.items()), flush=True)
    every = [value for values in found.values() for value in values]
    return {
        "r with what was asked, by feeling": {name: round(float(np.mean(values)), 3) for name, values in found.items()},
        "r, mean and least": [round(float(np.mean(every)), 3), round(float(np.min(every)), 3)],
        "r with the neutral render, all frames and while speaking": {
            name: np.round(np.mean(values, axis=0), 3).tolist() for name, values in against.items()
        },
        "parted, as a share of what was asked": {name: round(float(np.mean(values)), 2) for name, values in parted.items()},
    }


def gap(face: Array) -> Array:
    """Give how far OpenHead's lips are apart under rows of `face` (n, 62) -> (n,)."""
    points = vertices_of_face(Track(FACE, np.ascontiguousarray(face, np.float32), Fraction(25))).values.reshape(len(face), -1, 3)
    return np.asarray(np.linalg.norm(points[:, 13] - points[:, 14], axis=1), np.float32)


def together(one: Array, other: Array) -> float:
    """Correlate two curves (n,) where both are known."""
    both = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[both], other[both])[0, 1])


def followed(network: FaceNetwork, kinds: Mapping[str, Sequence[Arrays]], steps: int) -> dict[str, Any]:
    """Correlate lips with OpenHead's in true frames and in made ones: what the landmarks themselves can tell in such pictures."""
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for name, clip in ((name, clip) for name, clips in kinds.items() for clip in clips):
        made, _ = drawn_again(network, clip, steps, len(clip["flame"]) // network.frames * network.frames, remembers=steps > 1)
        asked = gap(clip["face"][: len(made)])
        if asked.std() >= LIVELY and find_faces(enlarged(clip["frames"][0])):
            read = Readback(clip["frames"][0])
            true, own = (together(read(frames)[1], asked) for frames in (clip["frames"][1 : 1 + len(made)], made))
            rows[name].append((true, own))
    return {name: {"clips": len(found), "r, true frames and made ones": np.round(np.mean(found, axis=0), 3).tolist()}
            for name, found in rows.items() if found}  # fmt: skip


def dial(talker: Talker, portraits: Sequence[Portrait], emotions: Sequence[str] = FELT) -> dict[str, Any]:
    """Sweep the intensity of each emotion: order, linearity, which emotion is read, and lips against those of the neutral render."""
    orders: list[float] = []
    straight: list[float] = []
    lips: dict[str, list[float]] = {name: [] for name in emotions}
    named: list[bool] = []
    confused = {name: Counter[str]() for name in emotions}
    for number, portrait in enumerate(portraits):
        shown = as_shown(portrait)
        read, sentence = Readback(shown), SENTENCES[number % len(SENTENCES)]
        base, opened = read(acted(talker, portrait, sentence, "neutral", 0.0))
        for emotion in emotions:
            pattern = direction(emotion)
            amounts = [0.0]
            for intensity in INTENSITIES[1:]:
                weights, opening = read(acted(talker, portrait, sentence, emotion, intensity))
                change = np.nanmean(weights, axis=0) - np.nanmean(base, axis=0)
                amounts.append(float(change @ pattern / (pattern @ pattern)))
                both = np.isfinite(opening) & np.isfinite(opened)
                if intensity == 1.0:
                    lips[emotion].append(float(np.corrcoef(opening[both], opened[both])[0, 1]))
                    like = {name: float(change @ direction(name) / np.linalg.norm(direction(name))) for name in FELT}
                    seen = max(like, key=lambda name: like[name])
                    confused[emotion][seen] += 1
                    named.append(seen == emotion)
            orders.append(float(np.corrcoef(INTENSITIES, np.argsort(np.argsort(amounts)))[0, 1]))
            straight.append(float(np.corrcoef(INTENSITIES, amounts)[0, 1] ** 2))
            told = f"  portrait {number}, {emotion}: " + " ".join(f"{amount:.2f}" for amount in amounts)
            print(f"{told}; lips r {lips[emotion][-1]:.3f}, {'' if named[-1] else 'not '}the nearest pattern", flush=True)
    return {
        "order (Spearman), mean and least": [round(float(np.mean(orders)), 3), round(float(np.min(orders)), 3)],
        "linearity (R squared), mean and least": [round(float(np.mean(straight)), 3), round(float(np.min(straight)), 3)],
        "nearest pattern is the one asked for": f"{sum(named)} of {len(named)}",
        "shown": {name: dict(count) for name, count in confused.items()},
        "lips r against neutral at intensity 1": {name: round(float(np.mean(values)), 3) for name, values in lips.items()},
    }


def speed(talker: Talker, portrait: Portrait) -> dict[str, Any]:
    """Time the whole recipe and its drawing."""
    speech = say(" ".join(SENTENCES))
    talker(say("Yes."), portrait)
    began, used = time.monotonic(), time.process_time()
    made = talker(speech, portrait).frames
    assert made is not None
    return {"frames": len(made), "frames a second": round(len(made) / (time.monotonic() - began), 1),
            "frames a second of one core": round(len(made) / (time.process_time() - used), 1)}  # fmt: skip


def long(talker: Talker, portrait: Portrait, minutes: float) -> dict[str, Any]:
    """Speak for minutes: drift of colour and sharpness from the first to the last part, and change at window joints beside elsewhere."""
    speech = say(" ".join(SENTENCES))
    session = talker.start(portrait, direct(emotion="happy=0.6"), rate=speech.rate)
    joints: list[float] = []
    inside: list[float] = []
    parts: list[list[float]] = []
    frames_each = next(stage.network.frames for stage in talker.stages if isinstance(stage, Painter))
    before, number = None, 0
    while number < minutes * 60 * 25:
        session.push(replace(speech, phones=speech.phones))
        for clip in session:
            for image in () if clip.frames is None else clip.frames.images:
                if before is not None:
                    change = float(np.abs(image.astype(np.int16) - before).mean())
                    (joints if number % frames_each == 0 else inside).append(change)
                if number % 25 == 0:
                    parts.append([*image.mean(axis=(0, 1)), cv2.Laplacian(image, cv2.CV_32F).std()])
                before, number = image.astype(np.int16), number + 1
    rows, tenth = np.array(parts), max(len(parts) // 10, 1)
    return {
        "minutes": minutes,
        "red, green, blue, sharpness in the first tenth": np.round(rows[:tenth].mean(axis=0), 2).tolist(),
        "in the last tenth": np.round(rows[-tenth:].mean(axis=0), 2).tolist(),
        "change at joints, elsewhere, in grey levels": [round(float(np.mean(joints)), 3), round(float(np.mean(inside)), 3)],
        "95th percentile at joints, elsewhere": [round(float(np.quantile(part, 0.95)), 3) for part in (joints, inside)],
    }


def sheet(network: FaceNetwork, clips: Sequence[Arrays], steps: int) -> Bytes:
    """Draw for each clip the reference and frames: as they are, and as they are made."""
    rows: list[Bytes] = []
    for clip in clips:
        made, _ = drawn_again(network, clip, steps, 28, remembers=steps > 1)
        chosen = [3, 8, 13, 18, 23, 27]
        rows += [clip["frames"][0], *clip["frames"][1:][chosen], clip["frames"][0], *made[chosen]]
    return page(rows, 7)


def main() -> None:
    """Measure what is asked for."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the test faces are, or go")
    parser.add_argument("--only", nargs="*", default=EVERYTHING, help="what is measured")
    parser.add_argument("--clips", type=int, default=40, help="test clips of the plain regime; a quarter as many emotional ones")
    parser.add_argument("--portraits", type=int, default=6, help="people the dial is turned on")
    parser.add_argument("--photographs", type=Path, nargs="*", default=(), help="pictures to turn the dial on in place of made-up people")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the long film")
    parser.add_argument("--weights", type=Path, help="the folder of a training, in place of what ships")
    parser.add_argument("--json", type=Path, help="also write everything here")
    parser.add_argument("--sheet", type=Path, help="also draw a page of test people here")
    given = parser.parse_args()
    talker = recipes.load("emodiffhead", "tiny", weights=given.weights)
    painter = next(stage for stage in talker.stages if isinstance(stage, Painter))
    kinds: dict[str, list[Arrays]] = {}
    fewer = max(given.clips // 4, 1)
    for kind, count, seconds in (("plain", given.clips, 1.2), ("emotional", fewer, 2.0), ("turned", fewer, 1.2)):
        regime: Regime = "emotional" if kind == "emotional" else "plain"
        turned = kind == "turned"
        place, settings = (
            given.folder / "turned" if turned else given.folder,
            StageSettings(turned, count, seconds, split="test", regime=regime),
        )
        for _ in write_faces(settings, place, painter.network.side, turned=turned):
            pass
        kinds[kind] = read_faces(place, "test", regime)[:count]
    clips = [*kinds["plain"], *kinds["emotional"]]
    people = [Portrait((enlarged(clip["frames"][0]),), name="a test person") for clip in clips[: given.portraits]]
    people = [read_portrait(path) for path in given.photographs] or people
    jobs: dict[str, Callable[[], Any]] = {
        "likeness": lambda: likeness(painter.network, clips, painter.steps),
        "turned": lambda: likeness(painter.network, kinds["turned"], painter.steps),
        "identity": lambda: identity(painter.network, clips, painter.steps),
        "lips": lambda: lips(talker, people),
        "followed": lambda: followed(painter.network, {name: kinds[name][:fewer] for name in ("plain", "emotional")}, painter.steps),
        "dial": lambda: dial(talker, people),
        "speed": lambda: speed(talker, people[0]),
        "long": lambda: long(talker, people[0], given.minutes),
    }
    found: dict[str, Any] = {}
    for name in given.only:
        found[name] = jobs[name]()
        print(json.dumps({name: found[name]}, indent=1), flush=True)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if given.sheet:
        cv2.imwrite(str(given.sheet), sheet(painter.network, [*clips[:3], *clips[-2:], *kinds["turned"][:2]], painter.steps)[..., ::-1])


if __name__ == "__main__":
    main()
