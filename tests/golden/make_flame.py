"""Make `flame.safetensors`: what the `smplx` package's FLAME class gives for OpenHead saved in FLAME's pickle layout.

Needs `smplx` (and torch) beside Thespis: pip install smplx; python tests/golden/make_flame.py
"""

import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from thespis.head.openhead import load_openhead, openhead_card, save_as_flame
from thespis.types import Array, random_for

EVERY = 9  # of the vertices, to keep the file small
POSES = 8


def inputs(poses: int = POSES) -> dict[str, Array]:
    """Make random people, expressions, rotations in radians, and shifts in metres; the first pose is at rest."""
    random = random_for(3, "golden poses of FLAME")
    found = {
        "shape": random.standard_normal((poses, 40)),
        "expression": random.standard_normal((poses, 50)),
        "rotations": 0.35 * random.standard_normal((poses, 5, 3)),
        "translation": 0.1 * random.standard_normal((poses, 3)),
    }
    for values in found.values():
        values[0] = 0
    return {name: values.astype(np.float32) for name, values in found.items()}


def official(folder: Path, given: dict[str, Array]) -> tuple[Array, Array]:
    """Run `smplx`'s FLAME on a folder -> vertices (B, V, 3) and joints (B, 5, 3)."""
    import smplx  # type: ignore[import-untyped]
    import torch

    model = smplx.FLAME(str(folder), num_betas=40, num_expression_coeffs=50, batch_size=len(given["shape"]))
    tensors = {name: torch.from_numpy(values) for name, values in given.items()}
    turns = tensors["rotations"]
    with torch.no_grad():
        posed = model(
            betas=tensors["shape"], expression=tensors["expression"], transl=tensors["translation"], global_orient=turns[:, 0],
            neck_pose=turns[:, 1], jaw_pose=turns[:, 2], leye_pose=turns[:, 3], reye_pose=turns[:, 4],
        )  # fmt: skip
    return posed.vertices.numpy(), posed.joints[:, :5].numpy()


def main() -> None:
    """Write the golden tensors."""
    given = inputs()
    with tempfile.TemporaryDirectory() as folder:
        save_as_flame(load_openhead(), folder)
        vertices, joints = official(Path(folder), given)
    tensors = {**given, "vertices": np.ascontiguousarray(vertices[:, ::EVERY]), "joints": np.ascontiguousarray(joints)}
    save_file(tensors, Path(__file__).with_name("flame.safetensors"), metadata={"openhead": openhead_card().sha256})


if __name__ == "__main__":
    main()
