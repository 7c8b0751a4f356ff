"""Our networks beside the official code's on one machine: same sizes, same made-up parameters, same input, run in turns.

A file here is a system that can be compared: its `parts` builds both from a clone of the official code. Needs the extra `train`.
"""

import importlib
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from thespis.errors import MissingExtraError, ThespisError, UsageError, check_known

FEWEST = 3  # runs of each


@dataclass(frozen=True)
class Part:
    """One network of a system: how ours and the official one are run; `needs` says what the official one needs and is not here."""

    name: str
    ours: Callable[[], Any]
    official: Callable[[], Any] | None
    needs: str = ""


@dataclass(frozen=True)
class Compared:
    """Milliseconds of one run, the middle of all; how far the answers are apart, as a share of the largest number."""

    part: str
    ours_ms: float
    official_ms: float | None
    apart: float | None
    runs: int
    needs: str = ""


def names() -> list[str]:
    """Name every system that can be compared."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")


def clone_of(name: str, code: str) -> Path:
    """Find the clone of the official code of a system, which lies at `code`, by its environment variable."""
    variable = f"THESPIS_{name.upper()}"
    place = os.environ.get(variable, "")
    if not place:
        raise UsageError(f"{variable} is not set: get {code} and let it name that folder, then ask again")
    if not Path(place).is_dir():
        raise UsageError(f"{variable} names {place}, which is no folder; let it name a clone of {code}")
    return Path(place)


def compare(name: str, seconds: float, tell: Callable[[str], None]) -> list[Compared]:
    """Run every network of a system for about so many seconds, ours and the official one in turns."""
    check_known("system to compare with", name, names())
    if find_spec("torch") is None or find_spec("diffusers") is None:
        raise MissingExtraError("comparing networks needs torch and diffusers: pip install 'thespis[train]'")
    module = importlib.import_module(f"thespis.apps.against.{name}")
    clone = clone_of(name, module.CODE)
    import torch

    found = []
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what the official code calls by old names
        for part in official_parts(module.parts, clone, name):
            tell(f"{name}: {part.name}")
            found.append(timed(part, seconds))
    return found


def official_parts(build: Callable[[str], Iterator[Part]], clone: Path, name: str) -> Iterator[Part]:
    """Build parts one after the other, and say what is wrong where the official code cannot be imported or is other code."""
    with importing(clone):
        try:
            yield from build(device())
        except ModuleNotFoundError as error:
            raise ThespisError(
                f"the official code of {name} cannot be imported from {clone}: it has or needs {error.name!r}, which is not here; "
                f"let THESPIS_{name.upper()} name a whole clone, or pip install {error.name}"
            ) from error


@contextmanager
def importing(clone: Path) -> Iterator[None]:
    """Let modules of a clone be imported, before all others."""
    sys.path.insert(0, str(clone))
    try:
        yield
    finally:
        sys.path.remove(str(clone))


def device() -> str:
    """Name the device that is compared on: a GPU where torch sees one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def timed(part: Part, seconds: float) -> Compared:
    """Run a part, first once to warm up and to compare the answers, then in turns."""
    first = part.ours()
    if part.official is None:
        (alone,) = in_turns([part.ours], seconds)
        return Compared(part.name, statistics.median(alone), None, None, len(alone), part.needs)
    apart = difference(first, part.official())
    ours, theirs = in_turns([part.ours, part.official], seconds)
    return Compared(part.name, statistics.median(ours), statistics.median(theirs), apart, len(ours))


def in_turns(runs: list[Callable[[], Any]], seconds: float) -> list[list[float]]:
    """Time functions in turns for so many seconds in all -> the milliseconds of each."""
    import torch

    begun = time.perf_counter()
    taken: list[list[float]] = [[] for _ in runs]
    while len(taken[-1]) < FEWEST or time.perf_counter() - begun < seconds:
        for run, own in zip(runs, taken, strict=True):
            start = time.perf_counter()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            own.append(1000 * (time.perf_counter() - start))
    return taken


def difference(one: Any, other: Any) -> float:  # noqa: ANN401 - tensors
    """Tell how far two answers are apart, as a share of the largest number of the second."""
    return float((one.reshape(other.shape) - other).abs().max() / other.abs().max())


def drawn(network: Any) -> Any:  # noqa: ANN401 - a torch Module
    """Fill a network with parameters that let signals through, each drawn from its own name; gives the network."""
    for key, value in network.state_dict().items():
        last = key.rpartition(".")[2]
        if not value.is_floating_point() or last in ("freqs", "running_mean"):
            continue
        chance = normal(key, value)
        if last == "running_var":
            chance.abs_().add_(0.5)
        elif last in ("weight_u", "weight_v"):
            chance.div_(chance.norm())
        elif value.dim() > 1 and value[0].numel() > 1:
            chance.div_(value[0].numel() ** 0.5)
        elif last in ("weight", "gain"):
            chance.mul_(0.1).add_(1.0)
        else:
            chance.mul_(0.1)
    return network.eval()


def normal(name: str, value: Any) -> Any:  # noqa: ANN401 - a torch Tensor
    """Fill a tensor with normal numbers drawn from a name; gives the tensor."""
    import torch

    from thespis.types import random_for

    return value.normal_(generator=torch.Generator(value.device).manual_seed(int(random_for(0, name).integers(2**31))))


def some(name: str, *size: int, device: str = "cpu") -> Any:  # noqa: ANN401 - a torch Tensor
    """Make up an input of a size."""
    import torch

    return normal(name, torch.empty(size, device=device))
