"""What a recipe says about its paper, and an asset about itself: pure data that `thespis list` reads without any heavy import."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["own", "parity", "retrained", "from paper"]


@dataclass(frozen=True)
class Weight:
    """One file of numbers: where it comes from, what it must be, and what one may do with it.

    `file` is its name in `thespis/assets/`, or in the user's weights folder where `source` is a web address.
    """

    name: str
    file: str
    sha256: str
    licence: str
    commercial: bool
    source: str
    made_by: str
    data: str = ""
    scores: str = ""


@dataclass(frozen=True)
class Claim:
    """The one effect of a paper that the bench checks: with its mechanism against without.

    `better` says where the metric is better, and `least` which difference of it is the least that counts as an effect. Claims beside the
    first one of a card have a `name`, which is that of the function that measures them.
    """

    sentence: str
    metric: str
    mechanism: str
    better: Literal["higher", "lower"] = "higher"
    least: float = 0.0
    name: str = ""


@dataclass(frozen=True)
class Card:
    """The facts of a recipe. `accepts` names the fields of Direction it can follow; `fps` is its natural frame rate."""

    title: str
    summary: str
    accepts: frozenset[str]
    fps: int
    status: Status
    licence: str
    commercial: bool
    paper: str = ""
    year: int = 0
    code: str = ""
    code_licence: str = ""
    weights: tuple[Weight, ...] = ()
    claim: Claim | None = None
    more_claims: tuple[Claim, ...] = ()
