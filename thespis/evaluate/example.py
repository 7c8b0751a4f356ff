"""Take an example from a picture or a clip: what its face feels, as a mixture of emotions, and how its person acts, as a style.

What is felt is what the emotion judge sees in a picture, or in the frames of a clip together: at most two emotions. How somebody acts
is told by spread and speed of the head, the range of the brows, blinks and glances, as multiples of what 29 clips of real speakers do in
the middle.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis.capture.follow import follow
from thespis.capture.footage import open_footage
from thespis.capture.performance import Performance, track_video
from thespis.direction.auto import LIKE, is_like
from thespis.direction.style import HIGHEST, LOWEST, SCALES
from thespis.errors import DirectionError, FaceError
from thespis.evaluate.judge import Shown, judge
from thespis.motion.rotations import matrices
from thespis.motion.smooth import Spring
from thespis.types import EMOTION, Array, Track

SECOND = 0.5  # of the chances of the first emotion, from which a second one is felt beside it
GAIN = 1.8  # the judge sees about half of what real faces show
FAINTEST, STRONGEST = 0.3, 1.2  # what an emotion that is seen counts as at least and at most
SHORTEST = 2.0  # seconds of a clip whose style can be told
SPREADS = (3.1, 2.2, 1.9)  # degrees of yaw, pitch and roll that the real speaker in the middle spreads
SPEEDS = (4.6, 3.7, 3.0)  # and degrees a second
BROWS, BLINKS, GLANCES, SMILE, OPENING = 0.34, 17.0, 0.16, 0.1, 0.3
"""The range of the brows, blinks a minute, the share of time that eyes are away, the mean smile, and the 95 % of the jaw."""
FAR = 5.0  # degrees from its middle from which a gaze is away
Doubles = npt.NDArray[np.float64]


def followed(wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Put what the examples show in the place of wishes such as emotion="like=photo.jpg" and style="like=clip.mp4"."""
    found = dict(wishes)
    for name in ("emotion", "eyes", "mouth"):
        if is_like(found.get(name)):
            found[name] = feeling_like(path_of(found[name]))
    if is_like(found.get("style")):
        found["style"], lips = style_like(path_of(found["style"]))
        found.setdefault("lips", lips)
    return found


def path_of(wish: str) -> Path:
    """Read the file of a wish."""
    path = Path(wish.strip()[len(LIKE) :].strip())
    if not path.is_file():
        raise DirectionError(f"there is no file {path} to take as an example; write like= and the path of a picture or a clip")
    return path


def main_person(path: Path) -> Performance:
    """Track the person of a file whose face is seen most."""
    people = track_video(path)
    if not people:
        raise FaceError(f"no face found in {path}")
    return max(people, key=lambda each: float(each.confidence.sum()))


def feeling_like(path: Path) -> dict[str, float]:
    """Read what the main face of a picture or a clip feels: emotions 0 to 1.2, strongest first; a calm face is neutral."""
    people = follow(open_footage(path)).people
    if not people:
        raise FaceError(f"no face found in {path}; choose an example that shows a face from the front, well lit and uncovered")
    return mixture(judge(max(people, key=len)))


def mixture(shown: Shown) -> dict[str, float]:
    """Turn what is shown into a wish: the likeliest emotion, and one beside it that is nearly as likely."""
    order = [EMOTION.names[int(number)] for number in np.argsort(-shown.chances)]
    chances, amounts = (dict(zip(EMOTION.names, values.tolist(), strict=True)) for values in (shown.chances, shown.amounts))
    if order[0] == "neutral":
        return {"neutral": 1.0}
    felt = [order[0], *(name for name in order[1:2] if name != "neutral" and chances[name] > SECOND * chances[order[0]])]
    return {name: round(float(np.clip(GAIN * amounts[name], FAINTEST, STRONGEST)), 2) for name in felt}


