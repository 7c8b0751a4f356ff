"""Make `syncnet.safetensors`: what the published SyncNet's code gives for made-up parameters, and the names of all parameters.

Needs a clone of github.com/joonson/syncnet_python (MIT), torch and python_speech_features:

THESPIS_SYNCNET=CLONE python tests/golden/make_syncnet.py
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from official import filled, listing

from thespis.types import random_for

PLACE = Path(__file__).with_name("syncnet.safetensors")
COUNT, SEEN = 3, 40  # embeddings of either side, and those that are compared
KEPT = 24  # numbers of each embedding that are kept


def inputs() -> dict[str, torch.Tensor]:
    """Make up a sound, and embeddings to compare; pictures are made where they are needed, being large."""
    random = random_for(8, "golden inputs of SyncNet")
    wave = 0.2 * np.sin(np.arange(3000) * 0.21) + 0.05 * random.standard_normal(3000)
    found = {"sound": wave, "seen": random.standard_normal((SEEN, KEPT)), "heard": random.standard_normal((SEEN, KEPT))}
    return {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in found.items()}


def pictures() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Make up pictures of a face (COUNT + 4, 224, 224, 3)."""
    return random_for(9, "golden pictures of SyncNet").integers(0, 256, (COUNT + 4, 224, 224, 3), np.uint8)


def rows() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Make up features of a sound (13, rows)."""
    return random_for(10, "golden rows of SyncNet").normal(0, 6, (13, 4 * COUNT + 16))


@torch.no_grad()
def answers(clone: str) -> tuple[dict[str, torch.Tensor], dict[str, list[int]]]:
    """Ask the official code -> its answers, and the names and shapes of its parameters."""
    sys.path.insert(0, clone)
    features = import_module("python_speech_features")
    official = import_module("SyncNetModel").S(num_layers_in_fc_layers=1024).eval()
    names = listing(official.state_dict())
    official.load_state_dict(filled(names))
    given = inputs()
    faces = pictures().transpose(3, 0, 1, 2)[None].astype(np.float32)
    seen = official.forward_lip(torch.from_numpy(np.concatenate([faces[:, :, k : k + 5] for k in range(COUNT)])))
    heard = rows()[None, None].astype(np.float32)
    told = official.forward_aud(torch.from_numpy(np.concatenate([heard[..., 4 * k : 4 * k + 20] for k in range(COUNT)])))
    sound = np.round(given["sound"].numpy().astype(np.float64) * 32767).astype(np.int16)
    distances = import_module("SyncNetInstance").calc_pdist(given["seen"], given["heard"], vshift=15)
    found = {
        **{f"given.{name}": value for name, value in given.items()},
        "lips": seen[:, :KEPT],
        "sound": told[:, :KEPT],
        "features": torch.from_numpy(features.mfcc(sound, 16000).T),
        "distances": torch.stack(distances, 1).mean(1),
    }
    return {name: value.contiguous() for name, value in found.items()}, names


if __name__ == "__main__":
    held, names = answers(os.environ["THESPIS_SYNCNET"])
    save_file(held, PLACE, {"listings": json.dumps({"full": {"syncnet": names}})})
    print(f"wrote {PLACE}: {', '.join(held)}")
