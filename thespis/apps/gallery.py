"""Draw every portrait of a folder with eight feelings, nine mouths and five turns of the head, on one page.

thespis gallery portraits/ -o gallery.html
thespis gallery portraits/ --size 384 --png -o gallery.html

The sheets lie beside the page in gallery.files/. A second run draws only what is new or would look different.
"""

import hashlib
import html
import json
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.errors import FaceError, MediaError, ThespisError, UsageError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from thespis.types import Bytes, Portrait

SMALLEST, LARGEST = 96, 1024
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
PASSER_BY = 0.4  # of the largest face of a picture; smaller ones are not drawn
COLUMNS = 9
STYLE = """
body { background: #181a1f; color: #eceef2; font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1500px; padding: 0 1rem }
h1 { font-weight: 600 } a { color: inherit } p, td { color: #b9bfca } h2 { font-size: 1rem; margin: 2rem 0 .4rem }
img { width: 100%; height: auto; display: block; border-radius: 6px } table { border-spacing: 0 .4rem }
td { padding-right: 1.5rem; vertical-align: top } input { background: #24272e; color: inherit; border: 0; padding: .5rem .8rem;
  width: 20rem }
"""
FILTER = """
document.querySelector("input").addEventListener("input", function () {
  for (const part of document.querySelectorAll("[data-name]"))
    part.hidden = !part.dataset.name.toLowerCase().includes(this.value.toLowerCase());
});
"""


@dataclass(frozen=True)
class Drawn:
    """One face of a picture: the file of its sheet, or the reason why there is none."""

    name: str
    key: str
    sheet: str = ""
    reason: str = ""
    took: float = 0.0


