"""Face curves in the layouts other tools read: Live Link Face's CSV (61 curves and a time code), JSON, and npz; and back again."""

import csv
import json
import math
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis.errors import MediaError
from thespis.export.heading import HIGHEST_FPS
from thespis.export.output import write_error
from thespis.export.take import Take
from thespis.motion.convert import arkit_of_face
from thespis.motion.spaces.arkit import ANGLES, ARKIT_CURVES, ARKIT_EYES, LIVE_LINK
from thespis.types import Array, Channel, Space, Track, linear

TIMECODE = re.compile(r"(\d{1,2})[:;](\d{1,2})[:;](\d{1,2})[:;.](\d{1,3}(?:\.\d{1,9})?)")
CLOCKS = (24, 25, 30, 48, 50, 60, 100, 120, 240)  # frames a second that time codes count in
DAY = 24 * 3600
OPTIONAL = {name.lower() for name in (*ANGLES, "tongueOut")}  # older apps have no tongue, and head and eyes can be switched off
MOST_FILLED = 20  # rows that may be filled in for each one that was recorded
STEADY = 2e-4  # a clock this close to its nominal rate is taken for it
LARGEST_NPZ = 1 << 30
npy: Any = np.lib.format  # numpy declares no types for it

CONFIDENCE = linear("confidence", "confidence")
"""1 where a row was measured, 0 where it was filled in between its neighbours."""


@dataclass(frozen=True)
class Recording:
    """Imported curves: a Track in the Space `arkit`, which rows were measured, and the time code of the first with its clock."""

    curves: Track
    confidence: Track
    timecode: str = ""
    clock: int = 0


def heads() -> tuple[str, ...]:
    """Name the columns of a Live Link Face CSV: Apple's names with a capital."""
    return ("Timecode", "BlendshapeCount", *(name[0].upper() + name[1:] for name in ARKIT_CURVES.names))


def curves_of(take: Take) -> Track:
    """Read a take's performance as the 61 curves; what a recording said about its eyes is given back."""
    first = take.names[0]
    if take.heading.tracks[first].space == ARKIT_CURVES:
        return take.track()
    return arkit_of_face(take.face(), take.beside(ARKIT_EYES))


def written_whole(path: Path, write: Callable[[Any], None]) -> None:
    """Write a text file by a function of the open file, whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            write(file)
        temporary.replace(path)
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


def timecode(number: float, clock: int) -> str:
    """Write a number of frames of a clock as hours:minutes:seconds:frames with thousandths."""
    thousandths = round(number * 1000) % (DAY * clock * 1000)
    seconds, rest = divmod(thousandths, clock * 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}:{rest // 1000:02}.{rest % 1000:03}"


def write_csv(curves: Track, path: Path, *, first: str = "", clock: int = 0) -> None:
    """Write curves in Live Link Face's layout; `first` is the time code of row 0, counted in frames of `clock` a second."""
    clock = clock or max(math.ceil(curves.fps), 1)
    begin = read_timecode(first, clock) if first else 0.0

    def write(file: Any) -> None:  # noqa: ANN401
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heads())
        for number, row in enumerate(curves.values.astype(np.float64).tolist(), start=curves.start):
            time = timecode(begin + float(number * clock / curves.fps), clock)
            writer.writerow([time, ARKIT_CURVES.size, *(f"{value:.9g}" for value in row)])

    written_whole(path, write)


def write_json(curves: Track, path: Path) -> None:
    """Write the 52 weights in the layout that Audio2Face's blend-shape export uses, with the nine angles in radians beside them."""
    weights = [ARKIT_CURVES.column(name) for name in LIVE_LINK]
    angles = [ARKIT_CURVES.column(name) for name in ANGLES]
    facts = {"exportFps": float(curves.fps), "fps": str(curves.fps), "numPoses": len(weights), "numFrames": len(curves)}
    rounded = np.round(curves.values.astype(np.float64), 7)
    lists = {
        "facsNames": list(LIVE_LINK),
        "weightMat": rounded[:, weights].tolist(),
        "angleNames": list(ANGLES),
        "angleMat": rounded[:, angles].tolist(),
    }
    written_whole(path, lambda file: json.dump(facts | lists, file))


