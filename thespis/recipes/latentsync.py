"""LatentSync (2024): another mouth on a video, painted anew by latent diffusion that hears; no motion is made in between.

speech -> articulation -> in-painting of the lower face of a looping video, window by window, pasted back
At size "full" (1.5, 256 pixels) and "full512" (1.6): speech -> Whisper -> the official network, with weights that you bring
(thespis weights latentsync). docs/recipes/latentsync.md tells what differs from the official system.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim
from thespis.weights import card_of

if TYPE_CHECKING:
    from thespis.talker import Talker

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
        card_of("articulation"),
        card_of("voice_activity"),
        card_of("latentsync_patches"),
        card_of("latentsync_guess"),
        card_of("latentsync_denoiser"),
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
    from thespis.pixels.dub.lip_networks import OnnxLips, voice_speaking, voice_tokens
    from thespis.pixels.dub.lip_shape import SHAPES
    from thespis.talker import Talker

    check_known("size of latentsync", size, SHAPES)
    if size != "tiny":
        return full(size)
    shape = SHAPES[size]
    return Talker(
        *hearing(weights, card.fps),
        Inpaint(OnnxLips(weights), ARTICULATION, voice_tokens, reach=(shape.back, shape.taps - shape.back - 1), speaking=voice_speaking),
    )


def full(size: str) -> "Talker":
    """Put the official system together, from weights that the user has put in place: latentsync, a Whisper tiny and an autoencoder."""
    from thespis.features.whisper import whisper
    from thespis.pixels.dub.inpaint import Inpaint
    from thespis.pixels.dub.lip_official import STATES, Heard, official, whole_tokens
    from thespis.talker import Talker

    ear = whisper(layers=STATES, align=Heard(), window=(50, 50, 25), normed=False)
    return Talker(ear, Inpaint(official(size), ear.gives, whole_tokens, reach=(0, 0)))
