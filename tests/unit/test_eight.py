"""Eight pixels drawn at once are what the same sum gives pixel by pixel, and no other pixel is touched."""

import numba
import numpy as np
import pytest

from thespis.pixels.eight import LANES, eight_pixels
from thespis.pixels.raster import draw, packed
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit

WIDTH, HEIGHT, ROOM = 31, 23, 4  # of the texture, and pixels kept free before and behind those that are drawn


@numba.njit
def row_of_eight(
    depths: Array, canvas: Bytes, texture: Bytes, whole: tuple[int, ...], real: tuple[float, ...], soft: bool, plain: bool
) -> None:
    """Draw at the fifth pixel of a canvas of one row."""
    u, v, step_u, step_v, first, last, least = whole
    z, step_z, light, step_light, twice = real
    eight_pixels(
        (
            np.uint64(depths.ctypes.data + 4 * ROOM),
            np.uint64(canvas.ctypes.data + 3 * ROOM),
            np.uint64(texture.ctypes.data),
            np.uint64(4 * WIDTH),
        ),
        (u, v),
        (step_u, step_v),
        (((WIDTH - 1) << 16) - 1, ((HEIGHT - 1) << 16) - 1),
        (z, step_z),
        (light, step_light),
        (first, last),
        twice,
        least,
        soft,
        plain,
    )


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("plain", [False, True])
def test_eight_pixels_are_what_each_would_be_alone(soft: bool, plain: bool) -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        texture = rng.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
        canvas, depths = rng.integers(0, 256, (LANES + 2 * ROOM, 3), dtype=np.uint8), rng.random(LANES + 2 * ROOM).astype(np.float32)
        was, were = canvas.copy(), depths.copy()
        # Beyond the texture's edge its last pixels are meant.
        u, v = (int(way * 65536) for way in rng.uniform(-4, (WIDTH + 4, HEIGHT + 4)))
        step_u, step_v = (int(way) for way in rng.integers(-70000, 70000, 2))
        first, last = (int(lane) for lane in np.sort(rng.integers(0, LANES + 1, 2)))
        z, step_z, light, step_light = 0.4, 0.03, 0.7, 0.12
        whole = u, v, step_u, step_v, first, last, 90
        row_of_eight(depths, canvas.reshape(-1), texture, whole, (z, step_z, light, step_light, 0.01), soft, plain)
        for lane in range(LANES):
            at = ROOM + lane
            place = np.array([u + lane * step_u, v + lane * step_v]) / 65536
            x, y = np.clip(place, 0, np.array([WIDTH, HEIGHT]) - 1 - 1 / 65536)
            left, top = int(x), int(y)
            across, down = np.floor((x - left) * 256) / 256, np.floor((y - top) * 256) / 256
            near = texture[top : top + 2, left : left + 2].astype(float)
            colour = np.einsum("yxc,x,y->c", near, [1 - across, across], [1 - down, down])
            share = colour[3]
            if abs(share - 90) < 1:
                continue  # on the edge of showing either is right
            hidden = not first <= lane < last or z + lane * step_z + 0.01 >= were[at] or share < 90
            red_green_blue = colour[:3] if plain else np.clip(colour[:3] * (light + lane * step_light), 0, 255)
            covering = was[at] + (red_green_blue - was[at]) * share / 255 if soft else red_green_blue
            assert np.abs(canvas[at] - (was[at] if hidden else covering)).max() < 2.1
            assert depths[at] == pytest.approx(were[at] if hidden else z + lane * step_z, abs=1e-6)
        for untouched in (slice(0, ROOM), slice(ROOM + LANES, None)):
            assert np.array_equal(canvas[untouched], was[untouched])
            assert np.array_equal(depths[untouched], were[untouched])


@pytest.mark.parametrize(("width", "height"), [(8, 1), (5, 2), (3, 3), (64, 48)])
def test_a_picture_is_covered_to_its_last_pixel_and_not_beyond(width: int, height: int) -> None:
    pixels = width * height
    colours, depths = np.full(3 * (pixels + LANES), 7, np.uint8), np.full(pixels + LANES, 9, np.float32)
    corners = np.array([[-9, -9], [width + 9, -9], [width + 9, height + 9], [-9, height + 9]], np.float32)
    both, texture = np.array([[0, 1, 2], [0, 2, 3]], np.int32), np.full((4, 4, 4), 255, np.uint8)
    picture, nearest = colours[: 3 * pixels].reshape(height, width, 3), depths[:pixels].reshape(height, width)
    ones = np.ones(4, np.float32)
    draw(corners, ones, ones, np.full((4, 2), 1.5, np.float32), both, packed(texture), picture, nearest, False)
    assert (picture == 255).all()
    assert (nearest == 1).all()
    assert (colours[3 * pixels :] == 7).all()
    assert (depths[pixels:] == 9).all()
