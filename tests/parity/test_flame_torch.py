"""The FLAME layer in torch gives what the one in numpy gives; it runs where the `train` extra is installed."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from thespis.head.flame_files import load_flame  # noqa: E402
from thespis.head.flame_torch import FlameLayer  # noqa: E402
from thespis.head.openhead import load_openhead  # noqa: E402
from thespis.types import Array  # noqa: E402

pytestmark = pytest.mark.parity
GOLDEN = Path(__file__).parents[1] / "golden"
CLOSE = 1e-5  # metres


def arguments(held: dict[str, Array]) -> dict[str, Array]:
    return {name: held[name] for name in ("shape", "expression", "rotations", "translation")}


def test_torch_equals_smplx_and_numpy(folder: Path, golden: tuple[dict[str, Array], str]) -> None:
    held, _ = golden
    for model in (load_flame(folder / "FLAME_NEUTRAL.pkl"), load_openhead().flame):
        posed = model(**arguments(held))
        vertices, joints = FlameLayer(model)(**{name: torch.from_numpy(values) for name, values in arguments(held).items()})
        np.testing.assert_allclose(vertices.numpy(), posed.vertices, atol=CLOSE)
        np.testing.assert_allclose(joints.numpy(), posed.joints, atol=CLOSE)


def test_torch_carries_gradients_and_single_rows() -> None:
    layer = FlameLayer(load_openhead().flame)
    rotations = torch.zeros(4, 5, 3, requires_grad=True)
    expression = torch.zeros(1, 50, requires_grad=True)
    vertices, _ = layer(expression=expression, rotations=rotations)
    assert vertices.shape[0] == 4
    vertices.square().sum().backward()
    assert rotations.grad is not None
    assert expression.grad is not None
    assert torch.isfinite(rotations.grad).all()
    assert rotations.grad[:, 2].abs().max() > 0
    assert expression.grad.abs().max() > 0
