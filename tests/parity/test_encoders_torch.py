"""The speech encoders give what transformers' own models give; tiny random ones are made here. It runs where the `train` extra is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
transformers = pytest.importorskip("transformers", reason="transformers is not installed: pip install 'thespis[train]'")

from made_up import NOBODY  # noqa: E402

from thespis.errors import WeightsError  # noqa: E402
from thespis.features.alignment import After, Around, Before, PerLatent  # noqa: E402
from thespis.features.encoders import Encoder  # noqa: E402
from thespis.features.hubert import hubert  # noqa: E402
from thespis.features.wav2vec2 import wav2vec2  # noqa: E402
from thespis.features.wavlm import wavlm  # noqa: E402
from thespis.features.whisper import whisper  # noqa: E402
from thespis.types import Direction, Speech, Track, random_for  # noqa: E402

pytestmark = pytest.mark.parity

SHAPE = {
    "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24, "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip
WHISPER = {
    "d_model": 16, "encoder_layers": 2, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_source_positions": 100, "vocab_size": 60, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2, "decoder_start_token_id": 1,
}  # fmt: skip
KINDS: dict[str, tuple[str, Callable[..., Encoder]]] = {
    "hubert": ("Hubert", hubert),
    "wav2vec2": ("Wav2Vec2", wav2vec2),
    "wavlm": ("WavLM", wavlm),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    transformers.logging.disable_progress_bar()
    torch.manual_seed(0)
    made = {}
    for name, (kind, _) in KINDS.items():
        made[name] = tmp_path_factory.mktemp(name)
        getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**SHAPE)).save_pretrained(made[name])
    made["whisper"] = tmp_path_factory.mktemp("whisper")
    transformers.WhisperModel(transformers.WhisperConfig(**WHISPER)).save_pretrained(made["whisper"])
    return made


def sound(seconds: float) -> Speech:
    return Speech(random_for(0, "sound").normal(0, 0.1, (1, round(seconds * 16_000))).astype(np.float32), 16_000)


def whole(stage: Encoder, speech: Speech) -> Track:
    return stage.step(stage.start(NOBODY, Direction()), speech, True)


def official(folder: Path, kind: str, speech: Speech) -> Any:
    """What transformers' model makes of the sound, as its own feature extractor prepares it."""
    model = getattr(transformers, f"{kind}Model").from_pretrained(folder, local_files_only=True).eval()
    prepare = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    with torch.inference_mode():
        return model(prepare(speech.mono(), sampling_rate=16_000, return_tensors="pt").input_values).last_hidden_state[0].numpy()


@pytest.mark.parametrize("name", list(KINDS))
def test_rows_are_the_official_ones(folders: dict[str, Path], name: str) -> None:
    kind, make = KINDS[name]
    speech = sound(2.0)
    expected = official(folders[name], kind, speech)
    stage = make(folders[name], align=Around(0), fps=50)
    found = whole(stage, speech)
    assert found.values.shape == (100, 16)
    times = (np.arange(len(expected)) * 320 + 200) / 16_000
    nearest = np.abs(times[None] - found.seconds[:, None]).argmin(axis=1)
    np.testing.assert_allclose(found.values[1:98], expected[nearest][1:98], atol=1e-4)
    assert found.values.std() > 0.1


@pytest.mark.parametrize("name", list(KINDS))
@pytest.mark.parametrize("align", [Before(), After(), Around(2), PerLatent(4, 8)], ids=["before", "after", "around", "per latent"])
def test_every_alignment_streams(folders: dict[str, Path], name: str, align: Any) -> None:
    stage = KINDS[name][1](folders[name], align=align, window=(24, 12, 4))
    speech = sound(1.7)
    expected = whole(stage, speech)
    assert expected.fps == align.rate(stage._video) and expected.values.shape[1] == align.size(16)
    state = stage.start(NOBODY, Direction())
    parts = [stage.step(state, speech.cut(first, first + 4_001), first + 4_001 >= len(speech)) for first in range(0, len(speech), 4_001)]
    assert np.array_equal(np.concatenate([part.values for part in parts]), expected.values)


def test_before_gives_one_row_a_frame_to_the_transformer(folders: dict[str, Path]) -> None:
    found = whole(hubert(folders["hubert"], align=Before()), sound(2.0)).values
    after = whole(hubert(folders["hubert"], align=After()), sound(2.0)).values
    assert found.shape == after.shape == (50, 16)
    assert not np.allclose(found, after, atol=1e-2)


def test_several_layers_stand_beside_each_other(folders: dict[str, Path]) -> None:
    one = whole(wav2vec2(folders["wav2vec2"]), sound(1.0)).values
    two = whole(wav2vec2(folders["wav2vec2"], layers=(0, -1)), sound(1.0)).values
    assert two.shape == (25, 32)
    np.testing.assert_allclose(two[:, 16:], one, atol=1e-6)
    assert not np.allclose(two[:, :16], one, atol=1e-2)


def test_whisper_is_the_official_encoder(folders: dict[str, Path]) -> None:
    speech = sound(1.5)
    model = transformers.WhisperModel.from_pretrained(folders["whisper"], local_files_only=True).eval()
    mel = transformers.WhisperFeatureExtractor(chunk_length=2)(speech.mono(), sampling_rate=16_000, return_tensors="pt").input_features
    with torch.inference_mode():
        expected = model.get_encoder()(mel).last_hidden_state[0].numpy()
    stage = whisper(folders["whisper"], align=Around(0), fps=50, window=None)
    found = whole(stage, speech).values
    assert found.shape == (75, 16)
    np.testing.assert_allclose(found, expected[:75], atol=1e-4)
    live = whisper(folders["whisper"], layers=(0, 1, -1), window=(20, 10, 10))
    assert whole(live, speech).values.shape == (38, 48)
    with pytest.raises(ValueError, match="hears at most 2 s at a time"):
        whisper(folders["whisper"], window=(50, 50, 25))
    with pytest.raises(ValueError, match="no convolutions that could be interpolated"):
        whole(whisper(folders["whisper"], align=Before(), window=None), speech)


def test_a_folder_of_something_else_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="does not hold a hubert that can be loaded"):
        hubert(tmp_path)
