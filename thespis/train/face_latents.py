"""What the sizes of EMOdiffhead that draw latents learn from: pictures that the user's autoencoder has seen once, and then never again."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thespis.errors import TrainingError
from thespis.export.output import write_text
from thespis.pixels.diffusion.latent import Coder
from thespis.pixels.diffusion.load import AUTOENCODER, coder_of
from thespis.pixels.diffusion.networks import as_numbers
from thespis.pixels.diffusion.shape import NetworkShape
from thespis.train.face_diffusion import light, lit
from thespis.types import Bytes, random_for
from thespis.weights import user_folder

FACTS = "autoencoder.json"


class Latents:
    """Keeps pictures as latents in half precision; a clip is lit once, since latents cannot be."""

    def __init__(self, coder: Coder, seed: int) -> None:
        """Take the autoencoder."""
        self.coder, self.factor, self.seed = coder, coder.factor, seed

    def __call__(self, pictures: Iterable[Bytes], clip: str) -> npt.NDArray[np.float16]:
        """Encode the pictures (side, side, 3) of a clip one after the other -> (n, c, side / factor, side / factor)."""
        table = light(random_for(self.seed, f"light of {clip}"))
        return np.concatenate([self.coder.encode(as_numbers(lit(picture, table)[None])).astype(np.float16) for picture in pictures])


def settled_coder(folder: Path, shape: NetworkShape, place: Path | None) -> Coder | None:
    """Read the autoencoder of a place, or the user's, for a shape that draws latents; a begun training goes on with its own only."""
    if not shape.latent:
        return None
    place = place or user_folder() / AUTOENCODER
    coder = coder_of(shape, place)
    now, path = {"digest": coder.digest()}, folder / FACTS
    if path.is_file():
        if json.loads(path.read_text(encoding="utf-8")) != now:
            raise TrainingError(f"{folder} holds latents of another autoencoder than the one in {place}; give that one, or another folder")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(now) + "\n")
    return coder
