"""How recipes hear: ARTICULATION of whoever speaks, as often as they draw."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from thespis.features.articulation import Articulation
from thespis.features.presence import Presence
from thespis.features.spaces import ARTICULATION
from thespis.motion.retime import Retime
from thespis.speech.activity import Activity
from thespis.stages import Stage


def hearing(weights: Mapping[str, Path], fps: int | Fraction | None, *, whole: bool = True) -> list[Stage]:
    """Give the stages from samples to ARTICULATION at `fps` rows a second, or at its own 100 for None.

    They run the weights `articulation` and `voice_activity`; without `whole` they hear a quarter of a second sooner and less well.
    """
    ear = Articulation(weights["articulation"], whole=whole, presence=Presence(Activity(weights["voice_activity"])))
    return [ear] if fps is None else [ear, Retime(ARTICULATION, fps=fps)]
