"""The claim of the recipe `emoface`: a code of the feeling beside the voice makes the controls those of that feeling.

Two networks learn the same acted speech in the same order, one told what is felt and one told nothing. What is measured is how far
controls that no speech moves (brows, lids, cheeks, nose) are from the acted ones in clips of other people.
"""

from dataclasses import replace

import numpy as np

from thespis.data.faces import Arrays
from thespis.evaluate.claim import Trial
from thespis.motion.networks.emoface import FRAMES
from thespis.motion.spaces.rig import controls
from thespis.train import emoface
from thespis.types import Array

CLIPS, HELD, STEPS = 24, 8, 200
UPPER = ("brow", "eye", "nose")


def claim(trial: Trial) -> float:
    """Train once, and divide the mean square of the error by that of the controls themselves."""
    import torch

    found = {
        split: emoface.corpus(trial.folder / "corpus", split, clips, trial.seed, trial.tell)
        for split, clips in (("train", CLIPS), ("validation", HELD))
    }
    if not trial.mechanism:
        found = {split: {**clips, "felt": np.zeros_like(clips["felt"])} for split, clips in found.items()}
    folder = trial.folder / ("told" if trial.mechanism else "untold")
    settings = replace(emoface.USUAL, steps=STEPS, seed=trial.seed)
    emoface.taught(folder, "tiny", found, settings, trial.tell)
    network, clips = emoface.read_network(folder, "tiny"), found["validation"]
    with torch.no_grad():
        made = network(*(torch.from_numpy(clips[name][:, :FRAMES]) for name in ("heard", "felt"))).numpy()
    return error(made, clips)


def error(made: Array, clips: Arrays) -> float:
    """Divide the error of the upper face's controls in rows (clips, FRAMES, 174) by how far the acted ones are from rest."""
    columns = controls(*UPPER)
    wanted = clips["rig"][:, :FRAMES, columns]
    return float(np.square(made[..., columns] - wanted).mean() / np.square(wanted).mean())
