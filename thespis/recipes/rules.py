"""The default with acting by rules in place of the motion denoiser: head, brows, blinks and gaze as before anything was learned.

speech -> articulation -> lips, feeling, blinks | head | gaze -> mesh warp
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Claim
from thespis.recipes.thespis import card as default

if TYPE_CHECKING:
    from thespis.talker import Talker

card = replace(
    default,
    title="Rules",
    summary="the default, acted by rules: nods at accents, poses and blinks by chance, nothing learned but the lips",
    accepts=default.accepts - {"style", "listening"},
    weights=tuple(weight for weight in default.weights if weight.name != "acting"),
    claim=Claim(
        sentence="Motion that is learned comes nearer to the spread of real heads and brows than rules do.",
        metric="figures of acting within the middle half of the real ones",
        mechanism="the motion denoiser of the recipe thespis, against this one",
    ),
)


def build(weights: Mapping[str, Path], size: str = "full") -> "Talker":
    """Put the stages together; the sizes are those of the default."""
    from thespis.motion.blink import Blink
    from thespis.motion.emphasis import Emphasise
    from thespis.motion.feeling import Feeling
    from thespis.motion.gaze import Gaze
    from thespis.motion.head import Head
    from thespis.motion.hearing import hearing
    from thespis.motion.lips import Lips
    from thespis.motion.spaces.face import FACE
    from thespis.pixels.renderer import Renderer
    from thespis.recipes.thespis import pixels
    from thespis.stages import Both
    from thespis.talker import Talker

    return Talker(
        *hearing(weights, card.fps, whole=size != "live"),
        Both([Lips(), Emphasise(), Feeling(), Blink()], Head(), Gaze(), gives=FACE),
        Renderer(size=pixels(size, "rules")),
    )