def write_npz(take: Take, path: Path) -> None:
    """Write every track of a take as plain arrays: NAME.values, NAME.channels, NAME.kinds, NAME.sizes, NAME.fps and NAME.start."""
    arrays: dict[str, npt.NDArray[Any]] = {"tracks": np.array(take.names)}
    for name in take.names:
        track = take.track(name)
        channels = track.space.channels
        arrays |= {
            f"{name}.space": np.array(track.space.name),
            f"{name}.values": track.values,
            f"{name}.channels": np.array(track.space.names),
            f"{name}.kinds": np.array([channel.kind for channel in channels]),
            f"{name}.sizes": np.array([channel.size for channel in channels]),
            f"{name}.fps": np.array([track.fps.numerator, track.fps.denominator]),
            f"{name}.start": np.array(track.start),
        }
    temporary = path.with_name(f".{path.name}.part.npz")
    try:
        np.savez_compressed(temporary, **arrays)
        temporary.replace(path)
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


def read_npz(path: Path) -> dict[str, Track]:
    """Read the tracks that `write_npz` wrote; arrays of Python objects are refused, and nothing larger than the file says is made."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {name.removesuffix(".npy"): member(archive, name) for name in archive.namelist()}
        return dict(tracks_in(arrays))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, NotImplementedError, RuntimeError) as error:
        raise MediaError(f"{path} is not an npz that thespis export wrote ({first_line(error)}); export it again") from None


def first_line(error: Exception) -> str:
    """Cut a complaint to one short line."""
    return " ".join(str(error).split())[:80] or type(error).__name__


def member(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """Read one array of an archive after checking its size against what the archive says."""
    info = archive.getinfo(name)
    if sum(part.file_size for part in archive.infolist()) > LARGEST_NPZ:
        raise ValueError("it is larger than 1 GiB")
    with archive.open(name) as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, kind = read(file)
    if kind.hasobject or any(side < 0 for side in shape) or math.prod(shape) * kind.itemsize > info.file_size:
        raise ValueError(f"its array {name!r} is not what it says")
    with archive.open(name) as file:
        array: npt.NDArray[Any] = npy.read_array(file, allow_pickle=False)
    return array


def tracks_in(arrays: Mapping[str, npt.NDArray[Any]]) -> Iterator[tuple[str, Track]]:
    """Put the arrays of an npz together again."""
    for name in arrays["tracks"].tolist():
        values = np.asarray(arrays[f"{name}.values"], np.float32)
        if not np.isfinite(values).all():
            raise ValueError(f"the track {name!r} holds values that are not finite numbers")
        parts = (arrays[f"{name}.{part}"].tolist() for part in ("channels", "kinds", "sizes"))
        space = Space(str(arrays[f"{name}.space"]), tuple(Channel(str(n), k, int(size)) for n, k, size in zip(*parts, strict=True)))
        over, under = (int(part) for part in arrays[f"{name}.fps"].tolist())
        yield name, Track(space, values, Fraction(over, under), int(arrays[f"{name}.start"]))


def read_json(path: Path, fps: Fraction | None = None) -> Recording:
    """Read weights as `write_json` or Audio2Face's blend-shape export write them; what they do not name stays at rest."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
        names, weights = list(found["facsNames"]), np.array(found["weightMat"], np.float32, ndmin=2)
        if "angleMat" in found:
            names, weights = names + list(found["angleNames"]), np.concatenate([weights, np.array(found["angleMat"], np.float32)], axis=1)
        rate = fps or (Fraction(found["fps"]) if "fps" in found else Fraction(found["exportFps"]).limit_denominator(1001))
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError, ZeroDivisionError, OverflowError) as error:
        raise MediaError(f"{path} has no facsNames, weightMat and exportFps that fit together ({first_line(error)})") from None
    if weights.shape[1:] != (len(names),) or not len(weights) or not np.isfinite(weights).all() or not 0 < rate <= HIGHEST_FPS:
        raise MediaError(f"{path} needs one finite number for each of its {len(names)} names in every row, and a frame rate")
    places = {str(name).lower(): number for number, name in enumerate(names)}
    if not {name.lower() for name in LIVE_LINK} & set(places):
        raise MediaError(f"{path} has no weights with ARKit's names (jawOpen, mouthSmileLeft ...)")
    rest = np.zeros(len(weights), np.float32)
    rows = [weights[:, places[name.lower()]] if name.lower() in places else rest for name in ARKIT_CURVES.names]
    return filled(np.arange(len(weights)), np.stack(rows, axis=1), len(weights), rate)


