"""Ditto's denoiser in torch (Li et al. 2025): a transformer over windows of motion, told by the frame before and by conditions.

After the description and the shapes of the published parameters. Needs the extra `train`. Shapes: B windows, T frames, M numbers of
motion, C of conditions, W the width.
"""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thespis.errors import MissingExtraError, WeightsError

if importlib.util.find_spec("torch") is None:
    raise MissingExtraError("Ditto's denoiser needs torch to learn, which is not installed; run: pip install 'thespis[train]'")

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, mish, scaled_dot_product_attention

from thespis.motion.networks.ditto import OFFICIAL, DittoShape
from thespis.types import Array
from thespis.weights import read_tensors, ready

TOKENS = 2  # that tell the step of the diffusion beside the conditions


class Attention(nn.Module):
    """Attention whose queries and keys know their place: pairs of numbers are turned by the number of their row."""

    def __init__(self, shape: DittoShape) -> None:
        """Build the layers."""
        super().__init__()
        self.heads = shape.heads
        self.ask, self.offer, self.tell, self.leave = (nn.Linear(shape.width, shape.width) for _ in range(4))
        rates = 10000.0 ** -(torch.arange(0, shape.width, 2) / shape.width)
        turns = torch.arange(shape.frames + TOKENS)[:, None] * rates
        self.register_buffer("turns", torch.stack([turns.cos(), turns.sin()]), persistent=False)

    def turned(self, rows: Tensor) -> Tensor:
        """Turn each pair of numbers of rows (B, T, W) by its place."""
        cos, sin = self.turns[:, : rows.shape[1]]
        one, other = rows.unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack([one * cos - other * sin, other * cos + one * sin], dim=-1).flatten(-2)

    def forward(self, rows: Tensor, memory: Tensor) -> Tensor:
        """Let rows (B, T, W) look at a memory (B, N, W)."""
        placed = self.turned(memory)
        parts = (self.ask(self.turned(rows)), self.offer(placed), self.tell(memory))
        asked, offered, told = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        found: Tensor = self.leave(scaled_dot_product_attention(asked, offered, told).transpose(1, 2).flatten(2))
        return found


class Answer(nn.Module):
    """Scale and shift what a part found, as the step and the conditions say."""

    def __init__(self, width: int) -> None:
        """Build the layer."""
        super().__init__()
        self.say = nn.Linear(width, 2 * width)

    def forward(self, found: Tensor, told: Tensor) -> Tensor:
        """Change rows (B, T, W) as (B, W) says."""
        scale, shift = self.say(mish(told))[:, None].chunk(2, dim=-1)
        return (1 + scale) * found + shift


class Reader(nn.Module):
    """A layer that lets the conditions of a window know each other."""

    def __init__(self, shape: DittoShape) -> None:
        """Build the parts."""
        super().__init__()
        self.attention = Attention(shape)
        self.norms = nn.ModuleList(nn.LayerNorm(shape.width) for _ in range(2))
        self.widen, self.narrow = nn.Linear(shape.width, shape.inner), nn.Linear(shape.inner, shape.width)

    def forward(self, rows: Tensor) -> Tensor:
        """Read conditions (B, T, W)."""
        seen = self.norms[0](rows)
        rows = rows + self.attention(seen, seen)
        return rows + self.narrow(gelu(self.widen(self.norms[1](rows))))


class Layer(nn.Module):
    """A layer of the denoiser: among the frames, towards the conditions, and each frame by itself."""

    def __init__(self, shape: DittoShape) -> None:
        """Build the parts."""
        super().__init__()
        self.among, self.towards = Attention(shape), Attention(shape)
        self.widen, self.narrow = nn.Linear(shape.width, shape.inner), nn.Linear(shape.inner, shape.width)
        self.norms = nn.ModuleList(nn.LayerNorm(shape.width) for _ in range(3))
        self.answers = nn.ModuleList(Answer(shape.width) for _ in range(3))

    def forward(self, rows: Tensor, memory: Tensor, told: Tensor) -> Tensor:
        """Go on with rows (B, T, W), beside a memory (B, N, W), told (B, W)."""
        seen = self.norms[0](rows)
        rows = rows + self.answers[0](self.among(seen, seen), told)
        rows = rows + self.answers[1](self.towards(self.norms[1](rows), memory), told)
        return rows + self.answers[2](self.narrow(gelu(self.widen(self.norms[2](rows)))), told)


