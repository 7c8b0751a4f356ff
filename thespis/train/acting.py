"""How the motion denoiser learns: first the flow of single changes under true, slightly shaken pasts, then to follow it in few steps."""

import copy
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from thespis.motion.networks.acting import LATE, SOON, STEPS, WINDOW, Acting, follow
from thespis.motion.spaces.acting import CONTROLS
from thespis.train.batches import Rows
from thespis.train.randomness import noise, uniform
from thespis.types import Array, random_for

SHAKEN, SHAKE = 0.5, 0.8  # how many pasts are shaken, and by how much of the spread of a change at most
RARELY = 6.0  # the weight of a blink beside the flow
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
        draws = random.uniform(size=(self.size, 3))
        found = [stretch(self.kinds[names[kind]], *draw) for kind, draw in zip(chosen[first:stop], draws[first:stop], strict=True)]
        return {name: np.stack([each[name] for each in found]) for name in found[0]}


def stretch(acts: Mapping[str, Array], which: float, where: float, late: float) -> dict[str, Array]:
    """Cut a window out of one act; `late` below 0.4 lets it hear the voice LATE rows later. Numbers are from 0 to 1."""
    count, length = acts["controls"].shape[:2]
    number, waits = int(which * count), LATE if late < 0.4 else SOON
    first = 2 + int(where * (length - WINDOW - 2))
    rows, one = slice(first, first + WINDOW), np.ones((WINDOW, 1), np.float32)
    controls = acts["controls"][number]
    heard = acts["heard"][number][np.maximum(np.arange(first, first + WINDOW) - waits, 0)]
    return {
        "controls": controls[rows], "past": controls[first - 1 : first - 1 + WINDOW], "before": controls[first - 2 : first - 2 + WINDOW],
        "shut": acts["blinks"][number][first - 1 : first - 1 + WINDOW, None], "blinks": acts["blinks"][number][rows],
        "heard": heard, "emotion": acts["emotion"][number][rows], "listening": acts["listening"][number][rows, None],
        "style": one * acts["style"][number], "late": one * float(waits == LATE),
    }  # fmt: skip


def usual(network: Acting, kinds: Mapping[str, Mapping[str, Array]]) -> None:
    """Tell the network the usual sizes."""
    controls = np.concatenate([acts["controls"].reshape(-1, CONTROLS.size) for acts in kinds.values()])
    changes = np.concatenate([np.diff(acts["controls"], axis=1).reshape(-1, CONTROLS.size) for acts in kinds.values()])
    for buffer, values in (
        (network.place, controls.mean(axis=0)),
        (network.spread, controls.std(axis=0)),
        (network.change, changes.std(axis=0)),
    ):
        buffer.copy_(torch.from_numpy(np.asarray(values, np.float32)))


class ActingLearner(nn.Module):
    """The denoiser with its loss."""

    def __init__(self, network: Acting) -> None:
        """Hold it."""
        super().__init__()
        self.network = network

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        network, seeds, size = self.network, batch["seed"], CONTROLS.size
        drawn = noise(seeds, WINDOW, 3 * size + 1)
        level = (uniform(seeds) - SHAKEN).clamp(min=0)[:, None, None] / (1 - SHAKEN) * SHAKE
        past = batch["past"] + level * network.change * drawn[..., :size]
        shaken = {**batch, "past": past, "before": batch["before"] + level * network.change * drawn[..., size : 2 * size]}
        read = network.read({**shaken, "level": level.expand(-1, WINDOW, 1)})
        wanted, chance = (batch["controls"] - past) / network.change, drawn[..., 2 * size : 3 * size]
        time = torch.sigmoid(drawn[..., -1:])
        made = network.flow((1 - time) * chance + time * wanted, time, read)
        blink = functional.binary_cross_entropy_with_logits(network.blink(read)[..., 0], batch["blinks"])
        flow = ((made - (wanted - chance)) ** 2).mean()
        return flow + RARELY * blink, {"flow": flow, "blink": blink}


class FewSteps(nn.Module):
    """The same network once its many steps are learned: only the flow learns on, to reach in STEPS steps what took TEACHER."""

    def __init__(self, network: Acting) -> None:
        """Keep what is learned as the teacher."""
        super().__init__()
        self.network = network
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.teacher = copy.deepcopy(network.flow)
        for parameter in network.flow.parameters():
            parameter.requires_grad_(True)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge every step by where the teacher's many steps lead, from the teacher's stops and from its own."""
        network = self.network
        with torch.no_grad():
            level = torch.zeros_like(batch["late"])
            read = network.read({**batch, "level": level})
            stops = follow(self.teacher, noise(batch["seed"], WINDOW, CONTROLS.size), read, TEACHER)[:: TEACHER // STEPS]
        parts = []
        for step, (here, there) in enumerate(pairwise(stops)):
            time = torch.full_like(here[..., :1], step / STEPS)
            parts.append(((network.flow(here, time, read) - STEPS * (there - here)) ** 2).mean())
        end = ((follow(network.flow, stops[0], read)[-1] - stops[-1]) ** 2).mean()
        step = torch.stack(parts).mean()
        return step + end, {"step": step, "end": end}
