"""What a training is asked for, and what came of it: plain data, without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from thespis.errors import TrainingError, unknown

PRECISIONS = ("no", "bf16", "fp16")
# What may differ between a training and its going on; anything else would make it another training.
FREE = {"steps", "minutes", "splits", "patience", "log_every", "check_every", "checkpoint_every", "sample_every", "keep"}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a network is trained; every length is in steps, `batch` counts the rows of all processes together.

    `rate` is reached within `warm_up` steps and falls along a cosine to a hundredth of it at `steps`; `clip` bounds the length of the
    gradient; the network that is kept is a running mean with the decay `average`. `splits` cuts the rows of a process into parts
    whose gradients are added up. 0 `minutes` or `patience` (checks without a better one) means no bound.
    """

    steps: int = 10_000
    minutes: float = 0.0
    batch: int = 32
    splits: int = 1
    rate: float = 1e-3
    warm_up: int = 100
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.999
    precision: Literal["no", "bf16", "fp16"] = "no"
    seed: int = 0
    patience: int = 0
    log_every: int = 20
    check_every: int = 500
    checkpoint_every: int = 500
    sample_every: int = 0
    keep: int = 2

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name in ("steps", "batch", "splits", "rate", "clip", "log_every", "check_every", "checkpoint_every", "keep"):
            if not getattr(self, name) > 0:
                raise TrainingError(f"{name} must be more than 0, not {getattr(self, name):g}")
        for name in ("minutes", "warm_up", "weight_decay", "patience", "sample_every", "seed"):
            if not getattr(self, name) >= 0:
                raise TrainingError(f"{name} must be 0 or more, not {getattr(self, name):g}")
        if not 0 <= self.average < 1:
            raise TrainingError(f"average must be at least 0 and below 1, not {self.average:g}")
        if self.precision not in PRECISIONS:
            raise TrainingError(unknown("precision", self.precision, PRECISIONS))


@dataclass(frozen=True)
class Outcome:
    """What came of a training: the weights, the step they are of, why it ended, and the losses, the held-out one where there is one."""

    weights: Path
    step: int
    reason: Literal["steps", "minutes", "patience", "interrupted"]
    loss: float
    held: float | None
    seconds: float


class InterruptedPartError(KeyboardInterrupt):
    """A part of a training was interrupted, and with it all of it; `outcome` tells how far that part came."""

    def __init__(self, outcome: Outcome) -> None:
        """Keep what is told."""
        super().__init__("interrupted")
        self.outcome = outcome


def ended(outcome: Outcome) -> Outcome:
    """Hand back what a part of a training came to, so that the next one begins; an interrupted part ends them all."""
    if outcome.reason == "interrupted":
        raise InterruptedPartError(outcome)
    return outcome
