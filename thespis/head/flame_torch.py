"""The FLAME layer in torch, for training: the same numbers as `thespis.head.flame`. Needs the extra `train`."""

import importlib.util

from thespis.errors import MissingExtraError
from thespis.head.flame import JOINTS, TINY, Flame

if importlib.util.find_spec("torch") is None:
    raise MissingExtraError("the FLAME layer for training needs torch, which is not installed; run: pip install 'thespis[train]'")

import torch
from torch import Tensor, nn


def rotation_matrices(vectors: Tensor) -> Tensor:
    """Turn rotation vectors (..., 3), in radians, into matrices (..., 3, 3)."""
    angle = (vectors + TINY).norm(dim=-1, keepdim=True)
    x, y, z = (vectors / angle).unbind(dim=-1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], dim=-1).reshape(*vectors.shape[:-1], 3, 3)
    sine, cosine = angle.sin()[..., None], angle.cos()[..., None]
    return torch.eye(3, dtype=vectors.dtype, device=vectors.device) + sine * cross + (1 - cosine) * (cross @ cross)


class FlameLayer(nn.Module):
    """A head in FLAME's layout as a torch module without parameters of its own; gradients flow to what it is given."""

    def __init__(self, model: Flame) -> None:
        """Copy the arrays of a head."""
        super().__init__()
        for name in ("template", "shape_directions", "expression_directions", "pose_directions", "regressor", "weights"):
            self.register_buffer(name, torch.from_numpy(getattr(model, name).copy()))
        self.register_buffer("triangles", torch.from_numpy(model.triangles.astype("int64")))
        self.parents = model.parents

    def forward(
        self,
        shape: Tensor | None = None,
        expression: Tensor | None = None,
        rotations: Tensor | None = None,
        translation: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Pose the head, as Flame does: (B, ...), (B, ...), (B, 5, 3), (B, 3) -> vertices (B, V, 3), joints (B, 5, 3)."""
        resting: Tensor = self.template[None]
        for value, directions in ((shape, self.shape_directions), (expression, self.expression_directions)):
            if value is not None:
                resting = resting + torch.einsum("bk,vck->bvc", value, directions[:, :, : value.shape[1]])
        if rotations is None:
            rotations = torch.zeros(1, len(JOINTS), 3, dtype=resting.dtype, device=resting.device)
        vectors = rotations.reshape(-1, len(JOINTS), 3)
        rows = max(len(resting), len(vectors))
        resting = resting.expand(rows, -1, -1)
        matrices = rotation_matrices(vectors).expand(rows, -1, -1, -1)
        joints = torch.einsum("jv,bvc->bjc", self.regressor, resting)
        features = (matrices[:, 1:] - torch.eye(3, dtype=resting.dtype, device=resting.device)).reshape(rows, -1)
        posed = resting + torch.einsum("bk,vck->bvc", features, self.pose_directions)
        turns, places = [matrices[:, 0]], [joints[:, 0]]
        for joint, parent in enumerate(self.parents[1:], start=1):
            places.append(places[parent] + torch.einsum("bij,bj->bi", turns[parent], joints[:, joint] - joints[:, parent]))
            turns.append(turns[parent] @ matrices[:, joint])
        turn, place = torch.stack(turns, dim=1), torch.stack(places, dim=1)
        shift = place - torch.einsum("bkij,bkj->bki", turn, joints)
        vertices = torch.einsum("vj,bjik,bvk->bvi", self.weights, turn, posed) + torch.einsum("vj,bji->bvi", self.weights, shift)
        if translation is not None:
            vertices, place = vertices + translation[:, None], place + translation[:, None]
        return vertices, place
