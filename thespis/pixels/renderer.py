"""The built-in renderer as a recipe uses it: the head or the picture as a frame, before any background, or the picture at its own size."""

from fractions import Fraction

from thespis.errors import DirectionError
from thespis.motion.spaces.face import FACE
from thespis.pixels.background import Backed, before
from thespis.pixels.paste import Scene, whole_scene
from thespis.pixels.warp import Canvas, Warp
from thespis.types import FRAMES, Direction, Frames, Portrait, Track


class Renderer:
    """Draw frames from a Track in the Space `face`, as the direction's size, crop, others and background ask."""

    takes, gives, delay = FACE, FRAMES, Fraction(0)

    def __init__(self, size: int = 512) -> None:
        """Draw square frames of `size` pixels unless the direction asks for another size."""
        self.warp = Warp(size)

    def start(self, portrait: Portrait, direction: Direction) -> Canvas | Scene | Backed:
        """Find the face, or all faces, and prepare to draw."""
        whole = direction.crop == "original" or direction.others == "alive"
        if direction.others == "alive" and direction.crop == "picture":
            raise DirectionError("others=alive draws the picture at its own size; leave crop=picture out")
        if direction.motion_blur and (whole or direction.background is not None):
            raise DirectionError("motion_blur is drawn for crop=head and crop=picture before the picture's own background; leave it out")
        if direction.background is not None and whole:
            raise DirectionError("the picture's own background stays with crop=original and others=alive; leave background out")
        if whole:
            return whole_scene(portrait, direction)
        if direction.background is not None:
            return before(portrait, direction, self.warp.size)
        return self.warp.start(portrait, direction)

    def step(self, state: Canvas | Scene | Backed, chunk: Track, last: bool) -> Frames:
        """Draw one frame for each row."""
        if isinstance(state, Scene):
            return state.draw(chunk, last)
        return state.draw(chunk) if isinstance(state, Backed) else self.warp.step(state, chunk, last)
