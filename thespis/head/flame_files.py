"""Read and write FLAME's own file layout (2019, 2020, 2023): a pickle, of which only arrays are ever read and nothing is executed."""

import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thespis.errors import WeightsError
from thespis.head.flame import JOINTS, PARENTS, Flame

Anything = npt.NDArray[np.generic]
PEOPLE, EXPRESSIONS = 300, 100
"""A FLAME file holds 300 columns for people and then 100 for expressions."""
POSE_FEATURES = 9 * (len(JOINTS) - 1)
NO_PARENT = 2**32 - 1
NEEDED = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table")
CODES = frozenset(f"{kind}{size}" for kind, sizes in {"f": "248", "i": "1248", "u": "1248"}.items() for size in sizes) | {"b1"}
FROM = "get FLAME from https://flame.is.tue.mpg.de"


class Refused(Exception):
    """Something in a pickle that is neither an array nor a number nor text."""


class Record:
    """What a pickle says about an object, as plain data; it is never turned into that object."""

    def __init__(self, *arguments: object) -> None:
        """Note how the object was to be made."""
        self.arguments = arguments
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        """Note what the object was to hold."""
        self.state = state


class DtypeRecord(Record):
    """A numpy dtype."""

    def dtype(self) -> np.dtype[np.generic]:
        """Give the dtype, if it is one of plain numbers."""
        code = str(self.arguments[0])
        if code not in CODES:
            raise Refused(f"an array of {code!r}")
        order = self.state[1] if isinstance(self.state, tuple) and len(self.state) > 1 else "<"
        return np.dtype(code).newbyteorder(">" if order in (">", b">") else "<")


class ArrayRecord(Record):
    """A numpy array."""

    def array(self) -> Anything:
        """Give the array."""
        if not isinstance(self.state, tuple) or len(self.state) != 5:
            raise Refused("an unfinished array")
        _, shape, kind, columns_first, data = self.state
        return from_bytes(data, kind, shape, "F" if columns_first else "C")


class ChumpyRecord(Record):
    """An array of chumpy, the library that the older files were made with."""


class SparseRecord(Record):
    """A sparse matrix of scipy, stored by columns."""


class SparseRowsRecord(Record):
    """A sparse matrix of scipy, stored by rows."""


def from_bytes(data: object, kind: object, shape: object, order: object) -> Anything:
    """Make an array from its bytes."""
    if isinstance(data, str):
        data = data.encode("latin1")  # Python 2 wrote bytes as text
    if not isinstance(data, bytes | bytearray) or not isinstance(kind, DtypeRecord) or not isinstance(shape, tuple):
        raise Refused("an array of objects")
    if order not in ("C", "F"):
        raise Refused(f"an array in the order {order!r}")
    flat = np.frombuffer(bytes(data), kind.dtype())
    return np.asarray(flat.reshape(shape, order="F" if order == "F" else "C"))


def reconstructed(kind: object, *_: object) -> Record:
    """Stand in for numpy's and copyreg's makers of empty objects."""
    if kind is ArrayRecord:
        return ArrayRecord()
    if isinstance(kind, type) and issubclass(kind, Record):
        return kind()
    raise Refused(f"an object of {kind!r}")


def scalar(kind: object, data: object) -> Anything:
    """Stand in for numpy's maker of single numbers."""
    return from_bytes(data, kind, (1,), "C").reshape(())


def encoded(text: object, coding: object) -> bytes:
    """Stand in for the encoder by which Python 3 writes bytes into old pickles."""
    if not isinstance(text, str) or coding != "latin1":
        raise Refused(f"text encoded as {coding!r}")
    return text.encode("latin1")


ALLOWED: Mapping[str, Callable[..., object]] = {
    **{f"{numpy}.{name}": reconstructed for numpy in ("numpy.core.multiarray", "numpy._core.multiarray") for name in ("_reconstruct",)},
    **{f"{numpy}.scalar": scalar for numpy in ("numpy.core.multiarray", "numpy._core.multiarray")},
    **{f"{numpy}._frombuffer": from_bytes for numpy in ("numpy.core.numeric", "numpy._core.numeric")},
    **{f"{copyreg}._reconstructor": reconstructed for copyreg in ("copy_reg", "copyreg")},
    **{f"scipy.sparse.{place}.csc_matrix": SparseRecord for place in ("csc", "_csc")},
    **{f"scipy.sparse.{place}.csr_matrix": SparseRowsRecord for place in ("csr", "_csr")},
    "numpy.ndarray": ArrayRecord,
    "numpy.dtype": DtypeRecord,
    "__builtin__.object": Record,
    "builtins.object": Record,
    "__builtin__.set": Record,
    "builtins.set": Record,
    "collections.OrderedDict": Record,
    "_codecs.encode": encoded,
}


class Reader(pickle.Unpickler):
    """An unpickler that knows numbers, text, arrays and sparse matrices, and makes nothing else."""

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        """Give the stand-in for a class or function that a pickle names."""
        if module == "chumpy" or module.startswith("chumpy."):
            return ChumpyRecord
        try:
            return ALLOWED[f"{module}.{name}"]
        except KeyError:
            raise Refused(f"{module}.{name}") from None

    def persistent_load(self, pid: object) -> object:
        """Refuse references to the outside."""
        raise Refused(f"a reference to {pid!r}")


