"""EMOdiffhead (2024): one picture, a voice, and a dial for feeling; frames by a video diffusion network under FLAME's expression vectors.

speech -> articulation -> dial (LSTM: neutral + intensity * (emotion - neutral)), blinks | head | gaze -> diffusion, window by window
No code of the paper was released: this follows its description. docs/recipes/emodiffhead.md tells what differs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim, Weight
from thespis.recipes.thespis import card as default

if TYPE_CHECKING:
    from thespis.talker import Talker

MADE_BY = "thespis train emodiffhead -o FOLDER (docs/recipes/emodiffhead.md)"
DATA = "the made-up stage alone: OpenHead people, espeak-ng's voices; nobody was recorded"


def weight(name: str, file: str, sha256: str, scores: str) -> Weight:
    """Describe one of our files."""
    return Weight(name, file, sha256, "Apache-2.0", True, "ships with the package", MADE_BY, DATA, scores)


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
        *(weight for weight in default.weights if weight.name != "acting"),
        weight(
            "expression",
            "emodiffhead_expression.safetensors",
            "057a15e20595971aeb7612437b8b183656c808f8f5aed0c419ba597f48c39fd5",
            "position errs by 13 % of the variance of the acted expression; the dial is exactly linear",
        ),
        weight(
            "reference",
            "emodiffhead_reference.onnx",
            "dd1d71a048885f623c7ee4b117454fc92d2db1072c3f4ff36df8672cfdb6ad2e",
            "see the denoiser",
        ),
        weight(
            "carrier",
            "emodiffhead_carrier.onnx",
            "b445d0342eed138fd3ce579d6eaf68d32d80ff0504eddf43e8a7eeab32b93371",
            "unseen made-up people, 64 pixels, face: PSNR 30.98 (copy 22.84, mesh warp 28.91), SSIM 0.933",
        ),
        weight(
            "denoiser",
            "emodiffhead_denoiser.onnx",
            "a62f01d4131c63394f1b0ae5666802a4e264c8b4d91e53d40bb9d29275f4af30",
            "unseen made-up people, 64 pixels, face, one step: PSNR 31.04, SSIM 0.934",
        ),
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
    from thespis.pixels.diffusion.load import face_network
    from thespis.pixels.diffusion.windows import Painter
    from thespis.stages import Both, Keep
    from thespis.talker import Talker

    network = face_network(size, weights)
    return Talker(
        *hearing(weights, card.fps),
        Both(Keep(ARTICULATION), [Dial(weights["expression"]), Blink()], Head(), Gaze(), gives=HEARD_AND_ACTED),
        # The small network's own faults come back to it with its earlier frames, and with further steps: it draws best without.
        Painter(
            network,
            HEARD_AND_ACTED,
            read_rows,
            steps=1 if size == "tiny" else 10,
            detail=0 if size == "full" else 256,
            remembers=size != "tiny",
        ),
    )
