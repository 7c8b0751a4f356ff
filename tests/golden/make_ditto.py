"""Make `ditto.safetensors`: what Ditto's official denoiser and its sampler give for made-up parameters, and the names of all parameters.

Needs a clone of github.com/antgroup/ditto-talkinghead (Apache-2.0), torch and einops: THESPIS_DITTO=CLONE python tests/golden/make_ditto.py
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

from thespis.apps.against.ditto import FULL, network
from thespis.types import random_for

PLACE = Path(__file__).with_name("ditto.safetensors")
MOTION, CONDITION, FRAMES, COUNT = 9, 7, 12, 4
TINY = {
    "nfeats": MOTION,
    "seq_len": FRAMES,
    "latent_dim": 16,
    "ff_size": 24,
    "num_layers": 2,
    "num_heads": 2,
    "cond_feature_dim": CONDITION,
}


def official(clone: str, sizes: dict[str, int]) -> Any:
    """Build the official denoiser of these sizes from a clone."""
    if clone not in sys.path:
        sys.path.insert(0, clone)
    return network(sizes)


def inputs() -> dict[str, torch.Tensor]:
    """Make up motion, the frame before, conditions and steps, and the noise of a sampler."""
    random = random_for(6, "golden inputs of Ditto")
    found = {
        "noisy": random.standard_normal((2, FRAMES, MOTION)),
        "before": random.standard_normal((2, MOTION)),
        "conditions": random.standard_normal((2, FRAMES, CONDITION)),
        "noises": random.standard_normal((COUNT, 1, FRAMES, MOTION)),
    }
    found |= {
        "own": 0.6 * random.standard_normal(265),
        "canonical": 0.3 * random.standard_normal(63),
        "rows": 0.6 * random.standard_normal((4, 265)),
        "heard": random.standard_normal((5, 1024)),
        "opened": random.uniform(0.2, 1.2, 2),
        "balls": 0.05 * random.standard_normal(6),
    }
    return {**{name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in found.items()}, "step": torch.tensor([731, 12])}


def onto(given: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Run the official way onto a portrait: rows of conditions for two feelings at once, and keypoints (4, 21, 3) of rows of motion."""
    told = import_module("core.atomic_components.condition_handler").ConditionHandler()
    portrait = {
        "sc": given["canonical"].numpy(), "eye_open_lst": [given["opened"].numpy()[None]], "eye_ball_lst": [given["balls"].numpy()[None]],
        "x_s_info_lst": [{}],
    }  # fmt: skip
    told.setup(portrait, 3)
    conditions = told(given["heard"].numpy(), 0)
    motion = import_module("core.atomic_components.audio2motion")
    stitch = import_module("core.atomic_components.motion_stitch")
    own = motion._cvt_LP_motion_info(np.concatenate([given["own"].numpy(), given["canonical"].numpy()]), "arr2dic")
    whole = object.__new__(stitch.MotionStitch)
    whole.setup(x_s_info=own, flag_stitching=False)
    placed = [whole(own, motion._cvt_LP_motion_info(row, "arr2dic"))[1] for row in given["rows"].numpy()]
    return torch.from_numpy(np.asarray(conditions, np.float32)), torch.from_numpy(np.concatenate(placed).astype(np.float32))


def answers(clone: str) -> tuple[dict[str, torch.Tensor], dict[str, list[int]]]:
    """Run the official tiny denoiser, told and untold, and its sampler -> what they say, and its parameters' names and shapes."""
    made = official(clone, TINY)
    names = listing(made.state_dict())
    # The rates of the turns are no parameters: they stay what they are.
    made.load_state_dict({name: held if name.endswith("rotary.freqs") else filled(names)[name] for name, held in made.state_dict().items()})
    given = inputs()
    with torch.no_grad():
        told, untold = (made(given["noisy"], given["before"], given["conditions"], given["step"], drop) for drop in (0, 1))
        module = import_module("core.models.modules.LMDM")
        whole = module.LMDM(MOTION, CONDITION, FRAMES, device="cpu")
        whole.model = made
        whole.setup(COUNT)
        whole.noise_list = list(given["noises"][1:])
        drawn = torch.randn
        torch.randn = lambda *_, **__: given["noises"][0]  # type: ignore[assignment]
        try:
            sampled = whole.ddim_sample(given["before"][:1], given["conditions"][:1], COUNT)
        finally:
            torch.randn = drawn
    conditions, placed = onto(given)
    return {"told": told, "untold": untold, "sampled": sampled, "conditions": conditions, "placed": placed}, names


def main() -> None:
    """Write the golden tensors."""
    clone = os.environ["THESPIS_DITTO"]
    found, names = answers(clone)
    full = listing(official(clone, FULL).state_dict())
    tensors = {**{f"given.{name}": value for name, value in inputs().items()}, **found}
    listings = {"tiny": {"denoiser": names}, "full": {"denoiser": full}}
    save_file({name: value.contiguous() for name, value in tensors.items()}, PLACE, metadata={"listings": json.dumps(listings)})


if __name__ == "__main__":
    main()
