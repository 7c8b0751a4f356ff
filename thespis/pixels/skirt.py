"""Everything around the face: rings of points from the face's outline outwards, that carry hair, ears, neck and background."""

import numpy as np

from thespis.head.shapes import Shapes
from thespis.pixels.layers import Layer, smoothstep
from thespis.types import Array

STEPS = (0.0, 0.08, 0.18, 0.3, 0.45, 0.65, 0.9, 1.25, 1.7, 2.4, 3.4, 5.0, 8.0, 14.0, 24.0)  # eye distances from the outline
SKULL_DEPTH = 1.25  # how far behind the eyes the outline of the skull lies: there a turn of the head moves nothing sideways


def skirt(shapes: Shapes, photo: Array, rotation: Array) -> tuple[Layer, Array]:
    """Make the skirt of a face (468, 3) in its own axes -> its layer in the camera's axes, and how it follows the outline (n, 36)."""
    outline = photo[shapes.oval]
    seen = outline @ rotation.T
    middle = seen.mean(axis=0)
    away = seen[:, :2] - middle[:2]
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    steps = np.asarray(STEPS, np.float32)
    spots = seen[None, :, :2] + away[None] * steps[:, None, None]
    own_away = np.concatenate([away, np.zeros((len(away), 1), np.float32)], axis=1) @ rotation
    down = np.clip(own_away[:, 1], 0.0, 1.0) ** 2
    # The skull rounds off to its outline; below the chin the throat goes back only a little. The rim of skin just outside the
    # outline keeps its depth: what stretches when the head turns is what lies behind it.
    far = SKULL_DEPTH * (1 - down) + (outline[:, 2] + 0.35) * down
    depth = seen[None, :, 2] + (far - outline[:, 2])[None] * smoothstep(0.12, 0.85, steps)[:, None]
    points = np.concatenate([spots, depth[..., None]], axis=2).reshape(-1, 3)
    flat = np.concatenate([points[:, :2], np.full((len(points), 1), seen[:, 2].mean())], axis=1) @ rotation
    follow = follow_head(outline, flat[:, :2])
    follow = np.where(np.repeat(steps, len(outline)) == 0, 1.0, follow).astype(np.float32)
    count = len(outline)
    ring = np.arange(count)
    triangles = []
    for step in range(len(steps) - 1):
        a, b = step * count + ring, step * count + (ring + 1) % count
        triangles += [np.stack([a, b, a + count], axis=1), np.stack([b, b + count, a + count], axis=1)]
    # What the outline does (the chin dropping, the cheeks rising) dies away along the ring and is spread over the neighbours.
    fade = np.exp(-((steps / 0.42) ** 2))
    carry = np.zeros((len(steps), count, count), np.float32)
    for step in range(len(steps)):
        spread = 0.2 + 4.0 * steps[step]
        apart = np.minimum(np.abs(ring[:, None] - ring[None]), count - np.abs(ring[:, None] - ring[None]))
        weights = np.exp(-((apart / spread) ** 2)) if step else np.eye(count)
        carry[step] = fade[step] * weights / weights.sum(axis=1, keepdims=True)
    layer = Layer(
        points.astype(np.float32), np.zeros((len(points), 2), np.float32), np.concatenate(triangles).astype(np.int32), follow_head=follow
    )
    return layer, carry.reshape(-1, count)


def follow_head(outline: Array, spots: Array) -> Array:
    """Say how far spots (n, 2) in the face's own axes go with the head (n,): all the way on the skull, not at all on the wall behind."""
    half = float(np.abs(outline[:, 0]).max())
    top, chin = float(outline[:, 1].min()), float(outline[:, 1].max())
    middle = (top + chin) / 2 - 0.18
    tall = (chin - top) / 2 * 1.28
    distance = np.hypot(spots[:, 0] / (half * 1.22), (spots[:, 1] - middle) / tall)
    skull = 1 - smoothstep(1.0, 2.2, distance)
    neck = 1 - smoothstep(chin - 0.1, chin + 1.2, spots[:, 1])
    return np.asarray(skull * neck, np.float32)
