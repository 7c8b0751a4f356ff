"""Measure what OpenHead's conversions cost: on made-up weights, and on real ARKit recordings (npz files with names and rows)."""

import argparse
from pathlib import Path

import numpy as np

from thespis.head.flame import JOINTS
from thespis.head.openhead import OpenHead, load_openhead
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array, random_for

ROWS = 400


def made_up() -> Array:
    """Make random weights (rows, 52): each half-normal with a deviation of 0.3, cut at 1."""
    random = random_for(11, "weights to measure conversions")
    return np.asarray(np.clip(np.abs(random.standard_normal((ROWS, len(ARKIT)))) * 0.3, 0, 1), np.float32)


def recorded(file: Path) -> Array:
    """Read weights (rows, 52) from an npz file that holds names and values, at most ROWS evenly spaced ones."""
    held = np.load(file)
    names = next(held[key] for key in held.files if held[key].dtype.kind == "U")
    values = next(held[key] for key in held.files if held[key].ndim == 2 and held[key].dtype.kind == "f")
    lower = {str(name)[0].lower() + str(name)[1:]: column for column, name in enumerate(names)}
    rows = np.zeros((len(values), len(ARKIT)), np.float32)
    for row, name in enumerate(ARKIT):
        if name in lower:
            rows[:, row] = values[:, lower[name]]
    return np.asarray(rows[:: max(1, len(rows) // ROWS)])


def told(head: OpenHead, name: str, weights: Array) -> str:
    """Word the errors of one set of weights as a row of the page's table."""
    straight = head.displace(weights)
    moved = np.linalg.norm(straight, axis=2).max(axis=1).mean()
    cells = [name, str(len(weights)), f"{moved:.3f}"]
    through = head.arkit(head.coefficients(weights))
    again = np.linalg.norm(head.displace(through) - straight, axis=2)
    cells += [f"{again.max():.4f}", f"{np.abs(through - weights).mean():.3f}"]
    expression, rotations = head.to_flame(weights)
    posed = np.linalg.norm(head.flame(expression=expression, rotations=rotations).vertices - head.points - straight, axis=2)
    back, _, _ = head.from_flame(expression, rotations)
    cells += [f"{posed.max():.4f}", f"{posed.mean():.5f}", f"{np.linalg.norm(head.displace(back) - straight, axis=2).max():.4f}"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the rows of the page's tables."""
    parser = argparse.ArgumentParser(description="Measure OpenHead's conversions.")
    parser.add_argument("recordings", type=Path, nargs="*")
    asked = parser.parse_args()
    head = load_openhead()
    print(told(head, "made-up, each weight 0.3 x half-normal", made_up()))
    for file in asked.recordings:
        print(told(head, file.stem, recorded(file)))
    for shape in ("jawOpen", "jawLeft"):
        weights = np.zeros((4, len(ARKIT)), np.float32)
        weights[:, ARKIT.index(shape)] = (0.25, 0.5, 0.75, 1.0)
        expression, rotations = head.to_flame(weights)
        apart = np.linalg.norm(
            head.flame(expression=expression, rotations=rotations).vertices - head.points - head.displace(weights), axis=2
        )
        angles = np.degrees(np.linalg.norm(rotations[:, JOINTS.index("jaw")], axis=1))
        print(f"{shape}: {angles.round(1).tolist()} degrees, at most {apart.max(axis=1).round(4).tolist()} apart")


if __name__ == "__main__":
    main()
