"""The only training loop: it learns, logs, checks, draws samples and keeps checkpoints, on one device or many; see docs/training.md."""

import json
import math
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Literal, Self

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import nn

from thespis import __version__
from thespis.errors import TrainingError
from thespis.train import checkpoint
from thespis.train.batches import Examples, Source
from thespis.train.journal import Journal
from thespis.train.learning import Learning, MakeOptimizer, spread
from thespis.train.settings import FREE, Outcome, Settings

WEIGHTS = "network.safetensors"
Reason = Literal["steps", "minutes", "patience", "interrupted"]


def silent(_: str) -> None:
    """Tell nobody."""


def train(
    network: nn.Module,
    data: Source,
    folder: Path,
    settings: Settings | None = None,
    *,
    held: Any = None,  # noqa: ANN401 - examples, as Examples takes them
    sample: Callable[[nn.Module, int, Path], None] | None = None,
    optimizer: MakeOptimizer | None = None,
    on_cpu: bool = False,
    tell: Callable[[str], None] = silent,
) -> Outcome:
    """Train a network that has `loss(batch)`, or go on with what is in the folder, and leave its weights there.

    `held` are examples that are never learned from: the network that does best on them is kept. `sample(network, step, folder)` draws
    what it likes; PNG files appear on the page. In every process of a launch the arguments must be the same.
    """
    settings = settings or Settings()
    accelerator = Accelerator(mixed_precision=settings.precision, cpu=on_cpu)
    try:
        if data.size != settings.batch:
            raise TrainingError(f"the data come in batches of {data.size}, the settings say {settings.batch}; make them agree")
        if settings.batch % accelerator.num_processes:
            raise TrainingError(f"a batch of {settings.batch} cannot be shared by {accelerator.num_processes} processes; use a multiple")
        run = Run(Learning(network, settings, accelerator, optimizer), data, folder, held, sample, tell)
        with interruptible() as asked, run:
            return run.go(asked)
    finally:
        accelerator.end_training()
        # Another training in this process may want another precision, which accelerate's shared state would refuse.
        AcceleratorState._reset_state(True)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or request to end into a flag, so that the step under way is finished and kept."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    try:
        for number in before:
            signal.signal(number, note)
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Run:
    """One training from its beginning, or from its last checkpoint, to its end."""

    def __init__(
        self,
        learning: Learning,
        data: Source,
        folder: Path,
        held: Any,  # noqa: ANN401
        sample: Callable[[nn.Module, int, Path], None] | None,
        tell: Callable[[str], None],
    ) -> None:
        """Find where it stands."""
        self.learning, self.data, self.folder, self.sample = learning, data, folder, sample
        self.settings, self.accelerator = learning.settings, learning.accelerator
        self.main = self.accelerator.is_main_process
        self.tell = tell if self.main else silent
        self.held = Examples(held, self.settings.batch, shuffled=False) if held is not None else None
        self.done, self.best, self.waited, self.loss, self.spent = 0, math.inf, 0, math.nan, 0.0
        self.saved = -1
        if self.main:
            folder.mkdir(parents=True, exist_ok=True)
        found = checkpoint.newest(folder / "checkpoints", self.tell)
        if found is not None:
            tensors, facts = found
            self._same(facts["settings"])
            learning.restore(tensors, facts)
            self.done, self.waited, self.loss, self.spent = facts["step"], facts["waited"], facts["loss"], facts["seconds"]
            self.best, self.saved = math.inf if facts["best"] is None else facts["best"], self.done
            self.tell(f"going on after step {self.done}")
        share = self.settings.batch // self.accelerator.num_processes
        self.first, self.stop = share * self.accelerator.process_index, share * (self.accelerator.process_index + 1)
        self.journal = Journal(folder, f"Training in {folder.name}", self.done) if self.main else None
        if self.main:
            packages = {name: version(name) for name in ("torch", "accelerate", "numpy")} | {"thespis": __version__}
            device = f"{self.accelerator.num_processes} x {self.accelerator.device.type}"
            about = {"settings": asdict(self.settings), "versions": packages, "device": device, "network": type(learning.network).__name__}
            checkpoint.write_facts(folder / "run.json", about)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Finish the log, whatever ended the training."""
        if self.journal is not None:
            self.journal.close()

    def _same(self, before: Mapping[str, Any]) -> None:
        """Refuse to go on with other settings, which would be neither the old training nor the new one."""
        now = asdict(self.settings)
        other = [f"{name} was {before[name]} and is now {now[name]}" for name in now if name not in FREE and before.get(name) != now[name]]
        if other:
            raise TrainingError(
                f"{self.folder} holds a training with other settings: {'; '.join(other)}; use these again or another folder"
            )

    def go(self, asked: threading.Event) -> Outcome:
        """Learn until something ends it."""
        began, before = time.monotonic(), self.spent
        reason: Reason = "steps"
        logged, since, sums = self.done, began, Counter[str]()
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self.data.rows, self.done, self.first, self.stop)
            while self.done < self.settings.steps:
                rows = coming.result()
                if self.done + 1 < self.settings.steps:
                    coming = ahead.submit(self.data.rows, self.done + 1, self.first, self.stop)
                late = 0 < 60 * self.settings.minutes <= time.monotonic() - began
                facts, ending = self.learn(self.learning.tensors(rows, self.done, self.first), late or asked.is_set())
                self.spent = before + time.monotonic() - began
                sums.update(facts)
                if self.done % self.settings.log_every == 0 or self.done in (1, self.settings.steps) or ending:
                    count = self.done - logged
                    means = {name: value / count for name, value in sums.items()}
                    speed = count / max(time.monotonic() - since, 1e-6)
                    logged, since, sums = self.done, time.monotonic(), Counter[str]()
                    self.log({**means, "steps a second": speed, "rate": spread(self.done - 1, self.settings), "seconds": self.spent})
                if self.due(self.settings.check_every) and self.held is not None:
                    self.check()
                if self.due(self.settings.sample_every) and self.sample is not None:
                    self.draw()
                if ending or (self.settings.patience and self.waited >= self.settings.patience):
                    reason = ("interrupted" if asked.is_set() else "minutes") if ending else "patience"
                    break
                if self.due(self.settings.checkpoint_every):
                    self.keep()
            coming.cancel()
        return self.end(reason)

    def due(self, every: int) -> bool:
        """Tell whether something that happens every so many steps happens now."""
        return bool(every) and self.done % every == 0

    def learn(self, batch: dict[str, torch.Tensor], ending: bool) -> tuple[dict[str, float], bool]:
        """Take one step, and give what it can be judged by and whether any process wants to end."""
        learning = self.learning
        found, ending = learning.together(learning.fitting(batch, self.done, self.first, self.note), ending)
        names = sorted(found)
        facts = dict(zip(names, torch.stack([found[name].reshape(()) for name in names]).tolist(), strict=True))
        if not all(map(math.isfinite, facts.values())):
            self._stop("the loss", facts)
        facts["gradient"] = learning.step(self.done)
        # In half precision an overflow is normal now and then: the scaler leaves the step out and lowers its scale.
        if not math.isfinite(facts["gradient"]):
            if self.accelerator.scaler is None:
                self._stop("the gradient", facts)
            del facts["gradient"]
        self.done, self.loss = self.done + 1, facts["loss"]
        return facts, ending

    def _stop(self, what: str, facts: Mapping[str, float]) -> None:
        """End because of a number that is none."""
        parts = ", ".join(f"{name} {value:.4g}" for name, value in facts.items())
        back = f"the checkpoint of step {self.saved} is good" if self.saved >= 0 else "no checkpoint was written yet"
        wrong = f"{what} of step {self.done + 1} is not a number ({parts})"
        raise TrainingError(f"{wrong}; {back}; lower the rate (now {self.settings.rate:g}) or look for such numbers in the data")

    def log(self, facts: Mapping[str, float]) -> None:
        """Write one entry."""
        if self.journal is not None:
            self.journal.write(self.done, facts)
        self.tell(f"step {self.done}: " + ", ".join(f"{name} {value:.4g}" for name, value in facts.items()))

    def note(self, text: str) -> None:
        """Write a sentence into the log."""
        if self.journal is not None:
            self.journal.write(self.done, {"note": text})
        self.tell(text)

    def check(self) -> None:
        """Judge the running mean by the held-out examples, and keep it when it is the best so far."""
        held: Any = self.held
        sums: dict[str, torch.Tensor] = {}
        with self.learning.averaged():
            for number in range(self.accelerator.process_index, math.ceil(held.count / held.size), self.accelerator.num_processes):
                count = min(held.size, held.count - number * held.size)
                # Their noise is that of step -1 at every check, so that checks can be compared.
                total, _ = self.learning.judged(self.learning.tensors(held.rows(number, 0, count), -1, 0), -1, number * held.size)
                sums["held"] = sums.get("held", torch.zeros((), device=self.accelerator.device)) + total.detach().float() * count
        mine = sums.get("held", torch.zeros((), device=self.accelerator.device))
        score = float(self.accelerator.reduce(mine, reduction="sum")) / held.count
        if not math.isfinite(score):
            self._stop("the held-out loss", {"held": score})
        self.log({"held": score})
        self.best, self.waited = (score, 0) if score < self.best else (self.best, self.waited + 1)
        if not self.waited:
            self.publish()

    def draw(self) -> None:
        """Let the caller draw a sample of the running mean."""
        if self.main and self.sample is not None:
            place = self.folder / "samples"
            place.mkdir(exist_ok=True)
            with self.learning.averaged():
                self.sample(self.learning.network, self.done, place)

    def publish(self) -> None:
        """Write the running mean as the weights to use."""
        if self.main:
            checkpoint.write_tensors(self.folder / WEIGHTS, self.learning.average)

    def keep(self) -> None:
        """Write a checkpoint."""
        if self.main and self.saved != self.done:
            tensors, facts = self.learning.state()
            best = self.best if math.isfinite(self.best) else None
            facts |= {"best": best, "waited": self.waited, "loss": self.loss, "seconds": self.spent, "settings": asdict(self.settings)}
            checkpoint.save(self.folder / "checkpoints", self.done, tensors, facts, self.settings.keep)
        self.saved = self.done
        self.accelerator.wait_for_everyone()

    def end(self, reason: Reason) -> Outcome:
        """Keep what there is, and say what came of it."""
        self.keep()
        if not math.isfinite(self.best):
            self.publish()
        held = self.best if math.isfinite(self.best) else None
        outcome = Outcome(self.folder / WEIGHTS, self.done, reason, self.loss, held, self.spent)
        if self.journal is not None:
            checkpoint.write_facts(self.folder / "outcome.json", json.loads(json.dumps(asdict(outcome), default=str)))
        self.tell(f"ended at step {self.done} ({reason}): loss {self.loss:.4g}" + ("" if held is None else f", held-out {held:.4g}"))
        self.accelerator.wait_for_everyone()
        return outcome
