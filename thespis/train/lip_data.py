"""What networks that paint mouths learn from: windows of the stage's people who say two things with one head, and what is heard."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from thespis.data.faces import Arrays, read_faces
from thespis.data.said_again import write_said_again
from thespis.data.stage import StageSettings
from thespis.pixels.dub.lip_networks import voice_tokens
from thespis.pixels.dub.lip_shape import LipShape
from thespis.pixels.dub.syncnet import SyncShape
from thespis.types import Array, Bytes, random_for

SECONDS = 1.4  # of a clip
ELSEWHERE = 0.1  # of the windows refer to another moment, as the published ones do; the others to this one with other lips, as at work
GAIN, COLOUR, GAMMA, SHIFT = (0.7, 1.3), (0.85, 1.15), (0.75, 1.35), (-20.0, 20.0)
"""Other light than the stage's: by how much all colours of a window and each are multiplied, its curve, and grey levels added."""

Both = tuple[Literal["frames", "others"], Literal["others", "frames"], Literal["", "other_"]]
WAYS: tuple[Both, Both] = (("frames", "others", ""), ("others", "frames", "other_"))
"""Either saying is painted from the other one."""


def corpus(folder: Path, shape: LipShape, clips: Mapping[str, int], seed: int, tell: Callable[[str], None]) -> dict[str, list[Arrays]]:
    """Draw what is missing, and read it: "plain" and "emotional" people to learn from, and "held", "test" ones who are others."""
    found = {}
    for name, count in clips.items():
        split, regime = {"held": ("validation", "plain"), "test": ("test", "plain")}.get(name, ("train", name))
        settings = StageSettings(seed, count, SECONDS, split=split, regime=regime)  # type: ignore[arg-type]
        for done in write_said_again(settings, folder, shape):
            tell(f"people of the stage who say two things, {split}, {regime}: {done} of {count} clips")
        found[name] = read_faces(folder, split, regime)
    return found


def heard(articulation: Array, first: int, shape: SyncShape) -> Array:
    """Cut what is heard around frames `first` on (1, 10, rows) out of the voice (n, 10); beyond the ends the last row is repeated."""
    rows = np.clip(first - (shape.rows - shape.frames) // 2 + np.arange(shape.rows), 0, len(articulation) - 1)
    return np.ascontiguousarray(articulation[rows].T[None], np.float32)


def tokens_of(articulation: Array, first: int, shape: LipShape) -> Array:
    """Put the rows around each of the frames from `first` on beside it (frames, taps, told), as at work."""
    rows = np.clip(first - shape.back + np.arange(shape.frames + shape.taps - 1), 0, len(articulation) - 1)
    return voice_tokens(articulation[rows], shape)


def lamp(random: np.random.Generator) -> Callable[[Bytes], Bytes]:
    """Draw another light, and maybe a mirror, for all pictures (n, S, S, 3) of a window."""
    gain, gamma = random.uniform(*COLOUR, 3) * random.uniform(*GAIN), random.uniform(*GAMMA)
    levels = 255 * (np.arange(256)[:, None] / 255) ** gamma * gain + random.uniform(*SHIFT)
    table = np.clip(levels, 0, 255).astype(np.uint8)
    mirrored = random.uniform() < 0.5

    def shown(given: Bytes) -> Bytes:
        lit = np.stack([table[:, channel][given[..., channel]] for channel in range(3)], axis=-1)
        return np.ascontiguousarray(lit[:, :, ::-1] if mirrored else lit)

    return shown


class LipWindows:
    """Windows by number of step and row: frames, frames of the same person to refer to, tokens and voice."""

    def __init__(self, clips: Sequence[Arrays], size: int, shape: LipShape, sync: SyncShape, seed: int, *, scattered: bool = False) -> None:
        """Take clips; `scattered` windows are single frames from anywhere in a clip, with tokens alone."""
        self.clips, self.size, self.shape, self.sync, self.seed, self.scattered = clips, size, shape, sync, seed, scattered

    def rows(self, step: int, first: int, stop: int) -> Arrays:
        """Draw rows `first` to `stop` of a step's batch."""
        drawn = [self.window(random_for(self.seed, f"lips {step} {row}")) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}

    def window(self, random: np.random.Generator) -> Arrays:
        """Draw one window; it is mirrored half of the time, and in another light."""
        number, frames = int(random.integers(len(self.clips))), self.shape.frames
        clip = self.clips[number]
        one, other, told = WAYS[int(random.integers(2))]
        if self.scattered:
            chosen, shown = random.integers(len(clip["frames"]), size=frames), lamp(random)
            tokens = np.concatenate([tokens_of(clip[f"{told}articulation"], each, self.shape)[:1] for each in chosen.tolist()])
            return {"frames": shown(clip[one][chosen]), "others": shown(clip[other][chosen]), "tokens": tokens}
        at, away = (int(random.integers(len(clip["frames"]) - frames + 1)) for _ in range(2))
        if random.uniform() > ELSEWHERE:
            away = at
        shown = lamp(random)
        return {
            "frames": shown(clip[one][at : at + frames]),
            "others": shown(clip[other][away : away + frames]),
            "tokens": tokens_of(clip[f"{told}articulation"], at, self.shape),
            "voice": heard(clip[f"{told}articulation"], at, self.sync),
            "face": np.asarray(clip[f"{told}face"][at : at + frames], np.float32),
        }


class LipPairs:
    """Lips with their own sound by number of step and row; neighbours in a batch are one moment said twice, then others of its clip."""

    def __init__(self, windows: LipWindows, size: int, moments: int = 4) -> None:
        """Draw from the clips of windows, `moments` of each, both sayings counted."""
        self.windows, self.size, self.moments = windows, size, moments

    def rows(self, step: int, first: int, stop: int) -> Arrays:
        """Draw rows `first` to `stop` of a step's batch."""
        drawn = [self.pair(step, row) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}

    def pair(self, step: int, row: int) -> Arrays:
        """Draw one saying: its clip, light and mirror are those of its neighbours, its time its own part of the clip."""
        windows = self.windows
        random = random_for(windows.seed, f"pair {step} {row // self.moments}")
        clip = windows.clips[int(random.integers(len(windows.clips)))]
        room = len(clip["frames"]) - windows.shape.frames
        starts = np.sort(random.choice(room + 1, self.moments // 2, replace=False))
        at = int(starts[row % self.moments // 2])
        one, _, told = WAYS[row % 2]
        return {
            "frames": lamp(random)(clip[one][at : at + windows.shape.frames]),
            "voice": heard(clip[f"{told}articulation"], at, windows.sync),
        }


def pictures_of(clips: Sequence[Arrays]) -> Bytes:
    """Put every tenth frame of all clips on one pile (n, S, S, 3)."""
    return np.concatenate([clip[name][::10] for clip in clips for name in ("frames", "others")])
