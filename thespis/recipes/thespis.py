"""The built-in default: our own articulation network, a motion denoiser with a linear emotion dial, and the mesh-warp renderer.

speech -> articulation -> lips | denoiser: head, brows, eyes, how a feeling shows -> face = speech + intensity * feeling -> mesh warp
It needs no torch, no GPU and no download, and it streams.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim
from thespis.weights import card_of

if TYPE_CHECKING:
    from thespis.talker import Talker

card = Card(
    title="Thespis",
    summary="the default: any photo, any voice, eight emotions on a continuous dial, on two CPU cores",
    accepts=frozenset(
        {"emotion", "eyes", "mouth", "head", "gaze", "blink", "lips", "motion", "listening", "style", "words"}
        | {"seed", "fps", "size", "crop", "others", "background", "motion_blur"}
    ),
    fps=25,
    status="own",
    licence="Apache-2.0",
    commercial=True,
    year=2026,
    weights=(
        card_of("articulation"),
        card_of("voice_activity"),
        card_of("acting"),
    ),
    claim=Claim(
        sentence="Emotion intensity read back from the pixels grows with the intensity asked for.",
        metric="Spearman correlation of asked and shown intensity",
        mechanism="the linear dial: face = neutral + intensity * (emotion - neutral)",
    ),
)


def build(weights: Mapping[str, Path], size: str = "full") -> "Talker":
    """Put the stages together; "live" hears a quarter of a second sooner and less well, "tiny" draws small pictures for tests."""
    from thespis.features.spaces import ARTICULATION
    from thespis.motion.acted import Play
    from thespis.motion.actor import Act
    from thespis.motion.hearing import hearing
    from thespis.motion.retime import Retime
    from thespis.pixels.renderer import Renderer
    from thespis.stages import Both
    from thespis.talker import Talker

    return Talker(
        *hearing(weights, None, whole=size != "live"),
        Both(Retime(ARTICULATION, fps=card.fps), Act(weights["acting"], fps=card.fps, wait=size != "live")),
        Play(),
        Renderer(size=pixels(size, "thespis")),
    )


def pixels(size: str, name: str) -> int:
    """Tell how large the pictures of a size are, of the recipe of that name."""
    from thespis.errors import check_known

    known = {"full": 512, "live": 512, "tiny": 128}
    check_known(f"size of {name}", size, known)
    return known[size]
