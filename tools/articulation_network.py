"""The articulation network: dilated convolutions that look back only, and answer `DELAY` rows late so that they hear what comes."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thespis.features.ear import HOP

DELAY = 16  # rows of 10 ms
PAIR = 2  # rows that are thought about together: 20 ms are fine enough inside, and cost half
WIDTH, KERNEL = 80, 5
DILATIONS = (1, 2, 4, 8, 1, 2)


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
    """Normalised bands (B, bands, T) -> channels (B, channels, T) from 0 to 1; column t speaks of row t - DELAY."""

    def __init__(self, bands: int, channels: int) -> None:
        """Make the layers."""
        super().__init__()
        self.bands, self.channels = bands, channels
        self.first = nn.Conv1d(bands * PAIR, WIDTH, KERNEL)
        self.blocks = nn.ModuleList(Block(dilation) for dilation in DILATIONS)
        self.last = nn.Conv1d(WIDTH, channels * PAIR, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Run over a whole stretch."""
        batch, _, rows = x.shape
        x = x.reshape(batch, self.bands, rows // PAIR, PAIR).transpose(2, 3).flatten(1, 2)  # (B, bands * PAIR, T / PAIR)
        x = self.first(nn.functional.pad(x, (KERNEL - 1, 0)))
        for block in self.blocks:
            x = block(x)
        x = self.last(x).reshape(batch, self.channels, PAIR, rows // PAIR)
        return torch.sigmoid(x.transpose(2, 3).flatten(2, 3))


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
    """Write the network as one step over HOP rows: every convolution's past comes in as `past_k` and goes out as `next_k`."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    nodes, constants, inputs, outputs = [], [], [], []

    def tensor(name: str, shape: tuple[int, ...]) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    def convolution(source: str, name: str, weight: np.ndarray, bias: np.ndarray, dilation: int = 1) -> str:  # type: ignore[type-arg]
        constants.append(numpy_helper.from_array(np.ascontiguousarray(weight, np.float32), f"{name}_weight"))
        constants.append(numpy_helper.from_array(np.ascontiguousarray(bias, np.float32), f"{name}_bias"))
        nodes.append(helper.make_node("Conv", [source, f"{name}_weight", f"{name}_bias"], [name], dilations=[dilation]))
        return name

    def reshaped(source: str, name: str, shape: tuple[int, ...]) -> str:
        constants.append(numpy_helper.from_array(np.array(shape, np.int64), f"{name}_shape"))
        nodes.append(helper.make_node("Reshape", [source, f"{name}_shape"], [name]))
        return name

    def with_past(source: str, number: int, width: int, length: int) -> str:
        inputs.append(tensor(f"past_{number}", (1, width, length)))
        outputs.append(tensor(f"next_{number}", (1, width, length)))
        nodes.append(helper.make_node("Concat", [f"past_{number}", source], [f"joined_{number}"], axis=2))
        constants.append(numpy_helper.from_array(np.array([-length], np.int64), f"from_{number}"))
        cut = [f"joined_{number}", f"from_{number}", "forever", "time"]
        nodes.append(helper.make_node("Slice", cut, [f"next_{number}"]))
        return f"joined_{number}"

    constants.append(numpy_helper.from_array(np.array([2**31], np.int64), "forever"))
    constants.append(numpy_helper.from_array(np.array([2], np.int64), "time"))
    inputs.append(tensor("bands", (1, network.bands, HOP)))
    outputs.append(tensor("channels", (1, network.channels, HOP)))
    parameters = {name: value.detach().numpy() for name, value in network.named_parameters()}
    pairs = HOP // PAIR
    split = reshaped("bands", "split", (1, network.bands, pairs, PAIR))
    nodes.append(helper.make_node("Transpose", [split], ["turned"], perm=[0, 1, 3, 2]))
    paired = reshaped("turned", "paired", (1, network.bands * PAIR, pairs))
    joined = with_past(paired, 0, network.bands * PAIR, KERNEL - 1)
    x = convolution(joined, "first", parameters["first.weight"], parameters["first.bias"])
    for number, (block, dilation) in enumerate(zip(network.blocks, DILATIONS, strict=True)):
        assert isinstance(block, Block)
        weight, bias = folded(block)
        wide = convolution(with_past(x, number + 1, WIDTH, block.past), f"wide_{number}", weight, bias, dilation)
        nodes.append(helper.make_node("Sigmoid", [wide], [f"gate_{number}"]))
        nodes.append(helper.make_node("Mul", [wide, f"gate_{number}"], [f"active_{number}"]))
        mix = parameters[f"blocks.{number}.mix.weight"], parameters[f"blocks.{number}.mix.bias"]
        added = convolution(f"active_{number}", f"mix_{number}", *mix)
        nodes.append(helper.make_node("Add", [x, added], [f"block_{number}"]))
        x = f"block_{number}"
    last = convolution(x, "last", parameters["last.weight"], parameters["last.bias"])
    nodes.append(helper.make_node("Sigmoid", [last], ["chances"]))
    unpaired = reshaped("chances", "unpaired", (1, network.channels, PAIR, pairs))
    nodes.append(helper.make_node("Transpose", [unpaired], ["returned"], perm=[0, 1, 3, 2]))
    reshaped("returned", "channels", (1, network.channels, HOP))
    graph = helper.make_graph(nodes, "articulation", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="thespis")
    model.metadata_props.add(key="delay", value=str(DELAY))
    checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, str(path))
