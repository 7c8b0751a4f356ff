"""Examples in long arrays, and batches cut from them with what can happen to a spectrum: other throats, missing bands, short gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from articulation_data import TARGETS, Example
from articulation_network import PAIR, ArticulationNetwork

from thespis.features.ear import BANDS
from thespis.features.phone_classes import PHONE_CLASSES
from thespis.types import Array, Bytes

Numbers = np.ndarray[Any, np.dtype[Any]]
Answer = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

BATCH, ROWS, WARM = 10, 400, 70  # WARM rows at the head of a cutting, which lack their past, are not judged
NOBODY_KNOWS = 255
SLOWER, FASTER, PACED = 0.12, 0.3, 0.6  # by how much, as a logarithm, and how often: people talk faster than those who read aloud
NOISY, SOFT = 0.35, 0.12  # how often a floor of noise lies under a voice, and how softly the two meet, in units of the bands


@dataclass(frozen=True)
class Examples:
    """Many examples, one after the other: `inputs` (rows, bands), `targets` (rows, channels), `phones` (rows,), `bounds` (n + 1,)."""

    inputs: Numbers
    targets: Numbers
    phones: Numbers
    bounds: Numbers

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote."""
        with np.load(path) as file:
            return cls(file["inputs"], file["targets"], file["phones"], file["bounds"])

    @classmethod
    def together(cls, parts: Sequence["Examples"]) -> Self:
        """Put several sets together."""
        sizes = np.concatenate([np.diff(part.bounds) for part in parts])
        inputs, targets, phones = (np.concatenate([getattr(part, name) for part in parts]) for name in ("inputs", "targets", "phones"))
        return cls(inputs, targets, phones, np.concatenate([[0], np.cumsum(sizes)]))

    def write(self, path: Path) -> None:
        """Keep them in a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, inputs=self.inputs, targets=self.targets, phones=self.phones, bounds=self.bounds)

    def split(self, last: int) -> tuple["Examples", "Examples"]:
        """Part the last so many examples from the others."""
        at = int(self.bounds[-1 - last])
        head = Examples(self.inputs[:at], self.targets[:at], self.phones[:at], self.bounds[:-last])
        return head, Examples(self.inputs[at:], self.targets[at:], self.phones[at:], self.bounds[-1 - last :] - at)

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where those begin and end that are long enough to learn from."""
        return [(int(a), int(b)) for a, b in pairwise(self.bounds) if b - a > 2 * WARM]


def gathered(examples: Sequence[Example]) -> Examples:
    """Put single examples together, in half precision."""
    bounds = np.cumsum([0, *(len(each.inputs) for each in examples)])
    inputs = np.concatenate([each.inputs for each in examples]).astype(np.float16)
    targets = np.concatenate([each.targets for each in examples]).astype(np.float16)
    return Examples(inputs, targets, np.concatenate([each.phones for each in examples]), bounds)


def varied(rng: np.random.Generator, x: Array) -> Array:
    """Change bands (rows, BANDS): the length of the throat, an equaliser, a floor of noise, a band that is missing, short gaps."""
    places = np.clip(np.arange(BANDS) * float(np.exp(rng.normal(0, 0.085))), 0, BANDS - 1)
    below = np.minimum(places.astype(int), BANDS - 2)
    share = (places - below).astype(np.float32)
    x = x[:, below] * (1 - share) + x[:, below + 1] * share
    x = x + np.interp(np.arange(BANDS), np.linspace(0, BANDS, 5), rng.normal(0, 0.18, 5)).astype(np.float32)
    if rng.random() < NOISY:
        low, high = np.quantile(x, [0.05, 0.95])
        depth = rng.uniform(0.3, 1.1) * max(high - low, 0.5)
        tilt = np.interp(np.arange(BANDS), [0, BANDS], [1, -1]) * rng.uniform(-0.2, 0.5)
        x = (np.logaddexp(x / SOFT, (high - depth + tilt) / SOFT) * SOFT).astype(np.float32)
    for _ in range(rng.integers(0, 3)):
        band, width = rng.integers(BANDS), rng.integers(1, 8)
        x[:, band : band + width] = rng.uniform(-1, 0.3)
    for _ in range(rng.integers(0, 4)):
        first, length = rng.integers(len(x)), rng.integers(2, 9)
        x[first : first + length] = rng.uniform(-1.5, 0.3)
    return x + rng.standard_normal(x.shape, dtype=np.float32) * np.float32(rng.uniform(0, 0.25))


