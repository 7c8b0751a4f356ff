"""EmoFace (2024): the controls of a MetaHuman's face, 60 times a second, straight from a voice and a feeling; no pictures.

speech -> articulation -> transformer with a code of the feeling -> smoothing -> blinks and looks -> 174 controls
docs/recipes/emoface.md tells what differs, and how to see and export them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim
from thespis.weights import card_of

if TYPE_CHECKING:
    from thespis.talker import Talker

card = Card(
    title="EmoFace",
    summary="174 controls of a MetaHuman from voice and feeling at 60 a second, with procedural blinks and looks",
    accepts=frozenset({"emotion", "gaze", "blink", "lips", "seed"}),
    fps=60,
    status="retrained",
    licence="Apache-2.0",
    commercial=True,
    paper="https://arxiv.org/abs/2407.12501",
    year=2024,
    code="https://github.com/SJTU-Lucy/EmoFace",
    code_licence="CC BY-NC 4.0",
    weights=(
        card_of("articulation"),
        card_of("voice_activity"),
        card_of("emoface"),
    ),
    claim=Claim(
        sentence="A code of the feeling beside the voice makes the controls those of that feeling.",
        metric="how far controls of brows, eyes and cheeks are from the acted ones, as a share of how far they move",
        mechanism="the feeling's code, against always the neutral one, each learned anew",
        better="lower",
    ),
)


def build(weights: Mapping[str, Path], size: str = "small") -> "Talker":
    """Put the stages together; "tiny", for tests, is the same network."""
    from thespis.errors import check_known
    from thespis.motion.hearing import hearing
    from thespis.motion.networks.emoface import EmoFace, RigEyes, SavitzkyGolay, smoothing, spoken, windows
    from thespis.motion.spaces.rig import RIG
    from thespis.stages import Causal, Edit, Windowed
    from thespis.talker import Talker

    check_known("size of emoface", size, ("small", "tiny"))
    return Talker(
        *hearing(weights, card.fps),
        Windowed(EmoFace(weights["rig"]), **windows()),
        Windowed(SavitzkyGolay(), **smoothing()),
        Edit(RIG, lambda _, direction: direction, spoken),
        Causal(RigEyes()),
    )
