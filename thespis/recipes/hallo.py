"""Hallo (2024): a portrait drawn by latent video diffusion straight from a voice, which acts within three regions of the picture.

speech -> articulation, two rows to each side -> latents, window by window, each told the last frames before it -> pictures
At size "full": speech -> wav2vec 2.0 -> the published network, with weights that you bring (thespis weights hallo).
docs/recipes/hallo.md tells what differs from the official system.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim
from thespis.weights import card_of

if TYPE_CHECKING:
    from thespis.talker import Talker

card = Card(
    title="Hallo",
    summary="latent video diffusion from a portrait and a voice, which acts apart on pose, face and lips",
    accepts=frozenset({"lips", "motion", "guidance", "seed"}),
    fps=25,
    status="retrained",
    licence="Apache-2.0",
    commercial=True,
    paper="https://arxiv.org/abs/2406.08801",
    year=2024,
    code="https://github.com/fudan-generative-vision/hallo",
    code_licence="MIT",
    weights=(
        card_of("articulation"),
        card_of("voice_activity"),
        card_of("hallo_patches"),
        card_of("hallo_reference"),
        card_of("hallo_denoiser"),
    ),
    claim=Claim(
        sentence="What the weight of the lips changes lies at the lips, because the voice acts there within a region of its own.",
        metric="share of the change that lies outside of the lips, when their weight is taken to nothing",
        mechanism="the voice's three attentions each within its own region, against all of them everywhere",
        better="lower",
    ),
)


def build(weights: Mapping[str, Path], size: str = "tiny") -> "Talker":
    """Put the stages together: "tiny" ships and needs no torch, "full" is the published system and needs your weights."""
    from thespis.errors import check_known
    from thespis.motion.hearing import hearing
    from thespis.pixels.hallo.onnx import OnnxHallo
    from thespis.pixels.hallo.windows import drawn
    from thespis.talker import Talker

    check_known("size of hallo", size, ("tiny", "full"))
    if size == "full":
        return full()
    return Talker(*hearing(weights, card.fps), *drawn(OnnxHallo(weights), side=256))


def full() -> "Talker":
    """Put the published system together, from weights that the user has put in place: hallo, an autoencoder and a wav2vec 2.0."""
    from thespis.features.alignment import Before
    from thespis.features.wav2vec2 import wav2vec2
    from thespis.pixels.hallo.full import official
    from thespis.pixels.hallo.windows import drawn
    from thespis.talker import Talker

    drawer = official()
    ear = wav2vec2(align=Before(), layers=tuple(range(12)), window=(50, 50, 25))
    return Talker(ear, *drawn(drawer, side=512, heard=ear.gives))
