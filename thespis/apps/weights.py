"""Weights of other people: what there is, where it comes from, under which terms, and how to put it in place. Nothing is fetched.

thespis weights                                   (what is known, and what is here)
thespis weights liveportrait                      (where to get it, and its licence)
thespis weights liveportrait --from downloads/    (check, convert, put in place; --accept takes the licence)
thespis weights liveportrait --export stick/      (for a machine without a network: --from stick/ there)
thespis weights --check
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.apps.text import table
from thespis.errors import UsageError, WeightsError

if TYPE_CHECKING:
    from thespis.weights import Bundle


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis weights`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="which weights (all)")
    parser.add_argument("--from", type=Path, dest="source", metavar="FOLDER", help="put in place what you downloaded or exported")
    parser.add_argument("--accept", action="store_true", help="accept the licence that is shown, without being asked")
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="copy what is in place, for a machine without a network")
    parser.add_argument("--onnx", type=Path, metavar="FOLDER", help="write the networks as ONNX files")
    parser.add_argument("--check", action="store_true", help="hash every file that is in place again")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def main(args: Namespace) -> int:
    """List, explain, put in place, copy, convert or check."""
    from thespis.weights import bundle, bundle_names

    jobs = [name for name in ("source", "export", "onnx") if getattr(args, name) is not None]
    if jobs and args.name is None:
        raise UsageError("say which weights: thespis weights NAME --from FOLDER (thespis weights lists them)")
    if len(jobs) > 1 or (jobs and args.check):
        raise UsageError("--from, --export, --onnx and --check are four jobs; give one at a time")
    if args.accept and args.source is None:
        raise UsageError("--accept goes with --from FOLDER: the licence is accepted when weights are put in place")
    chosen = [bundle(name) for name in ([args.name] if args.name else bundle_names())]
    if args.source is not None:
        return place(chosen[0], args.source, args.accept, args.json)
    if args.export is not None:
        return export(chosen[0], args.export, args.json)
    if args.onnx is not None:
        return write_onnx(chosen[0], args.onnx, args.json)
    facts = [about(each, args.check or args.name is not None) for each in chosen]
    if args.json:
        print(json.dumps(facts[0] if args.name else facts))
    elif args.name:
        print(explained(chosen[0], facts[0]))
    else:
        rows = [(f["name"], f["state"], f["licence"], "yes" if f["commercial"] else "no", f["for"]) for f in facts]
        print(table(("weights", "state", "licence", "commercial", "for"), rows))
    return 0 if all(f["state"] in ("here", "absent") for f in facts) else 2


def about(known: "Bundle", thorough: bool) -> dict[str, Any]:
    """Say what is known of weights and whether they are here; `thorough` hashes every file."""
    from thespis.weights import ready, record_of

    try:
        record = record_of(known)
        if record is None:
            state = "absent"
        else:
            if thorough:
                ready(known.name)
            state = "here"
    except WeightsError as error:
        state, record = str(error), None
    facts = {"name": known.name, "title": known.title, "for": known.purpose, "licence": known.licence, "commercial": known.commercial}
    more = {"accepted": record["accepted"], "files": record["files"]} if record else {}
    return {**facts, "source": known.source, "folder": str(known.folder), "state": state, **more}


def explained(known: "Bundle", facts: Mapping[str, Any]) -> str:
    """Word all that is known of some weights, and what to do."""
    files = "; ".join(" or ".join(published) for published in known.files.values())
    hashes = "of the files as published, told by their authors" if known.sha256 else "none are published: yours are noted when you accept"
    rows = [
        ("what", known.title), ("for", known.purpose), ("from", known.source), ("home", known.homepage), ("files", files),
        ("hashes", hashes), ("licence", f"{known.licence}, {'commercial use' if known.commercial else 'no commercial use'}"),
        ("terms", known.terms), ("folder", str(known.folder)), ("state", facts["state"]),
    ]  # fmt: skip
    todo = f"get the files, then: thespis weights {known.name} --from FOLDER --accept"
    if "accepted" in facts:
        rows.append(("accepted", facts["accepted"]))
        todo = f"for another machine: thespis weights {known.name} --export FOLDER"
    return table(("weights", known.name), [*rows, ("next", todo)])


def place(known: "Bundle", source: Path, accept: bool, as_json: bool) -> int:
    """Check, convert and put in place what the user brings."""
    from thespis.weights import ready, record_of, sha256

    if not source.is_dir():
        raise WeightsError(f"there is no folder {source}; give the one that holds the files of {known.name}")
    brought = record_of(known, source) if (source / "bundle.json").is_file() else None
    accepted = agreed(known, accept or brought is not None)
    known.folder.mkdir(parents=True, exist_ok=True)
    if brought is not None:
        given = {file: source / file for file in known.files}
        for file, path in given.items():
            if not path.is_file() or sha256(path) != brought["files"][file]:
                raise WeightsError(f"{path} is not what was exported; copy the folder again")
        accepted, origins = brought["accepted"], brought["published"]
        copied(given, known.folder)
    else:
        given = {file: found_in(source, published, known) for file, published in known.files.items()}
        origins = {path.name: sha256(path) for path in given.values()}
        for name, wanted in (known.sha256 or {}).items():
            if origins.get(name, wanted) != wanted:
                raise WeightsError(f"{name} is not the published file (sha256 {origins[name][:12]}…); get it again from {known.source}")
        if known.convert:
            function(known.convert)(given, known.folder)
        else:
            copied(given, known.folder)
    files = {file: fresh(known.folder / file) for file in known.files}
    record = {"name": known.name, "licence": known.licence, "accepted": accepted, "published": origins, "files": files}
    written(known.folder, record)
    ready(known.name)
    print(json.dumps(record) if as_json else f"{known.name} is in place: {known.folder}")
    return 0


def agreed(known: "Bundle", accept: bool) -> str:
    """Show the terms and have them accepted -> when that was."""
    if not accept:
        print(f"{known.title}\nlicence: {known.licence}\n{known.terms}", file=sys.stderr)
        if not sys.stdin.isatty():
            raise WeightsError(f"the licence of {known.name} ({known.licence}) must be accepted: read it above, then add --accept")
        if input("Type yes to accept: ").strip().lower() != "yes":
            raise WeightsError(f"the licence of {known.name} was not accepted; nothing was put in place")
    return datetime.now(UTC).isoformat(timespec="seconds")


def found_in(folder: Path, published: tuple[str, ...], known: "Bundle") -> Path:
    """Find a published file anywhere below a folder."""
    for name in published:
        found = sorted(path for path in folder.rglob(name) if path.is_file())
        if len(found) > 1:
            raise WeightsError(f"{folder} holds {len(found)} files {name}: {found[0]}, {found[1]} ...; give the folder of one release")
        if found:
            return found[0]
    raise WeightsError(f"{folder} holds no {' or '.join(published)}; get it from {known.source}")


def copied(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files into a folder, each whole or not at all."""
    import shutil

    for name, path in files.items():
        if path.resolve() != (folder / name).resolve():
            shutil.copyfile(path, folder / f"{name}.part")
            (folder / f"{name}.part").replace(folder / name)


