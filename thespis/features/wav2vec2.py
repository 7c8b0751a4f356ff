"""wav2vec 2.0 and its relatives HuBERT and WavLM, which have one shape: convolutions at 50 rows a second, then a transformer."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from thespis.features.alignment import After, Alignment, Seconds
from thespis.features.encoders import Encoder, Source, libraries, loaded
from thespis.features.resample import RATE
from thespis.types import Array

WAV2VEC2 = Source("wav2vec2", "facebook/wav2vec2-base-960h", "Apache-2.0", ("facebook/wav2vec2-large-xlsr-53",))


class Convolved:
    """The network: `layers` are the hidden states that are put beside each other, -1 the last."""

    longest = 1e9

    def __init__(self, kind: str, source: Source, folder: Path | None, layers: tuple[int, ...] = (-1,)) -> None:
        """Load the weights."""
        self._torch, _ = libraries()
        self._model = loaded(kind, source, folder)
        self._layers = layers
        config = self._model.config
        self.width = int(config.hidden_size) * len(layers)
        self._stride = int(np.prod(config.conv_stride))
        self._field = 1
        for kernel, stride in zip(reversed(config.conv_kernel), reversed(config.conv_stride), strict=True):
            self._field = (self._field - 1) * int(stride) + int(kernel)

    def __call__(self, samples: Array, frames: int | None) -> tuple[Array, Seconds]:
        """Hear samples (n,), brought to mean 0 and spread 1 as these networks were trained."""
        torch = self._torch
        quiet = np.pad(samples, (0, max(self._field - len(samples), 0)))
        level = (quiet - quiet.mean()) / np.sqrt(quiet.var() + 1e-7)
        with torch.inference_mode():
            heard = self._model.feature_extractor(torch.from_numpy(level.astype(np.float32))[None]).transpose(1, 2)
            count = heard.shape[1]
            times = (np.arange(count) * self._stride + self._field / 2) / RATE
            if frames is not None:
                heard = torch.nn.functional.interpolate(heard.transpose(1, 2), size=frames, mode="linear", align_corners=True).transpose(
                    1, 2
                )
                times = np.arange(frames) * (len(samples) / RATE / max(frames, 1))
            hidden = self._model.feature_projection(heard)
            hidden = hidden[0] if isinstance(hidden, tuple) else hidden
            states = self._states(hidden)
        return torch.cat([states[layer] for layer in self._layers], dim=-1)[0].numpy().astype(np.float32), times

    def _states(self, hidden: "object") -> list[object]:
        """Run the transformer and keep what leaves each layer."""
        kept: list[object] = []
        hooks = [
            layer.register_forward_hook(lambda _module, _given, made: kept.append(made[0] if isinstance(made, tuple) else made))
            for layer in self._model.encoder.layers
        ]
        try:
            last = self._model.encoder(hidden)
        finally:
            for hook in hooks:
                hook.remove()
        # The last state is the one that has also passed the encoder's own normalisation.
        return [*kept[:-1], last[0]]


def wav2vec2(
    folder: Path | None = None, *, align: Alignment | None = None, fps: Fraction | int = 25,
    layers: tuple[int, ...] = (-1,), window: tuple[int, int, int] | None = None,
) -> Encoder:  # fmt: skip
    """Make the stage from a folder with config.json and model.safetensors, or from the user's weights folder."""
    return Encoder("wav2vec2", lambda: Convolved("Wav2Vec2Model", WAV2VEC2, folder, layers), align or After(), fps, window)
