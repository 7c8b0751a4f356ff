"""Ditto (2025): diffusion in LivePortrait's motion space, with emotion, blinks, gaze and head as conditions and controls; it streams.

speech -> articulation | eyes -> denoiser, window by window, each told the frame before it -> controls -> our own mesh renderer
At size "full": speech -> HuBERT -> the official denoiser -> LivePortrait's networks, with weights that you bring (thespis weights ditto).
docs/recipes/ditto.md tells what differs from the official system.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim
from thespis.weights import card_of

if TYPE_CHECKING:
    from thespis.talker import Talker

card = Card(
    title="Ditto",
    summary="motion-space diffusion: windows that go on from each other, with emotion, blinks, gaze and head as conditions",
    accepts=frozenset(
        {"emotion", "head", "gaze", "blink", "lips", "motion", "guidance", "seed"} | {"size", "crop", "others", "background", "motion_blur"}
    ),
    fps=25,
    status="retrained",
    licence="Apache-2.0",
    commercial=True,
    paper="https://arxiv.org/abs/2411.19509",
    year=2025,
    code="https://github.com/antgroup/ditto-talkinghead",
    code_licence="Apache-2.0",
    weights=(
        card_of("articulation"),
        card_of("voice_activity"),
        card_of("ditto_denoiser"),
    ),
    claim=Claim(
        sentence="Windows of motion go on from each other because each is told the frame before it.",
        metric="how much faster keypoints move across the seams of windows than within them",
        mechanism="the slot for the frame before, against none",
        better="lower",
    ),
)


def build(weights: Mapping[str, Path], size: str = "small") -> "Talker":
    """Put the stages together: "small" draws 512 pixels, "live" answers ten frames at a time, "tiny" is for tests, "full" is official."""
    from thespis.errors import check_known
    from thespis.features.spaces import ARTICULATION
    from thespis.motion.controls import ToFace, controls
    from thespis.motion.eyes import Eyes
    from thespis.motion.hearing import hearing
    from thespis.motion.networks.ditto import Ditto, OnnxDenoiser, windows_of
    from thespis.motion.spaces.ditto import VOICE_AND_EYES
    from thespis.pixels.renderer import Renderer
    from thespis.stages import Both, Keep, PerFrame, Windowed
    from thespis.talker import Talker

    pixels = {"small": 512, "live": 512, "tiny": 128}
    if size == "full":
        return full(weights)
    check_known("size of ditto", size, [*pixels, "full"])
    denoiser = OnnxDenoiser(weights["denoiser"])
    windows = windows_of(denoiser, live=size == "live")
    return Talker(
        *hearing(weights, card.fps, whole=size != "live"),
        Both(Keep(ARTICULATION), Eyes(), gives=VOICE_AND_EYES),
        Windowed(Ditto(denoiser, past=windows["past"]), **windows, fade=10, history=1),
        controls(),
        PerFrame(ToFace()),
        Renderer(size=pixels[size]),
    )


def full(weights: Mapping[str, Path]) -> "Talker":
    """Put the official system together, from weights that the user has put in place: ditto, liveportrait and a HuBERT large."""
    from functools import partial

    from thespis.features.hubert import hubert
    from thespis.motion.controls import controls
    from thespis.motion.eyes import Eyes
    from thespis.motion.hearing import hearing
    from thespis.motion.networks import ditto_torch
    from thespis.motion.networks.ditto_official import HEARD_AND_EYES, FullDitto, Onto, Smooth
    from thespis.motion.spaces.liveportrait import LIVEPORTRAIT
    from thespis.pixels.liveportrait import load
    from thespis.pixels.liveportrait.facts import facts_of, rest_of
    from thespis.pixels.liveportrait.renderer import LivePortrait
    from thespis.stages import Both, Causal, Windowed
    from thespis.talker import Talker

    networks, denoiser = load.official(), ditto_torch.official()
    return Talker(
        Both(hubert(window=(3, 5, 2)), [*hearing(weights, card.fps, whole=False), Eyes()], gives=HEARD_AND_EYES),
        Windowed(FullDitto(denoiser, partial(facts_of, networks)), hop=denoiser.frames - 10, future=10, fade=10, history=1),
        Windowed(Smooth(), hop=10, past=1, future=1),
        Causal(Onto(partial(facts_of, networks))),
        controls(partial(rest_of, networks)),
        LivePortrait(networks, LIVEPORTRAIT),
    )
