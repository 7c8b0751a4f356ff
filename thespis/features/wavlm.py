"""WavLM as a stage: the shape of wav2vec 2.0, other training."""

from fractions import Fraction
from pathlib import Path

from thespis.features.alignment import After, Alignment
from thespis.features.encoders import Encoder, Source
from thespis.features.wav2vec2 import Convolved

WAVLM = Source("wavlm", "microsoft/wavlm-base-plus", "MIT", ("microsoft/wavlm-large",))


def wavlm(
    folder: Path | None = None, *, align: Alignment | None = None, fps: Fraction | int = 25,
    layers: tuple[int, ...] = (-1,), window: tuple[int, int, int] | None = None,
) -> Encoder:  # fmt: skip
    """Make the stage from a folder with config.json and model.safetensors, or from the user's weights folder."""
    return Encoder("wavlm", lambda: Convolved("WavLMModel", WAVLM, folder, layers), align or After(), fps, window)