def paced(examples: Examples, first: int, last: int, slower: float) -> tuple[Array, Array, Bytes]:
    """Cut rows out of examples, at most ROWS of them, said `slower` than they were: bands, targets (not-a-number: unknown), classes."""
    inputs, targets = examples.inputs[first:last].astype(np.float32), examples.targets[first:last].astype(np.float32)
    places = np.arange(min(int((last - first - 1) * slower), ROWS)) / slower
    below = places.astype(int)
    share = (places - below).astype(np.float32)[:, None]

    def between(values: Array) -> Array:
        # A row at a whole place is that row alone, whatever its neighbour is.
        return np.where(share > 0, values[below] * (1 - share) + values[below + 1] * share, values[below])

    return between(inputs), between(targets), examples.phones[first:last][np.round(places).astype(int)]


def batch(rng: np.random.Generator, sets: Sequence[tuple[float, Examples]], delays: Sequence[int]) -> tuple[torch.Tensor, list[Answer]]:
    """Cut a batch from sets with their shares: inputs (B, BANDS, ROWS), and for each delay what is wanted so many rows later.

    That is targets (B, channels, ROWS), which of them count, of the same shape, and classes (B, ROWS).
    """
    shares = np.array([share for share, _ in sets])
    x = np.zeros((BATCH, ROWS, BANDS), np.float32)
    y, counts = np.zeros((2, len(delays), BATCH, ROWS, len(TARGETS)), np.float32)
    classes = np.full((len(delays), BATCH, ROWS), NOBODY_KNOWS, np.int64)
    for item in range(BATCH):
        examples = sets[rng.choice(len(sets), p=shares / shares.sum())][1]
        begin, end = examples.spans[rng.integers(len(examples.spans))]
        slower = float(np.exp(rng.uniform(-FASTER, SLOWER))) if rng.random() < PACED else 1.0
        needed = int(ROWS / slower) + 2
        first = int(rng.integers(begin, max(end - needed, begin) + 1))
        bands, wanted, sounds = paced(examples, first, min(first + needed, end), slower)
        rows = len(bands)
        x[item, :rows] = varied(rng, bands)
        for number, delay in enumerate(delays):
            judged = delay if first == begin else max(WARM, delay)
            y[number, item, delay:rows] = np.nan_to_num(wanted[: rows - delay])
            counts[number, item, judged:rows] = np.isfinite(wanted)[judged - delay : rows - delay]
            classes[number, item, judged:rows] = sounds[judged - delay : rows - delay]
    turned = [torch.from_numpy(part).transpose(-1, -2).contiguous() for part in (x, y, counts)]
    return turned[0], [(turned[1][number], turned[2][number], torch.from_numpy(classes[number])) for number in range(len(delays))]


def part_of(kept: ArticulationNetwork, network: ArticulationNetwork, share: float) -> None:
    """Move the kept network towards the one that learns."""
    with torch.no_grad():
        for old, new in zip(kept.state_dict().values(), network.state_dict().values(), strict=True):
            if old.dtype.is_floating_point:
                old.mul_(share).add_(new, alpha=1 - share)
            else:
                old.copy_(new)


def scores(network: ArticulationNetwork, held: Examples, delays: Sequence[int]) -> list[dict[str, float]]:
    """Correlate each answer with the truth of examples that were held out; `sounds` is the share of rows with the right class."""
    channels = len(TARGETS)
    made, right, true = [list[Array]() for _ in delays], [list[Numbers]() for _ in delays], []
    with torch.no_grad():
        for first, stop in held.spans:
            last = stop - (stop - first) % PAIR
            x = torch.from_numpy(np.pad(held.inputs[first:last].astype(np.float32), ((0, max(delays)), (0, 0)))).T[None]
            true.append(held.targets[first:last].astype(np.float32))
            for number, (answer, delay) in enumerate(zip(network(x), delays, strict=True)):
                rows = answer[0, :, delay : delay + last - first]
                made[number].append(torch.sigmoid(rows[:channels]).T.numpy())
                right[number].append(rows[channels:].argmax(0).numpy() == held.phones[first:last])
    b = np.concatenate(true)
    found = []
    for number in range(len(delays)):
        a = np.concatenate(made[number])
        found.append({name: round(float(np.corrcoef(a[:, i], b[:, i])[0, 1]), 3) for i, name in enumerate(TARGETS)})
        found[-1]["sounds"] = round(float(np.concatenate(right[number]).mean()), 3)
    return found


assert PHONE_CLASSES.size < NOBODY_KNOWS
