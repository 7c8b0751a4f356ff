"""Renderers by name: the last stage of a talker exchanged for another one that draws the same motion."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from thespis.errors import UsageError, unknown
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.flame import FLAME
from thespis.stages import PerFrame, Stage
from thespis.types import FRAMES, Space

if TYPE_CHECKING:
    from thespis.talker import Talker


def warp() -> Stage:
    """Make the built-in renderer."""
    from thespis.pixels.renderer import Renderer

    return Renderer()


def liveportrait() -> Stage:
    """Make the renderer of LivePortrait's official networks, which the user has put in place."""
    from thespis.pixels.liveportrait.load import official
    from thespis.pixels.liveportrait.renderer import LivePortrait

    return LivePortrait(official())


RENDERERS: Mapping[str, Callable[[], Stage]] = {"warp": warp, "liveportrait": liveportrait}
"""What draws from the Space `face`."""


def stages_to(name: str, gives: Space) -> list[Stage]:
    """List the stages that draw, with the renderer of that name, what the Space before them gives: `face`, or `flame` by conversion."""
    from thespis.motion.controls import OfFlame

    if name not in RENDERERS:
        raise UsageError(unknown("renderer", name, RENDERERS))
    if gives not in (FACE, FLAME):
        raise UsageError(f"the renderer {name!r} draws motion in {FACE} or {FLAME}, and this recipe makes {gives}; leave --renderer out")
    return [*([PerFrame(OfFlame())] if gives == FLAME else []), RENDERERS[name]()]


def redrawn(talker: "Talker", name: str) -> "Talker":
    """Exchange what draws in a talker for the renderer of that name; one that draws nothing gets it added."""
    from thespis.talker import Talker

    kept = [stage for stage in talker.stages if stage.gives != FRAMES]
    if not kept:
        raise UsageError(f"this recipe draws straight from the sound, so the renderer {name!r} has no motion to draw; leave --renderer out")
    return Talker(*kept, *stages_to(name, kept[-1].gives), name=talker.name, card=talker.card)
