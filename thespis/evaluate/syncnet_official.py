"""The published SyncNet (Chung and Zisserman 2016, github.com/joonson/syncnet_python), run by torch with weights that the user brings.

Its classes, its sound features and its comparing are written anew here; tests hold them against the official code. The face is cut out of
the upright pictures that `thespis.evaluate.watched` makes, so that no second face detector is needed: see docs/evaluation.md.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from thespis.errors import MediaError, WeightsError
from thespis.evaluate.syncnet import FPS, Sync
from thespis.features.resample import RATE, Resampler
from thespis.types import Array, Bytes, Clip, Speech, Track
from thespis.weights import read_tensors, ready

BUNDLE = "syncnet"
FILE = "syncnet.safetensors"
PARTS = {"netcnnaud": "sound", "netfcaud": "sound_head", "netcnnlip": "lips", "netfclip": "lips_head"}
"""What the published parameters begin with, and what ours do."""
SIDE, FRAMES, ROWS = 224, 5, 20
"""Pixels of a face, and the pictures and rows of sound that one embedding sees."""
REACH = 15
"""Frames to both sides that are searched."""
MARGIN = 0.4  # of a face's half size that is shown beside it, and twice that below
TOGETHER = 20  # embeddings that are made at once
WINDOW, STEP, SPECTRUM, BANDS, KEPT, LIFTED = 400, 160, 512, 26, 13, 22  # of the sound's features, at RATE
Doubles = npt.NDArray[np.float64]


def convolution(*sizes: int, kernel: tuple[int, ...], stride: tuple[int, ...] = (), padding: tuple[int, ...] = ()) -> list[nn.Module]:
    """Give a convolution in two or three dimensions with what follows each of them here: even sizes, and nothing below zero."""
    kinds: tuple[Any, Any] = (nn.Conv3d, nn.BatchNorm3d) if len(kernel) == 3 else (nn.Conv2d, nn.BatchNorm2d)
    still = (1,) * len(kernel)
    return [kinds[0](*sizes, kernel, stride or still, padding or (0,) * len(kernel)), kinds[1](sizes[1]), nn.ReLU()]


def head() -> nn.Sequential:
    """Give the two last layers of either side."""
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))


class PublishedSyncNet(nn.Module):
    """Embeds five pictures of a face, and the twenty rows of sound beside them, in 1024 numbers each."""

    def __init__(self) -> None:
        """Build both sides."""
        super().__init__()
        even2, even3 = (1, 1), (0, 1, 1)
        self.sound = nn.Sequential(
            *convolution(1, 64, kernel=(3, 3), padding=even2), nn.MaxPool2d((1, 1), (1, 1)),
            *convolution(64, 192, kernel=(3, 3), padding=even2), nn.MaxPool2d((3, 3), (1, 2)),
            *convolution(192, 384, kernel=(3, 3), padding=even2), *convolution(384, 256, kernel=(3, 3), padding=even2),
            *convolution(256, 256, kernel=(3, 3), padding=even2), nn.MaxPool2d((3, 3), (2, 2)),
            *convolution(256, 512, kernel=(5, 4)),
        )  # fmt: skip
        self.lips = nn.Sequential(
            *convolution(3, 96, kernel=(5, 7, 7), stride=(1, 2, 2)), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *convolution(96, 256, kernel=(1, 5, 5), stride=(1, 2, 2), padding=even3), nn.MaxPool3d((1, 3, 3), (1, 2, 2), even3),
            *convolution(256, 256, kernel=(1, 3, 3), padding=even3), *convolution(256, 256, kernel=(1, 3, 3), padding=even3),
            *convolution(256, 256, kernel=(1, 3, 3), padding=even3), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *convolution(256, 512, kernel=(1, 6, 6)),
        )  # fmt: skip
        self.sound_head, self.lips_head = head(), head()

    def embed_sound(self, rows: Tensor) -> Tensor:
        """Embed features of the sound (n, 1, KEPT, ROWS) -> (n, 1024)."""
        found: Tensor = self.sound_head(self.sound(rows).flatten(1))
        return found

    def embed_lips(self, pictures: Tensor) -> Tensor:
        """Embed pictures (n, 3, FRAMES, SIDE, SIDE), blue first, from 0 to 255 -> (n, 1024)."""
        found: Tensor = self.lips_head(self.lips(pictures).flatten(1))
        return found


def converted(files: Mapping[str, Path], folder: Path) -> None:
    """Convert the published file, check that it fits, and write it into a folder."""
    from safetensors.torch import save_file

    (path,) = files.values()
    tensors = convert(read_tensors(path))
    fitted(tensors, path)
    save_file({name: value.contiguous().clone() for name, value in tensors.items()}, folder / f"{FILE}.part")
    (folder / f"{FILE}.part").replace(folder / FILE)


def convert(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name published parameters as ours are named; those that belong to nothing keep their names, and are refused later."""
    made = {}
    for name, value in published.items():
        part, _, rest = name.partition(".")
        made[f"{PARTS.get(part, part)}.{rest}"] = value
    return made


