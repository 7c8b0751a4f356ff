"""Turn the published parameters of LivePortrait into those of our networks: names, layouts and norms; nothing is left over.

The five files are those of the official release; the sixth form, in which the three small networks lie in one file under other names,
is read too.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from thespis.errors import WeightsError

Rules = Sequence[tuple[str, str]]
APPEARANCE: Rules = (
    (r"first\.(conv|norm)\.(.+)", r"first.\1.\2"),
    (r"down_blocks\.(\d+)\.(conv|norm)\.(.+)", r"down.\1.\2.\3"),
    (r"second\.(.+)", r"mix.\1"),
    (r"resblocks_3d\.3dr(\d+)\.(conv|norm)1\.(.+)", r"refine.\1.\2s.0.\3"),
    (r"resblocks_3d\.3dr(\d+)\.(conv|norm)2\.(.+)", r"refine.\1.\2s.1.\3"),
)
MOTION: Rules = (
    (r"downsample_layers\.0\.0\.(.+)", r"stem.\1"),
    (r"downsample_layers\.0\.1\.(.+)", r"stem_norm.\1"),
    (r"downsample_layers\.1\.0\.(.+)", r"shrink_norms.0.\1"),
    (r"downsample_layers\.1\.1\.(.+)", r"shrink.0.\1"),
    (r"downsample_layers\.2\.0\.(.+)", r"shrink_norms.1.\1"),
    (r"downsample_layers\.2\.1\.(.+)", r"shrink.1.\1"),
    (r"downsample_layers\.3\.0\.(.+)", r"shrink_norms.2.\1"),
    (r"downsample_layers\.3\.1\.(.+)", r"shrink.2.\1"),
    (r"stages\.(\d+)\.(\d+)\.dwconv\.(.+)", r"stages.\1.\2.around.\3"),
    (r"stages\.(\d+)\.(\d+)\.norm\.(.+)", r"stages.\1.\2.norm.\3"),
    (r"stages\.(\d+)\.(\d+)\.pwconv1\.(.+)", r"stages.\1.\2.widen.\3"),
    (r"stages\.(\d+)\.(\d+)\.pwconv2\.(.+)", r"stages.\1.\2.narrow.\3"),
    (r"stages\.(\d+)\.(\d+)\.grn\.gamma", r"stages.\1.\2.gain"),
    (r"stages\.(\d+)\.(\d+)\.grn\.beta", r"stages.\1.\2.shift"),
    (r"norm\.(.+)", r"norm.\1"),
    (r"fc_kp\.(.+)", r"heads.canonical.\1"),
    (r"fc_exp\.(.+)", r"heads.expression.\1"),
    (r"fc_t\.(.+)", r"heads.translation.\1"),
    (r"fc_(scale|pitch|yaw|roll)\.(.+)", r"heads.\1.\2"),
)
WARPING: Rules = (
    (r"third\.(conv|norm)\.(.+)", r"flatten.\1.\2"),
    (r"fourth\.(.+)", r"mix.\1"),
    (r"dense_motion_network\.hourglass\.encoder\.down_blocks\.(\d+)\.(.+)", r"flow.down.\1.\2"),
    (r"dense_motion_network\.hourglass\.decoder\.up_blocks\.(\d+)\.(.+)", r"flow.up.\1.\2"),
    (r"dense_motion_network\.hourglass\.decoder\.(conv|norm)\.(.+)", r"flow.leave.\1.\2"),
    (r"dense_motion_network\.mask\.(.+)", r"flow.share.\1"),
    (r"dense_motion_network\.compress\.(.+)", r"flow.squeeze.\1"),
    (r"dense_motion_network\.norm\.(.+)", r"flow.squeeze_norm.\1"),
    (r"dense_motion_network\.occlusion\.(.+)", r"flow.seen.\1"),
)
BLOCK: Rules = (
    (r"G_middle_(\d)\.", r"middle.\1."),
    (r"up_(\d)\.", r"outward.\1."),
)
DRAWING: Rules = (
    (r"fc\.(.+)", r"enter.\1"),
    (r"conv_img\.(?:0\.)?(weight|bias)", r"leave.\1"),
    (r"(middle|outward)\.(\d)\.conv_(\d)\.(.+)", r"\1.\2.convs.\3.\4"),
    (r"(middle|outward)\.(\d)\.conv_s\.(.+)", r"\1.\2.past.\3"),
    (r"(middle|outward)\.(\d)\.norm_(\d)\.mlp_shared\.0\.(.+)", r"\1.\2.norms.\3.read.\4"),
    (r"(middle|outward)\.(\d)\.norm_(\d)\.mlp_say\.(.+)", r"\1.\2.norms.\3.say.\4"),
    (r"(middle|outward)\.(\d)\.norm_s\.mlp_shared\.0\.(.+)", r"\1.\2.past_norm.read.\3"),
    (r"(middle|outward)\.(\d)\.norm_s\.mlp_say\.(.+)", r"\1.\2.past_norm.say.\3"),
)
SMALL: Rules = (
    (r"retarget_shoulder(?:_module)?\.(?:module\.)?mlp\.(\d+)\.(.+)", r"stitching.\1.\2"),
    (r"retarget_eye(?:_module)?\.(?:module\.)?mlp\.(\d+)\.(.+)", r"eyes.\1.\2"),
    (r"retarget_mouth(?:_module)?\.(?:module\.)?mlp\.(\d+)\.(.+)", r"lips.\1.\2"),
)


def renamed(held: Mapping[str, Tensor], rules: Rules) -> dict[str, Tensor]:
    """Give every parameter its name here; one that no rule knows is an error."""
    found: dict[str, Tensor] = {}
    for name, value in held.items():
        for pattern, put in rules:
            if re.fullmatch(pattern, name):
                found[re.sub(pattern, put, name)] = value
                break
        else:
            raise WeightsError(f"these are not weights of LivePortrait: {name!r} belongs to none of its networks; get the official files")
    return found


def appearance(held: Mapping[str, Any]) -> dict[str, Tensor]:
    """Convert the appearance extractor."""
    return renamed(held, APPEARANCE)


def motion(held: Mapping[str, Any]) -> dict[str, Tensor]:
    """Convert the motion extractor."""
    found = renamed({name.removeprefix("detector."): value for name, value in held.items()}, MOTION)
    return {name: value.flatten() if name.endswith((".gain", ".shift")) else value for name, value in found.items()}


def warping(held: Mapping[str, Any]) -> dict[str, Tensor]:
    """Convert the warping network."""
    return renamed(held, WARPING)


def drawing(held: Mapping[str, Any]) -> dict[str, Tensor]:
    """Convert the generator: spectral norms are worked in, and scales and shifts of a place are found together."""
    plain: dict[str, Tensor] = {}
    for name, value in held.items():
        stem = name.removesuffix("_orig")
        if stem != name:
            flat = value.reshape(len(value), -1)
            # At work the largest singular value is told by the vectors that training left.
            strength = torch.dot(held[f"{stem}_u"], torch.mv(flat, held[f"{stem}_v"]))
            plain[stem] = value / strength
        elif not re.search(r"\.weight_[uv]$", name):
            plain[name] = value
    joined: dict[str, Tensor] = {}
    for name, value in plain.items():
        if ".mlp_gamma." in name:
            joined[name.replace("mlp_gamma", "mlp_say")] = torch.cat([value, plain[name.replace("mlp_gamma", "mlp_beta")]])
        elif ".mlp_beta." not in name:
            joined[name] = value
    for pattern, put in BLOCK:
        joined = {re.sub(f"^{pattern}", put, name): value for name, value in joined.items()}
    return renamed(joined, DRAWING)


def corrections(held: Mapping[str, Any]) -> dict[str, Tensor]:
    """Convert stitching and retargeting, which lie in one file under three names."""
    flat = {
        f"{part}.{name}": value for part, own in held.items() for name, value in (own.items() if isinstance(own, Mapping) else (("", own),))
    }
    found = renamed({name.removesuffix("."): value for name, value in flat.items()}, SMALL)
    # Every second layer of theirs has no parameters.
    return {re.sub(r"\.(\d+)\.", lambda number: f".layers.{int(number[1]) // 2}.", name): value for name, value in found.items()}


CONVERT: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Tensor]]] = {
    "appearance": appearance, "motion": motion, "warping": warping, "drawing": drawing, "corrections": corrections,
}  # fmt: skip
