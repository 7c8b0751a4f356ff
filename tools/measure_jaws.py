"""Compare the jaw that is heard with captured ones: what the network draws, and what a linear map fitted on all other recordings reaches.

python tools/measure_jaws.py FOLDER                   the folder of FACEGOOD's Audio2Face, with recordings and captured curves
python tools/measure_jaws.py FOLDER --steps 4000      also trains networks, each without one of the recordings (extra train)

The map hears the bands of the ear, the level and the chances of the sounds, of which none was learned from these recordings, within 0.2 s
on either side. So every recording is left out once, and the mean tells more than one of them.

The network that ships has learned from three of the recordings. With --steps another one of its kind is trained from nothing on made-up
speech, and goes on from there once for every recording, with that speech and the curves of all others.
"""

import argparse
import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from articulation_data import TARGETS, heard
from articulation_recordings import AHEAD, performed

from thespis.evaluate.lips import fit, level
from thespis.features.articulation import hear
from thespis.features.resample import RATE
from thespis.types import Array, Speech

Doubles = npt.NDArray[np.float64]
AROUND = (-20, -15, -10, -5, 0, 5, 10, 15, 20)  # rows of 10 ms that the map hears at once
FIRM = 0.5  # ridge, as a share of the variance
SMOOTH = 9  # rows over which its answer is averaged
BENT = 0.7  # the power by which targets open wider than captured jaws


def around(features: Array) -> Doubles:
    """Put what is heard around each row beside each other: (rows, n) -> (rows, n * len(AROUND))."""
    places = np.arange(len(features))[:, None] + np.array(AROUND)
    return np.asarray(features[np.clip(places, 0, len(features) - 1)].reshape(len(features), -1), np.float64)


def mapped(learned: list[tuple[Doubles, Doubles]], features: Doubles) -> Doubles:
    """Fit a ridge map on (features, jaw) of some recordings, and give what it makes of another one's features (rows,)."""
    x, y = (np.concatenate(parts) for parts in zip(*learned, strict=True))
    middle, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    scaled = (x - middle) / spread
    weights = np.linalg.solve(scaled.T @ scaled + FIRM * len(scaled) * np.eye(scaled.shape[1]), scaled.T @ (y - y.mean()))
    return np.convolve((features - middle) / spread @ weights, np.ones(SMOOTH) / SMOOTH, "same")


def left_out(folder: Path, steps: int, count: int, seed: int, data: Path | None) -> Iterator[tuple[str, Doubles]]:
    """Train for so many steps on `count` made-up examples, then without each recording -> its name, and the jaw heard there (rows,)."""
    import torch
    from articulation_network import write_onnx
    from train_articulation import SHARES, Training, balance_of, captured, falling, made_up

    torch.set_num_threads(1)
    examples = made_up(seed, count, data)
    base = Training(seed, balance_of(examples))
    base.run([(1.0, examples)], steps, falling(steps, 2e-3))
    for name, samples, _ in performed(folder):
        training = copy.deepcopy(base)
        sets = [(SHARES["made up"], examples), (SHARES["captured"], captured(folder, [name], seed, 3))]
        training.run(sets, steps // 4, falling(steps // 4, 1e-3))
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "without.onnx"
            write_onnx(training.kept.eval(), path)
            yield name, hear(Speech(samples[None], RATE), weights=path).articulation["jaw"].astype(np.float64)


def main() -> None:
    """Measure every recording of the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--steps", type=int, default=0, help="train networks without each recording; a quarter of the steps are made with the others"
    )
    parser.add_argument("--examples", type=int, default=1200, help="how many examples of made-up speech they learn from (about 9 s each)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="a folder to keep the made-up data in, or to take them from if they are there")
    options = parser.parse_args()
    found: dict[str, tuple[Doubles, Doubles, Doubles, Doubles]] = {}
    for name, samples, targets in performed(options.folder):
        speech = Speech(samples[None], RATE)
        hearing = hear(speech)
        loud = np.clip(level(speech), -70.0, 0.0)
        rows = min(len(targets), len(loud), len(hearing.phones))
        heard_there = np.concatenate([heard(samples, rows), hearing.phones.values[:rows], loud[:rows, None].astype(np.float32)], axis=1)
        # Targets are captured jaws that were moved ahead and bent; here they are measured as they were captured.
        jaw = np.roll(targets[:rows, TARGETS.index("jaw")], round(AHEAD * 100)).astype(np.float64) ** (1 / BENT)
        found[name] = around(heard_there), jaw, hearing.articulation["jaw"][:rows].astype(np.float64), loud[:rows]
    table = []
    for name, (features, jaw, made, loud) in found.items():
        rest = mapped([(other[0], other[1]) for key, other in found.items() if key != name], features)
        seconds = np.arange(len(jaw)) / 100
        fits = [fit(curve, seconds, jaw, seconds) for curve in (made, loud, rest)]
        table.append([fits[0].zero, fits[0].best, fits[1].best, fits[2].zero])
        print(
            f"{name}: the network {fits[0].zero:.2f}, {fits[0].best:.2f} at its best lag ({fits[0].lag * 1000:.0f} ms); "
            f"loudness {fits[1].best:.2f}; a linear map of the other recordings {fits[2].zero:.2f}"
        )
    means = np.mean(table, axis=0)
    print(f"mean: the network {means[0]:.2f}, {means[1]:.2f} at its best lag; loudness {means[2]:.2f}; linear maps {means[3]:.2f}")
    if options.steps:
        without = []
        for name, made in left_out(options.folder, options.steps, options.examples, options.seed, options.data):
            jaw = found[name][1]
            seconds = np.arange(len(jaw)) / 100
            fits = [fit(made[: len(jaw)], seconds, jaw**power, seconds) for power in (1.0, BENT)]
            without.append([fits[0].zero, fits[0].best, fits[1].best])
            print(
                f"{name}: a network trained without it {fits[0].zero:.2f}, {fits[0].best:.2f} at its best lag "
                f"({fits[0].lag * 1000:.0f} ms); {fits[1].best:.2f} with jaws to the power of {BENT}, as learned",
                flush=True,
            )
        means = np.mean(without, axis=0)
        print(f"mean: networks trained without it {means[0]:.2f}, {means[1]:.2f} at the best lag, {means[2]:.2f} as learned")


if __name__ == "__main__":
    main()
