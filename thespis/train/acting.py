"""How the motion denoiser learns: first the flow of single changes under true, slightly shaken pasts, then to follow it in few steps."""

import copy
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from thespis.motion.networks.acting import BODY, LATE, LOOKED, SOON, STEPS, WINDOW, Acting, follow
from thespis.motion.spaces.acting import CONTROLS
from thespis.train.batches import Rows
from thespis.train.losses import position
from thespis.train.randomness import noise, uniform
from thespis.types import Array, random_for

SHAKEN, SHAKE = 0.5, 0.8  # how many pasts are shaken, and by how much of the spread of a change at most
RARELY, SELDOM = 2.0, 0.3  # the weights of events, and of where eyes jump, beside the flow of the body
JUMP = 0.05  # degrees from which a look is another one
MIRROR = np.array(
    [-1 if name in ("head_yaw", "head_roll", "shift_right", "brow_side", "look_yaw") else 1 for name in CONTROLS.names], np.float32
)
"""Which controls change their sign where left and right do."""
TEACHER = 24  # steps of the flow that the few are to follow


class Stretches:
    """Windows of acts, drawn anew in every step: arrays as `data/acts.py` makes them, with their `shares` of a batch."""

    def __init__(self, kinds: Mapping[str, Mapping[str, Array]], shares: Mapping[str, float], size: int, seed: int) -> None:
        """Keep the acts by kind."""
        self.kinds, self.shares, self.size, self.seed = kinds, shares, size, seed

    def rows(self, step: int, first: int, stop: int) -> Rows:
        """Draw the rows of one step's batch."""
        random = random_for(self.seed, f"stretches of step {step}")
        names = list(self.shares)
        chosen = random.choice(len(names), self.size, p=np.array([self.shares[name] for name in names]) / sum(self.shares.values()))
        draws = random.uniform(size=(self.size, 4))
        found = [stretch(self.kinds[names[kind]], *draw) for kind, draw in zip(chosen[first:stop], draws[first:stop], strict=True)]
        return {name: np.stack([each[name] for each in found]) for name in found[0]}


def stretch(acts: Mapping[str, Array], which: float, where: float, late: float, side: float = 0.0) -> dict[str, Array]:
    """Cut a window out of one act, by numbers from 0 to 1: `late` below 0.4 hears the voice LATE rows later, `side` above 0.5 mirrors."""
    count, length = acts["controls"].shape[:2]
    number, waits = int(which * count), LATE if late < 0.4 else SOON
    first = 2 + int(where * (length - WINDOW - 2))
    rows, one = slice(first, first + WINDOW), np.ones((WINDOW, 1), np.float32)
    controls = acts["controls"][number] * (MIRROR if side > 0.5 else 1)
    heard = acts["heard"][number][np.maximum(np.arange(first, first + WINDOW) - waits, 0)]
    return {
        "controls": controls[rows], "past": controls[first - 1 : first - 1 + WINDOW], "before": controls[first - 2 : first - 2 + WINDOW],
        "shut": acts["blinks"][number][first - 1 : first - 1 + WINDOW, None],
        "events": np.stack([acts["blinks"][number][rows], jumps(acts["controls"][number])[rows]], axis=1),
        "heard": heard, "emotion": acts["emotion"][number][rows], "listening": acts["listening"][number][rows, None],
        "style": one * acts["style"][number], "late": one * float(waits == LATE),
    }  # fmt: skip


def usual(network: Acting, kinds: Mapping[str, Mapping[str, Array]]) -> None:
    """Tell the network the usual sizes."""
    controls = np.concatenate([acts["controls"].reshape(-1, CONTROLS.size) for acts in kinds.values()])
    changes = np.concatenate([np.diff(acts["controls"], axis=1).reshape(-1, CONTROLS.size) for acts in kinds.values()])
    spreads = changes.std(axis=0)
    spreads[BODY:] = changes[np.abs(changes[:, BODY:]).max(axis=1) > JUMP, BODY:].std(axis=0)
    for buffer, values in (
        (network.place, controls.mean(axis=0)),
        # What never moves in the acts, as footage tells of no feeling how strongly it shows, counts as it is.
        (network.spread, np.where(controls.std(axis=0) > 0, controls.std(axis=0), 1.0)),
        (network.change, np.where(spreads > 0, spreads, 1.0)),
    ):
        buffer.copy_(torch.from_numpy(np.asarray(values, np.float32)))


