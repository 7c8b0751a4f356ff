"""Compare how heads move and eyes blink with real people who talk: python tools/measure_motion.py FOLDER...

For every video with one visible face it tracks the pose of the head and the opening of the eyes frame by frame, without smoothing by
the tracker, and prints the quartiles over the clips beside what the default recipe does for made-up speech. Both are smoothed alike
(120 ms), because a tracker trembles and trembling looks like speed.
"""

import argparse
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, median_filter

from thespis import recipes
from thespis.capture.faces import angles, find_faces, fit_pose, measure
from thespis.errors import ThespisError
from thespis.speech.say import say
from thespis.talker import Talker
from thespis.types import Direction, Portrait
from thespis.weights import find_all

Numbers = npt.NDArray[np.float64]

LONGEST = 20.0  # seconds of each clip
SHORTEST = 3.0
SMOOTH = 0.12  # seconds
LIDS = ((159, 145, 33, 133), (386, 374, 263, 362))  # upper and lower lid, outer and inner corner
SHUT = 0.62  # of the usual opening within a second and a half
TEXT = (
    "My mother found a warm blue boat; we all hope you leave before five. Bob and Peter made a map of Paris, quite funny! "
    "Did you ever wonder why the evening feels so much longer than the morning? I never did, until now. "
)


def tracked(path: Path) -> tuple[Numbers, Numbers, float] | None:
    """Track a clip -> degrees (frames, 3) of yaw, pitch and roll, the opening of the eyes (frames,), frames a second."""
    import av

    degrees: list[tuple[float, float, float]] = []
    openings: list[float] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 25)
        near: tuple[float, float, float] | None = None
        for number, frame in enumerate(container.decode(stream)):
            if number > LONGEST * fps:
                break
            image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            if near is None:
                faces = find_faces(image)
                if len(faces) != 1:
                    return None
                left, top, right, bottom = faces[0].box
                near = ((left + right) / 2, (top + bottom) / 2, float(max(right - left, bottom - top)))
            points = measure(image, *near)
            if points is None:
                return None
            low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
            near = (*((low + high) / 2).tolist(), float((high - low).max()))
            degrees.append(angles(fit_pose(points)[0]))
            opened = [np.linalg.norm(points[a, :2] - points[b, :2]) / np.linalg.norm(points[c, :2] - points[d, :2]) for a, b, c, d in LIDS]
            openings.append(float(np.mean(opened)))
    return (np.array(degrees), np.array(openings), fps) if len(degrees) > SHORTEST * fps else None


def blinks(opening: Numbers, fps: float) -> int:
    """Count how often the eyes shut for less than 0.4 s."""
    shut = opening < SHUT * median_filter(opening, int(1.5 * fps) | 1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], shut.astype(int), [0]])))
    lasting = (edges[1::2] - edges[::2]) / fps
    return int(((lasting > 0.03) & (lasting < 0.4)).sum())


def figures(degrees: Numbers, fps: float) -> Numbers:
    """Describe a head's motion (4, 3): spread, mean speed, speed exceeded one frame in twenty, spread of what is quicker than 2 s."""
    smooth = gaussian_filter1d(degrees, SMOOTH * fps, axis=0)
    speed = np.abs(np.diff(smooth, axis=0)) * fps
    quick = smooth - gaussian_filter1d(smooth, fps, axis=0)
    return np.stack([smooth.std(axis=0), speed.mean(axis=0), np.percentile(speed, 95, axis=0), quick.std(axis=0)])


def ours(seed: int) -> tuple[Numbers, Numbers, float]:
    """Let the default recipe act a made-up speech -> degrees (frames, 3), the opening of the eyes (frames,), frames a second."""
    from thespis.features.articulation import Articulation
    from thespis.features.spaces import ARTICULATION
    from thespis.motion.blink import Blink
    from thespis.motion.feeling import Feeling
    from thespis.motion.gaze import Gaze
    from thespis.motion.head import Head
    from thespis.motion.lips import Lips
    from thespis.motion.retime import Retime
    from thespis.motion.spaces.face import FACE
    from thespis.stages import Both

    weights = find_all(recipes.card("thespis").weights)
    actor = Talker(
        Articulation(weights["articulation"], whole=True),
        Retime(ARTICULATION),
        Both([Lips(), Feeling(), Blink()], Head(), Gaze(), gives=FACE),
    )
    motion = actor(say(TEXT * 4), Portrait((np.zeros((8, 8, 3), np.uint8),)), Direction(seed=seed)).motion
    assert motion is not None
    x, y, z = np.degrees(motion["head_rotation"].astype(np.float64)).T
    return np.stack([-y, x, z], axis=1), 1.0 - motion["eyeBlinkLeft"].astype(np.float64), float(Fraction(motion.fps))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="videos, or folders of them")
    found: list[tuple[str, Numbers, Numbers, float]] = []
    for folder in parser.parse_args().folders:
        for path in sorted(folder.rglob("*.m[p4]*")) if folder.is_dir() else [folder]:
            try:
                clip = tracked(path)
            except (ThespisError, OSError, IndexError):
                clip = None
            if clip is not None:
                found.append((path.stem, *clip))
                print(
                    f"{path.stem[:40]:40} {len(clip[0]) / clip[2]:5.1f} s  spread {np.round(figures(clip[0], clip[2])[0], 1)}", flush=True
                )
    for name in ("real", "ours"):
        clips = found if name == "real" else [(name, *ours(seed)) for seed in range(6)]
        if not clips:
            continue
        quartiles = np.percentile([figures(degrees, fps) for _, degrees, _, fps in clips], [25, 50, 75], axis=0)
        print(f"{name}: {len(clips)} clips; 25 %, median, 75 % of yaw | pitch | roll")
        for row, label in enumerate(("spread, degrees", "mean speed, degrees/s", "95 % speed, degrees/s", "spread within 2 s, degrees")):
            print(f"  {label:28} " + " | ".join(" ".join(f"{value:5.1f}" for value in quartiles[:, row, axis]) for axis in range(3)))
        minutes = sum(len(opening) / fps for _, _, opening, fps in clips) / 60
        print(f"  blinks a minute {sum(blinks(opening, fps) for _, _, opening, fps in clips) / minutes:.1f}")


if __name__ == "__main__":
    main()
