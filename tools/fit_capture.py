"""Measure on drawn faces how landmarks and flow answer to each shape, and write thespis/assets/likelihood.safetensors with its card.

python tools/fit_capture.py              about 10 minutes on two CPU cores; the same seed gives the same faces
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from train_capture import Drawn, drawn_faces

from thespis.capture.evidence import LOOKED_AT
from thespis.capture.witness import SCALE
from thespis.head.shapes import SHAPES
from thespis.types import Array
from thespis.weights import ASSETS

RANK = 160
SHRUNK = 0.1  # of the mean variance, added to every one: directions that happened to be quiet are not certain
RIDGE = 30.0
PLACES = (2, len(LOOKED_AT), 2)


def fit_likelihood(made: list[Drawn]) -> dict[str, Array]:
    """Fit gain, response and the errors' covariance to drawn faces -> the tensors of the asset."""
    shapes = [np.stack([each.fields[:, LOOKED_AT, :2]] * 2, axis=1).reshape(len(SHAPES), -1) for each in made]
    told = np.concatenate([each.weights @ fields for each, fields in zip(made, shapes, strict=True)])
    seen = np.concatenate([each.inputs for each in made]) / SCALE
    weights = np.concatenate([each.weights for each in made])
    gain = (told * seen).sum(axis=0) / ((told * told).sum(axis=0) + 1e-2)
    left = seen - told * gain
    response = np.linalg.solve(weights.T @ weights + RIDGE * np.eye(len(SHAPES)), weights.T @ left)
    errors = (left - weights @ response).astype(np.float64)
    covariance = errors.T @ errors / len(errors)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    floor = float(values[RANK:].mean())
    rest = floor + SHRUNK * float(values.mean())
    strong = np.maximum(values[:RANK] - floor, 0)
    spread = vectors[:, :RANK] * np.sqrt(strong / (strong + rest))
    explained = 1 - float((errors**2).mean() / (seen**2).mean())
    print(
        f"{len(seen)} pictures: {100 * explained:.0f} % of the movements explained; {1000 * rest**0.5:.1f} thousandths of an eye distance"
    )
    return {
        "gain": gain.reshape(PLACES).astype(np.float16),
        "response": response.reshape(len(SHAPES), *PLACES).astype(np.float16),
        "spread": spread.astype(np.float16),
        "rest": np.array([rest], np.float32),
    }


def write(tensors: dict[str, Array], folder: Path, made_by: str, pictures: int) -> None:
    """Write the tensors and their card."""
    file = folder / "likelihood.safetensors"
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, file)
    card = {
        "name": "likelihood",
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "commercial": True,
        "source": "ships with the package",
        "made_by": made_by,
        "data": (
            f"{pictures} pictures of made-up people, bent and relit from two photographs in the public domain "
            "(Eileen Collins by NASA, Grace Hopper by the US Navy), drawn with known weights by our own renderer"
        ),
        "scores": "docs/capture.md",
    }
    (folder / "likelihood.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Draw the faces, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="use the faces that train_capture.py --keep drew, or draw and keep them")
    parser.add_argument("--output", type=Path, default=ASSETS)
    options = parser.parse_args()
    made = drawn_faces(options.seed, options.faces, options.keep)
    tensors = fit_likelihood(made)
    write(
        tensors,
        options.output,
        f"python tools/fit_capture.py --faces {options.faces} --seed {options.seed}",
        sum(len(m.inputs) for m in made),
    )


if __name__ == "__main__":
    main()
