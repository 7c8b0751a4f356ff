"""The claim of the recipe `hallo`: what the weight of the lips changes lies at the lips, since the voice acts there in a region of its own.

The built-in voice says a sentence to a made-up person whom the networks never met. They draw it with the lips' weight as usual and with
none, from the same noise: once with the three regions, and once with all three attentions acting everywhere, which one training window in
ten knew too. What is measured is which share of the squared change lies outside of the lips' region, window by window from the portrait.
"""

import numpy as np

from thespis import recipes
from thespis.data.stage import StageSettings
from thespis.evaluate.claim import Trial
from thespis.features.spaces import ARTICULATION
from thespis.pixels.diffusion.conditions import audio_of
from thespis.pixels.diffusion.windows import REACH
from thespis.pixels.hallo.onnx import OnnxHallo, Seen
from thespis.pixels.hallo.regions import regions_of
from thespis.pixels.hallo.windows import Hallo
from thespis.stages import Windowed
from thespis.train.hallo_data import still_faces
from thespis.types import Array, random_for

CLIPS, SECONDS = 6, 1.6


def claim(trial: Trial) -> float:
    """Divide the squared change outside of the lips by all of it, over some made-up people."""
    drawer = next(
        stage.network.drawer
        for stage in recipes.load("hallo", "tiny").stages
        if isinstance(stage, Windowed) and isinstance(stage.network, Hallo)
    )
    assert isinstance(drawer, OnnxHallo)
    shape = drawer.shape
    settings = StageSettings(trial.seed, CLIPS, SECONDS, split="validation", regime="plain")
    outside = inside = 0.0
    for clip in still_faces(trial.folder.parent / f"faces-{trial.seed}", settings, shape.side, trial.tell):
        seen = drawer.see(clip["frames"][0], clip["points"])
        lips = regions_of(clip["points"], shape.places)[2]
        if not trial.mechanism:
            seen = Seen(seen.latents, {**seen.told, "masks": np.ones_like(seen.told["masks"])}, seen.features)
        for at in range(REACH, len(clip["articulation"]) - shape.frames - REACH, shape.frames):
            heard = audio_of(clip["articulation"][at - REACH : at + shape.frames + REACH, : ARTICULATION.size])
            change = windows_apart(drawer, seen, heard, trial.seed + at)
            energy = np.square(drawer.changes.pixels(change, shape.factor)).sum(axis=1)
            share = np.kron(lips, np.ones((shape.factor, shape.factor), np.float32))
            inside, outside = inside + float((energy * share).sum()), outside + float((energy * (1 - share)).sum())
    return outside / (inside + outside)


def windows_apart(drawer: OnnxHallo, seen: Seen, heard: Array, seed: int) -> Array:
    """Draw a window of frames with the lips' weight and without -> by how much both differ (F, C, P, P)."""
    shape = drawer.shape
    noise = random_for(seed, "noise of the claim").standard_normal((shape.frames, *seen.latents.shape[1:])).astype(np.float32)
    past = np.repeat(drawer.begins(seen)[None], shape.past, axis=0)
    usual, none = np.ones((shape.frames, 3), np.float32), np.tile(np.array([1, 1, 0], np.float32), (shape.frames, 1))
    one, other = (drawer.draw(seen, past, heard, weights, noise, 1.0) for weights in (usual, none))
    return np.asarray(one - other)
