"""The built-in default: our own articulation network, rule-based acting with a linear emotion dial, and the mesh-warp renderer.

speech -> articulation -> lips, feeling, blinks | head | gaze -> mesh warp
It needs no torch, no GPU and no download, and it streams.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim, Weight

if TYPE_CHECKING:
    from thespis.talker import Talker

card = Card(
    title="Thespis",
    summary="the default: any photo, any voice, eight emotions on a continuous dial, on two CPU cores",
    accepts=frozenset({"emotion", "head", "gaze", "blink", "lips", "motion", "seed", "fps", "size", "crop", "others", "background"}),
    fps=25,
    status="own",
    licence="Apache-2.0",
    commercial=True,
    year=2026,
    weights=(
        Weight(
            "articulation",
            file="articulation.onnx",
            sha256="4a50738063be38c125686e8f9aea83204fd42bcb48494c5b6091b2175dea9364",
            licence="Apache-2.0",
            commercial=True,
            source="ships with the package",
            made_by="python tools/train_articulation.py --examples 1000 --steps 2000 --seed 0",
            data="made-up speech of espeak-ng in 26 languages with made-up rooms, noise and music; no recording of anybody",
            scores="r on unseen made-up speech: jaw 0.85, closure 0.755, rounding 0.742, spreading 0.809, speaking 0.957",
        ),
    ),
    claim=Claim(
        sentence="Emotion intensity read back from the pixels grows with the intensity asked for.",
        metric="Spearman correlation of asked and shown intensity",
        mechanism="the linear dial: face = neutral + intensity * (emotion - neutral)",
    ),
)


def build(weights: Mapping[str, Path], size: str = "full") -> "Talker":
    """Put the stages together; `size` "tiny" draws small pictures for tests, the parts are the same."""
    from thespis.features.articulation import Articulation
    from thespis.features.spaces import ARTICULATION
    from thespis.motion.blink import Blink
    from thespis.motion.feeling import Feeling
    from thespis.motion.gaze import Gaze
    from thespis.motion.head import Head
    from thespis.motion.lips import Lips
    from thespis.motion.retime import Retime
    from thespis.motion.spaces.face import FACE
    from thespis.pixels.renderer import Renderer
    from thespis.stages import Both
    from thespis.talker import Talker

    return Talker(
        Articulation(weights["articulation"]),
        Retime(ARTICULATION, fps=card.fps),
        Both([Lips(), Feeling(), Blink()], Head(), Gaze(), gives=FACE),
        Renderer(size={"full": 512, "tiny": 128}[size]),
    )
