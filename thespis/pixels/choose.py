"""Renderers by name: the last stage of a talker exchanged for another one that draws the same motion."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from thespis.errors import UsageError, unknown
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.flame import FLAME
from thespis.motion.spaces.rig import RIG
from thespis.stages import Network, PerFrame, Stage
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


def openhead() -> Stage:
    """Make the renderer of our own head, whoever the portrait shows."""
    from thespis.pixels.mesh import Sculpture

    return Sculpture()


def of_flame() -> Network:
    """Make the conversion of FLAME's motion."""
    from thespis.motion.controls import OfFlame

    return OfFlame()


def of_rig() -> Network:
    """Make the conversion of a MetaHuman's controls."""
    from thespis.motion.rig import OfRig

    return OfRig()


RENDERERS: Mapping[str, Callable[[], Stage]] = {"warp": warp, "liveportrait": liveportrait, "openhead": openhead}
"""What draws from the Space `face`."""
INTO_FACE: Mapping[Space, Callable[[], Network]] = {FLAME: of_flame, RIG: of_rig}
"""What turns other motion into that of the Space `face`."""


def stages_to(name: str, gives: Space) -> list[Stage]:
    """List the stages that draw, with the renderer of that name, what the Space before them gives: `face`, or another by conversion."""
    if name not in RENDERERS:
        raise UsageError(unknown("renderer", name, RENDERERS))
    if gives != FACE and gives not in INTO_FACE:
        known = " or ".join(map(str, (FACE, *INTO_FACE)))
        raise UsageError(f"the renderer {name!r} draws motion in {known}, and this recipe makes {gives}; leave --renderer out")
    return [*([PerFrame(INTO_FACE[gives]())] if gives != FACE else []), RENDERERS[name]()]


def redrawn(talker: "Talker", name: str) -> "Talker":
    """Exchange what draws in a talker for the renderer of that name; one that draws nothing gets it added."""
    from thespis.talker import Talker

    kept = [stage for stage in talker.stages if stage.gives != FRAMES]
    if not kept:
        raise UsageError(f"this recipe draws straight from the sound, so the renderer {name!r} has no motion to draw; leave --renderer out")
    return Talker(*kept, *stages_to(name, kept[-1].gives), name=talker.name, card=talker.card)
