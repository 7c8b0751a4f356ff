"""Put another background behind a person: a colour, a picture of the user's, or nothing at all."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import ImageColor

from thespis.capture.faces import face_of
from thespis.capture.portrait import read_portrait
from thespis.errors import DirectionError, FaceError
from thespis.pixels.crop import to_frame
from thespis.pixels.framing import Framing, cut_frame
from thespis.pixels.puppet import Puppet
from thespis.pixels.warp import Canvas, draw_frame, prepare, ready
from thespis.types import Bytes, Direction, Frames, Portrait, Track

TRANSPARENT = "transparent"
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(eq=False)
class Backed:
    """A person before a background of the user's: the canvas that draws them, and for a transparent one the same before white."""

    canvas: Canvas
    before_white: Canvas | None = None

    def draw(self, chunk: Track) -> Frames:
        """Draw one frame for each row; a fourth channel says how much of each pixel is person where the background is transparent."""
        framing = self.canvas.puppet.framing
        channels = 3 if self.before_white is None else 4
        images = np.zeros((len(chunk), framing.height, framing.width, channels), np.uint8)
        drawn, lit = (np.zeros((framing.height, framing.width, 3), np.uint8) for _ in range(2))
        for image, row in zip(images, chunk.values, strict=True):
            draw_frame(self.canvas, row, drawn)
            if self.before_white is None:
                image[:] = drawn
            else:
                draw_frame(self.before_white, row, lit)
                image[:] = apart(drawn, lit)
        return Frames(images, chunk.fps, chunk.start)


def apart(before_black: Bytes, before_white: Bytes) -> Bytes:
    """Tell colour and share (height, width, 4) of what was drawn once before black and once before white, each (height, width, 3)."""
    through = np.clip(before_white.astype(np.float32) - before_black, 0, 255).mean(axis=2)
    share = 255 - through
    colour = before_black * (255 / np.maximum(share, 1))[..., None]
    return np.asarray(np.clip(np.dstack([colour, share]) + 0.5, 0, 255), np.uint8)


def before(portrait: Portrait, direction: Direction, size: int) -> Backed:
    """Cut the person out and put the background behind them that the direction asks for."""
    wish = direction.background or ""
    framing = cut_frame(portrait.image, face := face_of(portrait), direction.size, direction.crop, size)
    plates = [filled(framing, colour) for colour in (BLACK, WHITE)] if wish == TRANSPARENT else [plate_of(framing, wish)]
    puppet = prepare(face, framing, entirely=True)
    if puppet.cutout is None:
        raise FaceError(
            f"the person in {portrait.name} cannot be told from the background; use a photograph of a person, or leave background out"
        )
    first, *second = (ready(with_plate(puppet, plate)) for plate in plates)
    return Backed(first, *second)


def with_plate(puppet: Puppet, plate: Bytes) -> Puppet:
    """Put a background (h, w, 3) of the texture's size behind a person who is cut out."""
    if puppet.cutout is None:
        raise ValueError("a person who is not cut out hides every background")
    return replace(puppet, cutout=replace(puppet.cutout, plate=plate))


def filled(framing: Framing, colour: tuple[int, int, int]) -> Bytes:
    """Make a background (h, w, 3) of one colour."""
    return np.full_like(framing.texture, colour)


def plate_of(framing: Framing, wish: str) -> Bytes:
    """Make the background (h, w, 3) of a frame that is asked for: a colour by name or number, or a picture file that covers the frame."""
    try:
        colour = ImageColor.getrgb(wish)
    except ValueError:
        if not Path(wish).is_file():
            raise DirectionError(
                f"the background {wish!r} is neither a colour (white, #20a040) nor a picture file nor {TRANSPARENT!r}"
            ) from None
        return covering(framing, read_portrait(wish).image)
    return filled(framing, (colour[0], colour[1], colour[2]))


def covering(framing: Framing, picture: Bytes) -> Bytes:
    """Lay a picture (height, width, 3) over the whole frame, its middle in the middle -> a background of the texture's size."""
    high, wide = picture.shape[:2]
    scale = max(framing.width / wide, framing.height / high)
    shrinking = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(
        picture, (max(round(wide * scale), framing.width), max(round(high * scale), framing.height)), interpolation=shrinking
    )
    left, top = (resized.shape[1] - framing.width) // 2, (resized.shape[0] - framing.height) // 2
    shown = np.ascontiguousarray(resized[top : top + framing.height, left : left + framing.width])
    back = cv2.invertAffineTransform(to_frame(framing))
    size = (framing.texture.shape[1], framing.texture.shape[0])
    return np.asarray(cv2.warpAffine(shown, back, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.uint8)
