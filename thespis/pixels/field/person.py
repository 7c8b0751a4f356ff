"""A fitted person: a folder with their frames, how their head stands in each, and the field that draws their face."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.portrait import FITTED, SHOWN
from thespis.errors import MediaError, unknown
from thespis.pixels.field.camera import Poses, Shell
from thespis.pixels.field.run import RunningField
from thespis.pixels.field.shape import SHAPES, UPPER
from thespis.types import Array, Bytes

NUMBERS = "person.safetensors"
FPS = Fraction(25)
SHARP = 96  # the quality at which frames are kept, of 100


@dataclass(frozen=True, eq=False)
class Fitted:
    """A person at 25 frames a second: `pictures` are kept JPEG files that lie behind each other and end at `ends` (n,).

    `upper` (n, 7) are the weights of the upper face in each frame, `tensors` the parameters of the field of size `size`.
    """

    size: str
    side: int
    pictures: Bytes
    ends: npt.NDArray[np.int64]
    poses: Poses
    upper: Array
    shell: Shell
    tensors: Mapping[str, Array]

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.ends)

    @cached_property
    def field(self) -> RunningField:
        """The field, ready to draw."""
        return RunningField(SHAPES[self.size], self.tensors)

    def frame(self, number: int) -> Bytes:
        """Read one frame (side, side, 3)."""
        begin = int(self.ends[number - 1]) if number else 0
        picture = cv2.imdecode(self.pictures[begin : int(self.ends[number])], cv2.IMREAD_COLOR)
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)

    def draw(self, number: int, code: Array, upper: Array) -> Bytes:
        """Draw a frame (side, side, 3) with another code of the voice (heard,) and upper face (7,); around the face it is the frame."""
        return pasted(self.field, self.shell, self.poses, number, self.frame(number), code, upper)


def pasted(field: RunningField, shell: Shell, poses: Poses, number: int, frame: Bytes, code: Array, upper: Array) -> Bytes:
    """Draw the face of frame `number` over it: neck, hair and all else are the frame's own."""
    share = shell.share(poses, number, len(frame))
    y, x = np.nonzero(share > 0)
    pixels = np.stack([x, y], axis=1).astype(np.float32) + np.float32(0.5)
    drawn, solid = field.draw(shell, poses, number, pixels, code, upper)
    drawn *= 255
    made = frame.copy()
    # Where the head is nearly nothing the frame shows through.
    weight = (share[y, x] * np.clip(2 * solid, 0, 1))[:, None]
    made[y, x] = np.clip(frame[y, x] * (1 - weight) + drawn * weight + 0.5, 0, 255).astype(np.uint8)
    return made


def packed(frames: Bytes) -> tuple[Bytes, npt.NDArray[np.int64]]:
    """Keep frames (n, side, side, 3) as pictures behind each other, and where each ends (n,)."""
    kept = [cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, SHARP])[1] for frame in frames]
    return np.concatenate([each.ravel() for each in kept]), np.cumsum([each.size for each in kept]).astype(np.int64)


def write_person(person: Fitted, folder: Path, facts: Mapping[str, Any]) -> None:
    """Write a person into a folder, which is one as soon as its last file is there; `facts` go into person.json."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Any] = {f"field.{name}": value for name, value in person.tensors.items()}
    tensors |= {
        "pictures": person.pictures,
        "ends": person.ends,
        "poses.rotations": person.poses.rotations,
        "poses.scales": person.poses.scales,
        "poses.offsets": person.poses.offsets,
        "upper": person.upper,
        "shell.points": person.shell.points,
        "shell.outline": person.shell.outline,
        "shell.centre": person.shell.centre,
    }
    fresh = folder / f"{NUMBERS}.part"
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, fresh)
    fresh.replace(folder / NUMBERS)
    cv2.imwrite(str(folder / SHOWN), cv2.cvtColor(person.frame(0), cv2.COLOR_RGB2BGR))
    text = json.dumps({"recipe": "synctalk", "size": person.size, "side": person.side, "upper": list(UPPER), **facts}, indent=1)
    (folder / FITTED).write_text(text + "\n", encoding="utf-8")


def read_person(folder: Path) -> Fitted:
    """Read a person."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        facts = json.loads((folder / FITTED).read_text(encoding="utf-8"))
        size, side = str(facts["size"]), int(facts["side"])
        if size not in SHAPES:
            raise MediaError(unknown(f"size of the person in {folder}", size, SHAPES))
        held = load_file(folder / NUMBERS)
        poses = Poses(held["poses.rotations"], held["poses.scales"], held["poses.offsets"])
        shell = Shell(held["shell.points"], held["shell.outline"], held["shell.centre"], SHAPES[size].bound)
        tensors = {name.removeprefix("field."): value for name, value in held.items() if name.startswith("field.")}
        person = Fitted(size, side, held["pictures"], held["ends"], poses, held["upper"], shell, tensors)
        _ = person.field
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        what = f"{folder} is no person that can be read ({type(error).__name__})"
        raise MediaError(f"{what}; fit it again: thespis fit synctalk VIDEO") from error
    return person
