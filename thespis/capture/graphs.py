"""Run the face networks inside MediaPipe's wheel (Apache-2.0) by its compiled part alone.

`import mediapipe` would load matplotlib, a sound library and much else for a second; nothing of that is needed to run a graph.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import machinery, util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis.errors import ThespisError
from thespis.types import Array, Bytes

COMPILED = "mediapipe.python._framework_bindings"
STEP = 33333  # microseconds from one picture to the next; only that they grow matters
LANDMARK = 17  # bytes: its length, then x, y and z with a tag each
GRAPHS = {
    "mesh": ("face_landmark/face_landmark_front_cpu", "multi_face_landmarks", 0.3),
    "near": ("face_detection/face_detection_short_range_cpu", "detections", None),
    "far": ("face_detection/face_detection_full_range_cpu", "detections", None),
    "person": ("selfie_segmentation/selfie_segmentation_cpu", "segmentation_mask", None),
}
"""Where each graph is in the wheel, what it gives, and how sure it must be of a face where that is not what the graph says."""


@cache
def wheel() -> Path:
    """Find the folder of MediaPipe's wheel without importing it."""
    found = util.find_spec("mediapipe")
    if found is None or found.origin is None:
        raise ThespisError("the face networks are missing; install the wheel that carries them: pip install mediapipe==0.10.21")
    return Path(found.origin).parent


@cache
def compiled() -> Any:  # noqa: ANN401 - a compiled module
    """Load the compiled part of MediaPipe; a later `import mediapipe` finds it and goes on with it."""
    if COMPILED not in sys.modules:
        files = [path for suffix in machinery.EXTENSION_SUFFIXES for path in (wheel() / "python").glob(f"_framework_bindings*{suffix}")]
        spec = util.spec_from_file_location(COMPILED, files[0]) if files else None
        if spec is None or spec.loader is None:
            raise ThespisError("mediapipe is broken; install it again: pip install --force-reinstall mediapipe==0.10.21")
        module = util.module_from_spec(spec)
        # Under its own name, or `import mediapipe` would register its types twice and fail.
        sys.modules[COMPILED] = module
        spec.loader.exec_module(module)
    sys.modules[COMPILED].resource_util.set_resource_dir(str(wheel().parent))
    return sys.modules[COMPILED]


class Graph:
    """One network with what comes before and after it: a picture goes in, one packet comes out."""

    def __init__(self, name: str) -> None:
        """Build the graph of that name in GRAPHS."""
        self._parts = compiled()
        place, self._output, sure = GRAPHS[name]
        config = self._parts.validated_graph_config.ValidatedGraphConfig()
        config.initialize(binary_graph_path=str(wheel() / "modules" / f"{place}.binarypb"))
        text: str = config.text_config
        if sure is not None:
            text = re.sub(r"min_score_thresh: [\d.]+", f"min_score_thresh: {sure}", text)
        self._graph = self._parts.calculator_graph.CalculatorGraph(graph_config=text)
        self._given: dict[str, Any] = {}
        self._graph.observe_output_stream(self._output, self._given.__setitem__, True)
        make = self._parts._packet_creator
        sides = {"person": {"model_selection": make.create_int(0)}}
        if name == "mesh":
            sides["mesh"] = {
                "num_faces": make.create_int(1),
                "with_attention": make.create_bool(True),
                "use_prev_landmarks": make.create_bool(False),
            }
        self._graph.start_run(sides.get(name, {}))
        self._time = 0

    def __call__(self, picture: npt.NDArray[Any]) -> Any:  # noqa: ANN401 - a packet of MediaPipe's
        """Look at a picture (height, width, 3) of bytes -> what came out, or None."""
        self._given.clear()
        self._time += STEP
        kind = self._parts.image_frame.ImageFormat.SRGB
        packet = self._parts._packet_creator._create_image_frame_from_pixel_data(kind, np.ascontiguousarray(picture), True)
        self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(self._time))
        self._graph.wait_until_idle()
        packet = self._given.get(self._output)
        return None if packet is None or packet.is_empty() else packet

    def messages(self, picture: npt.NDArray[Any]) -> list[bytes]:
        """Look at a picture -> the messages that came out, in the bytes of protocol buffers."""
        packet = self(picture)
        found: list[bytes] = [] if packet is None else self._parts._packet_getter._get_serialized_proto_list(packet)
        return found

    def mask(self, picture: Bytes) -> Array:
        """Look at a picture (h, w, 3) -> a mask (h, w) from 0 to 1."""
        packet = self(picture)
        return np.array(self._parts._packet_getter.get_image_frame(packet).numpy_view(), np.float32)


def landmarks(message: bytes) -> Array:
    """Read a list of landmarks -> points (n, 3), in shares of the picture."""
    rows = np.frombuffer(message, np.uint8).reshape(-1, LANDMARK)
    numbers = rows[:, [3, 4, 5, 6, 8, 9, 10, 11, 13, 14, 15, 16]]
    return np.ascontiguousarray(numbers).view("<f4").reshape(-1, 3)


def detection(message: bytes) -> tuple[float, float, float, float, float]:
    """Read where a face may be: left, top, width and height in shares of the picture, and the score."""
    outer = dict(fields(message))
    box = dict(fields(dict(fields(outer[4]))[3]))
    left, top, wide, high = (float(np.frombuffer(box[number], "<f4")[0]) for number in (1, 2, 3, 4))
    return left, top, wide, high, float(np.frombuffer(outer[3], "<f4")[0])


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Take a message of protocol buffers apart: the number and the bytes of each field, numbers of variable length left out."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = number()
        kind = key & 7
        if kind == 0:
            number()
            continue
        size = number() if kind == 2 else (4 if kind == 5 else 8)
        yield key >> 3, message[at : at + size]
        at += size
