"""What networks that paint mouths learn from: windows of the stage's faces with other frames of the same person, and what is heard."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from thespis.capture.faces import measure
from thespis.data.faces import Arrays
from thespis.pixels.dub.align import aligned
from thespis.pixels.dub.lip_shape import LipShape
from thespis.pixels.dub.syncnet import SyncShape
from thespis.types import Array, Bytes, random_for

FINER = 4  # faces are measured in pictures enlarged by this
OTHER_LIGHT = (0.8, 1.15)  # by how much each colour of a window is multiplied


def heard(articulation: Array, first: int, shape: SyncShape) -> Array:
    """Cut what is heard around frames `first` on (1, 10, rows) out of the voice (n, 10); beyond the ends the last row is repeated."""
    rows = np.clip(first - (shape.rows - shape.frames) // 2 + np.arange(shape.rows), 0, len(articulation) - 1)
    return np.ascontiguousarray(articulation[rows].T[None], np.float32)


def tokens_of(articulation: Array, first: int, shape: LipShape) -> Array:
    """Put the rows around each of the frames from `first` on beside it (frames, taps, 10), as at work."""
    at = first + np.arange(shape.frames)[:, None] + np.arange(shape.taps) - shape.back
    return np.asarray(articulation[np.clip(at, 0, len(articulation) - 1)], np.float32)


class LipWindows:
    """Windows by number of step and row: frames, other frames of the same clip to refer to, tokens and voice."""

    def __init__(self, clips: Sequence[Arrays], size: int, shape: LipShape, sync: SyncShape, seed: int) -> None:
        """Take clips."""
        self.clips, self.size, self.shape, self.sync, self.seed = clips, size, shape, sync, seed

    def rows(self, step: int, first: int, stop: int) -> Arrays:
        """Draw rows `first` to `stop` of a step's batch."""
        drawn = [self.window(random_for(self.seed, f"lips {step} {row}")) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}

    def window(self, random: np.random.Generator) -> Arrays:
        """Draw one window; it is mirrored half of the time, and in another light."""
        number, frames = int(random.integers(len(self.clips))), self.shape.frames
        clip = self.clips[number]
        count = len(clip["flame"])
        at, other = (int(random.integers(count - frames + 1)) for _ in range(2))
        pictures = clip["frames"][1:]
        gain = random.uniform(*OTHER_LIGHT, 3) * random.uniform(0.85, 1.1)
        table = np.clip(np.arange(256)[:, None] * gain, 0, 255).astype(np.uint8)
        mirrored = random.uniform() < 0.5

        def shown(given: Bytes) -> Bytes:
            lit = np.stack([table[:, channel][given[..., channel]] for channel in range(3)], axis=-1)
            return np.ascontiguousarray(lit[:, :, ::-1] if mirrored else lit)

        return {
            "frames": shown(pictures[at : at + frames]),
            "others": shown(pictures[other : other + frames]),
            "tokens": tokens_of(clip["articulation"], at, self.shape),
            "voice": heard(clip["articulation"], at, self.sync),
            "face": np.asarray(clip["face"][at : at + frames], np.float32),
        }


class LipPairs:
    """Lips with their own sound by number of step and row; neighbours in a batch are other moments of one clip."""

    def __init__(self, windows: LipWindows, size: int, moments: int = 4) -> None:
        """Draw from the clips of windows, `moments` of each."""
        self.windows, self.size, self.moments = windows, size, moments

    def rows(self, step: int, first: int, stop: int) -> Arrays:
        """Draw rows `first` to `stop` of a step's batch."""
        drawn = [self.pair(step, row) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}

    def pair(self, step: int, row: int) -> Arrays:
        """Draw one moment: its clip is that of its neighbours, its time its own part of the clip."""
        windows = self.windows
        random = random_for(windows.seed, f"pair {step} {row // self.moments}")
        number = int(random.integers(len(windows.clips)))
        clip, room = windows.clips[number], len(windows.clips[number]["flame"]) - windows.shape.frames
        starts = np.sort(random.choice(room + 1, self.moments, replace=False))
        at = int(starts[row % self.moments])
        return {
            "frames": clip["frames"][1 + at : 1 + at + windows.shape.frames],
            "voice": heard(clip["articulation"], at, windows.sync),
            "face": np.asarray(clip["face"][at : at + windows.shape.frames], np.float32),
        }


def pictures_of(clips: Sequence[Arrays]) -> Bytes:
    """Put every tenth frame of all clips on one pile (n, S, S, 3)."""
    return np.concatenate([clip["frames"][::10] for clip in clips])


def straightened(clips: Sequence[Arrays], folder: Path, name: str, shape: LipShape, tell: Callable[[str], None]) -> list[Arrays]:
    """Cut each frame of clips (n, S, S, 3) so that the face stands where it stands at work, or read what was cut; kept in a folder."""
    from safetensors.numpy import load_file, save_file

    path = folder / f"{name}.safetensors"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made: dict[str, Bytes] = {}
        for number, clip in enumerate(clips):
            made[str(number)] = squares_of(clip["frames"], shape)
            if number % 50 == 49:
                tell(f"faces that are put straight, {name}: {number + 1} of {len(clips)} clips")
        save_file(made, path)
    held = load_file(path)
    return [{**clip, "frames": held[str(number)]} for number, clip in enumerate(clips)]


def squares_of(frames: Bytes, shape: LipShape) -> Bytes:
    """Cut frames (n, S, S, 3), each where its own face stands; where none is found the last place counts."""
    size = frames.shape[1]
    place: Array | None = None
    made = []
    for frame in frames:
        larger = np.asarray(cv2.resize(frame, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_CUBIC), np.uint8)
        found = measure(larger, size * FINER / 2, size * FINER / 2, 0.8 * size * FINER)
        place = found if found is not None else place
        made.append(cv2.resize(frame, (shape.side, shape.side)) if place is None else aligned(place, shape).cut(larger))
    return np.stack(made)
