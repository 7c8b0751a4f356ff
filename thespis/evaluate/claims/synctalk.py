"""The claim of the recipe `synctalk`: a head is drawn more exactly where its poses were made steady before the field learned.

A made-up person of the stage speaks. A field learns their video with the poses found together over all frames, and another one with each
frame's own; both draw the last seconds, which were held out.
"""

from thespis.evaluate.claim import Trial
from thespis.train.synctalk import fit, made_up

SECONDS, SIDE, STEPS = 4.0, 64, 110


def claim(trial: Trial) -> float:
    """Fit once, and give the PSNR within the face in decibels."""
    video = made_up(trial.folder, trial.seed, trial.tell, SECONDS)
    wishes = {"side": SIDE, "steps": STEPS, "minutes": 0.0, "seed": trial.seed, "steady": trial.mechanism}
    return float(fit(video, trial.folder / "person", None, wishes, trial.tell)["psnr"]["face"])