def jumps(controls: Array) -> Array:
    """Mark the rows of controls (rows, size) in which the eyes look elsewhere than in the row before (rows,)."""
    moved = np.abs(np.diff(controls[:, BODY:], axis=0, prepend=controls[:1, BODY:])).max(axis=1)
    return np.asarray(moved > JUMP, np.float32)


def shaking(batch: Mapping[str, Tensor], change: Tensor) -> Tensor:
    """Draw how pasts are shaken (B, 1, CONTROLS.size), half of them not at all; where the eyes look is always known."""
    level = (uniform(batch["seed"]) - SHAKEN).clamp(min=0)[:, None, None] / (1 - SHAKEN) * SHAKE
    return torch.cat([level * change[:BODY], torch.zeros_like(level).expand(-1, -1, LOOKED)], dim=-1)


class ActingLearner(nn.Module):
    """The denoiser with its loss."""

    def __init__(self, network: Acting) -> None:
        """Hold it."""
        super().__init__()
        self.network = network

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        network, size = self.network, CONTROLS.size
        drawn, shake = noise(batch["seed"], WINDOW, 3 * size + 1), shaking(batch, network.change)
        past, before = batch["past"] + shake * drawn[..., :size], batch["before"] + shake * drawn[..., size : 2 * size]
        level = (shake / network.change)[..., :1].expand(-1, WINDOW, 1)
        read = network.read({**batch, "past": past, "before": before, "level": level})
        wanted, chance = (batch["controls"] - past) / network.change, drawn[..., 2 * size : 3 * size]
        time, events = torch.sigmoid(drawn[..., -1:]), batch["events"]
        parts = {}
        for name, part, counts in (("body", slice(0, BODY), None), ("look", slice(BODY, size), events[..., 1:])):
            made = network.flows[name]((1 - time) * chance[..., part] + time * wanted[..., part], time, read)
            parts[name] = position(made, wanted[..., part] - chance[..., part], counts)
        parts["events"] = functional.binary_cross_entropy_with_logits(network.events(read), events)
        return parts["body"] + SELDOM * parts["look"] + RARELY * parts["events"], parts


class FewSteps(nn.Module):
    """The same network once its many steps are learned: only the flows learn on, to reach in STEPS steps what took TEACHER."""

    def __init__(self, network: Acting) -> None:
        """Keep what is learned as the teacher."""
        super().__init__()
        self.network = network
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.teachers = copy.deepcopy(network.flows)
        for parameter in network.flows.parameters():
            parameter.requires_grad_(True)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge every step by where the teacher's many steps lead, and the last by where its own lead."""
        network = self.network
        network.blocks.eval()  # only the flows learn, of what is read without anything dropped
        with torch.no_grad():
            read = network.read({**batch, "level": torch.zeros_like(batch["late"])})
        parts: dict[str, Tensor] = {}
        drawn = noise(batch["seed"], WINDOW, CONTROLS.size).split([BODY, LOOKED], dim=-1)
        for (name, flow), begin in zip(network.flows.items(), drawn, strict=True):
            with torch.no_grad():
                stops = follow(self.teachers[name], begin, read, TEACHER)[:: TEACHER // STEPS]
            for step, (here, there) in enumerate(pairwise(stops)):
                made = flow(here, torch.full_like(here[..., :1], step / STEPS), read)
                parts["step"] = parts.get("step", torch.zeros(())) + position(made, STEPS * (there - here)) / STEPS
            parts[name] = position(follow(flow, begin, read)[-1], stops[-1])
        return sum(parts.values(), torch.zeros(())), parts