def fitted(tensors: Mapping[str, Tensor], path: Path) -> PublishedSyncNet:
    """Build the network with these parameters, strictly."""
    network = PublishedSyncNet()
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise WeightsError(f"{path} does not fit the published SyncNet: {reason}; get syncnet_v2.model again") from error
    made: PublishedSyncNet = network.eval().requires_grad_(False)
    return made


@cache
def network() -> PublishedSyncNet:
    """Read the user's weights, once."""
    path = ready(BUNDLE) / FILE
    return fitted(read_tensors(path), path)


def features(samples: Array) -> Doubles:
    """Hear samples (n,) at 16,000 a second as python_speech_features does: cepstra of the mel scale (KEPT, rows), 100 rows a second."""
    loud = np.round(np.clip(samples.astype(np.float64), -1, 1) * 32767)
    sharp = np.concatenate([loud[:1], loud[1:] - 0.97 * loud[:-1]])
    count = 1 if len(sharp) <= WINDOW else 1 + -(-(len(sharp) - WINDOW) // STEP)
    padded = np.concatenate([sharp, np.zeros(max((count - 1) * STEP + WINDOW - len(sharp), 0))])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP][:count]
    power = np.abs(np.fft.rfft(windows, SPECTRUM)) ** 2 / SPECTRUM
    least = np.finfo(float).eps
    bands = power @ triangles().T
    order = np.arange(KEPT)[:, None]
    turn = np.cos(np.pi * order * (2 * np.arange(BANDS)[None] + 1) / (2 * BANDS)) * np.sqrt(np.where(order == 0, 1, 2) / BANDS)
    found = np.log(np.where(bands == 0, least, bands)) @ turn.T
    found *= 1 + LIFTED / 2 * np.sin(np.pi * np.arange(KEPT) / LIFTED)
    energy = power.sum(axis=1)
    found[:, 0] = np.log(np.where(energy == 0, least, energy))
    return np.asarray(found.T)


