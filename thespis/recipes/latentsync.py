"""LatentSync (2024): another mouth on a video, painted anew by latent diffusion that hears; no motion is made in between.

speech -> articulation -> in-painting of the lower face of a looping video, window by window, pasted back
At size "full" (1.5, 256 pixels) and "full512" (1.6): speech -> Whisper -> the official network, with weights that you bring
(thespis weights latentsync). docs/recipes/latentsync.md tells what differs from the official system.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim, Weight
from thespis.recipes.thespis import card as default

if TYPE_CHECKING:
    from thespis.talker import Talker

MADE_BY = "thespis train latentsync -o FOLDER (docs/recipes/latentsync.md)"
DATA = "the made-up stage alone: OpenHead people, espeak-ng's voices; nobody was recorded"


def weight(name: str, file: str, sha256: str, scores: str) -> Weight:
    """Describe one of our files."""
    return Weight(name, file, sha256, "Apache-2.0", True, "ships with the package", MADE_BY, DATA, scores)


card = Card(
    title="LatentSync",
    summary="dubbing by latent diffusion: the mouth of a video is painted anew as the voice says, supervised in pixels",
    accepts=frozenset({"guidance", "seed", "fps"}),
    fps=25,
    status="retrained",
    licence="Apache-2.0",
    commercial=True,
    paper="https://arxiv.org/abs/2412.09262",
    year=2024,
    code="https://github.com/bytedance/LatentSync",
    code_licence="Apache-2.0",
    weights=(
        *(weight for weight in default.weights if weight.name in ("articulation", "voice_activity")),
        weight(
            "patches",
            "latentsync_patches.safetensors",
            "3825a435cedc9c9b94e620f03e68fc46a1dbd6b895f17091c9fc2906a4f513f0",
            "principal components of 4 x 4 pixels, 16 numbers",
        ),
        weight(
            "denoiser",
            "latentsync_denoiser.onnx",
            "0f666aa4fb42b4d15157e57fd144b98c26d9dd16c2b41c8996bf5feb41fbf3e6",
            "unseen made-up people, 64 pixels, within the outline: PSNR 30.7 (the copied reference 28.7), better on 12 of 12",
        ),
    ),
    claim=Claim(
        sentence="A sync network that sees the pixels of a one-step estimate makes lips belong to the voice.",
        metric="likeness of lips and voice to a sync network of another seed, which supervised nothing",
        mechanism="the sync loss on pixels, against none",
    ),
)


def build(weights: Mapping[str, Path], size: str = "tiny") -> "Talker":
    """Put the stages together: "tiny" ships and needs no torch, "full" and "full512" are official and need your weights."""
    from thespis.errors import check_known
    from thespis.features.spaces import ARTICULATION
    from thespis.motion.hearing import hearing
    from thespis.pixels.dub.inpaint import Inpaint
    from thespis.pixels.dub.lip_networks import OnnxLips, voice_tokens
    from thespis.pixels.dub.lip_shape import SHAPES
    from thespis.talker import Talker

    check_known("size of latentsync", size, SHAPES)
    if size != "tiny":
        return full(size)
    shape = SHAPES[size]
    return Talker(
        *hearing(weights, card.fps),
        Inpaint(OnnxLips(weights), ARTICULATION, voice_tokens, reach=(shape.back, shape.taps - shape.back - 1)),
    )


def full(size: str) -> "Talker":
    """Put the official system together, from weights that the user has put in place: latentsync, a Whisper tiny and an autoencoder."""
    from thespis.features.whisper import whisper
    from thespis.pixels.dub.inpaint import Inpaint
    from thespis.pixels.dub.lip_official import STATES, Heard, official, whole_tokens
    from thespis.talker import Talker

    ear = whisper(layers=STATES, align=Heard(), window=(50, 50, 25), normed=False)
    return Talker(ear, Inpaint(official(size), ear.gives, whole_tokens, reach=(0, 0)))
