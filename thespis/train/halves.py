"""What a network learned, kept in half precision in the file that ships: half the size, and single precision again once it is loaded."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

LEAST = 256  # numbers of a parameter from which it is worth it


class Halved(nn.Module):
    """A copy of a module whose large parameters are halves; those named in `whole` stay as they are."""

    def __init__(self, module: nn.Module, whole: Sequence[str] = ()) -> None:
        """Put halves in the place of parameters."""
        super().__init__()
        self.module = copy.deepcopy(module)
        self.halves: list[tuple[nn.Module, str]] = []
        for part in list(self.module.modules()):
            held = [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]
            for name, value in held:
                if value.is_floating_point() and value.numel() >= LEAST and name not in whole:
                    part._parameters.pop(name, None)
                    part._buffers.pop(name, None)
                    part.register_buffer(f"{name}_half", value.detach().half())
                    self.halves.append((part, name))

    def forward(self, *given: Any) -> Any:  # noqa: ANN401 - whatever the module takes and gives
        """Do what the module does."""
        for part, name in self.halves:
            part.__dict__[name] = getattr(part, f"{name}_half").float()
        return self.module(*given)


def shorten(path: Path) -> None:
    """Give everything in an ONNX file that nobody asks for by name a short one; the exporter's take more room than many a network."""
    import onnx

    model = onnx.load(str(path))
    kept = {value.name for value in (*model.graph.input, *model.graph.output)}
    known: dict[str, str] = {}

    def short(name: str) -> str:
        return name if not name or name in kept else known.setdefault(name, f"_{len(known):x}")

    def walk(graph: Any) -> None:  # noqa: ANN401 - an onnx.GraphProto
        del graph.value_info[:]
        for held in graph.initializer:
            held.name = short(held.name)
        for value in (*graph.input, *graph.output):
            value.name = short(value.name)
        for node in graph.node:
            node.name, node.doc_string = "", ""
            node.input[:], node.output[:] = [short(name) for name in node.input], [short(name) for name in node.output]
            for attribute in node.attribute:
                for inner in ([attribute.g] if attribute.HasField("g") else []) + [*attribute.graphs]:
                    walk(inner)

    walk(model.graph)
    onnx.save(model, str(path))
