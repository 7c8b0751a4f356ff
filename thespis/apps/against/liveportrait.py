"""LivePortrait's networks beside the official ones, at the published sizes: one picture of 256 pixels."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import torch

from thespis.apps.against import Part, drawn, some
from thespis.pixels.liveportrait.convert import CONVERT
from thespis.pixels.liveportrait.networks import LivePortraitNetworks
from thespis.pixels.liveportrait.shape import OFFICIAL

CODE = "github.com/KwaiVGI/LivePortrait"
FULL: dict[str, dict[str, Any]] = {
    "appearance": {
        "image_channel": 3, "block_expansion": 64, "num_down_blocks": 2, "max_features": 512, "reshape_channel": 32, "reshape_depth": 16,
        "num_resblocks": 6,
    },
    "motion": {"num_kp": 21, "backbone": "convnextv2_tiny"},
    "warping": {
        "num_kp": 21, "block_expansion": 64, "max_features": 512, "num_down_blocks": 2, "reshape_channel": 32,
        "estimate_occlusion_map": True,
        "dense_motion_params": {"block_expansion": 32, "max_features": 1024, "num_blocks": 5, "reshape_depth": 16, "compress": 4},
    },
    "drawing": {"upscale": 2, "block_expansion": 64, "max_features": 512, "num_down_blocks": 2},
    "stitching": {"input_size": 126, "hidden_sizes": [128, 128, 64], "output_size": 65},
    "eyes": {"input_size": 66, "hidden_sizes": [256, 256, 128, 128, 64], "output_size": 63},
    "lips": {"input_size": 65, "hidden_sizes": [128, 128, 64], "output_size": 63},
}  # fmt: skip
FILES = {
    "appearance": ("appearance_feature_extractor", "AppearanceFeatureExtractor"),
    "motion": ("motion_extractor", "MotionExtractor"),
    "warping": ("warping_network", "WarpingNetwork"),
    "drawing": ("spade_generator", "SPADEDecoder"),
    "stitching": ("stitching_retargeting_network", "StitchingRetargetingNetwork"),
    "eyes": ("stitching_retargeting_network", "StitchingRetargetingNetwork"),
    "lips": ("stitching_retargeting_network", "StitchingRetargetingNetwork"),
}
SMALL = {"stitching": "retarget_shoulder", "eyes": "retarget_eye", "lips": "retarget_mouth"}


def networks(sizes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Build the official networks of these sizes; their clone must be importable."""
    made = {}
    for name, wishes in sizes.items():
        file, kind = FILES[name]
        made[name] = getattr(import_module(f"src.modules.{file}"), kind)(**wishes).eval()
    return made


def as_published(held: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Put the parameters of the official networks into the five files in which they are published."""
    corrections = {put: {f"module.{name}": value for name, value in held[own].items()} for own, put in SMALL.items()}
    return {**{part: held[part] for part in ("appearance", "motion", "warping", "drawing")}, "corrections": corrections}


def parts(device: str) -> Iterator[Part]:
    """Give the four large networks, and one of the three small ones."""
    official = {name: drawn(network).to(device) for name, network in networks(FULL).items()}
    ours = LivePortraitNetworks(OFFICIAL).eval()
    for part, held in as_published({name: network.state_dict() for name, network in official.items()}).items():
        getattr(ours, part).load_state_dict(CONVERT[part](held))
    ours = ours.to(device)
    picture = some("picture", 1, 3, 256, 256, device=device).sigmoid()
    volume, features = some("volume", 1, 32, 16, 64, 64, device=device), some("features", 1, 256, 64, 64, device=device)
    source, driving = (0.4 * some(name, 1, 21, 3, device=device) for name in ("source", "driving"))
    yield Part("appearance", lambda: ours.appearance(picture), lambda: official["appearance"](picture))
    yield Part("motion", lambda: ours.motion.numbers(picture)["canonical"], lambda: official["motion"](picture)["kp"])
    yield Part(
        "warping",
        lambda: ours.warping(volume, source, driving),
        lambda: official["warping"](volume, kp_source=source, kp_driving=driving)["out"],
    )
    yield Part("drawing (SPADE), 512 pixels", lambda: ours.drawing(features), lambda: official["drawing"](features))
    both = torch.cat([source.flatten(1), driving.flatten(1)], 1)
    yield Part("stitching", lambda: ours.corrections.stitching(source, driving), lambda: official["stitching"](both))
