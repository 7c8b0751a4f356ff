"""Takes as FLAME parameters in an npz, and back: expression, jaw, neck and eyes in FLAME's axes, with OpenHead's expression basis.

Rotation vectors are in radians with y up and z to the viewer, as FLAME has them. The 50 expression numbers belong to OpenHead: with
another head's basis they mean nothing, so the file says whose they are.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import numpy.typing as npt

from thespis.errors import MediaError
from thespis.export.arkit import first_line, member
from thespis.export.output import Output, write_error
from thespis.export.take import Take
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.types import Array, Track

BASIS = "openhead"
HEAD_FIRST = ("root", "neck", "jaw", "eye_left", "eye_right")


def flame_of_face(face: Track) -> dict[str, Array]:
    """Turn `face` into FLAME's arrays by name: expression (T, 50), the rotation vectors of each joint, and transl (T, 3) in metres."""
    from thespis.head.openhead import FLAME_AXES, METRES, load_openhead

    head = load_openhead()
    weights = np.stack([face[name] for name in ARKIT], axis=1)
    gaze = np.stack([face[f"gaze_{side}_{way}"] for side in ("left", "right") for way in ("yaw", "pitch")], axis=1)
    expression, rotations = head.to_flame(weights, face["head_rotation"], gaze)
    turns = {name: rotations[:, number] * FLAME_AXES for number, name in enumerate(HEAD_FIRST)}
    return {
        "expression": expression,
        "global_orient": turns["root"],
        "neck_pose": turns["neck"],
        "jaw_pose": turns["jaw"],
        "leye_pose": turns["eye_left"],
        "reye_pose": turns["eye_right"],
        "transl": np.asarray(face["head_translation"] * FLAME_AXES * METRES, np.float32),
    }


def face_of_flame(arrays: dict[str, Array], fps: Fraction, *, own_basis: bool) -> Track:
    """Turn FLAME's arrays back into `face`; without OpenHead's basis the expression is left out, and joints alone speak."""
    from thespis.head.openhead import FLAME_AXES, METRES, load_openhead

    head = load_openhead()
    rows = len(arrays["jaw_pose"])
    names = dict(zip(HEAD_FIRST, ("global_orient", "neck_pose", "jaw_pose", "leye_pose", "reye_pose"), strict=True))
    none = np.zeros((rows, 3), np.float32)
    rotations = np.stack([arrays.get(names[name], none) * FLAME_AXES for name in HEAD_FIRST], axis=1)
    count = len(head.expression_deviation)
    expression = arrays["expression"] if own_basis else np.zeros((rows, count), np.float32)
    weights, turned, gaze = head.from_flame(expression, rotations)
    track = Track(FACE, np.zeros((rows, FACE.size), np.float32), fps)
    looks = {f"gaze_{side}_{way}": gaze[:, 2 * i + j] for i, side in enumerate(("left", "right")) for j, way in enumerate(("yaw", "pitch"))}
    moved = arrays.get("transl", none) * FLAME_AXES / METRES
    return track.replace(
        **{name: weights[:, number] for number, name in enumerate(ARKIT)}, head_rotation=turned, head_translation=moved, **looks
    )


def write_flame(take: Take, path: Path) -> int:
    """Write a take as FLAME parameters, and count the rows."""
    face = take.motion(FACE)
    facts = {"fps": np.array([face.fps.numerator, face.fps.denominator]), "basis": np.array(BASIS)}
    output = Output(path)
    try:
        with output.temporary.open("wb") as file:
            np.savez_compressed(file, **flame_of_face(face), **facts)
        output.publish()
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        output.discard()
    return len(face)


def is_flame(path: Path) -> bool:
    """Tell whether an npz holds FLAME parameters."""
    try:
        with ZipFile(path) as archive:
            return "jaw_pose.npy" in archive.namelist()
    except (OSError, BadZipFile):
        return False


def read_flame(path: Path, fps: Fraction | None = None) -> tuple[Track, bool]:
    """Read FLAME parameters as `face`, and tell whether their expression could be used; `fps` is needed where the file has none."""
    try:
        with ZipFile(path) as archive:
            found: dict[str, npt.NDArray[Any]] = {name.removesuffix(".npy"): member(archive, name) for name in archive.namelist()}
    except (OSError, BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
        raise MediaError(f"{path} is not an npz that can be read ({first_line(error)}); save it again without Python objects") from None
    own = str(found.get("basis", "")) == BASIS
    sizes = {"expression": 50, **dict.fromkeys(("global_orient", "neck_pose", "jaw_pose", "leye_pose", "reye_pose", "transl"), 3)}
    rows = len(found["jaw_pose"]) if found["jaw_pose"].ndim == 2 else -1
    arrays = {}
    for name, size in sizes.items():
        if name not in found or (name == "expression" and not own):
            continue
        if found[name].shape != (rows, size) or found[name].dtype.kind not in "fiu" or not np.isfinite(found[name]).all():
            raise MediaError(f"{path} needs {name} as finite numbers of shape (rows, {size}), not {found[name].dtype} {found[name].shape}")
        arrays[name] = found[name].astype(np.float32)
    if own and "expression" not in arrays:
        raise MediaError(f"{path} says that its expression is OpenHead's, but holds none; export it again")
    stated = found.get("fps", np.zeros(0))
    if fps is None and stated.shape == (2,) and stated.dtype.kind in "iu" and (stated > 0).all():
        fps = Fraction(int(stated[0]), int(stated[1]))
    if fps is None:
        raise MediaError(f"{path} does not say its frame rate; say it with --fps")
    return face_of_flame(arrays, fps, own_basis=own), own
