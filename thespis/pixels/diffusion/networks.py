"""The two ways to run a face's diffusion network: by torch, as it is trained, and by ONNX Runtime, as it ships."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thespis.pixels.diffusion.shape import CHANGE, NetworkShape
from thespis.types import Array, Bytes

NAMES = ("reference", "carrier", "denoiser")
"""The three files of a network that was exported."""
CONDITIONS = ("audio", "expression", "pose")


def as_numbers(pictures: Bytes) -> Array:
    """Turn pictures (n, h, w, 3) into numbers (n, 3, h, w) from -1 to 1."""
    return np.asarray(pictures.transpose(0, 3, 1, 2), np.float32, order="C") / np.float32(127.5) - 1


def as_pictures(numbers: Array) -> Bytes:
    """Turn numbers (n, 3, h, w) into pictures (n, h, w, 3)."""
    bytes_: Bytes = np.clip(np.round((numbers + 1) * 127.5), 0, 255).astype(np.uint8)
    return bytes_.transpose(0, 2, 3, 1)


@dataclass(eq=False)
class Seen:
    """A portrait as a network sees it: the picture (1, C, S, S) and its features at every level."""

    picture: Any
    features: list[Any]


@dataclass(eq=False)
class Plan:
    """A window made ready.

    The carried reference (1, F, C, S, S), where it came from (1, F, S, S, 2) and what was painted over it (1, F, C, S, S), the changes
    of the frames before (1, M, C, S, S), features, and conditions (1, F, size).
    """

    carried: Any
    places: Any
    painted: Any
    past: Any
    feature: Any
    conditions: Mapping[str, Any]


class OnnxFace:
    """A network of pixels in three files, run by ONNX Runtime without torch."""

    def __init__(self, files: Mapping[str, Path], shape: NetworkShape, *, threads: int = 1) -> None:
        """Load the files by name; the shape is that of the network they were made from."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        self._run: dict[str, Any] = {
            name: onnxruntime.InferenceSession(str(files[name]), options, providers=["CPUExecutionProvider"]) for name in NAMES
        }
        self.side, self.frames, self.past = shape.side, shape.frames, shape.past
        self.noise_shape = (shape.channels, shape.side, shape.side)

    def see(self, picture: Bytes) -> Seen:
        """Look at a portrait (side, side, 3) once."""
        numbers = as_numbers(picture[None])
        return Seen(numbers, self._run["reference"].run(None, {"picture": numbers}))

    def plan(self, seen: Seen, past: Array, conditions: Mapping[str, Array]) -> Plan:
        """Carry the reference to the frames of a window."""
        told = {name: np.ascontiguousarray(conditions[name][None], np.float32) for name in CONDITIONS}
        features = {f"feature_{level}": feature for level, feature in enumerate(seen.features)}
        carried, places, painted = self._run["carrier"].run(None, {"picture": seen.picture, **features, **told})
        return Plan(carried, places, painted, past[None], seen.features[-1], told)

    def clean(self, plan: Plan, noisy: Array, step: int, told: Array) -> Array:
        """Clean changes (F, C, S, S) at a step, once for each row of `told` (k, 2)."""
        count = len(told)

        def each(values: Array) -> Array:
            return np.ascontiguousarray(np.repeat(values, count, axis=0))

        given = {name: each(values) for name, values in plan.conditions.items()}
        given |= {name: each(getattr(plan, name)) for name in ("carried", "places", "painted", "past", "feature")}
        given |= {"noisy": each(noisy[None])}
        (clean,) = self._run["denoiser"].run(None, {**given, "step": np.full(count, step, np.int64), "told": told})
        return np.asarray(clean)

    def finished(self, plan: Plan, drawn: Array) -> Bytes:
        """Turn what was drawn (F, 3, S, S) into pictures (F, S, S, 3)."""
        return as_pictures(np.asarray(plan.carried[0] + np.float32(CHANGE) * drawn, np.float32))

    def laid(self, plan: Plan, drawn: Array) -> tuple[Array, Array]:
        """Say where a window's frames come from (F, S, S, 2), and what is laid over them (F, C, S, S): what was painted and drawn."""
        return plan.places[0], np.asarray(plan.painted[0] + np.float32(CHANGE) * drawn, np.float32)


