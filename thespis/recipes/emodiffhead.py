"""EMOdiffhead (2024): one picture, a voice, and a dial for feeling; frames by a video diffusion network under FLAME's expression vectors.

speech -> articulation -> dial (LSTM: neutral + intensity * (emotion - neutral)), blinks | head | gaze -> diffusion, window by window
No code of the paper was released: this follows its description. docs/recipes/emodiffhead.md tells what differs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim
from thespis.weights import card_of

if TYPE_CHECKING:
    from thespis.talker import Talker

card = Card(
    title="EMOdiffhead",
    summary="one picture, a voice, and a continuous dial for feeling: video diffusion under FLAME expression vectors",
    accepts=frozenset({"emotion", "head", "gaze", "blink", "lips", "motion", "guidance", "seed"}),
    fps=25,
    status="from paper",
    licence="Apache-2.0",
    commercial=True,
    paper="https://arxiv.org/abs/2409.07255",
    year=2024,
    weights=(
        card_of("articulation"),
        card_of("voice_activity"),
        card_of("emodiffhead_expression"),
        card_of("emodiffhead_reference"),
        card_of("emodiffhead_carrier"),
        card_of("emodiffhead_denoiser"),
    ),
    claim=Claim(
        sentence="The expression shown grows evenly with the intensity asked for, because FLAME's expression space is linear.",
        metric="R squared of a line through the expression read back from the pixels over the intensity asked for",
        mechanism="the dial; without it an emotion is only named",
        least=0.1,
    ),
    more_claims=(
        Claim(
            name="vectors",
            sentence="Expression vectors tell a network more of a feeling than its name does.",
            metric="PSNR (dB) of faces of people it has never seen who feel something",
            mechanism="expression vectors as the condition, against the class of the emotion",
            least=0.1,
        ),
        Claim(
            name="regimes",
            sentence="Plain speech of many people and feelings of a few are learned together, since both are told by the same vectors.",
            metric="PSNR (dB) of faces of people and places it has never seen",
            mechanism="plain and emotional data, against as much emotional data alone",
            least=0.1,
        ),
    ),
)


def build(weights: Mapping[str, Path], size: str = "tiny") -> "Talker":
    """Put the stages together: "tiny" ships and needs no torch; "small" and "full" need torch and weights that you train or bring."""
    from thespis.features.spaces import ARTICULATION
    from thespis.motion.blink import Blink
    from thespis.motion.gaze import Gaze
    from thespis.motion.head import Head
    from thespis.motion.hearing import hearing
    from thespis.motion.networks.dial import Dial
    from thespis.pixels.diffusion.conditions import HEARD_AND_ACTED, read_rows
    from thespis.pixels.diffusion.load import face_network, generator_of
    from thespis.pixels.diffusion.shape import SHAPES
    from thespis.pixels.diffusion.windows import Painter
    from thespis.stages import Both, Keep
    from thespis.talker import Talker

    network = face_network(size, weights)
    return Talker(
        *hearing(weights, card.fps),
        Both(Keep(ARTICULATION), [Dial(generator_of(size, weights)), Blink()], Head(), Gaze(), gives=HEARD_AND_ACTED),
        Painter(
            network,
            HEARD_AND_ACTED,
            read_rows,
            steps=SHAPES[size].steps,
            detail=0 if SHAPES[size].latent else 256,
            remembers=SHAPES[size].remembers,
        ),
    )
