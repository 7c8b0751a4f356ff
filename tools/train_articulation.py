"""Train the articulation network, and write thespis/assets/articulation.onnx with its card.

python tools/train_articulation.py                                          made-up speech only
python tools/train_articulation.py --recordings FOLDER --curves FOLDER --flite PROGRAM
                                                                            as the network that ships: see docs/lips.md

It learns from made-up speech first, labels the recordings with what it knows by then, and goes on with both, labelling them again at
the beginning of every round. About 80 minutes on one core; the same seed and the same inputs give the same data in the same order.
"""

import argparse
import copy
import hashlib
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import torch
from articulation_batches import Examples, batch, gathered, part_of, scores
from articulation_data import TARGETS, example
from articulation_flite import flite_example
from articulation_network import DELAY, WHOLE_DELAY, ArticulationNetwork, write_onnx
from articulation_recordings import Labelled, Recording, groups, joined, labelled, learnable, performed, performed_example, recordings
from articulation_sound import damaged
from torch.nn.functional import cross_entropy, pad

from thespis.features.articulation import Articulation, hear
from thespis.features.ear import BANDS
from thespis.features.phone_classes import PHONE_CLASSES
from thespis.features.resample import RATE
from thespis.types import Speech, random_for
from thespis.weights import ASSETS

WEIGHTS = {"closure": 3.0, "dental": 2.0, "tongue": 0.7}
SHUT = 3.0  # how much more a row counts for the closure in which lips are shut: these are few, and a closure that is missed is seen
LIPS = {"p": 1.3, "b": 1.3, "m": 1.3, "f": 1.15, "v": 1.15, "w": 1.15}  # weights of the classes that lips are seen to make
MOVES, CURVES, SOUNDS = 6.0, 10.0, 0.5  # weights of the curves' speed, of the curves, and of the classes of sounds
UNSURE = 7  # per cent of the recordings whose text and sound agree least, which are left out
SHARES = {"made up": 0.42, "real": 0.5, "captured": 0.08}
STEADY = 0.998  # the network that is kept is a running mean of those of the last 500 steps


def made_up(seed: int, examples: int, folder: Path | None) -> Examples:
    """Make all examples of made-up speech, or take those that are in a folder already."""
    kept = folder / f"made_up_{seed}_{examples}.npz" if folder else None
    if kept and kept.exists():
        return Examples.read(kept)
    began, made = time.time(), []
    for number in range(examples):
        made.append(example(seed, number))
        if number % 200 == 199:
            print(f"{number + 1} examples after {time.time() - began:.0f} s", flush=True)
    found = gathered(made)
    if kept:
        found.write(kept)
    return found