class TorchFace:
    """A network run by torch: of pixels, or of latents where a `coder` turns pictures into those and back."""

    def __init__(self, network: Any, coder: Any = None) -> None:  # noqa: ANN401 - a FaceDiffusion, which needs torch
        """Hold a network; it is used as it is, in whichever mode and precision."""
        self._network, self._coder = network, coder
        shape: NetworkShape = network.shape
        self.side = shape.side if coder is None else shape.side * coder.factor
        self.frames, self.past = shape.frames, shape.past
        self.noise_shape = (shape.channels, shape.side, shape.side)
        self._change = float(network.change)

    def _tensor(self, values: Array) -> Any:  # noqa: ANN401
        """Carry an array to the network's device."""
        import torch

        return torch.as_tensor(np.ascontiguousarray(values)).to(next(self._network.parameters()).device)

    def see(self, picture: Bytes) -> Seen:
        """Look at a portrait (side, side, 3) once."""
        import torch

        with torch.no_grad():
            numbers = self._tensor(self.encode(picture[None]))
            return Seen(numbers, self._network.see(numbers))

    def plan(self, seen: Seen, past: Array, conditions: Mapping[str, Array]) -> Plan:
        """Carry the reference to the frames of a window."""
        import torch

        with torch.no_grad():
            told = {name: self._tensor(np.asarray(conditions[name][None], np.float32)) for name in CONDITIONS}
            where = self._network.where(*told.values(), self._tensor(np.ones((1, 2), np.float32)))
            scaled = self._network.where.scaled(told["expression"], told["pose"])
            carried, places, painted = self._network.carry(seen.picture, seen.features, where, scaled, told["expression"])
            return Plan(carried, places, painted, self._tensor(past[None]), seen.features[-1], told)

    def clean(self, plan: Plan, noisy: Array, step: int, told: Array) -> Array:
        """Clean changes (F, C, S, S) at a step, once for each row of `told` (k, 2)."""
        import torch

        count = len(told)
        with torch.no_grad():
            known = (plan.carried, plan.places, plan.painted, plan.past, plan.feature)
            given = [values.expand(count, *values.shape[1:]) for values in known]
            conditions = self._network.what(
                *(values.expand(count, *values.shape[1:]) for values in plan.conditions.values()), self._tensor(told)
            )
            steps = self._tensor(np.full(count, step, np.int64))
            clean = self._network.clean(self._tensor(noisy[None]).expand(count, *noisy.shape), steps, *given, conditions)
            return self._array(clean)

    def _array(self, values: Any) -> Array:  # noqa: ANN401
        """Bring a tensor back from the network's device."""
        return np.asarray(values.float().cpu().numpy())

    def encode(self, pictures: Any) -> Array:  # noqa: ANN401
        """Turn pictures (n, side, side, 3) into what the network carries (n, *noise_shape); latents are what they are."""
        if self._coder is None:
            return as_numbers(pictures)
        return np.asarray(self._coder.encode(as_numbers(pictures)) if pictures.dtype == np.uint8 else pictures, np.float32)

    def pictures(self, numbers: Array) -> Bytes:
        """Turn what the network carries (n, *noise_shape) into pictures (n, side, side, 3)."""
        return as_pictures(numbers if self._coder is None else self._coder.decode(numbers))

    def finished(self, plan: Plan, drawn: Array) -> Bytes:
        """Turn what was drawn (F, *noise_shape) into pictures (F, side, side, 3)."""
        return self.pictures(np.asarray(self._array(plan.carried[0]) + np.float32(self._change) * drawn, np.float32))

    def laid(self, plan: Plan, drawn: Array) -> tuple[Array, Array]:
        """Say where frames come from, and what is laid over them; latents cannot be laid over pixels."""
        over = np.asarray(self._array(plan.painted[0]) + np.float32(self._change) * drawn, np.float32)
        return self._array(plan.places[0]), over


def file_names(stem: str) -> Sequence[str]:
    """Name the files of an exported network."""
    return tuple(f"{stem}_{name}.onnx" for name in NAMES)
