"""One network that learns: its optimizer, its running mean, one step over all processes, and its whole state for a checkpoint."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.utils.memory import should_reduce_batch_size
from torch import Tensor, nn

from thespis.errors import TrainingError
from thespis.train.batches import Rows
from thespis.train.randomness import row_seeds, seeded
from thespis.train.settings import Settings
from thespis.types import random_for

Losses = tuple[Tensor, Mapping[str, Tensor]]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
FIRST_MEANS = 10  # the running mean begins short, so that it soon forgets what the network was born with


class Learner(Protocol):
    """A torch module that knows its own loss."""

    def loss(self, batch: Mapping[str, Tensor]) -> Losses:
        """Judge a batch of tensors (B, ...): the total to minimise, and its parts by name for the log."""


def spread(step: int, settings: Settings) -> float:
    """Give the rate of learning at a step: up along a line, then down along a cosine to a hundredth."""
    up = min(1.0, (step + 1) / max(settings.warm_up, 1))
    done = torch.tensor(min(step / settings.steps, 1.0), dtype=torch.float64)
    return settings.rate * up * (0.01 + 0.99 * 0.5 * (1 + float(torch.cos(torch.pi * done))))


class Learning:
    """A network on its way."""

    def __init__(self, network: nn.Module, settings: Settings, accelerator: Accelerator, optimizer: MakeOptimizer | None) -> None:
        """Put the network on the device and make its optimizer."""
        self.settings, self.accelerator, self.splits = settings, accelerator, settings.splits
        self.network: Any = network.to(accelerator.device).train()
        self.parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        if not self.parameters:
            raise TrainingError("the network has no parameters that learn")
        self.plain: torch.optim.Optimizer = optimizer(self.parameters) if optimizer is not None else self.adam()
        self.optimizer: Any = accelerator.prepare(self.plain)
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        means: dict[int, Tensor] = {}
        for name, parameter in network.named_parameters(remove_duplicate=False):  # two names of one parameter share its mean
            self.average[name] = means.setdefault(id(parameter), self.average[name])
        self._means = [means[id(parameter)] for parameter in self.parameters]

    def adam(self) -> torch.optim.Optimizer:
        """Make the usual optimizer; the fused one takes a fifth of the time on a CPU, but not where losses are scaled."""
        fused = self.accelerator.device.type in ("cpu", "cuda") and self.settings.precision != "fp16"
        return torch.optim.AdamW(self.parameters, lr=self.settings.rate, weight_decay=self.settings.weight_decay, fused=fused)

    def tensors(self, rows: Rows, step: int, first: int) -> dict[str, Tensor]:
        """Carry rows to the device, with the seed of each."""
        if "seed" in rows:
            raise TrainingError("the data have a value named 'seed', which is the name of what the loop adds; call it otherwise")
        count = len(next(iter(rows.values())))
        found = {**rows, "seed": row_seeds(self.settings.seed, step, first, first + count)}
        return {name: torch.as_tensor(values).to(self.accelerator.device, non_blocking=True) for name, values in found.items()}

    def judged(self, batch: Mapping[str, Tensor], step: int, first: int) -> Losses:
        """Ask the network for its loss of one part of a batch."""
        drawn = int(random_for(self.settings.seed, f"torch in step {step} from row {first}").integers(2**63 - 1))
        with seeded(drawn, self.accelerator.device), self.accelerator.autocast():
            total, parts = self.network.loss(batch)
        return total, parts

    def gradients(self, batch: Mapping[str, Tensor], step: int, first: int) -> dict[str, Tensor]:
        """Add up the gradients of this process's rows in `splits` parts, and give the means of the losses."""
        self.optimizer.zero_grad(set_to_none=True)
        count = len(batch["seed"])
        found: dict[str, Any] = {}
        splits = min(self.splits, count)
        edges = [count * part // splits for part in range(splits + 1)]
        for begin, end in pairwise(edges):
            total, parts = self.judged({name: values[begin:end] for name, values in batch.items()}, step, first + begin)
            share = (end - begin) / count
            self.accelerator.backward(total * share)
            for name, value in {"loss": total, **parts}.items():
                found[name] = found.get(name, 0.0) + torch.as_tensor(value).detach().float().to(self.accelerator.device) * share
        return found

    def fitting(self, batch: Mapping[str, Tensor], step: int, first: int, tell: Callable[[str], None]) -> dict[str, Tensor]:
        """Do the same, and in smaller parts where memory is short."""
        while True:
            try:
                return self.gradients(batch, step, first)
            except (RuntimeError, MemoryError) as error:
                if not (isinstance(error, MemoryError) or should_reduce_batch_size(error)):
                    raise
            # Out of the except block, so that nothing of the failed try is held any longer.
            self.optimizer.zero_grad(set_to_none=True)
            if self.accelerator.device.type == "cuda":
                torch.cuda.empty_cache()
            count = len(batch["seed"])
            if self.splits >= count:
                raise TrainingError(f"there is not enough memory for one row in step {step + 1}; use a smaller network or shorter rows")
            self.splits = min(self.splits * 2, count)
            tell(f"not enough memory: each process's {count} rows are now done in {self.splits} parts; the batch stays what it is")

    def together(self, found: dict[str, Tensor], ending: bool) -> tuple[dict[str, Tensor], bool]:
        """Average gradients and losses over the processes, and end when one of them does."""
        if self.accelerator.num_processes == 1:
            return found, ending
        device = self.accelerator.device
        held = [torch.zeros_like(each) if each.grad is None else each.grad for each in self.parameters]
        facts = torch.stack([*(found[name].reshape(()) for name in sorted(found)), torch.tensor(float(ending), device=device)])
        flat: Any = self.accelerator.reduce(torch.cat([each.reshape(-1).float() for each in held] + [facts]), reduction="mean")
        at = 0
        for parameter, each in zip(self.parameters, held, strict=True):
            parameter.grad = flat[at : at + each.numel()].view_as(each).to(each.dtype)
            at += each.numel()
        return dict(zip(sorted(found), flat[at:-1], strict=True)), bool(flat[-1] > 0)

    def step(self, number: int) -> float:
        """Take the step that the gradients ask for, and give their length before clipping."""
        for group in self.plain.param_groups:
            group["lr"] = spread(number, self.settings)
        length = float(self.accelerator.clip_grad_norm_(self.parameters, self.settings.clip))
        self.optimizer.step()
        keep = min(self.settings.average, (number + 1) / (number + FIRST_MEANS))
        with torch.no_grad():
            torch._foreach_lerp_(self._means, [parameter.detach() for parameter in self.parameters], 1 - keep)
            learned = {id(mean) for mean in self._means}
            for name, value in self.network.state_dict().items():
                if id(self.average[name]) not in learned:
                    self.average[name].copy_(value)
        return length

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the network be its running mean within the block, without learning."""
        current = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.average)
        self.network.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.network.load_state_dict(current)
            self.network.train()

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give everything that going on needs: tensors, and facts for JSON."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.items()}
        held, plain = self.plain.state_dict(), {}
        for number, values in held["state"].items():
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{number}.{name}"] = value
                else:
                    plain[f"{number}.{name}"] = value
        scaler = self.accelerator.scaler.state_dict() if self.accelerator.scaler is not None else {}
        return tensors, {"groups": held["param_groups"], "plain": plain, "splits": self.splits, "scaler": scaler}

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Go back to a state."""
        own = {name.removeprefix("network."): value for name, value in tensors.items() if name.startswith("network.")}
        shapes = {name: tuple(value.shape) for name, value in self.network.state_dict().items()}
        if shapes != {name: tuple(value.shape) for name, value in own.items()}:
            raise TrainingError("the checkpoint is of another network; choose another folder, or remove this one to begin again")
        self.network.load_state_dict(own)
        for name, value in self.average.items():
            value.copy_(tensors[f"average.{name}"])
        state: dict[int, dict[str, Any]] = {}
        for name, value in [*tensors.items(), *((f"optimizer.{name}", value) for name, value in facts["plain"].items())]:
            if name.startswith("optimizer."):
                _, number, key = name.split(".", 2)
                state.setdefault(int(number), {})[key] = value
        self.plain.load_state_dict({"state": state, "param_groups": facts["groups"]})
        self.splits = max(self.splits, facts["splits"])
        if self.accelerator.scaler is not None and facts["scaler"]:
            self.accelerator.scaler.load_state_dict(facts["scaler"])
