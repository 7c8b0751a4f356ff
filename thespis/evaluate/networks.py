"""Networks for measuring that cannot ship with Thespis: the user's own ONNX files, found by name in the folder of the user's weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from thespis.errors import WeightsError
from thespis.evaluate.metric import Doubles
from thespis.types import Array, Bytes
from thespis.weights import bundle, ready, record_of, user_folder


@dataclass(frozen=True)
class Wanted:
    """A network that may be brought: its `file`, what it takes and gives, and the `metric` it is for."""

    metric: str
    file: str
    takes: str
    gives: str


WANTED = {
    "identity.recognised": Wanted(
        "identity.recognised", "face_recognition.onnx", "faces (n, 3, 112, 112) aligned as for ArcFace, from -1 to 1", "embeddings (n, d)"
    ),
    "image.lpips": Wanted("image.lpips", "lpips.onnx", "two inputs of pictures (n, 3, h, w) from -1 to 1", "one distance a pair"),
    "image.fid": Wanted("image.fid", "fid.onnx", "pictures (n, 3, 299, 299) from -1 to 1", "features (n, 2048)"),
    "image.fvd": Wanted("image.fvd", "fvd.onnx", "16 frames (n, 3, 16, 224, 224) from -1 to 1", "features (n, 400)"),
}
"""By metric, each as an ONNX export of the published network."""
PUBLISHED = {f"sync.published_{name}": "syncnet" for name in ("distance", "confidence", "offset")}
"""By metric, which weights of other people it needs (`thespis weights`)."""


def place_of(metric: str) -> Path:
    """Give the path at which the network of a metric is looked for."""
    return user_folder() / WANTED[metric].file


def missing(metric: str) -> str | None:
    """Say in one line what is missing for a metric, None where nothing is."""
    if metric in PUBLISHED:
        return absent(metric)
    wanted = WANTED.get(metric)
    if wanted is None or place_of(metric).is_file():
        return None
    return f"{metric} needs your own network: put an ONNX file that takes {wanted.takes} and gives {wanted.gives} at {place_of(metric)}"


def absent(metric: str) -> str | None:
    """Say in one line why a published network cannot be run, None where it can."""
    known = bundle(PUBLISHED[metric])
    try:
        if record_of(known) is None:
            files = ", ".join(published[0] for published in known.files.values())
            return f"{metric} needs your copy of {files}: thespis weights {known.name} tells where it is; --from FOLDER puts it in place"
        ready(known.name)
    except WeightsError as error:
        return f"{metric} needs weights of your own: {error}"
    return None if find_spec("torch") else f"{metric} needs torch, which is not installed: pip install 'thespis[train]'"


def session(metric: str) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """Open the network of a metric, or say how to get one."""
    lacking = missing(metric)
    if lacking is not None:
        raise WeightsError(lacking)
    return opened(place_of(metric))


@cache
def opened(path: Path) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """Open an ONNX file once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common class
        raise WeightsError(f"{path} is not an ONNX network that can be opened ({' '.join(str(error).split())[:120]})") from None


def ran(metric: str, *given: Array) -> Doubles:
    """Run the network of a metric on its inputs -> its first output, flat for each item (n, d)."""
    network = session(metric)
    names = [each.name for each in network.get_inputs()]
    wanted = WANTED[metric]
    if len(names) != len(given):
        raise WeightsError(f"{place_of(metric)} takes {len(names)} inputs; {metric} needs a network that takes {wanted.takes}")
    try:
        found = np.asarray(network.run(None, dict(zip(names, given, strict=True)))[0], np.float64)
    except Exception as error:  # onnxruntime's own errors have no common class
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(f"{place_of(metric)} does not take {wanted.takes} ({reason})") from None
    return found.reshape(len(given[0]) if found.ndim and found.shape[0] == len(given[0]) else 1, -1)


def signed(pictures: Bytes) -> Array:
    """Turn pictures (n, height, width, 3) into (n, 3, height, width) from -1 to 1."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)


def face_recognition() -> Callable[[Bytes], Doubles]:
    """Give the function that embeds one aligned face (112, 112, 3) with the user's network -> (d,) of length 1."""
    session("identity.recognised")

    def embed(face: Bytes) -> Doubles:
        found = ran("identity.recognised", signed(face[None]))[0]
        return np.asarray(found / max(float(np.linalg.norm(found)), 1e-9))

    return embed