def read_csv(path: Path, fps: Fraction | None = None) -> Recording:
    """Read a Live Link Face CSV; rows that are missing by their time code, or that hold no face, are filled in and marked."""
    try:
        with path.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
            times, rows = read_rows(csv.reader(file), path)
    except FileNotFoundError:
        raise MediaError(f"there is no file {path}; give the CSV of a face recording") from None
    except (UnicodeDecodeError, csv.Error):
        raise MediaError(f"{path} is not a CSV text file in UTF-8; export it again") from None
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}") from None
    seen = np.isfinite(rows).all(axis=1)
    if not seen.any():
        raise MediaError(f"{path} holds no row with a face; record it again")
    if fps is None:
        return on_clock(path, times, rows, seen)
    places = np.arange(len(rows))
    return filled(places[seen], rows[seen], len(rows), fps)


def read_rows(lines: Iterable[Sequence[str]], path: Path) -> tuple[list[str], Array]:
    """Read the time codes and the curves (n, 61), not-a-number where a cell is empty."""
    found = iter(lines)
    names = [name.strip().lower() for name in next(found, [])]
    missing = [name for name in ARKIT_CURVES.names if name.lower() not in names and name.lower() not in OPTIONAL]
    if missing:
        raise MediaError(
            f"{path} has no column {missing[0]!r}"
            + (f" and {len(missing) - 1} more are missing" if len(missing) > 1 else "")
            + "; a face recording needs the 52 ARKit names in its first line"
        )
    places = [names.index(name.lower()) if name.lower() in names else None for name in ARKIT_CURVES.names]
    clock = names.index("timecode") if "timecode" in names else None
    times, rows = list[str](), list[list[float]]()
    for number, cells in enumerate(found, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            rows.append([0.0 if k is None else float(cells[k]) if k < len(cells) and cells[k].strip() else math.nan for k in places])
        except ValueError as error:
            raise MediaError(f"line {number} of {path} holds something that is not a number: {first_line(error)}") from None
        if any(math.isinf(value) or abs(value) > 1e6 for value in rows[-1]):
            raise MediaError(f"line {number} of {path} holds a value far beyond any face; export it again")
        times.append(cells[clock].strip() if clock is not None and clock < len(cells) else "")
    return times, np.array(rows, np.float32).reshape(len(rows), ARKIT_CURVES.size)


def read_timecode(text: str, clock: int) -> float:
    """Read hours:minutes:seconds:frames as a number of frames."""
    match = TIMECODE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    hours, minutes, seconds = (int(part) for part in match.groups()[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * clock + float(match[4])


def on_clock(path: Path, times: list[str], rows: Array, seen: npt.NDArray[np.bool_]) -> Recording:
    """Place rows by their time codes; the clock is the slowest one that has all the frame numbers seen."""
    matches = [TIMECODE.fullmatch(time) for time in times]
    if len(times) < 2 or not all(matches):
        raise MediaError(f"{path} has no time code on every line, so its frame rate is unknown; say it with --fps")
    most = max(float(match[4]) for match in matches if match)
    clock = next((rate for rate in CLOCKS if rate > most), CLOCKS[-1])
    frames = np.array([read_timecode(time, clock) for time in times])
    steps = np.diff(frames)
    steps = np.where(steps < -DAY * clock / 2, steps + DAY * clock, steps)  # past midnight
    if (steps <= -1).any():
        raise MediaError(f"line {int(np.argmax(steps <= -1)) + 3} of {path} is earlier than the line before; cut the file there")
    usual = max(round(float(np.median(steps))), 1)
    step = float(steps[np.round(steps) == usual].mean()) if (np.round(steps) == usual).any() else float(usual)
    rate = Fraction(clock, usual) if abs(step / usual - 1) < STEADY else Fraction(clock / step).limit_denominator(1000)
    places = np.concatenate([[0], np.cumsum(np.round(steps / step).astype(np.int64))])
    if places[-1] > MOST_FILLED * len(rows) + 1000:
        raise MediaError(f"{path} has gaps of {places[-1] / float(rate):.0f} s in all between its lines; cut it into its recordings")
    kept = seen & np.concatenate([[True], np.diff(places) > 0])
    made = filled(places[kept], rows[kept], int(places[-1]) + 1, rate)
    return Recording(made.curves, made.confidence, times[0], clock)


def filled(places: npt.NDArray[np.int64], rows: Array, count: int, fps: Fraction) -> Recording:
    """Spread rows over their places and go straight between them where some are missing."""
    there = np.arange(count)
    values = np.stack([np.interp(there, places, column) for column in rows.T], axis=1).astype(np.float32)
    values[places] = rows
    measured = np.zeros((count, 1), np.float32)
    measured[places] = 1.0
    return Recording(Track(ARKIT_CURVES, values, fps), Track(CONFIDENCE, measured, fps))
