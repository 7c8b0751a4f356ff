"""What the official Ditto is told of a portrait: the motion extractor's own numbers, and the eyes as the landmarks show them."""

from fractions import Fraction
from typing import Any

import numpy as np

from thespis.capture.faces import face_of
from thespis.motion.networks.ditto_official import DITTO_MOTION, Facts, Onto
from thespis.pixels.liveportrait.crop import patch_of
from thespis.pixels.liveportrait.source import tensor_of
from thespis.types import Array, Direction, Portrait

EYES = ((33, 133, ((145, 159), (144, 160), (153, 158)), 468), (263, 362, ((374, 386), (373, 387), (380, 385)), 473))
"""The official left and right eye (the picture's): outer and inner corner, three pairs of lids, and the iris."""
RADIUS = 0.4  # of an eye's width: how far an iris goes for a look of one radian


def eyes_of(points: Array) -> tuple[Array, Array, Array]:
    """Read from points (478, 3), in shares of the square: how open eyes are (2,), where eyeballs are (6,), how far they reach (2,)."""
    opened, balls, reach = [], [], []
    for outer, inner, lids, iris in EYES:
        width = float(np.linalg.norm(points[outer] - points[inner]))
        opened.append(sum(float(np.linalg.norm(points[low] - points[high])) for low, high in lids) / max(width, 1e-8))
        away = points[iris] - (points[outer] + points[inner]) / 2
        far = float(np.linalg.norm(away))
        balls.append(far * (away / max(far, 1e-8) - (points[outer] - points[inner]) / max(width, 1e-8)))
        reach.append(RADIUS * width)
    return np.array(opened, np.float32), np.stack(balls, axis=1).reshape(6).astype(np.float32), np.array(reach, np.float32)


def facts_of(networks: Any, portrait: Portrait) -> Facts:  # noqa: ANN401 - LivePortraitNetworks, which need torch
    """Look at a portrait."""
    import torch

    face = face_of(portrait)
    patch = patch_of(face.points, networks.shape.side)
    with torch.no_grad():
        said = {name: value[0].float().cpu().numpy() for name, value in networks.motion.numbers(
            tensor_of(networks, patch.cut(portrait.image)[None])).items()}  # fmt: skip
    row = np.zeros(DITTO_MOTION.size, np.float32)
    for name in DITTO_MOTION.names:
        row[DITTO_MOTION.slice(name)] = said[name] - (1 if name == "scale" else 0)
    flat = face.points[:, :2] @ patch.matrix[:2, :2].T + patch.matrix[:2, 2]
    zoom = float(np.sqrt(abs(np.linalg.det(patch.matrix[:2, :2]))))
    placed = np.concatenate([flat, face.points[:, 2:] * zoom], axis=1) / patch.side
    opened, balls, reach = eyes_of(placed)
    return Facts(row, said["canonical"], opened, balls, reach)


def rest_of(networks: Any, portrait: Portrait) -> Array:  # noqa: ANN401
    """Give a portrait's own row (70,) of LIVEPORTRAIT."""
    onto = Onto(lambda _: facts_of(networks, portrait))
    context, memory = onto.start(portrait, Direction())
    row, _ = onto(context, memory, context.row, 0, Fraction(25))
    return row
