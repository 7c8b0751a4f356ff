"""How head and eyes move over time: jitter, smoothness, drift, diversity, beats, blinks, range.

Beat alignment follows Bailando and SadTalker, smoothness the log dimensionless jerk of Hogan and Sternad.
"""

import numpy as np

from thespis.capture.follow import STEADY
from thespis.evaluate import lips
from thespis.evaluate.metric import Doubles, Metric, ratio
from thespis.evaluate.watched import face_points
from thespis.motion.rotations import matrices
from thespis.types import Clip

SHORTEST = 3.0  # seconds below which a clip says nothing about what changes over time
WINDOW = 2.0  # seconds in which smoothness is told
BLINK, OPEN = 0.5, 0.3  # of a blink: from where lids count as closed, and below which as open again
NEAR = 0.12  # seconds: the spread within which a movement meets a beat
STILL = 3e-4  # eye distances that a face moves between frames, below which the picture stands still
APART = 0.2  # seconds between two beats at least
LOUDER = 3.0  # dB by which the sound rises at a beat
COMPARED, RATE = 3.0, 10  # seconds of head motion that clips are compared in, and rows a second


def carried(clip: Clip) -> Doubles | None:
    """Give the points of the face as the head carries them (rows, points, 2) in eye distances; not-a-number where no face is seen."""
    sightings = clip.labels.get("sightings")
    if sightings:
        from thespis.capture.faces import fit_pose

        scale = float(np.median([fit_pose(each.points)[1] for each in sightings[:: max(len(sightings) // 40, 1)]]))
        found = np.full((len(clip.labels["found"]), len(sightings[0].points), 2), np.nan)
        for each in sightings:
            found[each.frame] = each.points[:, :2] / scale
        return found
    points = face_points(clip)
    if points is None or clip.motion is None:
        return points
    turned = np.einsum("nij,npj->npi", matrices(clip.motion["head_rotation"]).astype(np.float64), points)
    return np.asarray((turned + clip.motion["head_translation"][:, None])[..., :2], np.float64)


def in_one_shot(clip: Clip, rows: int, reach: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the rows (rows - reach,) from which the next `reach` rows belong to the same shot."""
    shot = np.zeros(rows, np.int64)
    shot[[cut for cut in clip.labels.get("cuts", ()) if cut < rows]] = 1
    shot = np.cumsum(shot)
    return np.asarray(shot[: rows - reach] == shot[reach:], np.bool_)


def jitter(clip: Clip) -> list[float] | None:
    """Measure how far the points are off the middle between the frames before and after, in per mille of the eye distance."""
    points = carried(clip)
    if points is None or len(points) < 3:
        return None
    off = points[1:-1] - (points[:-2] + points[2:]) / 2
    each = np.sqrt(np.square(off).sum(axis=2).mean(axis=1))[in_one_shot(clip, len(points), 2)]
    each = each[np.isfinite(each)]
    # The median forgets the few frames in which something really moves fast.
    return [1000 * float(np.median(each))] if len(each) else None


def turns(clip: Clip) -> Doubles:
    """Give the head's rotation vectors (rows, 3) in degrees."""
    assert clip.motion is not None
    return np.degrees(clip.motion["head_rotation"].astype(np.float64))


def smoothness(clip: Clip) -> list[float] | None:
    """Give the log dimensionless jerk of the head's rotation in windows of two seconds; larger is smoother."""
    assert clip.motion is not None
    fps, angles = float(clip.motion.fps), turns(clip)
    size, found = round(WINDOW * fps), []
    for begin in range(0, len(angles) - size + 1, size):
        speed = np.diff(angles[begin : begin + size], axis=0) * fps
        jerk = np.diff(speed, n=2, axis=0) * fps**2
        most = float(np.square(speed).sum(axis=1).max())
        if most > 1.0:  # (degrees a second)^2; a head that rests is neither smooth nor rough
            found.append(-np.log(float(np.square(jerk).sum() / fps) * WINDOW**3 / most + 1e-12))
    return [float(np.mean(found))] if found else None


def drift(clip: Clip) -> list[float] | None:
    """Measure how far the firm points of the face are, in its last third, from where they were in its first."""
    points = face_points(clip)
    assert points is not None
    assert clip.motion is not None
    firm = points[:, STEADY, :2]
    third = len(firm) // 3
    if len(firm) < SHORTEST * clip.motion.fps:
        return None
    first, last = firm[:third], firm[-third:]
    if not np.isfinite(first[:, 0, 0]).any() or not np.isfinite(last[:, 0, 0]).any():
        return None
    return [100 * float(np.linalg.norm(np.nanmedian(first, axis=0) - np.nanmedian(last, axis=0), axis=1).mean())]


def head_course(clip: Clip) -> Doubles | None:
    """Give the turns of the head in its first three seconds (90,), in degrees from their mean."""
    assert clip.motion is not None
    if len(clip.motion) < COMPARED * clip.motion.fps:
        return None
    at = np.arange(round(COMPARED * RATE)) / RATE
    angles = turns(clip)
    seconds = np.arange(len(angles)) / float(clip.motion.fps)
    course = np.stack([np.interp(at, seconds, angles[:, axis]) for axis in range(3)], axis=1)
    return np.asarray(course - course.mean(axis=0)).reshape(-1)


def apart(rows: Doubles) -> float:
    """Average, over pairs of clips, how many degrees their heads (clips, 90) are apart."""
    if len(rows) < 2:
        return float("nan")
    pairs = [(i, j) for i in range(len(rows)) for j in range(i)]
    courses = rows.reshape(len(rows), -1, 3)
    return float(np.mean([np.sqrt(np.square(courses[i] - courses[j]).sum(axis=1).mean()) for i, j in pairs]))


def beats(clip: Clip) -> Doubles:
    """Find when the sound rises (n,), in seconds."""
    assert clip.speech is not None
    levels = lips.level(clip.speech)
    soft = np.convolve(levels, np.ones(5) / 5, mode="same")
    rise = np.concatenate([np.zeros(8), soft[8:] - soft[:-8]])
    rise[soft < np.percentile(levels, 95.0) - lips.QUIET] = 0.0
    found: list[float] = []
    for k in np.argsort(-rise, kind="stable"):
        if rise[k] < LOUDER:
            break
        at = float(k) * lips.STEP - 0.04  # in the middle of the eight hundredths over which it rose
        if all(abs(at - other) >= APART for other in found):
            found.append(at)
    return np.array(sorted(found))


def strokes(clip: Clip) -> Doubles:
    """Find when the head comes to rest or turns back (n,), in seconds: where it is slower than just before and after."""
    assert clip.motion is not None
    angles = turns(clip)
    speed = np.linalg.norm(np.gradient(angles, axis=0), axis=1) * float(clip.motion.fps)
    speed = np.convolve(speed, np.ones(3) / 3, mode="same")
    low = (speed[1:-1] < speed[:-2]) & (speed[1:-1] <= speed[2:])
    # Where the head hardly moves around it, a slow frame is noise and no stroke.
    around = np.array([speed[max(k - 5, 0) : k + 6].max() for k in range(1, len(speed) - 1)])
    return np.asarray((np.flatnonzero(low & (around > 3.0)) + 1) / float(clip.motion.fps))


def on_beat(clip: Clip) -> list[float] | None:
    """Tell how near to each rise of the sound the head makes a stroke: 1 on it, 0 nowhere near."""
    sounds, moves = beats(clip), strokes(clip)
    if len(sounds) < 3:
        return None
    if not len(moves):
        return [0.0]
    away = np.abs(sounds[:, None] - moves[None]).min(axis=1)
    return [float(np.exp(-np.square(away) / (2 * NEAR**2)).mean())]


def blinks(clip: Clip) -> list[float] | None:
    """Count the blinks of a clip's motion, and its minutes."""
    assert clip.motion is not None
    count, shut = 0, False
    for closed in np.minimum(clip.motion["eyeBlinkLeft"], clip.motion["eyeBlinkRight"]):
        count += int(not shut and closed > BLINK)
        shut = closed > (OPEN if shut else BLINK)
    return [float(count), len(clip.motion) / float(clip.motion.fps) / 60]


def head_range(clip: Clip) -> list[float]:
    """Measure the degrees that the head turns, from the 5th to the 95th percentile of its three angles together."""
    low, high = np.percentile(turns(clip), [5, 95], axis=0)
    return [float(np.linalg.norm(high - low))]


def stuck(clip: Clip) -> list[float] | None:
    """Tell in per cent how many frames show the same face as the one before."""
    points = carried(clip)
    if points is None or len(points) < 2:
        return None
    moved = np.abs(np.diff(points, axis=0)).mean(axis=(1, 2))
    moved = moved[np.isfinite(moved)]
    return [100 * float((moved < STILL).mean())] if len(moved) else None


METRICS = (
    Metric(
        "motion.jitter", "Jitter", "How far points are off the middle between the frames before and after, in the median frame",
        "‰ eye distance", "lower", ("face",), jitter, digits=1,
    ),
    Metric(
        "motion.smoothness", "Head moves smoothly", "Log dimensionless jerk of the head in windows of two seconds; larger is smoother",
        "log", "real", ("face",), smoothness, digits=1,
    ),
    Metric(
        "motion.drift", "Face drifts", "How far the firm points of the face are, at the end, from where they were at the beginning",
        "% eye distance", "lower", ("face",), drift,
    ),
    Metric(
        "motion.range", "Head turns", "Range of the three angles together, from their 5th to their 95th percentile",
        "degrees", "real", ("face",), head_range, digits=1,
    ),
    Metric(
        "motion.blinks", "Blinks", "How often both eyes close, over all clips together",
        "a minute", "real", ("face",), blinks, ratio, digits=1,
    ),
    Metric(
        "motion.beat", "Head on the beat", "How near the head makes a stroke to each rise of the sound, 0 to 1 (0.12 s counts 0.6)",
        "0 to 1", "real", ("face", "sound"), on_beat,
    ),
    Metric(
        "motion.stuck", "Frames that stand still", "Share of frames that show the same face as the one before",
        "%", "lower", ("face",), stuck, digits=1,
    ),
    Metric(
        "motion.diversity", "Heads differ between clips", "Mean distance of the heads' courses in the first three seconds of two clips",
        "degrees", "real", ("face",), head_course, apart, digits=1, alone=False, interval=False,
    ),
)  # fmt: skip
