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
from thespis.motion.spaces.flame import EXPRESSIONS, FLAME
from thespis.types import Array, Track

BASIS = "openhead"
ARRAYS = {"global_orient": "root", "neck_pose": "neck", "jaw_pose": "jaw", "leye_pose": "eye_left", "reye_pose": "eye_right"}
"""FLAME's names of the joints' arrays."""


def flame_of_face(face: Track) -> dict[str, Array]:
    """Turn `face` into FLAME's arrays by name: expression (T, 50), the rotation vectors of each joint, and transl (T, 3) in metres."""
    from thespis.motion.convert_head import flame_of_face as converted

    flame = converted(face)
    expression = np.stack([flame[f"expression_{number}"] for number in range(EXPRESSIONS)], axis=1)
    return {"expression": expression, **{name: flame[joint] for name, joint in ARRAYS.items()}, "transl": flame["translation"]}


def face_of_flame(arrays: dict[str, Array], fps: Fraction, *, own_basis: bool) -> Track:
    """Turn FLAME's arrays back into `face`; without OpenHead's basis the expression is left out, and joints alone speak."""
    from thespis.motion.convert_head import face_of_flame as converted

    rows = len(arrays["jaw_pose"])
    held = {joint: arrays[name] for name, joint in ARRAYS.items() if name in arrays}
    if "transl" in arrays:
        held["translation"] = arrays["transl"]
    if own_basis:
        held |= {f"expression_{number}": arrays["expression"][:, number] for number in range(EXPRESSIONS)}
    return converted(Track(FLAME, np.zeros((rows, FLAME.size), np.float32), fps).replace(**held))


def write_flame(take: Take, path: Path) -> int:
    """Write a take as FLAME parameters, and count the rows."""
    face = take.face()
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
    sizes = {"expression": EXPRESSIONS, **dict.fromkeys((*ARRAYS, "transl"), 3)}
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
