"""The claim of the recipe `latentsync`: a sync network that sees the pixels of a one-step estimate makes lips belong to the voice.

A network learns the latents of mouths as in `thespis train latentsync`; from there it goes on briefly, supervised in pixels, with the sync
network and without. What is measured is how well its lips go with the voice, on people whom nobody learned from, to a sync network of
another seed. What all runs begin from lies beside them: a folder of a training may be given as the one of the run.
"""

from dataclasses import replace

import numpy as np

from thespis.evaluate.claim import Trial

JUDGE_SEED = 1000
STEPS, CLIPS = 50, 4
"""Steps of the last training, and clips that are dubbed in either way."""


def claim(trial: Trial) -> float:
    """Train once, and give the mean likeness of painted lips and voice, 0 to 1."""
    from thespis.train import latentsync
    from thespis.train.lip_figures import dubbed, together
    from thespis.train.lips import LipLearner
    from thespis.train.loop import train

    shared, tell = trial.folder.parent, trial.tell
    known = latentsync.material(shared, 0, latentsync.USUAL.batch, tell)
    lips = latentsync.prepared(shared, known, latentsync.PLAINLY, latentsync.GUESSES, tell)
    supervisor = latentsync.synced(shared / "sync", known, latentsync.SYNCS, tell)
    judge = latentsync.synced(shared / "judge", known, replace(latentsync.SYNCS, seed=JUDGE_SEED), tell)
    watcher = latentsync.watching(shared / "watcher", known, latentsync.WATCHES, tell)
    learner = LipLearner(lips, supervisor if trial.mechanism else None, watcher)
    known.windows.seed = trial.seed
    train(learner, known.windows, trial.folder, replace(latentsync.USUAL, seed=trial.seed, steps=STEPS), tell=tell)
    latentsync.best(learner, trial.folder)
    found = [together(judge, made, voice) for clip in known.held.clips[:CLIPS] for _, _, made, voice in dubbed(lips.eval(), clip)]
    return float(np.mean(found))