@cache
def triangles() -> Doubles:
    """Give the filters (BANDS, SPECTRUM / 2 + 1) of the mel scale, each rising to its middle and falling again."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), BANDS + 2)
    edges = np.floor((SPECTRUM + 1) * 700 * (10 ** (mel / 2595) - 1) / RATE)
    at = np.arange(SPECTRUM // 2 + 1)[None]
    low, middle, high = (edges[k : k + BANDS, None] for k in range(3))
    rising, falling = (at - low) / np.maximum(middle - low, 1), (high - at) / np.maximum(high - middle, 1)
    return np.asarray(np.where((at >= low) & (at < middle), rising, np.where((at >= middle) & (at < high), falling, 0.0)))


def faces(clip: Clip) -> Bytes:
    """Cut the faces of a watched Clip out as the published pipeline does, at 25 frames a second -> (n, SIDE, SIDE, 3), blue first."""
    points: Track = clip.labels["points"]
    assert clip.frames is not None
    spots = points.values.reshape(len(points), -1, 2)[:, :468]
    known = np.flatnonzero(np.isfinite(spots[:, 0, 0]))
    low, high = np.nanmin(spots[known], axis=1), np.nanmax(spots[known], axis=1)
    boxes = np.concatenate([(low + high) / 2, (high - low).max(axis=1)[:, None] / 2], axis=1)  # middle x, middle y, half size
    every = np.stack([np.interp(np.arange(len(points)), known, boxes[:, k]) for k in range(3)], axis=1)
    count = int(len(points) / points.fps * FPS + 1e-6)
    taken = np.minimum(np.round(np.arange(count) * float(points.fps / FPS)).astype(int), len(points) - 1)
    steady = smoothed(every[taken])
    made = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    for number, (frame, (x, y, half)) in enumerate(zip(taken.tolist(), steady.tolist(), strict=True)):
        wide, grown = 2 * half * (1 + MARGIN), SIDE / (2 * half * (1 + MARGIN))
        move = np.array([[grown, 0, -grown * (x - wide / 2)], [0, grown, -grown * (y - half)]])
        picture = np.ascontiguousarray(clip.frames.images[frame][..., 2::-1])
        made[number] = cv2.warpAffine(picture, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return made


def smoothed(rows: Doubles, width: int = 13) -> Doubles:
    """Take the median of so many rows around each row (n, k)."""
    padded = np.pad(rows, ((width // 2, width // 2), (0, 0)), mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, width, axis=0), axis=-1))


def embedded(net: PublishedSyncNet, pictures: Bytes, rows: Doubles) -> tuple[Tensor, Tensor]:
    """Embed pictures (n, SIDE, SIDE, 3) and features (KEPT, rows) side by side -> (m, 1024) twice."""
    count = min(len(pictures) - FRAMES + 1, (rows.shape[1] - ROWS) // 4 + 1)
    seen, heard = [], []
    for first in range(0, count, TOGETHER):
        at = range(first, min(first + TOGETHER, count))
        faces_at = np.stack([pictures[k : k + FRAMES] for k in at]).transpose(0, 4, 1, 2, 3)
        sound_at = np.stack([rows[None, :, 4 * k : 4 * k + ROWS] for k in at])
        with torch.no_grad():
            seen.append(net.embed_lips(torch.from_numpy(faces_at.astype(np.float32))))
            heard.append(net.embed_sound(torch.from_numpy(sound_at.astype(np.float32))))
    return torch.cat(seen), torch.cat(heard)


def compared(seen: Tensor, heard: Tensor) -> Sync:
    """Compare embeddings (n, 1024) of lips and sound at every lag as the published program does: mean distances, the least of them."""
    padded = nn.functional.pad(heard, (0, 0, REACH, REACH))
    means = [
        float(nn.functional.pairwise_distance(seen, padded[shift : shift + len(seen)]).mean()) for shift in range(2 * REACH + 1)
    ]  # fmt: skip
    curve = np.array(means[::-1], np.float32)  # from the picture being early to it being late
    best = int(curve.argmin())
    return Sync((best - REACH) / float(FPS), float(np.median(curve) - curve[best]), float(curve[best]), curve)


def published_sync(clip: Clip) -> Sync:
    """Compare the face of a watched Clip with its sound by the published network: its LSE-D is `distance`, its LSE-C `confidence`."""
    if clip.speech is None or clip.frames is None or "points" not in clip.labels:
        raise MediaError("a clip needs a face that was watched and sound to be compared")
    pictures, rows = faces(clip), features(heard(clip.speech))
    if min(len(pictures), rows.shape[1] // 4) < 2 * FRAMES:
        raise MediaError("too little of a face is seen to compare it with the sound; 0.4 s are needed")
    return compared(*embedded(network(), pictures, rows))


def heard(speech: Speech) -> Array:
    """Bring a speech to one channel at RATE (n,)."""
    return Resampler(speech.rate)(speech.mono(), True)
