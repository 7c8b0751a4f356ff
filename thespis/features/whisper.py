"""Whisper's encoder as a stage: log-mel of 30 seconds, padded, then a transformer at 50 rows a second."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from thespis.features.alignment import After, Alignment, Seconds
from thespis.features.encoders import Encoder, Source, libraries, loaded
from thespis.features.resample import RATE
from thespis.types import Array

WHISPER = Source("whisper", "openai/whisper-tiny", "Apache-2.0", ("openai/whisper-small",))
ROW = 320  # samples


class Listened:
    """The network: `layers` are the hidden states that are put beside each other, 0 what enters the first layer, -1 the last.

    The last one is evened by the norm behind it, as transformers does, unless `normed` is false.
    """

    def __init__(self, folder: Path | None, layers: tuple[int, ...] = (-1,), *, normed: bool = True) -> None:
        """Load the weights."""
        self._torch, transformers = libraries()
        model = loaded("WhisperModel", WHISPER, folder)
        self._encoder, config, self._layers, self._normed = model.get_encoder(), model.config, layers, normed
        self.width = int(config.d_model) * len(layers)
        self._rows = int(config.max_source_positions)
        self.longest = self._rows * ROW / RATE
        self._mel = transformers.WhisperFeatureExtractor(feature_size=config.num_mel_bins, chunk_length=round(self.longest))

    def __call__(self, samples: Array, frames: int | None) -> tuple[Array, Seconds]:
        """Hear samples (n,); what follows them up to the network's length is silence."""
        if frames is not None:
            raise ValueError("Whisper has no convolutions that could be interpolated before its transformer; align after it")
        torch = self._torch
        mel = self._mel(samples, sampling_rate=RATE, return_tensors="np").input_features[..., : 2 * self._rows]
        kept: list[Any] = []
        hooks = [
            layer.register_forward_hook(lambda _module, _given, made: kept.append(made[0] if isinstance(made, tuple) else made))
            for layer in self._encoder.layers
        ]
        entering = self._encoder.layers[0].register_forward_pre_hook(lambda _module, given: kept.append(given[0]))
        try:
            with torch.inference_mode():
                last = self._encoder(torch.from_numpy(mel.astype(np.float32)))[0]
        finally:
            for hook in (*hooks, entering):
                hook.remove()
        states = [*kept[:-1], last] if self._normed else kept
        count = min(max(-(-len(samples) // ROW), 1), self._rows)
        found = torch.cat([states[layer] for layer in self._layers], dim=-1)[0, :count].numpy().astype(np.float32)
        return found, np.arange(count) * (ROW / RATE)  # its mel windows are centred


def whisper(
    folder: Path | None = None, *, align: Alignment | None = None, fps: Fraction | int = 25,
    layers: tuple[int, ...] = (-1,), window: tuple[int, int, int] | None = (50, 50, 25), normed: bool = True,
) -> Encoder:  # fmt: skip
    """Make the stage from a folder with config.json and model.safetensors, or from the user's weights folder."""
    return Encoder("whisper", lambda: Listened(folder, layers, normed=normed), align or After(), fps, window)
