"""What networks that paint mouths learn from: windows of the stage's people who say two things with one head, and what is heard."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from thespis.data.faces import Arrays, read_faces
from thespis.data.said_again import write_said_again
from thespis.data.stage import StageSettings
from thespis.pixels.diffusion.networks import as_numbers, as_pictures
from thespis.pixels.dub.lip_networks import HUE, evened, gains_of, voice_tokens
from thespis.pixels.dub.lip_shape import LipShape
from thespis.pixels.dub.syncnet import SyncShape
from thespis.types import Array, Bytes, random_for

SECONDS = 1.4  # of a clip
COLOUR, COLOURFUL, GAMMA, SHIFT, SHADE = (0.6, 1.1), (0.2, 1.5), (0.65, 1.5), (-20.0, 20.0), (-0.5, 0.5)
"""Other light than the stage's: by how much each colour of a window is multiplied, how much of its hue is kept, its curve, grey levels
added, and the logarithm of how bright its corners and middles are lit."""
LAMPS = 3  # across and down a square that is lit unevenly
TURN, SIZE, TALL, ASIDE, SOFT, SHARPEST = 5.0, (0.9, 1.12), (0.92, 1.08), 3.0, 0.8, 0.3
"""Other faces than the stage's: by how many degrees a window is turned, how large and tall it is, how many pixels aside, how soft."""

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
    """Draw another light, place and lens, and maybe a mirror, for all pictures (n, S, S, 3) of a window."""
    gain, colourful, gamma = random.uniform(*COLOUR, 3), random.uniform(*COLOURFUL), random.uniform(*GAMMA)
    shift, shade = random.uniform(*SHIFT), np.exp(random.uniform(*SHADE, (LAMPS, LAMPS)))
    turn, size, tall = np.radians(random.uniform(-TURN, TURN)), random.uniform(*SIZE), random.uniform(*TALL)
    aside, soft, mirrored = random.uniform(-ASIDE, ASIDE, 2), random.uniform(0, SOFT), random.uniform() < 0.5
    turned = size * np.array([[np.cos(turn), -np.sin(turn)], [tall * np.sin(turn), tall * np.cos(turn)]])

    table = ((np.arange(256)[:, None] / 255) ** gamma * gain * 255).astype(np.float32)
    mix = (colourful * np.eye(3) + (1 - colourful) * np.array(HUE)).astype(np.float32)

    def shown(given: Bytes) -> Bytes:
        side = given.shape[1]
        middle = np.full(2, (side - 1) / 2)
        matrix = np.concatenate([turned, (middle + aside - turned @ middle)[:, None]], axis=1)
        light = np.asarray(cv2.resize(shade, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)[..., None]
        made = []
        for picture in given:
            placed = np.asarray(cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
            if soft > SHARPEST:
                placed = np.asarray(cv2.GaussianBlur(placed, (0, 0), soft))
            lit = np.stack([table[:, channel][placed[..., channel]] for channel in range(3)], axis=-1) * light
            made.append(cv2.transform(lit, mix) + shift)
        done = np.clip(np.stack(made), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(done[:, :, ::-1] if mirrored else done)

    return shown


def even(*squares: Bytes) -> list[Bytes]:
    """Show squares (n, S, S, 3) of one face in the even light in which the first ones are."""
    gains = gains_of(squares[0])
    return [as_pictures(evened(as_numbers(each), gains)) for each in squares]


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
        """Draw one window, of a person who is turned, lit and filmed otherwise, in even light."""
        number, frames = int(random.integers(len(self.clips))), self.shape.frames
        clip = self.clips[number]
        one, other, told = WAYS[int(random.integers(2))]
        if self.scattered:
            chosen, shown = random.integers(len(clip["frames"]), size=frames), lamp(random)
            tokens = np.concatenate([tokens_of(clip[f"{told}articulation"], each, self.shape)[:1] for each in chosen.tolist()])
            others, lips = even(shown(clip[other][chosen]), shown(clip[one][chosen]))
            return {"frames": lips, "others": others, "tokens": tokens}
        at, shown = int(random.integers(len(clip["frames"]) - frames + 1)), lamp(random)
        others, lips = even(*(shown(clip[name][at : at + frames]) for name in (other, one)))
        return {
            "frames": lips,
            "others": others,
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
            "frames": even(lamp(random)(clip[one][at : at + windows.shape.frames]))[0],
            "voice": heard(clip[f"{told}articulation"], at, windows.sync),
        }


def pictures_of(clips: Sequence[Arrays]) -> Bytes:
    """Put every tenth frame of all clips on one pile (n, S, S, 3), in even light."""
    return np.concatenate([even(clip[name][::10])[0] for clip in clips for name in ("frames", "others")])