def side(text: str) -> int:
    """Read the size of each picture."""
    if not text.isdecimal() or not SMALLEST <= int(text) <= LARGEST:
        raise ArgumentTypeError(f"pictures of a gallery have {SMALLEST} to {LARGEST} pixels a side, not {text!r}")
    return int(text)


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis gallery`."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="a folder of pictures; folders in it count too")
    parser.add_argument("--size", type=side, default=256, help="pixels a side of each picture (256)")
    parser.add_argument("--png", action="store_true", help="sheets without loss (.png) instead of .jpg")
    parser.add_argument("--embed", action="store_true", help="put the sheets into the page, so that it is one file")
    parser.add_argument("--json", action="store_true", help="tell what happens as one JSON event a line")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.html", type=Path, help="the page")


def pictures_of(folder: Path) -> list[Path]:
    """List the pictures of a folder and of the folders in it."""
    if not folder.exists():
        raise MediaError(f"there is no folder {folder}")
    if not folder.is_dir():
        raise MediaError(f"{folder} is a file; give the folder that holds the portraits")
    # The sheets of an earlier gallery, which may lie among the portraits, are none.
    made = {page.with_suffix(".files") for page in folder.rglob("*.html")}
    found = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file() and not made.intersection(path.parents)
    )
    if not found:
        raise MediaError(f"{folder} holds no pictures; put portraits ({', '.join(PICTURES)}) into it")
    return found


def faces_in(path: Path) -> "list[Portrait]":
    """Read a picture: a Portrait for each of its faces that is not far smaller than the largest."""
    from dataclasses import replace

    from thespis.capture.faces import find_faces
    from thespis.capture.portrait import read_portrait

    portrait = read_portrait(path)
    faces = find_faces(portrait.image)
    largest = max((face.scale for face in faces), default=0.0)
    several = [number for number, face in enumerate(faces, start=1) if face.scale > PASSER_BY * largest]
    return [portrait] if len(several) < 2 else [replace(portrait, face=number) for number in several]


def draw_picture(path: Path, name: str, key: str, folder: Path, *, size: int, suffix: str) -> list[Drawn]:
    """Draw the sheets of one picture, or say why there are none."""
    from thespis.evaluate.gallery import look_at

    try:
        portraits = faces_in(path)
    except ThespisError as error:
        return [Drawn(name, key, reason=str(error))]
    found = []
    for portrait in portraits:
        begun = time.monotonic()
        label = name if portrait.face is None else f"{name}, face {portrait.face}"
        try:
            look = look_at(portrait, size)
        except FaceError as error:
            found.append(Drawn(label, key, reason=str(error)))
            continue
        pictures = {"the picture": look.photo}
        for group in look.groups.values():
            pictures |= group
        # A name that had to be flattened gets an end of its own: a/b.jpg is not a_b.jpg.
        flat = label.replace("/", "_").replace(", face ", "-")
        own = "" if flat == label else "." + hashlib.sha256(label.encode()).hexdigest()[:6]
        sheet = folder / (flat + own + suffix)
        write_sheet(pictures, sheet, size)
        found.append(Drawn(label, key, sheet.name, took=round(time.monotonic() - begun, 3)))
    return found


def write_sheet(pictures: "dict[str, Bytes]", path: Path, size: int) -> None:
    """Set the pictures in rows of nine and write them."""
    from PIL import Image

    from thespis.apps.sheet import draw_sheet

    tints = [(72, 78, 92)] * len(pictures)
    sheet = Image.fromarray(draw_sheet(list(pictures.values()), list(pictures), tints, "", COLUMNS, size))
    temporary = path.with_name(f".{path.name}.part")
    sheet.save(temporary, format="PNG" if path.suffix == ".png" else "JPEG", quality=90, compress_level=3)
    temporary.replace(path)


def page(title: str, found: list[Drawn], folder: Path, *, embed: bool) -> str:
    """Write the page."""
    parts = []
    drawn = [each for each in found if each.sheet]
    refused = [each for each in found if not each.sheet]
    for each in drawn:
        name = html.escape(each.name)
        source = link(folder / each.sheet, folder.name, embed=embed)
        parts.append(
            f'<section data-name="{name}"><h2>{name}</h2><a href="{source}"><img loading="lazy" src="{source}" alt="{name}"></a></section>'
        )
    lines = "".join(
        f'<tr data-name="{html.escape(each.name)}"><td>{html.escape(each.name)}</td><td>{html.escape(each.reason)}</td></tr>'
        for each in refused
    )
    table = f"<h1>Refused</h1><table>{lines}</table>" if refused else ""
    title = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{STYLE}</style><h1>{title}</h1><p>{len(drawn)} faces drawn, {len(refused)} refused. In each sheet: the picture and eight "
        f"feelings at full strength, nine mouths, five turns of the head.</p>"
        '<input placeholder="show only names with …" aria-label="filter">'
        f"{''.join(parts)}{table}<script>{FILTER}</script></html>\n"
    )


def link(sheet: Path, folder: str, *, embed: bool) -> str:
    """Give the address of a sheet: beside the page, or its whole content."""
    if not embed:
        from urllib.parse import quote

        return quote(f"{folder}/{sheet.name}")
    from base64 import b64encode

    kind = "png" if sheet.suffix == ".png" else "jpeg"
    return f"data:image/{kind};base64,{b64encode(sheet.read_bytes()).decode()}"


def kept_from(folder: Path) -> dict[str, list[Drawn]]:
    """Read what an earlier run drew, by key; a damaged note counts as none."""
    try:
        facts = json.loads((folder / "drawn.json").read_text(encoding="utf-8"))
        found = [Drawn(**fact) for fact in facts]
    except (OSError, ValueError, TypeError):
        return {}
    kept: dict[str, list[Drawn]] = {}
    for each in found:
        kept.setdefault(each.key, []).append(each)
    return {key: members for key, members in kept.items() if all(not each.sheet or (folder / each.sheet).exists() for each in members)}


def main(args: Namespace) -> int:
    """Draw what is not drawn yet, then write the page."""
    if args.output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"a gallery is a page: end its name in .html, not {args.output.name!r}")
    check_writable(args.output)
    paths = pictures_of(args.folder)
    from thespis.apps.progress import progress
    from thespis.capture.faces import quiet
    from thespis.evaluate.gallery import drawing
    from thespis.weights import sha256

    folder = args.output.with_suffix(".files")
    folder.mkdir(exist_ok=True)
    suffix = ".png" if args.png else ".jpg"
    kept, found = kept_from(folder), list[Drawn]()
    begun = time.monotonic()
    with progress(args.json) as shown:
        shown.start(len(paths), {"output": str(args.output), "pictures": len(paths)})
        for path in paths:
            name = path.relative_to(args.folder).as_posix()
            key = f"{sha256(path)[:16]} {drawing()} {args.size} {suffix} {name}"
            if key not in kept:
                with quiet():
                    kept[key] = draw_picture(path, name, key, folder, size=args.size, suffix=suffix)
                # An interrupted run goes on where it was.
                write_text(folder / "drawn.json", json.dumps([asdict(each) for group in kept.values() for each in group]))
            found += kept[key]
            shown.advance(1)
        write_text(folder / "drawn.json", json.dumps([asdict(each) for each in found]))
        write_text(args.output, page(args.folder.resolve().name, found, folder, embed=args.embed))
        refused = {each.name: each.reason for each in found if not each.sheet}
        facts = {"path": str(args.output), "pictures": len(paths), "drawn": len(found) - len(refused), "refused": refused}
        if args.json:
            shown.done(facts | {"took": round(time.monotonic() - begun, 2)})
    if not args.json:
        print(f"wrote {args.output}: {facts['drawn']} faces of {len(paths)} pictures, {len(refused)} refused")
    return 0
