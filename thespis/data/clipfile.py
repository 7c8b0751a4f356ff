"""A Clip in one file: a safetensors file whose frames are coded as JPEG pictures, so that hours of footage fit a disk."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from thespis.data.shards import arrays_of, clip_of
from thespis.errors import MediaError
from thespis.export.output import write_arrays
from thespis.types import Bytes, Clip

QUALITY = 95
PICTURES, ENDS = "pictures", "picture_ends"


def coded(images: Bytes) -> tuple[Bytes, np.ndarray[Any, Any]]:
    """Code pictures (n, h, w, 3) as JPEG with whole colours -> all their bytes one after the other, and where each ends (n,)."""
    way = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    parts = [np.asarray(cv2.imencode(".jpg", image[:, :, ::-1], way)[1]).ravel() for image in images]
    return np.concatenate(parts), np.cumsum([len(part) for part in parts]).astype(np.int64)


def decoded(data: Bytes, ends: np.ndarray[Any, Any]) -> Bytes:
    """Undo `coded`, up to what JPEG loses."""
    begins = [0, *ends[:-1].tolist()]
    images = [cv2.imdecode(data[begin:end], cv2.IMREAD_COLOR)[:, :, ::-1] for begin, end in zip(begins, ends.tolist(), strict=True)]
    return np.ascontiguousarray(np.stack(images), np.uint8)


def save_clip(clip: Clip, path: Path) -> None:
    """Write a Clip whole or not at all."""
    named, facts = arrays_of(clip, 0)
    arrays = {name.removeprefix("0/"): array for name, array in named.items()}
    if "frames" in arrays:
        arrays[PICTURES], arrays[ENDS] = coded(arrays.pop("frames"))
    write_arrays(path, arrays, {"clip": json.dumps(facts, ensure_ascii=False, sort_keys=True)})


def load_clip(path: Path) -> Clip:
    """Read a Clip that `save_clip` wrote."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="np") as file:
            facts: Mapping[str, Any] = json.loads(file.metadata()["clip"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if PICTURES in arrays:
            arrays["frames"] = decoded(arrays.pop(PICTURES), arrays.pop(ENDS))
        return clip_of(arrays, facts)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, IndexError, cv2.error):
        raise MediaError(f"{path} is damaged or gone; remove it and prepare its clip again") from None
