"""Write a take for other tools; the name of the output says what, and --as chooses where a name has two meanings.

thespis export performance.take -o curves.csv
thespis export performance.take -o cues.tsv
thespis export performance.take --as metahuman -o controls.csv
thespis export performance.take -o vmc://127.0.0.1:39539
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.errors import MediaError, UsageError, unknown
from thespis.export.output import check_writable

if TYPE_CHECKING:
    from thespis.export.take import Take

BY_SUFFIX: Mapping[str, tuple[str, ...]] = {
    ".csv": ("arkit", "metahuman", "rig"),
    ".json": ("arkit", "cues"),
    ".npz": ("npz", "flame"),
    ".tsv": ("cues",),
    ".xml": ("cues",),
    ".srt": ("subtitles",),
    ".vtt": ("subtitles",),
    ".textgrid": ("textgrid",),
    ".glb": ("gltf",),
    ".usda": ("usd",),
    ".usdc": ("usd",),
}
STREAMS = ("vmc", "livelink")


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis export`."""
    parser.add_argument("take", metavar="TAKE")
    parser.add_argument("--as", dest="layout", metavar="LAYOUT", help="metahuman or rig for .csv, cues for .json, flame for .npz")
    parser.add_argument("--mesh", type=Path, metavar="OWN.glb", help="animate your own mesh, whose morph targets have ARKit's names")
    parser.add_argument("--name", default="Thespis", help="what a live receiver calls this face (Thespis)")
    help_output = f"{' '.join(BY_SUFFIX)}, or live: vmc://HOST:PORT, livelink://HOST:PORT"
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help=help_output)


def to_arkit(take: "Take", path: Path) -> str:
    """Write the 61 curves as CSV or JSON."""
    from thespis.export.arkit import TIMECODE, curves_of, write_csv, write_json

    curves = curves_of(take)
    if path.suffix.lower() == ".json":
        write_json(curves, path)
    else:
        labels = take.heading.labels
        first, clock = labels.get("timecode"), labels.get("clock")
        if isinstance(first, str) and TIMECODE.fullmatch(first) and isinstance(clock, int) and 1 <= clock <= 1000:
            write_csv(curves, path, first=first, clock=clock)
        else:
            write_csv(curves, path)
    return f"{len(curves)} rows of {curves.space.size} curves at {float(curves.fps):g} a second"


def to_npz(take: "Take", path: Path) -> str:
    """Write every track as plain arrays."""
    from thespis.export.arkit import write_npz

    write_npz(take, path)
    return f"{len(take.names)} tracks: {', '.join(take.names)}"


def to_metahuman(take: "Take", path: Path) -> str:
    """Write MetaHuman controls."""
    from thespis.export.metahuman import write_metahuman

    return f"{write_metahuman(take, path)} rows of MetaHuman controls (an approximate mapping)"


def to_rig(take: "Take", path: Path) -> str:
    """Write the 174 controls of a MetaHuman's face board."""
    from thespis.export.rig import write_rig

    return f"{write_rig(take, path)} rows of controls of a MetaHuman's face board"


def to_cues(take: "Take", path: Path) -> str:
    """Write mouth cues in Rhubarb's layouts."""
    from thespis.export.mouth_cues import write_cues

    return f"{write_cues(take, path)} mouth cues"


def to_subtitles(take: "Take", path: Path) -> str:
    """Write subtitles."""
    from thespis.export.subtitles import write_subtitles

    return f"{write_subtitles(take, path)} captions"


def to_textgrid(take: "Take", path: Path) -> str:
    """Write words and phones for Praat."""
    from thespis.export.textgrid import write_textgrid

    return f"{write_textgrid(take, path)} words and phones"


def to_flame(take: "Take", path: Path) -> str:
    """Write FLAME parameters with OpenHead's basis."""
    from thespis.export.flame import write_flame

    return f"{write_flame(take, path)} rows of FLAME parameters in OpenHead's basis"


def to_gltf(take: "Take", path: Path, own: Path | None = None) -> str:
    """Write an animated mesh as glTF."""
    from thespis.export.gltf import write_gltf

    return f"{write_gltf(take, path, own)} rows on {'OpenHead' if own is None else own.name}"


def to_usd(take: "Take", path: Path) -> str:
    """Write an animated mesh as USD."""
    from thespis.export.usd import write_usd

    return f"{write_usd(take, path)} rows on OpenHead"


WRITERS: Mapping[str, Callable[["Take", Path], str]] = {
    "arkit": to_arkit,
    "metahuman": to_metahuman,
    "cues": to_cues,
    "flame": to_flame,
    "gltf": to_gltf,
    "npz": to_npz,
    "rig": to_rig,
    "subtitles": to_subtitles,
    "textgrid": to_textgrid,
    "usd": to_usd,
}


def stream(args: Namespace) -> int:
    """Send a take to a live receiver."""
    from thespis.export import live, livelink, vmc
    from thespis.export.take import open_take

    protocol, host, port = live.address(args.output)
    if protocol not in STREAMS:
        raise UsageError(unknown("live protocol", protocol, STREAMS))
    take = open_take(args.take)
    frames = vmc.frames(take) if protocol == "vmc" else livelink.frames(take, args.name)
    count = live.send(frames, take.heading.tracks[take.names[0]].fps, host, port)
    print(f"sent {count} rows to {host}:{port}")
    return 0


def main(args: Namespace) -> int:
    """Find the layout, check the output, and write."""
    if "://" in args.output:
        return stream(args)
    from thespis.export.take import open_take

    path = Path(args.output)
    known = BY_SUFFIX.get(path.suffix.lower())
    if known is None:
        raise MediaError(f"cannot export to {path.name!r}; use {', '.join(BY_SUFFIX)}, vmc://HOST:PORT or livelink://HOST:PORT")
    layout = args.layout or known[0]
    if layout not in known:
        raise UsageError(unknown(f"layout of a {path.suffix} file", layout, known))
    check_writable(path, (args.take, args.mesh))
    if path.is_dir():
        raise MediaError(f"{path} is a folder; name a file")
    take = open_take(args.take)
    if args.mesh is not None and layout != "gltf":
        raise UsageError(f"--mesh is for .glb outputs, not for {path.name!r}")
    told = to_gltf(take, path, args.mesh) if layout == "gltf" else WRITERS[layout](take, path)
    print(f"wrote {path}: {told}")
    return 0
