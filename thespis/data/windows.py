"""Batches of windows out of packed corpora, for `thespis.train.loop`: any row of any step can be asked for, and is always the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thespis.data.packed import Packed
from thespis.errors import TrainingError
from thespis.features.mel import Mel
from thespis.features.resample import RATE
from thespis.features.spaces import ARTICULATION_FPS
from thespis.types import EMOTION, random_for

SOUND_RATES = {"articulation": float(ARTICULATION_FPS), "mel": RATE / Mel.hop}


@dataclass(frozen=True)
class Wanted:
    """What a row holds: `frames` of video in a row, and for each of them rows of sound, from `before` to `after` it (not included)."""

    frames: int
    sounds: Mapping[str, tuple[int, int]]
    pictures: bool = True


class Windows:
    """Rows drawn from one or more packed corpora, each a window of consecutive frames of one clip.

    - `frames` (B, T, h, w, 3) and `mask` (B, T, h, w), where the corpora have them; `face`, `flame` (B, T, columns)
    - `articulation`, `mel` (B, T, rows around the frame, columns), as `sounds` asks: {"articulation": (-8, 8)}
    - `emotion` (B, T, 8), `labelled` (B,) whether that is known, `feeling` (B,) its strongest name's number, `intensity` (B,)
    - `reference` (B, h, w, 3): another picture of the same person, where there are frames; `person` (B,) a number from 0, `corpus` (B,)

    `shares` says how often each corpus is drawn from (as often as it has frames, if nothing is said).
    """

    def __init__(
        self,
        corpora: Sequence[Packed],
        frames: int,
        size: int,
        seed: int = 0,
        *,
        sounds: Mapping[str, tuple[int, int]] | None = None,
        shares: Sequence[float] | None = None,
        pictures: bool = True,
    ) -> None:
        """Find the clips that are long enough, and check that the corpora have the same arrays."""
        self.corpora, self.size, self.seed = corpora, size, seed
        self.wanted = Wanted(frames, dict(sounds or {}), pictures)
        self.clips = [(c, k) for c, corpus in enumerate(corpora) for k in range(len(corpus)) if self.length(c, k) >= frames]
        if not self.clips:
            raise TrainingError(f"no clip of the corpora has {frames} frames in a row; use shorter windows or longer clips")
        names = [set(corpus.arrays[0]) for corpus in corpora]
        self.names = sorted(set.intersection(*names))
        lacking = sorted({*self.wanted.sounds} - {*self.names})
        if lacking:
            raise TrainingError(f"the packed corpora do not all have {', '.join(lacking)}; pack them with it")
        self.people = sorted({self.who(c, k) for c, k in self.clips})
        self._number = {who: number for number, who in enumerate(self.people)}
        self._own: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for c, k in self.clips:
            self._own.setdefault(self.who(c, k), []).append((c, k))
        weights = np.array([self.length(c, k) - frames + 1 for c, k in self.clips], np.float64)
        if shares is not None:
            if len(shares) != len(corpora) or min(shares) < 0 or sum(shares) <= 0:
                raise TrainingError(f"shares needs one number of 0 or more for each of {len(corpora)} corpora, not {tuple(shares)}")
            of = np.array([c for c, _ in self.clips])
            totals = np.array([weights[of == c].sum() for c in range(len(corpora))])
            weights = weights * (np.array(shares) / np.maximum(totals, 1e-9))[of]
        self._until = np.cumsum(weights / weights.sum())

    def length(self, corpus: int, clip: int) -> int:
        """Count the frames of a clip."""
        return int(self.corpora[corpus].clips[clip]["rows"]["emotion"][1])

    def who(self, corpus: int, clip: int) -> tuple[int, str]:
        """Tell a clip's person; a clip that does not say has one of its own."""
        facts = self.corpora[corpus].clips[clip]
        return corpus, str(facts["person"]) if "person" in facts else f"clip {clip}"

    def draw(self, step: int, row: int) -> tuple[int, int, np.random.Generator]:
        """Draw which clip (its place in `clips`) and which first frame a row shows, and give the generator for what else it needs."""
        random = random_for(self.seed, f"window {step} {row}")
        place = min(int(np.searchsorted(self._until, random.uniform(), side="right")), len(self.clips) - 1)
        first = int(random.integers(self.length(*self.clips[place]) - self.wanted.frames + 1))
        return place, first, random

    def one(self, place: int, first: int, random: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Cut one window: clip `place` of `clips` from frame `first` on."""
        c, k = self.clips[place]
        corpus = self.corpora[c]
        facts, stop = corpus.clips[k], first + self.wanted.frames
        made: dict[str, NDArray[Any]] = {}
        for name in self.names:
            if name in SOUND_RATES:
                if name in self.wanted.sounds:
                    made[name] = around(corpus.rows(k, name), first, stop, SOUND_RATES[name] / float(corpus.fps), *self.wanted.sounds[name])
            elif self.wanted.pictures or name not in ("frames", "mask"):
                made[name] = np.asarray(corpus.rows(k, name)[first:stop])
        if self.wanted.pictures and "frames" in self.names:
            others = self._own[self.who(c, k)]
            oc, ok = others[int(random.integers(len(others)))]
            made["reference"] = np.asarray(self.corpora[oc].rows(ok, "frames")[int(random.integers(self.length(oc, ok)))])
        feeling = facts.get("feeling", "neutral")
        made |= {
            "labelled": np.array(bool(facts["labelled"])),
            "feeling": np.array(EMOTION.names.index(feeling) if feeling in EMOTION.names else 0),
            "intensity": np.array(float(facts.get("intensity", 0.0)), np.float32),
            "person": np.array(self._number[self.who(c, k)]), "corpus": np.array(c),
        }  # fmt: skip
        return made

    def rows(self, step: int, first: int, stop: int) -> dict[str, NDArray[Any]]:
        """Give rows `first` to `stop` of the batch of one step."""
        items = [self.one(*self.draw(step, row)) for row in range(first, stop)]
        return {name: np.stack([item[name] for item in items]) for name in items[0]}

    def held(self, count: int) -> dict[str, NDArray[Any]]:
        """Give `count` windows that are spread evenly over the clips, to check a network on."""
        places = np.linspace(0, len(self.clips) - 1, count).round().astype(int)
        items = []
        for number, place in enumerate(places.tolist()):
            random = random_for(self.seed, f"held {number}")
            items.append(self.one(place, int(random.integers(self.length(*self.clips[place]) - self.wanted.frames + 1)), random))
        return {name: np.stack([item[name] for item in items]) for name in items[0]}


def around(values: NDArray[Any], first: int, stop: int, each: float, before: int, after: int) -> NDArray[Any]:
    """Gather for each of the frames `first` to `stop` the rows from `before` to `after` its time -> (frames, after - before, columns).

    There are `each` rows of `values` (n, columns) in a frame; beyond the ends the last row is repeated.
    """
    middle = np.round(np.arange(first, stop) * each).astype(int)
    rows = np.clip(middle[:, None] + np.arange(before, after), 0, len(values) - 1)
    low, high = int(rows.min()), int(rows.max()) + 1
    found: NDArray[Any] = np.asarray(values[low:high])[rows - low]
    return found
