"""What is behind made-up people: studios, rooms, windows, gardens, streets and shelves, out of focus."""

import numpy as np
import numpy.typing as npt

from thespis.data.looks import Setting, between, linear
from thespis.types import Array, random_for

Real = npt.NDArray[np.float64]
LEAF = 1.75  # sizes of a leaf beyond which nothing of it is seen


def backdrop(setting: Setting, side: int) -> Array:
    """Draw the place (side, side, 3), in linear light."""
    import cv2

    random = random_for(setting.seed, "backdrop")
    places = {"studio": studio, "room": room, "window": window, "garden": garden, "street": street, "shelf": shelf}
    drawn: Real = places[setting.place](setting, random)
    blur = {"studio": 0.0, "garden": 5.0, "street": 4.0}.get(setting.place, 3.0) * float(random.uniform(0.8, 1.5))
    if blur:
        drawn = np.asarray(cv2.GaussianBlur(drawn, (0, 0), blur))
    level = float(drawn.mean())
    made = drawn * (np.clip(level, 0.1, 0.42) / max(level, 1e-3))
    picture: Array = cv2.resize(made.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA if side < 256 else cv2.INTER_LINEAR)
    return np.ascontiguousarray(picture)


def canvas() -> tuple[Real, Real]:
    """Give the places (256, 256) of a drawing, 0 to 1."""
    down, across = np.mgrid[0:256, 0:256] / 255.0
    return across, down


def part(left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
    """Find the rows and columns of a drawing that hold what lies between these places, 0 to 1."""
    low, high = (max(int(np.floor(edge * 255)), 0) for edge in (top, left))
    return slice(low, max(int(np.ceil(bottom * 255)) + 1, 0)), slice(high, max(int(np.ceil(right * 255)) + 1, 0))


def studio(setting: Setting, random: np.random.Generator) -> Real:
    """A paper wall with a soft pool of light."""
    x, y = canvas()
    at = random.uniform(0.25, 0.75), random.uniform(0.2, 0.6)
    pool = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / float(random.uniform(0.15, 0.5)))
    base = linear(between(setting.colours[0], (0.55, 0.55, 0.55), float(random.uniform(0.2, 0.7))))
    grey = base * 0.5 + 0.06 + 0.25 * float(random.uniform(0, 1))
    return np.asarray(grey * (0.55 + 0.65 * pool)[..., None])


