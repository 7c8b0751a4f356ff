"""How EMOdiffhead's expression generator learns: to say what was acted, to pass for real, and to show the emotion that was asked for."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor, nn

from thespis.data.faces import told
from thespis.data.parts import EACH, Arrays, Held
from thespis.data.stage import StageSettings
from thespis.data.workers import CORES, spread
from thespis.features.spaces import ARTICULATION
from thespis.motion.convert_head import flame_of_face
from thespis.motion.networks.expression import EmotionJudge, ExpressionGenerator, SequenceJudge
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW
from thespis.pixels.diffusion.conditions import expression_of
from thespis.train.losses import fooling, frozen, judging, position, velocity
from thespis.types import EMOTION, Array, Track

BLINK = 0.5  # seconds: lids that are shut for less are blinking, which belongs to no expression
FOOLING, SHOWING, MOVING = 0.02, 0.2, 4.0


def calm_lids(face: Track) -> Track:
    """Take the blinks out of a performance: what shuts the lids for less than half a second."""
    half = round(BLINK * face.fps / 2)

    def around(values: Array) -> Array:
        return sliding_window_view(np.pad(values, half, mode="edge"), 2 * half + 1)

    lids = {name: around(around(face[name]).min(axis=1)).max(axis=1) for name in ("eyeBlinkLeft", "eyeBlinkRight")}
    return face.replace(**lids)


def spoken_expressions(settings: StageSettings) -> Arrays:
    """Make clips of the stage into examples: voice (clips, T, 10), emotion (clips, T, 8) and expression without blinks (clips, T, 53)."""
    jobs = [(settings, range(first, min(first + EACH, settings.clips))) for first in range(0, settings.clips, EACH)]
    examples = [example for part in spread(spoken_part, jobs, CORES) for example in part]
    return {name: np.stack([example[name] for example in examples]).astype(np.float32) for name in examples[0]}


def spoken_part(settings: StageSettings, numbers: Iterable[int]) -> list[Arrays]:
    """Make some clips of the stage into examples."""
    examples = []
    for number in numbers:
        clip, rows = told(settings, number)
        assert clip.motion is not None
        face = calm_lids(Track(FACE, rows["face"], clip.motion.fps))
        expression = expression_of(flame_of_face(face).values)
        examples.append({"voice": rows["articulation"], "emotion": rows["emotion"], "expression": expression})
    return examples


def filmed_expressions(clips: Sequence[Held], seconds: float) -> Arrays:
    """Make filmed clips at 25 frames a second, whose emotion is known, into the same examples, each of so many seconds."""
    rows = round(seconds * 25)
    found: dict[str, list[Array]] = {"voice": [], "emotion": [], "expression": []}
    for clip in clips:
        expression = expression_of(flame_of_face(calm_lids(Track(FACE, clip["face"], Fraction(25)))).values)
        for first in range(0, len(expression) - rows + 1, rows):
            one = slice(first, first + rows)
            for name, values in (("voice", clip["articulation"]), ("emotion", clip["emotion"]), ("expression", expression)):
                found[name].append(values[one])
    sizes = {"voice": ARTICULATION.size, "emotion": EMOTION.size, "expression": EXPRESSION_AND_JAW.size}
    return {name: np.asarray(values, np.float32).reshape(-1, rows, sizes[name]) for name, values in found.items()}


class ExpressionLearner(nn.Module):
    """The generator with its two judges, which learn in the same step."""

    def __init__(self, generator: ExpressionGenerator, spread: Array) -> None:
        """Tell the generator the spread (53,) of each number."""
        super().__init__()
        self.generator, self.sequence, self.emotion = generator, SequenceJudge(), EmotionJudge()
        generator.scale.copy_(torch.from_numpy(spread))

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of clips."""
        voice, emotion = batch["voice"], batch["emotion"]
        real = batch["expression"] / self.generator.scale
        made = self.generator.dialled(voice, emotion) / self.generator.scale
        with frozen(self.sequence), frozen(self.emotion):
            passes = fooling(self.sequence(made, voice))
            shows = position(self.emotion(made), emotion)
        parts = {
            "position": position(made, real),
            "velocity": velocity(made, real),
            "passes": passes,
            "shows": shows,
            "judged": judging(self.sequence(real, voice), self.sequence(made.detach(), voice)),
            "read": position(self.emotion(real), emotion),
        }
        said = parts["position"] + MOVING * parts["velocity"]
        if not self.training:
            return said, parts  # how sharp the judges have become says nothing of which generator to keep
        return said + FOOLING * passes + SHOWING * shows + parts["judged"] + parts["read"], parts
