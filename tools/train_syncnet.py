"""Solve for our SyncNet on films of made-up people, and write thespis/assets/syncnet.safetensors with its card.

python tools/train_syncnet.py --films FOLDER      films as tools/make_bench_films.py writes them; 5 minutes on one core

Films show how the points of a mouth are seen to move; acts, which are never drawn, move them as the films say: they are many more voices,
and cost a tenth. What is heard, bent by a hidden layer that stays as it was drawn, and what is seen are correlated canonically.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bench_assets import read_films, write_card
from safetensors.numpy import save_file

from thespis.evaluate.syncnet import (
    HEARD_TAPS,
    LOUD,
    MOUTH,
    REACH,
    ROWS,
    SEEN_TAPS,
    Network,
    around,
    compared,
    embed_lips,
    embed_sound,
    hear,
    steadied,
    with_one,
)
from thespis.features.resample import RATE
from thespis.head.shapes import load_shapes
from thespis.motion.spaces.face import EXPRESSION
from thespis.types import Array, Speech, random_for
from thespis.weights import ASSETS

SEEN, HEARD, HIDDEN, EMBEDDED = 12, 160, 1400, 24  # numbers of a mouth and of a sound, the hidden layer, and the embedding
HELD = 8  # one in so many films and acts is held out
FILMS_COUNT = 3  # how many times a film is taken for each time an act is
Doubles = npt.NDArray[np.float64]
RIDGE = {"lips": 0.003, "sound": 0.02}


@dataclass(frozen=True, eq=False)
class Data:
    """Clips to learn from, the films first: how points of the mouth move, and the bands that are heard, before they are evened."""

    films: int  # how many
    points: Array  # (clips, T, MOUTH, 2)
    bands: Array  # (clips, 4 T, BANDS)
    level: Array  # (clips, 4 T)
    held: np.ndarray[Any, Any]  # (clips,) which are held out


def reported(films: Path) -> tuple[Array, float]:
    """Fit what the points of a mouth report of the weights of a face -> (51, MOUTH * 2), and what they tremble beside."""
    weights, points = [], []
    for film in read_films(films, "train"):
        if film["views"].shape[1] < 20:
            continue
        for each, spots in zip(film["weights"].astype(np.float32), film["points"].astype(np.float32)[:, :, list(MOUTH), :2], strict=True):
            weights.append(each - each.mean(axis=0))
            points.append((spots - spots.mean(axis=0)).reshape(len(spots), -1))
    x, y = np.concatenate(weights), np.concatenate(points)
    gram = x.T @ x + 1e-3 * len(x) * np.eye(x.shape[1], dtype=np.float32)
    matrix = np.linalg.solve(gram, x.T @ y).astype(np.float32)
    return matrix, float((y - x @ matrix).std())


def gathered(films: Path, seed: int) -> Data:
    """Read films and acts, and hear their sound."""
    points: list[Array] = []
    sounds, held = [], []
    for number, film in enumerate(read_films(films, "train")):
        if film["views"].shape[1] < 20:
            continue
        for spots, sound, found in zip(film["points"], film["sound"], film["found"], strict=True):
            if found.mean() < 0.95:
                continue
            points.append(steadied(spots[:, list(MOUTH), :2].astype(np.float32)))
            sounds.append(sound)
            held.append(number % HELD == 0)
    count = len(points)
    matrix, tremble = reported(films)
    print(f"{len(points)} clips of films; points report all but {tremble:.4f} eye distances", flush=True)
    for number, act in enumerate(read_films(films, "acts")):
        for each, (face, sound) in enumerate(zip(act["face"].astype(np.float32), act["sound"], strict=True)):
            random = random_for(seed, f"points of act {number}/{each}")
            weights = face[:, : EXPRESSION.size]
            moved = (weights - weights.mean(axis=0)) @ (matrix * np.exp(random.normal(0, 0.12, matrix.shape)).astype(np.float32))
            shaken = random.normal(0, 1, moved.shape)
            for row in range(1, len(shaken)):
                shaken[row] = 0.8 * shaken[row - 1] + 0.6 * shaken[row]
            moved = moved + tremble * random.uniform(0.2, 0.9) * shaken
            points.append(steadied(moved.reshape(len(moved), -1, 2).astype(np.float32)))
            sounds.append(sound)
            held.append(number % HELD == 0)
    heard = [hear(Speech(sound.astype(np.float32)[None] / 32767, RATE)) for sound in sounds]
    rows = ROWS * len(points[0])
    return Data(
        count, np.stack(points), np.stack([bands[:rows] for bands, _ in heard]), np.stack([level[:rows] for _, level in heard]),
        np.array(held),
    )  # fmt: skip


def microphone(bands: Array, level: Array, random: np.random.Generator) -> Array:
    """Hear bands (rows, BANDS) through another throat, room and microphone, with noise, and even them as at run time."""
    rows, count = bands.shape
    at = np.arange(count) * np.exp(random.normal(0, 0.05)) + random.normal(0, 0.8)
    low = np.clip(np.floor(at).astype(int), 0, count - 2)
    share = np.clip(at - low, 0, 1).astype(np.float32)
    made = bands[:, low] * (1 - share) + bands[:, low + 1] * share
    if random.random() < 0.4:  # a room: what was loud lingers
        fade = np.float32(random.uniform(0.15, 0.6))
        for row in range(1, rows):
            made[row] = np.maximum(made[row], made[row - 1] - fade)
    tilt = np.interp(np.arange(count), np.linspace(0, count - 1, 5), random.normal(0, 1.0, 5))
    made = made + tilt.astype(np.float32)
    if random.random() < 0.6:
        noise = np.interp(np.arange(count), np.linspace(0, count - 1, 4), random.normal(0, 1.0, 4)) + made.max() - random.uniform(4, 12)
        made = np.logaddexp(made, noise + random.normal(0, 0.5, made.shape))
    loud = level > level.max() - LOUD
    usual = made[loud].mean(axis=0) if loud.any() else made.mean(axis=0)
    return np.asarray(np.clip((made - usual) / 3, -4, 4), np.float32)


def mirrored() -> list[int]:
    """Find for each point of the mouth its mirror image."""
    mirror = load_shapes().mirror
    return [MOUTH.index(int(mirror[point])) for point in MOUTH]


def principal(rows: Array, count: int, floor: float) -> Array:
    """Find the directions (k, count) in which rows (n, k) spread most, scaled to about the same spread."""
    values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    return np.asarray(vectors[:, -count:] / np.sqrt(values[-count:] + floor * values.mean()), np.float32)


def solved(data: Data, variants: int, seed: int) -> Network:
    """Correlate what is heard with what is seen, canonically."""
    random = random_for(seed, "hidden layer")
    flat = data.points.reshape(-1, 2 * len(MOUTH))
    points = principal(flat[random.permutation(len(flat))[:20000]], SEEN, 0.02)
    mirror = mirrored()
    learned = np.flatnonzero(~data.held)
    few = np.concatenate([around(microphone(data.bands[k], data.level[k], random), HEARD_TAPS, ROWS) for k in learned[::4]])
    middle = few.mean(axis=0)
    across = principal(few - middle, HEARD, 0.02)
    bands = np.concatenate([across, -(middle @ across)[None]])
    hidden = random.normal(size=(HEARD + 1, HIDDEN)).astype(np.float32) / np.sqrt(HEARD) * 1.5
    blank = Network(points, np.zeros((0, 0), np.float32), bands, hidden, np.zeros((0, 0), np.float32))
    sizes = (HEARD + HIDDEN + 1, len(SEEN_TAPS) * SEEN + 1)
    xx, yy, xy = (np.zeros((a, b)) for a, b in ((sizes[0], sizes[0]), (sizes[1], sizes[1]), sizes))
    for number in learned.tolist():
        for variant in range(variants * (FILMS_COUNT if number < data.films else 1)):
            varied = random_for(seed, f"variant {variant} of clip {number}")
            spots = data.points[number] * np.exp(varied.normal(0, 0.1)) + varied.normal(
                0, varied.uniform(0, 0.08), data.points[number].shape
            )
            if varied.random() < 0.5:
                spots = spots[:, mirror] * [-1, 1]
            x = bent(blank, microphone(data.bands[number], data.level[number], varied))
            y = with_one(around(spots.reshape(len(spots), -1).astype(np.float32) @ points, SEEN_TAPS))
            xx += x.T @ x
            yy += y.T @ y
            xy += x.T @ y
    sound, lips = canonical(xx / xx[-1, -1], yy / yy[-1, -1], xy / yy[-1, -1])
    return Network(points, lips, bands, hidden, sound)


def bent(net: Network, bands: Array) -> Array:
    """Give what the last layer of the sound gets for bands (4 n, BANDS) -> (n, heard + hidden + 1)."""
    heard = with_one(around(bands, HEARD_TAPS, ROWS)) @ net.bands
    return with_one(np.concatenate([heard, np.maximum(with_one(heard) @ net.hidden, 0)], axis=1))


def canonical(xx: Doubles, yy: Doubles, xy: Doubles) -> tuple[Array, Array]:
    """Solve for the directions of x and y, with a one at their ends, that correlate most -> (x, D), (y, D), scaled by how much they do."""
    mean_x, mean_y = xx[-1, :-1], yy[-1, :-1]
    cross = xy[:-1, :-1] - np.outer(mean_x, mean_y)
    roots = []
    for square, mean, ridge in ((xx, mean_x, RIDGE["sound"]), (yy, mean_y, RIDGE["lips"])):
        own = square[:-1, :-1] - np.outer(mean, mean)
        roots.append(np.linalg.cholesky(own + ridge * np.trace(own) / len(own) * np.eye(len(own))))
    inner = np.linalg.solve(roots[1], np.linalg.solve(roots[0], cross).T).T
    u, strength, v = np.linalg.svd(inner, full_matrices=False)
    print("canonical correlations:", " ".join(f"{value:.2f}" for value in strength[:EMBEDDED]), flush=True)
    # Where two Gaussians correlate by r, a match is told from chance by their product times r / (1 - r^2).
    weight = np.sqrt(strength / (1 - np.minimum(strength, 0.95) ** 2))[:EMBEDDED]
    made = []
    for root, side, mean in ((roots[0], u, mean_x), (roots[1], v.T, mean_y)):
        directions = np.linalg.solve(root.T, side[:, :EMBEDDED]) * weight
        made.append(np.concatenate([directions, -(mean @ directions)[None]]).astype(np.float32))
    return made[0], made[1]


def checked(data: Data, net: Network, seed: int) -> str:
    """Find the offset of clips that were held out, as they are: how often within a frame, films and acts apart."""
    found = []
    for title, numbers in (
        ("films", np.flatnonzero(data.held[: data.films])),
        ("acts", data.films + np.flatnonzero(data.held[data.films :])),
    ):
        right = []
        for number in numbers.tolist():
            bands = microphone(data.bands[number], data.level[number], random_for(seed, f"held {number}"))
            lips, sound = embed_lips(net, data.points[number]), embed_sound(net, bands)
            inner = slice(REACH, len(lips) - REACH)
            right.append(abs(compared(lips[inner], sound, np.ones(len(lips) - 2 * REACH, np.float32)).offset) <= 0.0401)
        found.append(f"{title} held out, {data.points.shape[1] - 2 * REACH} frames: {100 * np.mean(right):.0f} % within a frame")
    print("; ".join(found), flush=True)
    return "; ".join(found)


def main() -> None:
    """Solve, check on what was held out, and write the network and its card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="the folder of films and acts")
    parser.add_argument("--variants", type=int, default=2, help="how many times each clip is heard, through another microphone each time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ASSETS / "syncnet.safetensors")
    asked = parser.parse_args()
    data = gathered(asked.films, asked.seed)
    print(f"{data.films} films and {len(data.points) - data.films} acts", flush=True)
    net = solved(data, asked.variants, asked.seed)
    scores = checked(data, net, asked.seed)
    save_file({name: values.astype(np.float16) for name, values in vars(net).items()}, asked.out)
    write_card(
        asked.out,
        made_by="python tools/make_bench_films.py --recordings FOLDER -o FILMS, then python tools/train_syncnet.py --films FILMS",
        data="films of made-up people of the stage, and of people bent from two photographs in the public domain (Eileen Collins by NASA, "
        "Grace Hopper by the US Navy), drawn by our own renderers; sounds: espeak-ng in 26 languages, Asterisk core sounds in English, "
        "Spanish, Italian and French (CC BY-SA 3.0) and Russian (CC BY 3.0), LibriVox readings (public domain), Montreal Forced Aligner's "
        "test recordings (MIT), Free Spoken Digit Dataset (CC BY-SA 4.0)",
        scores=f"{scores}; docs/evaluation.md",
    )


if __name__ == "__main__":
    main()
