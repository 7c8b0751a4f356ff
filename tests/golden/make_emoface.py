"""Make `emoface.safetensors`: what EmoFace's official network gives for made-up parameters, and the names of all parameters.

Needs a clone of github.com/SJTU-Lucy/EmoFace and torch: THESPIS_EMOFACE=CLONE python tests/golden/make_emoface.py
Its speech encoder, a wav2vec2 from transformers, is left out: what it would hear is made up.
"""

import json
import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from official import filled, listing

from thespis.types import random_for

PLACE = Path(__file__).with_name("emoface.safetensors")
FRAMES, HEARD, EMOTION = 9, 24, 3
TINY = {"d_model": 16, "nhead": 4, "num_layers": 2, "out_dim": 174, "emo_dim": 7}


class Ear(torch.nn.Module):
    """Hears what it is given."""

    def __init__(self) -> None:
        """Have something to freeze, as the real one has."""
        super().__init__()
        self.feature_extractor = SimpleNamespace(_freeze_parameters=lambda: None)

    @classmethod
    def from_pretrained(cls, _: str) -> "Ear":
        """Be the ear of any name."""
        return cls()

    def forward(self, audio: torch.Tensor, **_: Any) -> Any:
        """Answer with the sound as it comes."""
        return SimpleNamespace(last_hidden_state=audio)


def network(clone: str) -> Any:
    """Build the official network at a tiny size, without its ear."""
    if clone not in sys.path:
        sys.path.insert(0, clone)
    ears = ModuleType("wav2vec2")
    ears.Wav2Vec2Model = Ear  # type: ignore[attr-defined]
    sys.modules["wav2vec2"] = ears
    known = ModuleType("transformers")
    known.Wav2Vec2Config = SimpleNamespace(from_pretrained=lambda _: SimpleNamespace(hidden_size=HEARD))  # type: ignore[attr-defined]
    before = sys.modules.get("transformers")
    sys.modules["transformers"] = known
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what makes it slower
            return import_module("net").EmoFace(**TINY).eval()
    finally:
        sys.modules.pop("transformers")
        if before is not None:
            sys.modules["transformers"] = before


def answers(clone: str) -> tuple[dict[str, torch.Tensor], dict[str, list[int]]]:
    """Run the official network -> what it says, and its parameters' names and shapes."""
    made = network(clone)
    names = listing({name: value for name, value in made.state_dict().items() if name != "pos_encoder.pe"})
    made.load_state_dict({**made.state_dict(), **filled(names)})
    heard = torch.from_numpy(random_for(6, "golden inputs of EmoFace").standard_normal((1, FRAMES, HEARD)).astype(np.float32))
    with torch.no_grad():
        said = made(heard, torch.zeros(1, FRAMES, TINY["out_dim"]), torch.tensor([[EMOTION]]))
    return {"given.heard": heard, "rig": said.contiguous()}, names


def main() -> None:
    """Write the golden tensors."""
    tensors, names = answers(os.environ["THESPIS_EMOFACE"])
    save_file(tensors, PLACE, metadata={"listings": json.dumps({"tiny": {"network": names}})})


if __name__ == "__main__":
    main()
