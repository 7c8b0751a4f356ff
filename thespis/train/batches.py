"""Where a training's rows come from: any row of any step's batch can be asked for, so that a resumed training goes on with the next one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from thespis.errors import TrainingError
from thespis.types import random_for

Rows = dict[str, NDArray[Any]]
Item = Mapping[str, NDArray[Any]]
Numbers = NDArray[np.int64]


class Source(Protocol):
    """Batches by number: the answer depends on the number of the step and of the row only."""

    size: int

    def rows(self, step: int, first: int, stop: int) -> Rows:
        """Give rows `first` to `stop` of the batch of one step, each value (stop - first, ...)."""


class Examples:
    """Examples that can be asked for by number, in an order that is drawn anew for every round through them.

    `items` is a sequence of dicts, or one dict of arrays whose first axis counts the examples (the faster form).
    """

    def __init__(self, items: Sequence[Item] | Item, size: int, seed: int = 0, *, shuffled: bool = True) -> None:
        """Check that there is something to learn from."""
        self.items, self.size, self.seed, self.shuffled = items, size, seed, shuffled
        self.count = len(items)
        if isinstance(items, Mapping):
            counts = {name: len(values) for name, values in items.items()}
            if len(set(counts.values())) > 1:
                raise TrainingError(f"the arrays of a data set must have one length, not {counts}")
            self.count = max(counts.values(), default=0)
        if not self.count:
            raise TrainingError("the data set is empty; a training needs at least one example")
        self._orders: dict[int, Numbers] = {}

    def order(self, turn: int) -> Numbers:
        """Give the order (count,) of round `turn` through the examples."""
        if not self.shuffled:
            return np.arange(self.count)
        if turn not in self._orders:
            # A batch can reach over the end of a round, so the one before is kept.
            self._orders = {kept: order for kept, order in self._orders.items() if kept == turn - 1}
            self._orders[turn] = random_for(self.seed, f"order of round {turn}").permutation(self.count)
        return self._orders[turn]

    def numbers(self, step: int, first: int, stop: int) -> Numbers:
        """Give the numbers (stop - first,) of the examples in rows `first` to `stop` of a step's batch."""
        turns, places = np.divmod(np.arange(step * self.size + first, step * self.size + stop), self.count)
        return np.array([self.order(turn)[place] for turn, place in zip(turns.tolist(), places.tolist(), strict=True)], np.int64)

    def rows(self, step: int, first: int, stop: int) -> Rows:
        """Gather the examples of these rows."""
        numbers = self.numbers(step, first, stop)
        if isinstance(self.items, Mapping):
            return {name: values[numbers] for name, values in self.items.items()}
        return together([self.items[int(number)] for number in numbers])


def together(items: Sequence[Item]) -> Rows:
    """Stack examples with the same names and shapes into one dict of arrays (examples, ...)."""
    names = sorted(items[0])
    for item in items:
        if sorted(item) != names:
            raise TrainingError(f"all examples need the same names: one has {', '.join(names)}, another {', '.join(sorted(item))}")
    found: Rows = {}
    for name in names:
        shapes = {np.shape(item[name]) for item in items}
        if len(shapes) > 1:
            raise TrainingError(f"{name!r} has shapes {sorted(shapes)} in one batch; cut or pad the examples to one shape, with a mask")
        found[name] = np.stack([item[name] for item in items])
    return found


class Drawn(ABC):
    """Windows out of clips that are all held in memory, each drawn by the number of its step and row; `window` says how one is drawn."""

    def __init__(self, clips: Rows, size: int, seed: int) -> None:
        """Take clips of one length: each value (clips, T, ...)."""
        self.clips, self.size, self.seed = clips, size, seed

    @abstractmethod
    def window(self, random: np.random.Generator) -> Rows:
        """Draw one window, each value (rows, ...)."""

    def rows(self, step: int, first: int, stop: int) -> Rows:
        """Draw rows `first` to `stop` of a step's batch."""
        return together([self.window(random_for(self.seed, f"window {step} {row}")) for row in range(first, stop)])


class Stream:
    """Batches that can only be read in their order, from the beginning: resuming reads on to where the training stood."""

    def __init__(self, begin: Callable[[], Iterable[Rows]], size: int) -> None:
        """Keep how to begin; the batches must be the same, with `size` rows each, at every beginning."""
        self.begin, self.size = begin, size
        self._batches: Iterator[Rows] = iter(())
        self._held: Rows = {}
        self._read = 0

    def rows(self, step: int, first: int, stop: int) -> Rows:
        """Read on to the batch of this step, and begin again where they end."""
        if step + 1 < self._read or not self._read:
            self._batches, self._read = iter(self.begin()), 0
        while self._read <= step:
            found = next(self._batches, None)
            if found is None:
                self._batches = iter(self.begin())
                found = next(self._batches, None)
            if found is None:
                raise TrainingError("the stream of batches is empty; a training needs at least one batch")
            self._held, self._read = found, self._read + 1
        for name, values in self._held.items():
            if len(values) != self.size:
                raise TrainingError(f"{name!r} of batch {step} has {len(values)} rows; every batch of this stream must have {self.size}")
        return {name: values[first:stop] for name, values in self._held.items()}
