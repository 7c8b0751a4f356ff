"""Train our SyncNet on films of made-up people, and write thespis/assets/syncnet.safetensors with its card.

python tools/train_syncnet.py --films FILMS -o FOLDER      films as tools/make_bench_films.py writes them; about a quarter of an hour

Films show how the points of a mouth are seen to move; acts, which are never drawn, move them as the films say: they are many more voices,
and cost a tenth. What is learned is what is asked of it: of all lags of a stretch the true one, and of several sounds its own.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench_assets import read_films, write_card
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

from thespis.evaluate.syncnet import (
    BAND_TAPS,
    HEARD_TAPS,
    LOUD,
    MOUTH,
    REACH,
    ROWS,
    SEEN_TAPS,
    Network,
    compared,
    embed_lips,
    embed_sound,
    hear,
    steadied,
)
from thespis.features.ear import BANDS
from thespis.features.resample import RATE
from thespis.head.shapes import load_shapes
from thespis.motion.spaces.face import EXPRESSION
from thespis.train.batches import Rows
from thespis.train.loop import train
from thespis.train.randomness import uniform
from thespis.train.settings import Settings
from thespis.types import Array, Bytes, Speech, random_for
from thespis.weights import ASSETS

SEEN, HEARD, HIDDEN, EMBEDDED = 20, 48, 160, 48  # numbers of a mouth and of a row of sound, the hidden layers, and the embedding
VARIANTS = 3  # how many microphones hear each clip
HELD = 10  # one in so many films and acts is held out
FILMS_SHARE = 0.4  # of the rows of a batch are of films
SHORTEST = 20  # frames of a stretch whose lag is to be found
STEPS, BATCH = 1500, 32
UNSEEN = 0.2  # of the numbers between layers is left out at each look


@dataclass(frozen=True, eq=False)
class Data:
    """Clips to learn from, the films first: how points of the mouth move, and the evened bands that so many microphones hear."""

    films: int  # how many
    points: Array  # (clips, T, MOUTH * 2)
    bands: np.ndarray[Any, Any]  # (clips, VARIANTS, 4 T, BANDS), halves
    held: np.ndarray[Any, Any]  # (clips,) which are held out


def reported(films: Path) -> tuple[Array, float]:
    """Fit what the points of a mouth report of the weights of a face -> (51, MOUTH * 2), and what they tremble beside."""
    weights, points = [], []
    for film in read_films(films, "train_long"):
        for each, spots in zip(film["weights"].astype(np.float32), film["points"].astype(np.float32)[:, :, list(MOUTH), :2], strict=True):
            weights.append(each - each.mean(axis=0))
            points.append((spots - spots.mean(axis=0)).reshape(len(spots), -1))
    x, y = np.concatenate(weights), np.concatenate(points)
    gram = x.T @ x + 1e-3 * len(x) * np.eye(x.shape[1], dtype=np.float32)
    matrix = np.linalg.solve(gram, x.T @ y).astype(np.float32)
    return matrix, float((y - x @ matrix).std())


def gathered(films: Path, seed: int) -> Data:
    """Read films and acts, and hear their sound through several microphones."""
    points: list[Array] = []
    sounds: list[Bytes] = []
    held: list[bool] = []
    for number, film in enumerate(read_films(films, "train_long")):
        for spots, sound, found in zip(film["points"], film["sound"], film["found"], strict=True):
            if found.mean() >= 0.95:
                points.append(steadied(spots[:, list(MOUTH), :2].astype(np.float32)))
                sounds.append(sound)
                held.append(number % HELD == 0)
    count = len(points)
    matrix, tremble = reported(films)
    print(f"{count} clips of films; points report all but {tremble:.4f} eye distances", flush=True)
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
    rows = ROWS * len(points[0])
    bands = np.zeros((len(points), VARIANTS, rows, BANDS), np.float16)
    for number, sound in enumerate(sounds):
        heard, level = (part[:rows] for part in hear(Speech(sound.astype(np.float32)[None] / 32767, RATE)))
        for variant in range(VARIANTS):
            bands[number, variant] = microphone(heard, level, random_for(seed, f"microphone {variant} of clip {number}"))
    flat = np.stack(points).reshape(len(points), len(points[0]), -1)
    return Data(count, flat, bands, np.array(held))


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


def mirrored() -> tuple[list[int], Array]:
    """Find for each number of the points of a mouth its mirror image, and its sign there."""
    mirror = load_shapes().mirror
    order = [MOUTH.index(int(mirror[point])) for point in MOUTH]
    return [2 * place + axis for place in order for axis in range(2)], np.tile(np.array([-1.0, 1.0], np.float32), len(MOUTH))


class Clips:
    """Rows of a batch: a clip, heard by one microphone, its mouth larger or smaller, trembling, perhaps mirrored."""

    def __init__(self, data: Data, numbers: Sequence[int], size: int, seed: int) -> None:
        """Keep which clips may be drawn."""
        self.data, self.size, self.seed = data, size, seed
        chosen = np.asarray(numbers)
        self.films, self.acts = chosen[chosen < data.films], chosen[chosen >= data.films]
        self.order, self.sign = mirrored()

    def rows(self, step: int, first: int, stop: int) -> Rows:
        """Draw rows `first` to `stop` of the batch of a step."""
        made = [self.row(random_for(self.seed, f"row {row} of step {step}")) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in made]) for name in made[0]}

    def row(self, random: np.random.Generator) -> dict[str, Array]:
        """Draw one row."""
        group = self.films if len(self.films) and random.random() < FILMS_SHARE else self.acts
        number = int(group[int(random.integers(len(group)))])
        spots = self.data.points[number] * np.float32(np.exp(random.normal(0, 0.12)))
        if random.random() < 0.5:
            spots = spots[:, self.order] * self.sign
        spots = spots + random.uniform(0, 0.1) * random.standard_normal(spots.shape, np.float32)
        bands = self.data.bands[number, int(random.integers(VARIANTS))].astype(np.float32)
        # No two looks at a clip hear the same microphone.
        tilt = np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 5), random.normal(0, 0.3, 5)).astype(np.float32)
        bands = bands * np.float32(np.exp(random.normal(0, 0.15))) + tilt
        bands = bands + random.uniform(0, 0.3) * random.standard_normal(bands.shape, np.float32)
        return {"points": spots.astype(np.float32), "bands": bands.astype(np.float32)}


def layer(given: int, made: int, bias: bool = True) -> nn.Parameter:
    """Draw the matrix of a layer (given + 1, made), its offsets in the last row."""
    matrix = torch.randn(given, made) * (2 / given) ** 0.5
    return nn.Parameter(torch.cat([matrix, torch.zeros(1, made)]) if bias else matrix)


def through(rows: Tensor, matrix: Tensor) -> Tensor:
    """Take rows (..., k) through a layer (k + 1, m)."""
    return rows @ matrix[:-1] + matrix[-1]


def beside(rows: Tensor, taps: Sequence[int], step: int = 1) -> Tensor:
    """Put beside each `step`th row (B, n, k) those at so many places from it -> (B, n / step, taps * k); edges are repeated."""
    at = torch.arange(0, rows.shape[1], step)[:, None] + torch.tensor(taps)[None]
    return rows[:, at.clamp(0, rows.shape[1] - 1)].flatten(2)


class SyncNet(nn.Module):
    """What thespis.evaluate.syncnet runs, with its loss."""

    def __init__(self, seed: int) -> None:
        """Draw all layers from a seed."""
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.points = layer(2 * len(MOUTH), SEEN, bias=False)
            self.lips_near, self.lips_bent = layer(len(SEEN_TAPS) * SEEN, HIDDEN), layer(HIDDEN, HIDDEN)
            self.lips = layer(HIDDEN, EMBEDDED)
            self.bands = layer(len(BAND_TAPS) * BANDS, HEARD)
            self.sound_near, self.sound_bent = layer(len(HEARD_TAPS) * HEARD, HIDDEN), layer(HIDDEN, HIDDEN)
            self.sound = layer(HIDDEN, EMBEDDED)
        self.sharp = nn.Parameter(torch.tensor(3.0))

    def embedded(self, points: Tensor, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Embed mouths (B, T, MOUTH * 2) and bands (B, 4 T, BANDS) -> (B, T, D) twice."""
        seen = self.some(through(beside(points @ self.points, SEEN_TAPS), self.lips_near).relu())
        seen = through(self.some(through(seen, self.lips_bent).relu()), self.lips)
        heard = through(beside(bands, BAND_TAPS), self.bands).relu()
        heard = self.some(through(beside(heard, HEARD_TAPS, ROWS), self.sound_near).relu())
        return seen, through(self.some(through(heard, self.sound_bent).relu()), self.sound)

    def some(self, rows: Tensor) -> Tensor:
        """Leave some numbers out while learning."""
        return nn.functional.dropout(rows, UNSEEN, self.training)

    def loss(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Tell the true lag of a stretch of each clip from all others, and its sound from those of the other clips."""
        lips, sound = self.embedded(batch["points"], batch["bands"])
        lips = lips[:, REACH:-REACH]
        length = lips.shape[1]
        drawn = uniform(batch["seed"])
        size = SHORTEST + (drawn * (length - SHORTEST + 1)).long()
        first = ((drawn * 997 % 1) * (length - size + 1)).long()
        at = torch.arange(length)[None]
        mask = ((at >= first[:, None]) & (at < (first + size)[:, None])).float()
        products = lips @ sound.transpose(1, 2)  # (B, length, T)
        lags = torch.arange(2 * REACH + 1)
        places = torch.arange(length)[:, None] + lags[None]  # (length, lags): which row of sound stands beside each row of lips
        both = products.gather(2, places.expand(len(lips), -1, -1))
        sizes = (lips**2).sum(-1)[:, :, None] + (sound**2).sum(-1)[:, places]
        alike = 2 * (both * mask[:, :, None]).sum(1) / (sizes * mask[:, :, None]).sum(1).clamp(min=1e-6)  # (B, lags): 1 less the distance
        sharp = self.sharp.exp()
        aim = torch.full((len(lips),), REACH)
        lag = nn.functional.cross_entropy(sharp * alike, aim)
        inner = sound[:, REACH:-REACH]
        cross = torch.einsum("itd,jtd,it->ij", lips, inner, mask)
        total = ((lips**2).sum(-1) * mask).sum(1)[:, None] + mask @ (inner**2).sum(-1).T
        other = nn.functional.cross_entropy(sharp * 2 * cross / total.clamp(min=1e-6), torch.arange(len(lips)))
        right = ((alike.argmax(1) - REACH).abs() <= 1).float().mean()
        return lag + 0.5 * other, {"lag": lag, "other": other, "right": right}


def network_of(weights: Path) -> Network:
    """Read what the loop left, without what is used in training only."""
    found = load_file(weights)
    # Halves, as they ship.
    return Network(**{name: found[name].astype(np.float16).astype(np.float32) for name in Network.__dataclass_fields__})


def checked(data: Data, net: Network) -> str:
    """Find the offset of clips that were held out: how often within a frame, films and acts apart."""
    found = []
    for title, numbers in (
        ("films", np.flatnonzero(data.held[: data.films])),
        ("acts", data.films + np.flatnonzero(data.held[data.films :])),
    ):
        right = []
        for number in numbers.tolist():
            lips = embed_lips(net, data.points[number])[REACH:-REACH]
            sound = embed_sound(net, data.bands[number, 0].astype(np.float32))
            right.append(abs(compared(lips, sound, np.ones(len(lips), np.float32)).offset) <= 0.0401)
        found.append(f"{title} held out, {data.points.shape[1] - 2 * REACH} frames: {100 * np.mean(right):.0f} % within a frame")
    print("; ".join(found), flush=True)
    return "; ".join(found)


def main() -> None:
    """Train, check on what was held out, and write the network and its card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="the folder of films and acts")
    parser.add_argument("-o", "--output", type=Path, required=True, help="where the training is kept; the same command goes on there")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ASSETS / "syncnet.safetensors")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = gathered(asked.films, asked.seed)
    print(f"{data.films} films and {len(data.points) - data.films} acts", flush=True)
    settings = Settings(
        steps=asked.steps, batch=BATCH, rate=2e-3, average=0.995, weight_decay=0.1, seed=asked.seed, check_every=250, log_every=50
    )
    held = Clips(data, np.flatnonzero(data.held).tolist(), BATCH, asked.seed + 1)
    kept = held.rows(0, 0, int(data.held.sum()))
    learned = Clips(data, np.flatnonzero(~data.held).tolist(), BATCH, asked.seed)
    train(SyncNet(asked.seed), learned, asked.output, settings, held=kept, on_cpu=True, tell=lambda line: print(line, flush=True))
    net = network_of(asked.output / "network.safetensors")
    scores = checked(data, net)
    save_file({name: values.astype(np.float16) for name, values in vars(net).items()}, asked.out)
    write_card(
        asked.out,
        made_by="python tools/make_bench_films.py --recordings FOLDER -o FILMS, then python tools/train_syncnet.py --films FILMS -o FOLDER",
        data="films of made-up people of the stage, and of people bent from two photographs in the public domain (Eileen Collins by NASA, "
        "Grace Hopper by the US Navy), drawn by our own renderers; sounds: espeak-ng in 26 languages, LJ Speech and LibriVox readings "
        "(public domain), Montreal Forced Aligner's test recordings (MIT)",
        scores=f"{scores}; docs/evaluation.md",
    )


if __name__ == "__main__":
    main()