def style_like(path: Path) -> tuple[str, float]:
    """Read how the person of a clip acts -> a style as `style` takes it, and how strongly the lips move (1 is usual)."""
    if open_footage(path).still:
        raise DirectionError(f"{path} is a picture; a style needs a clip in which somebody moves")
    person = main_person(path)
    if len(person.motion) < SHORTEST * person.motion.fps:
        raise DirectionError(f"{path} is too short to show a style; {SHORTEST:g} s are needed")
    factors = habits_of(person.motion)
    lips = factors.pop("lips")
    return ", ".join(f"{name}={value:.2f}" for name, value in factors.items()), lips


def habits_of(motion: Track) -> dict[str, float]:
    """Tell how a FACE track acts, as multiples of what is usual: head, tempo, brows, blinks, gaze, smile, and lips."""
    fps = float(motion.fps)
    held = matrices(motion["head_rotation"])
    turned = np.degrees(np.stack([np.arctan2(held[:, 0, 2], held[:, 2, 2]), np.arcsin(np.clip(-held[:, 1, 2], -1, 1)),
                                  np.arctan2(held[:, 1, 0], held[:, 1, 1])], axis=1))  # fmt: skip
    calm = steadied(turned, fps)
    spread = float(np.exp(np.mean(np.log(np.maximum(calm.std(axis=0), 0.05) / SPREADS))))
    speed = float(np.exp(np.mean(np.log(np.maximum(np.abs(np.diff(calm, axis=0)).mean(axis=0) * fps, 0.1) / SPEEDS))))
    brows = steadied(np.mean([motion[name] for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")], axis=0)[:, None], fps)
    shut = np.minimum(motion["eyeBlinkLeft"], motion["eyeBlinkRight"]) - np.median(motion["eyeBlinkLeft"])
    closing = int((np.diff((shut > 0.5).astype(int)) > 0).sum())
    minutes = len(motion) / fps / 60
    # A short clip says little about what happens every few seconds, so the usual counts for half a minute of it.
    blinks = (closing + 0.5 * BLINKS) / (minutes + 0.5) / BLINKS
    looks = np.degrees(np.stack([motion["gaze_left_yaw"], motion["gaze_left_pitch"]], axis=1).astype(np.float64))
    looks = looks - np.median(looks, axis=0)
    away = float((np.linalg.norm(looks, axis=1) > FAR).mean())
    smile = float(np.mean([motion["mouthSmileLeft"], motion["mouthSmileRight"]]))
    jaw = float(np.percentile(motion["jawOpen"] - motion["mouthClose"], 95))
    found = {
        "head": spread, "tempo": (speed / spread) ** 0.5, "brows": spread_of(brows) / BROWS, "blinks": blinks,
        "gaze": (away + GLANCES) / (2 * GLANCES), "smile": (smile + SMILE) / (2 * SMILE), "lips": float(np.clip(jaw / OPENING, 0.6, 1.5)),
    }  # fmt: skip
    return {name: value if name == "lips" else usable(name, value) for name, value in found.items()}


def usable(name: str, factor: float) -> float:
    """Keep a multiple of a habit within two deviations of what people do."""
    most = float(np.exp(2 * SCALES[name]))
    return float(np.clip(factor, max(1 / most, LOWEST), min(most, HIGHEST)))


def spread_of(values: Array | Doubles) -> float:
    """Measure a range without its extremes."""
    return float(np.percentile(values, 95) - np.percentile(values, 5))


def steadied(values: npt.ArrayLike, fps: float) -> Doubles:
    """Take the trembling of a tracker out of rows (rows, k), forwards and backwards, so that nothing comes late."""
    rows = np.asarray(values, np.float64)
    for _ in range(2):
        springs = [Spring(float(value)) for value in rows[0]]
        rows = np.array([[s.follow(float(v), 16.0, 1 / fps) for s, v in zip(springs, row, strict=True)] for row in rows])[::-1]
    return rows