def real(found: list[Recording], network: ArticulationNetwork, seed: int, variants: int) -> Examples:
    """Label the recordings whose text is known with what the network hears, and make `variants` damaged examples of each."""
    known: list[Recording] = []
    said: list[Labelled | None] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "so_far.onnx"
        write_onnx(network, path)
        for each in (each for each in found if each.text):
            loud = each.samples / (np.abs(each.samples).max() + 1e-6) * np.float32(0.5)
            fits = labelled(each, hear(Speech(loud[None], RATE), weights=path).phones.values)
            if fits is not None:
                known.append(each)
                said.append(fits)
    least = np.percentile([each.fit for each in said if each], UNSURE)
    print(f"{len(known)} recordings labelled, mean log chance {np.mean([each.fit for each in said if each]):.2f}", flush=True)
    clear = [number for number, each in enumerate(said) if each and each.fit >= least]
    known, said = [known[number] for number in clear], [said[number] for number in clear]
    made = []
    for variant in range(variants):
        rng = random_for(seed, f"recordings {variant}")
        for numbers in groups(rng, known):
            samples, parts = joined(rng, known, numbers)
            # The first variant is heard as it was recorded.
            samples = damaged(rng, samples, np.roll(samples, len(samples) // 2)) if variant else samples
            made.append(learnable(samples, parts, said))
    return gathered(made)


def captured(folder: Path, held: Sequence[str], seed: int, variants: int) -> Examples:
    """Make damaged examples of recordings with captured curves, but for those that are held out."""
    rng, made = random_for(seed, "curves"), []
    for _ in range(variants):
        for name, samples, targets in performed(folder):
            if name not in held:
                made.extend(performed_example(rng, samples, targets))
    return gathered(made)


def losses(made: torch.Tensor, y: torch.Tensor, counts: torch.Tensor, classes: torch.Tensor, balance: torch.Tensor) -> torch.Tensor:
    """Judge one answer (B, channels + classes, T) against curves, where they are known, and classes."""
    weights = torch.tensor([WEIGHTS.get(name, 1.0) for name in TARGETS])[None, :, None].expand_as(counts).clone()
    closure = TARGETS.index("closure")
    weights[:, closure] *= torch.where(y[:, closure] > 0.5, SHUT, 1.0)
    curves = torch.sigmoid(made[:, : len(TARGETS)])
    # How the mouth moves matters as much as where it is.
    moves = (torch.diff(curves, dim=2) - torch.diff(y, dim=2)) ** 2
    apart = (((curves - y) ** 2 + pad(moves * MOVES, (1, 0))) * weights * counts).sum() / counts.sum()
    sounds = cross_entropy(made[:, len(TARGETS) :], classes, weight=balance, ignore_index=255, label_smoothing=0.02)
    return CURVES * apart + SOUNDS * sounds


def balance_of(examples: Examples) -> torch.Tensor:
    """Weigh rare classes of sounds more, and those that lips are seen to make: (classes,), 1 on average over the rows."""
    counts = np.bincount(examples.phones[examples.phones < PHONE_CLASSES.size], minlength=PHONE_CLASSES.size) + 500.0
    weights = counts**-0.5 * [LIPS.get(name, 1.0) for name in PHONE_CLASSES.names]
    return torch.from_numpy(weights / (weights * counts / counts.sum()).sum()).float()


class Training:
    """The network on its way: the one that learns, the running mean that is kept, and where it stands."""

    def __init__(self, seed: int, balance: torch.Tensor) -> None:
        """Begin."""
        torch.manual_seed(seed)
        self.network = ArticulationNetwork(BANDS, len(TARGETS), PHONE_CLASSES.size)
        self.kept = copy.deepcopy(self.network)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=2e-3, weight_decay=0.01)
        self.balance, self.rng, self.step = balance, random_for(seed, "articulation batches"), 0

    def run(self, sets: list[tuple[float, Examples]], steps: int, rates: Iterator[float]) -> None:
        """Learn for so many steps from sets of examples with their shares."""
        began, mean = time.time(), 0.0
        for number in range(steps):
            for options in self.optimizer.param_groups:
                options["lr"] = next(rates)
            x, answers = batch(self.rng, sets, (DELAY, WHOLE_DELAY))
            made = self.network(x)
            loss = torch.stack([losses(out, *wanted, self.balance) for out, wanted in zip(made, answers, strict=True)]).sum()
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
            self.optimizer.step()
            self.step += 1
            part_of(self.kept, self.network, min(STEADY, self.step / (self.step + 20)))
            mean = loss.item() if number == 0 else 0.98 * mean + 0.02 * loss.item()
            if number % 100 == 99:
                print(f"step {self.step}: loss {mean:.4f} after {time.time() - began:.0f} s", flush=True)

    def save(self, path: Path) -> None:
        """Keep everything that is needed to go on."""
        torch.save({"network": self.network.state_dict(), "kept": self.kept.state_dict(), "step": self.step}, path)


def falling(steps: int, peak: float) -> Iterator[float]:
    """Give the rate of learning for each step: up within 150 steps, then down along a cosine."""
    for step in count():
        yield peak * min(1.0, (step + 20) / 150) * (0.005 + 0.995 * 0.5 * (1 + np.cos(np.pi * min(step / steps, 1.0))))


def captured_scores(folder: Path, held: Sequence[str], weights: Path) -> Iterator[tuple[str, float]]:
    """Correlate the jaw with the captured one of the recordings that were held out, at the lag at which it is trained."""
    for name, samples, targets in performed(folder):
        if name in held:
            track = hear(Speech(samples[None], RATE), weights=weights).articulation
            yield name, float(np.corrcoef(track["jaw"][: len(targets)], targets[:, TARGETS.index("jaw")][: len(track)])[0, 1])


def main() -> None:
    """Make the data, train, and write the network and its card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, help="a folder with a folder of recordings for each language, with their texts beside")
    parser.add_argument("--curves", type=Path, help="the folder of FACEGOOD's Audio2Face with recordings and captured curves")
    parser.add_argument("--held", nargs="*", default=["1114_2_04", "1114_3_15"], help="recordings with curves that are kept for measuring")
    parser.add_argument("--flite", type=Path, help="the program flite, whose voices come from real speakers")
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=12000, help="a sixth of them on made-up speech alone, the rest in three rounds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, help="a folder to keep the made-up data in, or to take them from if they are there")
    parser.add_argument("--checkpoint", type=Path, help="a file to write the state of training to after every round")
    parser.add_argument("--out", type=Path, default=ASSETS / "articulation.onnx")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    found = recordings(asked.recordings) if asked.recordings else []
    examples = made_up(asked.seed, asked.examples, asked.data)
    learned, held = examples.split(max(asked.examples // 30, 5))
    training, rates = Training(asked.seed, balance_of(examples)), falling(asked.steps, 2e-3)
    print(f"{sum(p.numel() for p in training.network.parameters()):,} parameters, {len(examples.inputs) / 360_000:.2f} h made up")
    others: list[tuple[float, Examples]] = []
    if asked.curves:
        others.append((SHARES["captured"], captured(asked.curves, asked.held, asked.seed, 3)))
    texts = [each.text for each in found if each.language == "en-us" and each.text]
    flite = [flite_example(asked.flite, asked.seed, number, texts) for number in range(asked.examples // 4)] if asked.flite else []
    rounds = 3
    for number in range(rounds + 1):
        sets = [(SHARES["made up"], learned), *others]
        heard_so_far = real(found, training.kept.eval(), asked.seed, 2) if number and found else None
        voices = [each for each in (heard_so_far, gathered(flite) if flite else None) if each is not None]
        if number and voices:
            sets.append((SHARES["real"], Examples.together(voices)))
        training.run(sets, asked.steps // 6 if not number else asked.steps * 5 // 6 // rounds, rates)
        if asked.checkpoint:
            training.save(asked.checkpoint)
    final = training.kept.eval()
    results = scores(final, held, (DELAY, WHOLE_DELAY))
    write_onnx(final, asked.out)
    Articulation(asked.out)
    lines = [f"{name} {value}" for name, value in results[1].items()]
    if asked.curves:
        lines += [f"captured jaw of {name}, left out, {r:.2f}" for name, r in captured_scores(asked.curves, asked.held, asked.out)]
    print("correlation on unseen made-up speech, second thoughts:", ", ".join(lines))
    card = json.loads(asked.out.with_suffix(".json").read_text()) if asked.out.with_suffix(".json").exists() else {"name": "articulation"}
    card |= {"file": asked.out.name, "sha256": hashlib.sha256(asked.out.read_bytes()).hexdigest(), "scores": "; ".join(lines)}
    asked.out.with_suffix(".json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