def room(setting: Setting, random: np.random.Generator) -> Real:
    """A wall with a picture, a lamp and a piece of furniture."""
    x, y = canvas()
    wall = linear(between(setting.colours[0], (0.85, 0.82, 0.77), 0.65))
    made = wall * (0.75 + 0.35 * x if random.uniform() < 0.5 else 1.1 - 0.35 * x)[..., None]
    for _ in range(int(random.integers(1, 3))):
        left, top = random.uniform(0, 0.8), random.uniform(0.02, 0.35)
        wide, high = random.uniform(0.12, 0.28), random.uniform(0.12, 0.3)
        made = np.where(((x > left) & (x < left + wide) & (y > top) & (y < top + high))[..., None], linear((0.2, 0.16, 0.12)), made)
        inner = (x > left + 0.02) & (x < left + wide - 0.02) & (y > top + 0.02) & (y < top + high - 0.02)
        made = np.where(inner[..., None], linear(setting.colours[1]) * (0.5 + y)[..., None], made)
    lamp = random.uniform(0.05, 0.95), random.uniform(0.1, 0.45)
    glow = np.exp(-((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2) / 0.02)
    made = made + (0.9 * glow)[..., None] * np.array([1.0, 0.75, 0.45])
    low = float(random.uniform(0.68, 0.85))
    return np.asarray(np.where((y > low)[..., None], linear(setting.colours[2]) * 0.6, made))


def window(setting: Setting, random: np.random.Generator) -> Real:
    """A bright window with its frame, beside a wall."""
    x, y = canvas()
    made = linear(between(setting.colours[0], (0.75, 0.73, 0.7), 0.6)) * np.ones((256, 256, 1)) * 0.6
    left = float(random.choice((-0.12, 0.6)))
    inside = (x > left) & (x < left + 0.52) & (y < 0.72)
    sky = np.stack([0.75 - 0.1 * y, 0.85 - 0.05 * y, 1.0 - 0.1 * y], axis=2)
    green = linear((0.35, 0.5, 0.25)) * (0.8 + 0.4 * np.sin(31 * x + 7 * np.sin(17 * x)))[..., None]
    made = np.where(inside[..., None], np.where((y > 0.5 + 0.06 * np.sin(9 * x))[..., None], green, sky), made)
    bars = inside & ((np.abs(x - left - 0.26) < 0.012) | (np.abs(y - 0.3) < 0.012))
    return np.asarray(np.where(bars[..., None], linear((0.85, 0.84, 0.82)) * 0.7, made))


def garden(setting: Setting, random: np.random.Generator) -> Real:
    """Leaves and sky, with round lights between the leaves."""
    x, y = canvas()
    made = np.stack([0.16 + 0.3 * (1 - y), 0.3 + 0.3 * (1 - y), 0.1 + 0.4 * (1 - y)], axis=2) * 0.8
    flowers = linear(setting.colours[0])
    for _ in range(140):
        at, size = random.uniform(-0.05, 1.05, 2), float(random.uniform(0.02, 0.09))
        here = part(at[0] - LEAF * size, at[1] - LEAF * size, at[0] + LEAF * size, at[1] + LEAF * size)
        leaf = np.exp(-((((x[here] - at[0]) ** 2 + (y[here] - at[1]) ** 2) / size**2) ** 3))[..., None]
        light = float(random.uniform(0.1, 0.9)) * (1.1 - 0.6 * at[1])
        green = np.array([0.35 + 0.25 * random.uniform(), 0.55, 0.16])
        made[here] += 0.7 * leaf * ((flowers if random.uniform() < 0.1 else green) * light - made[here])
    return np.asarray(made)


def street(setting: Setting, random: np.random.Generator) -> Real:
    """Houses at dusk or day, with lights out of focus."""
    x, y = canvas()
    dusk = random.uniform() < 0.5
    made = (linear((0.28, 0.33, 0.5)) if dusk else linear((0.72, 0.8, 0.9))) * (1.2 - 0.6 * y)[..., None]
    edge = 0.0
    while edge < 1.0:
        wide, top = float(random.uniform(0.12, 0.3)), float(random.uniform(0.0, 0.4))
        wall = linear(between(setting.colours[int(random.integers(3))], (0.5, 0.46, 0.42), 0.6)) * (0.35 if dusk else 0.8)
        here = part(edge, top, edge + wide, 1.0)
        made[here] = np.where(((x[here] >= edge) & (x[here] < edge + wide) & (y[here] > top))[..., None], wall, made[here])
        edge += wide
    for _ in range(int(random.integers(8, 22))):
        at, size = random.uniform(0, 1, 2) * [1, 0.8], float(random.uniform(0.015, 0.045))
        here = part(at[0] - size, at[1] - size, at[0] + size, at[1] + size)
        disc = (np.hypot(x[here] - at[0], y[here] - at[1]) < size)[..., None]
        made[here] += disc * np.array([1.0, 0.7, 0.35]) * (0.9 if dusk else 0.3)
    return np.asarray(made)


def shelf(setting: Setting, random: np.random.Generator) -> Real:
    """Shelves of books."""
    x, y = canvas()
    made = linear((0.3, 0.2, 0.13)) * np.ones((256, 256, 1))
    rows = int(random.integers(3, 5))
    for row in range(rows):
        top, low = row / rows, (row + 1) / rows - 0.035
        edge = 0.0
        while edge < 1.0:
            wide = float(random.uniform(0.012, 0.045))
            colour = linear(between(setting.colours[int(random.integers(3))], random.uniform(0.2, 0.8, 3).tolist(), 0.5)) * 0.8
            head = top + float(random.uniform(0.02, 0.1))
            here = part(edge, head, edge + wide, low)
            book = (x[here] >= edge) & (x[here] < edge + wide) & (y[here] > head) & (y[here] < low)
            round_ = (1 - 0.5 * np.abs((x[here] - edge) / wide - 0.5))[..., None]
            made[here] = np.where(book[..., None], colour * round_, made[here])
            edge += wide + 0.002
    return np.asarray(made)
