"""Write `thespis/assets/voice_activity.onnx`: the Silero VAD with the same parameters, laid out so that it hears several blocks at once.

pip download --no-deps silero-vad==6.2.3, take silero_vad/data/silero_vad_16k_op15.onnx out of the wheel, then
python tools/make_voice_activity.py silero_vad_16k_op15.onnx

As published it hears one block of 32 ms after the other. Only its LSTM goes from block to block; filters and convolutions of many blocks
are products of matrices here, which are packed once. Both are asked the same at the end.
"""

import hashlib
import json
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thespis.speech.activity import BLOCK, CONTEXT, MEMORY
from thespis.speech.say import say
from thespis.types import Array
from thespis.weights import ASSETS

OUT = ASSETS / "voice_activity.onnx"
WINDOW, STEP, BINS, EDGE = 256, 128, 129, 64  # samples of a frame and between two, its frequencies, and samples mirrored at the end
STRIDES = (1, 2, 2, 1)  # of the four convolutions, each over three frames
WIDTH = 128  # of what is remembered
NEAR = 1e-5


def parameters(path: Path) -> dict[str, Array]:
    """Read the parameters of the published file."""
    import onnx

    return {each.name.removeprefix("model."): onnx.numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


def gates(rows: Array) -> Array:
    """Put the gates of an LSTM (4 * WIDTH, ...) in the order of ONNX: in, out, forget, cell."""
    enters, forgets, cell, leaves = np.split(rows, 4)
    return np.concatenate([enters, leaves, forgets, cell])


def write(known: dict[str, Array], path: Path) -> None:
    """Write the network: blocks (n, CONTEXT + BLOCK) and what is remembered -> chances of a voice (n, 1), and what is remembered."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    nodes, constants = [], []

    def constant(name: str, values: npt.ArrayLike, kind: type = np.int64) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values, kind), name))
        return name

    def node(kind: str, given: Sequence[str], *names: str, **how: int | str) -> str:
        nodes.append(helper.make_node(kind, given, [*names], **how))
        return names[0]

    def reshaped(x: str, name: str, *shape: int) -> str:
        return node("Reshape", [x, constant(f"{name}_shape", shape)], name)

    def tensor(name: str, *shape: int | str) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    frames = (CONTEXT + BLOCK + EDGE - WINDOW) // STEP + 1
    x = node("Pad", ["input", constant("edge", [0, 0, 0, EDGE])], "mirrored", mode="reflect")
    x = node("Gather", [x, constant("frames", np.arange(frames)[:, None] * STEP + np.arange(WINDOW))], "framed", axis=1)
    basis = constant("basis", known["stft.forward_basis_buffer"][:, 0].T, np.float32)
    x = node("MatMul", [reshaped(x, "rows", -1, WINDOW), basis], "spectrum")
    node("Split", [node("Mul", [x, x], "squared"), constant("halves", [BINS, BINS])], "real", "imaginary", axis=1)
    x = reshaped(node("Sqrt", [node("Add", ["real", "imaginary"], "power")], "magnitude"), "seen", -1, frames, BINS)
    for place, stride in enumerate(STRIDES):
        weight, bias = (known[f"encoder.{place}.reparam_conv.{name}"] for name in ("weight", "bias"))
        leaves, enters, taps = weight.shape
        frames = (frames + 2 - taps) // stride + 1
        x = node("Pad", [x, constant(f"room_{place}", [0, 1, 0, 0, 1, 0])], f"padded_{place}")
        near = constant(f"near_{place}", np.arange(frames)[:, None] * stride + np.arange(taps))
        x = reshaped(node("Gather", [x, near], f"taken_{place}", axis=1), f"beside_{place}", -1, taps * enters)
        matrix = constant(f"weight_{place}", weight.transpose(2, 1, 0).reshape(-1, leaves), np.float32)
        x = node("Gemm", [x, matrix, constant(f"bias_{place}", bias, np.float32)], f"made_{place}")
        x = reshaped(node("Relu", [x], f"active_{place}"), f"out_{place}", -1, frames, leaves)
    node("Split", ["state", constant("both", [1, 1])], "hidden", "cell", axis=0)
    inner, back = (constant(name, gates(known[f"decoder.rnn.weight_{name}"])[None], np.float32) for name in ("ih", "hh"))
    shift = np.concatenate([gates(known[f"decoder.rnn.bias_{name}"]) for name in ("ih", "hh")])[None]
    given = [x, inner, back, constant("shift", shift, np.float32), "", "hidden", "cell"]
    x = node("LSTM", given, "steps", "next_hidden", "next_cell", hidden_size=WIDTH)
    node("Concat", ["next_hidden", "next_cell"], "next_state", axis=0)
    x = node("Relu", [reshaped(x, "heard", -1, WIDTH)], "heard_active")
    last = constant("last", known["decoder.decoder.2.weight"][:, :, 0].T, np.float32)
    x = node("Gemm", [x, last, constant("last_bias", known["decoder.decoder.2.bias"], np.float32)], "asked")
    node("Sigmoid", [x], "chances")
    takes = [tensor("input", "blocks", CONTEXT + BLOCK), tensor("state", *MEMORY)]
    graph = helper.make_graph(nodes, "voice_activity", takes, [tensor("chances", "blocks", 1), tensor("next_state", *MEMORY)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8, producer_name="thespis")
    checker.check_model(model)
    save(model, str(path))


def apart(published: Path, path: Path) -> float:
    """Ask both networks about the same voice, and give the largest difference of their chances."""
    import onnxruntime

    sound = say("Every frame you see is made while the sound is still arriving.").mono()
    blocks = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(sound, CONTEXT + BLOCK)[::BLOCK])
    one, other = (onnxruntime.InferenceSession(str(each), providers=["CPUExecutionProvider"]) for each in (published, path))
    memory, found = np.zeros(MEMORY, np.float32), []
    for block in blocks:
        chance, memory = one.run(None, {"input": block[None], "state": memory, "sr": np.array(16_000)})
        found.append(chance[0])
    made, _ = other.run(None, {"input": blocks, "state": np.zeros(MEMORY, np.float32)})
    return float(np.abs(made - np.stack(found)).max())


def main() -> None:
    """Write the network and the digest on its card."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("published", type=Path, help="silero_vad_16k_op15.onnx")
    args = parser.parse_args()
    write(parameters(args.published), OUT)
    far = apart(args.published, OUT)
    if far > NEAR:
        raise SystemExit(f"the networks' chances differ by {far:.1e}")
    card = OUT.with_suffix(".json")
    told = json.loads(card.read_text()) | {"sha256": hashlib.sha256(OUT.read_bytes()).hexdigest()}
    card.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    print(f"wrote {OUT.name}; chances differ by {far:.1e} at most")


if __name__ == "__main__":
    main()