def plain(value: object, path: Path, name: str) -> Anything:
    """Turn what a file holds under a name into an array."""
    if isinstance(value, ChumpyRecord) and isinstance(value.state, dict):
        if "x" in value.state:
            return plain(value.state["x"], path, name)
        if "a" in value.state and "idxs" in value.state:  # a choice of another array's numbers
            chosen = plain(value.state["a"], path, name).ravel()[plain(value.state["idxs"], path, name).astype(np.int64)]
            return chosen.reshape(value.state.get("preferred_shape", chosen.shape))
    if isinstance(value, SparseRecord | SparseRowsRecord) and isinstance(value.state, dict):
        data, places, starts = (plain(value.state[key], path, name) for key in ("data", "indices", "indptr"))
        shape = value.state["_shape"]
        dense = np.zeros(shape, np.float64)
        lines = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        dense[(places, lines) if isinstance(value, SparseRecord) else (lines, places)] = data
        return dense
    if isinstance(value, ArrayRecord):
        return value.array()
    if isinstance(value, np.ndarray):
        return value
    raise WeightsError(f"{path} holds no array under {name!r}, which every FLAME file has; {FROM}")


def read_flame_arrays(path: Path) -> dict[str, Anything]:
    """Read the arrays that the layer needs from a FLAME pickle."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror}; {FROM}") from None
    try:
        held = Reader(io.BytesIO(data), encoding="latin1").load()
        if isinstance(held, Record):
            held = held.state
        if not isinstance(held, dict):
            raise WeightsError(f"{path} is not a FLAME file: it holds no table of arrays; {FROM}")
        absent = [name for name in NEEDED if name not in held]
        if absent:
            raise WeightsError(f"{path} is not a FLAME file: {', '.join(absent)} is absent; {FROM}")
        return {name: plain(held[name], path, name) for name in NEEDED}
    except Refused as refused:
        raise WeightsError(f"{path} is refused: it asks for {refused}, and only plain arrays are read; {FROM}") from None
    except WeightsError:
        raise
    except Exception as error:  # a damaged pickle can break the reader in any way
        raise WeightsError(f"{path} is damaged or not a FLAME file ({type(error).__name__}: {error}); {FROM}") from None


def load_flame(path: Path | str) -> Flame:
    """Load the user's own FLAME file (generic_model.pkl, FLAME_NEUTRAL.pkl, flame2023.pkl ...), in metres, y up, z to the viewer."""
    path = Path(path)
    arrays = read_flame_arrays(path)
    directions, template = arrays["shapedirs"], arrays["v_template"]
    table, count = arrays["kintree_table"], len(template)
    expected = {
        "shapedirs": (count, 3, PEOPLE + EXPRESSIONS), "posedirs": (count, 3, POSE_FEATURES), "v_template": (count, 3),
        "J_regressor": (len(JOINTS), count), "weights": (count, len(JOINTS)), "kintree_table": (2, len(JOINTS)),
    }  # fmt: skip
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise WeightsError(f"{path} is not a FLAME head: {name} is {arrays[name].shape}, expected {shape}; {FROM}")
    parents = tuple(int(parent) for parent in table[0])[1:]
    if parents != PARENTS[1:]:
        raise WeightsError(f"{path} is not a FLAME head: its joints hang on {parents}, expected {PARENTS[1:]}; {FROM}")
    faces = arrays["f"].astype(np.int32)
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.min() < 0 or faces.max() >= count:
        raise WeightsError(f"{path} is not a FLAME head: its triangles name vertices that it has not; {FROM}")
    return Flame(
        template=template.astype(np.float32),
        shape_directions=directions[:, :, :PEOPLE].astype(np.float32),
        expression_directions=directions[:, :, PEOPLE:].astype(np.float32),
        pose_directions=arrays["posedirs"].astype(np.float32),
        regressor=arrays["J_regressor"].astype(np.float32),
        weights=arrays["weights"].astype(np.float32),
        triangles=faces,
    )


def save_flame(model: Flame, path: Path | str) -> None:
    """Write a head as a FLAME pickle: people and expressions padded with zeros to 300 and 100 columns, plain arrays only."""
    count = len(model.template)
    directions = np.zeros((count, 3, PEOPLE + EXPRESSIONS))
    directions[:, :, : model.shape_directions.shape[2]] = model.shape_directions
    directions[:, :, PEOPLE : PEOPLE + model.expression_directions.shape[2]] = model.expression_directions
    table = np.array([[NO_PARENT if parent < 0 else parent for parent in model.parents], range(len(JOINTS))], np.int64)
    held = {
        "v_template": model.template.astype(np.float64),
        "shapedirs": directions,
        "posedirs": model.pose_directions.astype(np.float64),
        "J_regressor": model.regressor.astype(np.float64),
        "J": (model.regressor @ model.template).astype(np.float64),
        "weights": model.weights.astype(np.float64),
        "f": model.triangles.astype(np.uint32),
        "kintree_table": table,
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }
    Path(path).write_bytes(pickle.dumps(held, protocol=2))


def save_landmarks(model: Flame, points: Sequence[int], path: Path | str) -> None:
    """Write `flame_static_embedding.pkl`, which FLAME's tools read landmarks from: here each lies on a vertex of the head."""
    owners = [int(np.flatnonzero((model.triangles == point).any(axis=1))[0]) for point in points]
    shares = (model.triangles[owners] == np.array(points)[:, None]).astype(np.float64)
    held = {"lmk_face_idx": np.array(owners, np.int64), "lmk_b_coords": shares}
    Path(path).write_bytes(pickle.dumps(held, protocol=2))
