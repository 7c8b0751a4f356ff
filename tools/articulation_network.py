"""The articulation network: dilated convolutions that look back only, and answer late, so that they hear what comes.

Its first answer comes `DELAY` rows late, for live use; a second one, `WHOLE_DELAY` rows late, thinks on with what was heard since.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from thespis.types import Array

DELAY, WHOLE_DELAY = 10, 40  # rows of 10 ms; the ear itself needs another 20 ms
PAIR = 2  # rows that are thought about together: 20 ms are fine enough inside, and cost half
WIDTH, KERNEL = 160, 5
DILATIONS = (1, 2, 4, 8, 1, 2, 4)
WHOLE_DILATIONS = (1, 2, 4)


class Block(nn.Module):
    """A residual dilated convolution."""

    def __init__(self, dilation: int) -> None:
        """Make the layers."""
        super().__init__()
        self.past = (KERNEL - 1) * dilation
        self.wide = nn.Conv1d(WIDTH, WIDTH, KERNEL, dilation=dilation)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.mix = nn.Conv1d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:  # (B, WIDTH, T)
        """Look back and add."""
        hidden = self.norm(self.wide(nn.functional.pad(x, (self.past, 0))))
        added: Tensor = self.mix(nn.functional.silu(hidden))
        return x + added


class ArticulationNetwork(nn.Module):
    """Normalised bands (B, bands, T) -> logits of channels and classes (B, channels + classes, T), now and on second thoughts.

    Column t of the first answer speaks of row t - DELAY, of the second one of row t - WHOLE_DELAY.
    """

    def __init__(self, bands: int, channels: int, classes: int) -> None:
        """Make the layers."""
        super().__init__()
        self.bands, self.channels, self.classes = bands, channels, classes
        self.first = nn.Conv1d(bands * PAIR, WIDTH, KERNEL)
        self.blocks = nn.ModuleList(Block(dilation) for dilation in DILATIONS)
        self.last = nn.Conv1d(WIDTH, (channels + classes) * PAIR, 1)
        self.whole_blocks = nn.ModuleList(Block(dilation) for dilation in WHOLE_DILATIONS)
        self.whole_last = nn.Conv1d(WIDTH, (channels + classes) * PAIR, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Run over a whole stretch."""
        batch, _, rows = x.shape
        x = x.reshape(batch, self.bands, rows // PAIR, PAIR).transpose(2, 3).flatten(1, 2)  # (B, bands * PAIR, T / PAIR)
        x = self.first(nn.functional.pad(x, (KERNEL - 1, 0)))
        for block in self.blocks:
            x = block(x)
        first = self.unpaired(self.last(x))
        for block in self.whole_blocks:
            x = block(x)
        return first, self.unpaired(self.whole_last(x))

    def unpaired(self, x: Tensor) -> Tensor:
        """Lay the rows of every pair one after the other again: (B, outputs * PAIR, T / PAIR) -> (B, outputs, T)."""
        batch, _, pairs = x.shape
        return x.reshape(batch, -1, PAIR, pairs).transpose(2, 3).flatten(2, 3)


def folded(block: Block) -> tuple[Array, Array]:
    """Put the normalisation of a trained block into its convolution -> weight (WIDTH, WIDTH, KERNEL), bias (WIDTH,)."""
    norm = block.norm
    assert norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    assert block.wide.bias is not None
    weight = block.wide.weight * scale[:, None, None]
    bias = (block.wide.bias - norm.running_mean) * scale + norm.bias
    return weight.detach().numpy(), bias.detach().numpy()


def write_onnx(network: ArticulationNetwork, path: Path) -> None:
    """Write the network as a step over any even number of rows: every convolution's past comes in as `past_k` and goes out as `next_k`.

    It answers with `channels` and `phones` of the first thought, and `whole_channels` and `whole_phones` of the second, as chances; rows
    come first everywhere. Convolutions are written as products of matrices, which are packed once and nearly three times as fast for so
    few rows.
    """
    from onnx import TensorProto, checker, helper, numpy_helper, save

    nodes, constants, inputs, outputs = [], [], [], []
    parameters = {name: value.detach().numpy() for name, value in network.named_parameters()}
    size = network.channels + network.classes

    def tensor(name: str, *shape: int | str) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    def node(kind: str, given: Sequence[str], name: str, **how: int) -> str:
        nodes.append(helper.make_node(kind, given, [name], **how))
        return name

    def number(name: str, values: int | Sequence[int] | npt.NDArray[np.int64]) -> str:
        constants.append(numpy_helper.from_array(np.array(np.atleast_1d(values), np.int64), name))
        return name

    def product(source: str, name: str, weight: Array, bias: Array) -> str:
        # Kept in half precision, made single again as the file is opened: half the size, as fast, and the answers move by 1e-3 at most.
        matrix = weight.transpose(2, 1, 0).reshape(-1, len(weight))  # (KERNEL * in, out): the oldest row first, as `around` lays them
        constants.append(numpy_helper.from_array(np.ascontiguousarray(matrix, np.float16), f"{name}_half"))
        constants.append(numpy_helper.from_array(np.ascontiguousarray(bias, np.float32), f"{name}_bias"))
        node("Cast", [f"{name}_half"], f"{name}_weight", to=TensorProto.FLOAT)
        return node("Gemm", [source, f"{name}_weight", f"{name}_bias"], name)

    def around(source: str, place: int, width: int, dilation: int) -> str:
        """Lay the pairs of rows that a convolution sees beside each other (pairs, KERNEL * width)."""
        length = (KERNEL - 1) * dilation
        inputs.append(tensor(f"past_{place}", length, width))
        outputs.append(tensor(f"next_{place}", length, width))
        joined = node("Concat", [f"past_{place}", source], f"joined_{place}", axis=0)
        node("Slice", [joined, number(f"from_{place}", -length), forever, zero], f"next_{place}")
        if dilation not in seen:
            seen[dilation] = node("Add", [first, number(f"steps_{dilation}", dilation * np.arange(KERNEL))], f"seen_{dilation}")
        taken = node("Gather", [joined, seen[dilation]], f"taken_{place}", axis=0)
        return node("Reshape", [taken, number(f"beside_{place}", (-1, KERNEL * width))], f"around_{place}")

    def thought(x: str, name: str, blocks: nn.ModuleList, dilations: tuple[int, ...], place: int) -> str:
        for index, (block, dilation) in enumerate(zip(blocks, dilations, strict=True)):
            assert isinstance(block, Block)
            wide = product(around(x, place + index, WIDTH, dilation), f"{name}_wide_{index}", *folded(block))
            gate = node("Sigmoid", [wide], f"{name}_gate_{index}")
            active = node("Mul", [wide, gate], f"{name}_active_{index}")
            mix = parameters[f"{name}.{index}.mix.weight"], parameters[f"{name}.{index}.mix.bias"]
            x = node("Add", [x, product(active, f"{name}_mix_{index}", *mix)], f"{name}_{index}")
        return x

    def answer(x: str, layer: str, prefix: str) -> None:
        # The rows of a pair come one after the other, not number by number.
        order = np.arange(size * PAIR).reshape(size, PAIR).T.ravel()
        last = product(x, layer, parameters[f"{layer}.weight"][order], parameters[f"{layer}.bias"][order])
        rows = node("Reshape", [last, unpaired], f"{layer}_rows")
        channels = node("Slice", [rows, zero, split, one], f"{layer}_channels")
        phones = node("Slice", [rows, split, forever, one], f"{layer}_phones")
        node("Sigmoid", [channels], f"{prefix}channels")
        node("Softmax", [phones], f"{prefix}phones", axis=1)
        outputs.extend([tensor(f"{prefix}channels", "rows", network.channels), tensor(f"{prefix}phones", "rows", network.classes)])

    seen: dict[int, str] = {}  # by dilation, the places of the pairs that a convolution sees
    forever, zero, one = number("forever", 2**31), number("zero", 0), number("one", 1)
    split, unpaired = number("split", network.channels), number("unpaired", (-1, size))
    inputs.append(tensor("bands", "rows", network.bands))
    paired = node("Reshape", ["bands", number("both", (-1, network.bands * PAIR))], "paired")
    for name, value in (("begin", 0), ("step", 1)):
        constants.append(numpy_helper.from_array(np.array(value, np.int64), name))
    count = node("Squeeze", [node("Slice", [node("Shape", [paired], "shape"), zero, one], "counted")], "pairs")
    first = node("Unsqueeze", [node("Range", ["begin", count, "step"], "range"), one], "first_seen")
    order = np.arange(network.bands * PAIR).reshape(network.bands, PAIR).T.ravel()
    weight = parameters["first.weight"][:, order]
    x = product(around(paired, 0, network.bands * PAIR, 1), "first", weight, parameters["first.bias"])
    x = thought(x, "blocks", network.blocks, DILATIONS, 1)
    answer(x, "last", "")
    x = thought(x, "whole_blocks", network.whole_blocks, WHOLE_DILATIONS, 1 + len(DILATIONS))
    answer(x, "whole_last", "whole_")
    graph = helper.make_graph(nodes, "articulation", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="thespis")
    model.metadata_props.add(key="delay", value=str(DELAY))
    model.metadata_props.add(key="whole_delay", value=str(WHOLE_DELAY))
    checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, str(path))