class DittoNetwork(nn.Module):
    """Noisy motion -> clean motion, told the frame before the window, a row of conditions for each frame, and the step."""

    def __init__(self, shape: DittoShape) -> None:
        """Build all of it."""
        super().__init__()
        self.shape, width = shape, shape.width
        self.enter = nn.Linear(2 * shape.motion, width)
        self.hear = nn.Linear(shape.condition, width)
        self.readers = nn.ModuleList(Reader(shape) for _ in range(shape.readers))
        self.pooled_norm = nn.LayerNorm(width)
        self.pooled = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.step = nn.Linear(width, shape.spread * width)
        self.step_told, self.step_tokens = nn.Linear(shape.spread * width, width), nn.Linear(shape.spread * width, TOKENS * width)
        self.untold, self.untold_pooled = nn.Parameter(torch.randn(1, shape.frames, width)), nn.Parameter(torch.randn(1, width))
        self.memory_norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.leave = nn.Linear(width, shape.motion)
        rates = torch.exp(torch.arange(width // 2) * -(math.log(10000) / (width // 2 - 1)))
        self.register_buffer("rates", rates, persistent=False)

    def forward(self, noisy: Tensor, before: Tensor, conditions: Tensor, step: Tensor, told: Tensor) -> Tensor:
        """Clean motion (B, T, M) after frames (B, M) at steps (B,) of 0 to 999, by conditions (B, T, C) where `told` (B,) is 1, not 0."""
        rows = self.enter(torch.cat([noisy, before[:, None].expand_as(noisy)], dim=-1))
        heard = self.hear(conditions)
        for reader in self.readers:
            heard = reader(heard)
        known = told[:, None, None] > 0.5
        heard = torch.where(known, heard, self.untold)
        pooled = self.pooled[1](nn.functional.silu(self.pooled[0](self.pooled_norm(heard.mean(dim=1)))))
        pooled = torch.where(known[:, 0], pooled, self.untold_pooled)
        waves = step[:, None] * self.rates
        hidden = mish(self.step(torch.cat([waves.sin(), waves.cos()], dim=-1)))
        tokens = self.step_tokens(hidden).unflatten(-1, (TOKENS, -1))
        memory = self.memory_norm(torch.cat([heard, tokens], dim=1))
        for layer in self.layers:
            rows = layer(rows, memory, self.step_told(hidden) + pooled)
        made: Tensor = self.leave(rows)
        return made


RULES = (
    (r"time_mlp\.1\.(.+)", r"step.\1"),
    (r"to_time_cond\.0\.(.+)", r"step_told.\1"),
    (r"to_time_tokens\.0\.(.+)", r"step_tokens.\1"),
    (r"null_cond_embed", r"untold"),
    (r"null_cond_hidden", r"untold_pooled"),
    (r"norm_cond\.(.+)", r"memory_norm.\1"),
    (r"input_projection\.(.+)", r"enter.\1"),
    (r"cond_projection\.(.+)", r"hear.\1"),
    (r"final_layer\.(.+)", r"leave.\1"),
    (r"non_attn_cond_projection\.0\.(.+)", r"pooled_norm.\1"),
    (r"non_attn_cond_projection\.1\.(.+)", r"pooled.0.\1"),
    (r"non_attn_cond_projection\.3\.(.+)", r"pooled.1.\1"),
    (r"cond_encoder\.(\d+)\.self_attn\.(.+)", r"readers.\1.attention.\2"),
    (r"cond_encoder\.(\d+)\.linear1\.(.+)", r"readers.\1.widen.\2"),
    (r"cond_encoder\.(\d+)\.linear2\.(.+)", r"readers.\1.narrow.\2"),
    (r"cond_encoder\.(\d+)\.norm1\.(.+)", r"readers.\1.norms.0.\2"),
    (r"cond_encoder\.(\d+)\.norm2\.(.+)", r"readers.\1.norms.1.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.self_attn\.(.+)", r"layers.\1.among.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.multihead_attn\.(.+)", r"layers.\1.towards.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.linear1\.(.+)", r"layers.\1.widen.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.linear2\.(.+)", r"layers.\1.narrow.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.norm1\.(.+)", r"layers.\1.norms.0.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.norm2\.(.+)", r"layers.\1.norms.1.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.norm3\.(.+)", r"layers.\1.norms.2.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.film1\.block\.1\.(.+)", r"layers.\1.answers.0.say.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.film2\.block\.1\.(.+)", r"layers.\1.answers.1.say.\2"),
    (r"seqTransDecoder\.stack\.(\d+)\.film3\.block\.1\.(.+)", r"layers.\1.answers.2.say.\2"),
)


def convert(held: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn the published parameters into ours; the rates of the turns, which are no parameters, lie in the file too."""
    found: dict[str, Tensor] = {}
    for name, value in held.items():
        if name.endswith("rotary.freqs"):
            continue
        put = next((re.sub(pattern, put, name) for pattern, put in RULES if re.fullmatch(pattern, name)), None)
        if put is None:
            raise WeightsError(f"these are not weights of Ditto's denoiser: it has no {name!r}; get the official file again")
        if ".in_proj_" in put:
            kind = put.rpartition("_")[2]
            for part, own in zip(("ask", "offer", "tell"), value.chunk(3), strict=True):
                found[re.sub(r"in_proj_.+", f"{part}.{kind}", put)] = own
        else:
            found[put.replace(".out_proj.", ".leave.")] = value
    return found


def converted(files: Mapping[str, Path], folder: Path) -> None:
    """Convert the published denoiser, check that it fits, and write it into a folder."""
    from safetensors.torch import save_file

    (path,) = files.values()
    tensors = convert(read_tensors(path).get("model_state_dict", {}))
    fitted(tensors, path)
    save_file({name: value.contiguous().clone() for name, value in tensors.items()}, folder / "denoiser.safetensors.part")
    (folder / "denoiser.safetensors.part").replace(folder / "denoiser.safetensors")


def fitted(tensors: Mapping[str, Tensor], path: Path, shape: DittoShape = OFFICIAL) -> DittoNetwork:
    """Build a denoiser with these parameters, strictly."""
    network = DittoNetwork(shape)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise WeightsError(f"{path} does not fit Ditto's denoiser: {reason}; get the official file again") from error
    made: DittoNetwork = network.eval().requires_grad_(False).to("cuda" if torch.cuda.is_available() else "cpu")
    return made


class TorchDenoiser:
    """A denoiser run by torch."""

    def __init__(self, network: Any) -> None:  # noqa: ANN401 - a DittoNetwork
        """Hold a network."""
        self.network, self.frames = network, network.shape.frames

    def clean(self, noisy: Array, before: Array, conditions: Array, step: int) -> Array:
        """Clean motion (T, M) after a frame (M,) at a step, untold and told by conditions (T, C) -> (2, T, M)."""
        device = next(self.network.parameters()).device
        given = [torch.from_numpy(np.stack([value] * 2)).float().to(device) for value in (noisy, before, conditions)]
        with torch.no_grad():
            made = self.network(*given, torch.full((2,), step, device=device), torch.tensor([0.0, 1.0], device=device))
        return np.asarray(made.float().cpu().numpy())


def official() -> TorchDenoiser:
    """Load the official denoiser that the user has put in place."""
    path = ready("ditto") / "denoiser.safetensors"
    return TorchDenoiser(fitted(read_tensors(path), path))
