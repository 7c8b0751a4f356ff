"""The articulation network: dilated convolutions that look back only, and answer late, so that they hear what comes.

Its first answer comes `DELAY` rows late, for live use; a second one, `WHOLE_DELAY` rows late, thinks on with what was heard since.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thespis.features.ear import HOP

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


def folded(block: Block) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Put the normalisation of a trained block into its convolution -> weight (WIDTH, WIDTH, KERNEL), bias (WIDTH,)."""
    norm = block.norm
    assert norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    assert block.wide.bias is not None
    weight = block.wide.weight * scale[:, None, None]
    bias = (block.wide.bias - norm.running_mean) * scale + norm.bias
    return weight.detach().numpy(), bias.detach().numpy()


def write_onnx(network: ArticulationNetwork, path: Path) -> None:
    """Write the network as one step over HOP rows: every convolution's past comes in as `past_k` and goes out as `next_k`.

    It answers with `channels` and `phones` of the first thought, and `whole_channels` and `whole_phones` of the second, as chances.
    """
    from onnx import TensorProto, checker, helper, numpy_helper, save

    nodes, constants, inputs, outputs = [], [], [], []

    def tensor(name: str, shape: tuple[int, ...]) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    def number(name: str, *values: int) -> str:
        constants.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def convolution(source: str, name: str, weight: np.ndarray, bias: np.ndarray, dilation: int = 1) -> str:  # type: ignore[type-arg]
        # Kept in half precision, made single again as the file is opened: half the size, as fast, and the answers move by 1e-3 at most.
        constants.append(numpy_helper.from_array(np.ascontiguousarray(weight, np.float16), f"{name}_half"))
        nodes.append(helper.make_node("Cast", [f"{name}_half"], [f"{name}_weight"], to=TensorProto.FLOAT))
        constants.append(numpy_helper.from_array(np.ascontiguousarray(bias, np.float32), f"{name}_bias"))
        nodes.append(helper.make_node("Conv", [source, f"{name}_weight", f"{name}_bias"], [name], dilations=[dilation]))
        return name

    def reshaped(source: str, name: str, shape: tuple[int, ...]) -> str:
        nodes.append(helper.make_node("Reshape", [source, number(f"{name}_shape", *shape)], [name]))
        return name

    def cut(source: str, name: str, start: str, end: str, axis: str) -> str:
        nodes.append(helper.make_node("Slice", [source, start, end, axis], [name]))
        return name

    def with_past(source: str, place: int, width: int, length: int) -> str:
        inputs.append(tensor(f"past_{place}", (1, width, length)))
        outputs.append(tensor(f"next_{place}", (1, width, length)))
        nodes.append(helper.make_node("Concat", [f"past_{place}", source], [f"joined_{place}"], axis=2))
        cut(f"joined_{place}", f"next_{place}", number(f"from_{place}", -length), forever, time)
        return f"joined_{place}"

    parameters = {name: value.detach().numpy() for name, value in network.named_parameters()}
    pairs = HOP // PAIR

    def thought(x: str, name: str, blocks: nn.ModuleList, dilations: tuple[int, ...], place: int) -> str:
        for index, (block, dilation) in enumerate(zip(blocks, dilations, strict=True)):
            assert isinstance(block, Block)
            weight, bias = folded(block)
            wide = convolution(with_past(x, place + index, WIDTH, block.past), f"{name}_wide_{index}", weight, bias, dilation)
            nodes.append(helper.make_node("Sigmoid", [wide], [f"{name}_gate_{index}"]))
            nodes.append(helper.make_node("Mul", [wide, f"{name}_gate_{index}"], [f"{name}_active_{index}"]))
            mix = parameters[f"{name}.{index}.mix.weight"], parameters[f"{name}.{index}.mix.bias"]
            added = convolution(f"{name}_active_{index}", f"{name}_mix_{index}", *mix)
            nodes.append(helper.make_node("Add", [x, added], [f"{name}_{index}"]))
            x = f"{name}_{index}"
        return x

    def answer(x: str, layer: str, prefix: str) -> None:
        size = network.channels + network.classes
        last = convolution(x, layer, parameters[f"{layer}.weight"], parameters[f"{layer}.bias"])
        unpaired = reshaped(last, f"{layer}_unpaired", (1, size, PAIR, pairs))
        nodes.append(helper.make_node("Transpose", [unpaired], [f"{layer}_returned"], perm=[0, 1, 3, 2]))
        rows = reshaped(f"{layer}_returned", f"{layer}_rows", (1, size, HOP))
        nodes.append(helper.make_node("Sigmoid", [cut(rows, f"{layer}_channels", zero, split, one)], [f"{prefix}channels"]))
        nodes.append(helper.make_node("Softmax", [cut(rows, f"{layer}_phones", split, forever, one)], [f"{prefix}phones"], axis=1))
        outputs.append(tensor(f"{prefix}channels", (1, network.channels, HOP)))
        outputs.append(tensor(f"{prefix}phones", (1, network.classes, HOP)))

    forever, time, zero, one, split = (
        number("forever", 2**31),
        number("time", 2),
        number("zero", 0),
        number("one", 1),
        number("split", network.channels),
    )
    inputs.append(tensor("bands", (1, network.bands, HOP)))
    halves = reshaped("bands", "halves", (1, network.bands, pairs, PAIR))
    nodes.append(helper.make_node("Transpose", [halves], ["turned"], perm=[0, 1, 3, 2]))
    paired = reshaped("turned", "paired", (1, network.bands * PAIR, pairs))
    joined = with_past(paired, 0, network.bands * PAIR, KERNEL - 1)
    x = convolution(joined, "first", parameters["first.weight"], parameters["first.bias"])
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
