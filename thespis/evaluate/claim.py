"""Claims: run what a recipe claims with its mechanism and without, over several seeds, and say whether it holds from the interval.

What a trial was worth is written down as soon as it is known, so that a run that was broken off goes on where it stood.
"""

import hashlib
import importlib
import importlib.util
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from thespis import recipes
from thespis.card import Card, Claim
from thespis.errors import ThespisError, UsageError, unknown
from thespis.export.output import write_text
from thespis.types import random_for

Verdict = Literal["holds", "does not hold here", "undecided"]
DRAWS = 4000  # of the bootstrap
CERTAINTY = 0.95
FEWEST = 3  # seeds from which an interval is worth anything
RECORDS = "trials.json"


def silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Trial:
    """One run of a claim: with its `mechanism` or without, from one `seed`, in at most so many `minutes`.

    `folder` is this trial's own; what is left there is there again where a run goes on.
    """

    mechanism: bool
    seed: int
    minutes: float
    folder: Path
    tell: Callable[[str], None] = silent


@dataclass
class Found:
    """What came of a claim so far: the metric by seed, with the mechanism and without, and the seconds of all trials."""

    fingerprint: str
    with_it: dict[int, float] = field(default_factory=dict)
    without: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def seeds(self) -> list[int]:
        """The seeds of which both are known."""
        return sorted(self.with_it.keys() & self.without.keys())


@dataclass(frozen=True)
class Judged:
    """A verdict, and the mean gain by the mechanism (positive: better) with its interval over the seeds."""

    verdict: Verdict
    gain: float
    low: float
    high: float


def claim_of(name: str, which: str = "") -> tuple[Card, Claim, Callable[[Trial], float], Path]:
    """Find the card of a recipe, its claim or another of its claims by name, the function that measures it and the file it stands in."""
    recipe = recipes.module(name)
    card: Card = recipe.card
    if card.claim is None:
        raise ThespisError(
            f"the recipe {name!r} claims nothing: its card has no claim=Claim(sentence, metric, mechanism); see docs/claims.md"
        )
    module: ModuleType | None = recipe if hasattr(recipe, "claim") else None
    if module is None and name in recipes.names() and importlib.util.find_spec(f"thespis.evaluate.claims.{name}"):
        module = importlib.import_module(f"thespis.evaluate.claims.{name}")
    if module is None:
        raise ThespisError(f"the claim of the recipe {name!r} cannot be measured: it has no claim(trial); docs/claims.md shows one")
    more = {claim.name: claim for claim in card.more_claims}
    if which and which not in more:
        raise UsageError(unknown(f"claim of {name}", which, more) if more else f"the recipe {name!r} has one claim only; leave --claim out")
    return card, more.get(which, card.claim), getattr(module, which or "claim"), Path(str(module.__file__))


def fingerprint(name: str, card: Card, file: Path) -> str:
    """Say what a measurement depends on, so that figures of another state are never mixed with these."""
    files = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (recipes.path_of(name), file))
    return "-".join(part[:10] for part in (*files, *(weight.sha256 for weight in card.weights)))


def read(folder: Path, mark: str) -> Found:
    """Read what an earlier run of the same claim found; one of another state of recipe or weights is forgotten."""
    place = folder / RECORDS
    if place.exists():
        try:
            stored: Mapping[str, Any] = json.loads(place.read_text(encoding="utf-8"))
            if stored["fingerprint"] == mark:
                both = [{int(seed): float(value) for seed, value in stored[part].items()} for part in ("with_it", "without")]
                return Found(mark, both[0], both[1], float(stored["seconds"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ThespisError(f"{place} is damaged ({type(error).__name__}); remove it to begin again") from error
    return Found(mark)


def run(
    name: str, folder: Path, minutes: float, seeds: int, tell: Callable[[str], None] = silent, which: str = ""
) -> tuple[Found, Literal["done", "out of time"]]:
    """Measure the claim of a recipe for seeds 0 to `seeds` - 1 within about so many minutes, or go on with what is in the folder.

    Every trial may take an equal share of the time. No trial begins that would probably end after the last minute.
    """
    if seeds < 1 or not minutes > 0:
        raise ThespisError(f"a claim needs at least one seed and some minutes, not {seeds} seeds and {minutes:g} minutes")
    card, _, measure, file = claim_of(name, which)
    found = read(folder, fingerprint(name, card, file))
    began, longest, each = time.monotonic(), 0.0, minutes / (2 * seeds)
    for seed in range(seeds):
        for mechanism, known in ((True, found.with_it), (False, found.without)):
            if seed in known:
                continue
            spent = time.monotonic() - began
            if spent + longest > 60 * minutes:
                return found, "out of time"
            place = folder / f"{'with' if mechanism else 'without'}_{seed}"
            place.mkdir(parents=True, exist_ok=True)
            begun = time.monotonic()
            value = float(measure(Trial(mechanism, seed, each, place, tell)))
            if not math.isfinite(value):
                raise ThespisError(f"the claim of {name!r} measured {value} for seed {seed}, which is no number; mend its claim(trial)")
            took = time.monotonic() - begun
            longest = max(longest, took)
            known[seed] = value
            found.seconds += took
            write_text(folder / RECORDS, json.dumps(asdict(found), indent=1) + "\n")
            tell(f"seed {seed} {'with' if mechanism else 'without'}: {value:.3f} ({took:.0f} s)")
    return found, "done"


def interval(values: Sequence[float], purpose: str) -> tuple[float, float]:
    """Give the interval in which the mean of values lies with 95 % certainty, by drawing from them anew many times."""
    numbers = np.asarray(values, np.float64)
    drawn = random_for(0, f"bootstrap of {purpose}").integers(len(numbers), size=(DRAWS, len(numbers)))
    low, high = np.quantile(numbers[drawn].mean(axis=1), [(1 - CERTAINTY) / 2, (1 + CERTAINTY) / 2])
    return float(low), float(high)


def judged(claim: Claim, found: Found) -> Judged:
    """Say whether a claim holds: the mechanism must gain more than the least that counts, wherever in the interval the truth lies."""
    sign = 1.0 if claim.better == "higher" else -1.0
    gains = [sign * (found.with_it[seed] - found.without[seed]) for seed in found.seeds]
    if not gains:
        return Judged("undecided", 0.0, -math.inf, math.inf)
    low, high = interval(gains, claim.sentence)
    verdict: Verdict = "undecided"
    if len(gains) >= FEWEST:
        verdict = "holds" if low > claim.least else "does not hold here" if high <= claim.least else "undecided"
    return Judged(verdict, float(np.mean(gains)), low, high)