def fresh(path: Path) -> str:
    """Hash a file that has just been written."""
    from thespis.weights import sha256

    sha256.cache_clear()
    return sha256(path)


def written(folder: Path, record: Mapping[str, Any]) -> None:
    """Leave the record beside the files."""
    from thespis.export.output import write_text
    from thespis.weights import RECORD

    write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")


def export(known: "Bundle", folder: Path, as_json: bool) -> int:
    """Copy what is in place, with its record."""
    from thespis.weights import ready, record_of

    place = ready(known.name)
    folder.mkdir(parents=True, exist_ok=True)
    if folder.resolve() == place.resolve():
        raise UsageError(f"{folder} is where the weights lie already; choose another folder")
    copied({file: place / file for file in known.files}, folder)
    record = record_of(known) or {}
    written(folder, record)
    print(json.dumps(record) if as_json else f"wrote {folder}: on the other machine run thespis weights {known.name} --from {folder.name}")
    return 0


def write_onnx(known: "Bundle", folder: Path, as_json: bool) -> int:
    """Write the networks as ONNX files."""
    if not known.onnx:
        raise WeightsError(f"the weights of {known.name} cannot be written as ONNX")
    made = function(known.onnx)(folder)
    print(json.dumps([str(path) for path in made]) if as_json else f"wrote {', '.join(path.name for path in made)} in {folder}")
    return 0


def function(place: str) -> Any:  # noqa: ANN401 - whatever a bundle names
    """Import the function that a bundle names as "module:function"."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
