"""Say where the face is in a picture in which it is not found: an animal, a drawing, a puppet.

thespis landmarks cat.jpg -o cat.html              a page to open in a browser: click the points, save cat.landmarks.json
thespis landmarks cat.jpg --check cat.landmarks.json -o mesh.png
thespis run cat.jpg --landmarks cat.landmarks.json --say "Meow." -o out.mp4
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.errors import ThespisError, UsageError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from thespis.types import Array, Bytes, Portrait

LARGEST = 1600  # pixels of the longer side of the picture in a page


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis landmarks`."""
    parser.add_argument("portrait", metavar="PICTURE", help="the picture")
    parser.add_argument("--check", type=Path, metavar="FILE.json", help="draw the face that these points make")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="OUT", help=".html: the page; .png with --check: the mesh")


def main(args: Namespace) -> int:
    """Write the page, or draw the mesh of a file."""
    kind = args.output.suffix.lower()
    if kind not in (".html", ".htm", ".png"):
        raise UsageError(f"a page ends in .html and a checked mesh in .png, not {args.output.name!r}")
    if (kind == ".png") != (args.check is not None):
        raise UsageError("a mesh is drawn of a file: give --check FILE.json with an output that ends in .png, and only then")
    check_writable(args.output, (args.portrait, args.check))
    from thespis.capture.portrait import read_portrait

    portrait = read_portrait(args.portrait, landmarks=args.check)
    if portrait.points is not None:
        from thespis.apps.render import write_picture

        write_picture(mesh_on(portrait.image, portrait.points), args.output)
        print(f"wrote {args.output}")
        return 0
    found = suggested(portrait)
    write_text(args.output, page(portrait, found, Path(args.portrait).stem))
    begun = "the points that were found are set already" if found else "no face was found, so all points are yours to set"
    print(f"wrote {args.output}: open it in a browser ({begun}), then use the file it saves with --landmarks")
    return 0


def suggested(portrait: "Portrait") -> dict[str, list[float]]:
    """Find the named points of the largest face, where one is found."""
    from thespis.capture.faces import find_faces, quiet
    from thespis.capture.placed import names_of

    with quiet():
        faces = find_faces(portrait.image)
    return names_of(max(faces, key=lambda face: face.scale).points) if faces else {}


def mesh_on(image: "Bytes", points: "Array") -> "Bytes":
    """Draw the mesh of points (478, 3) on an image (height, width, 3)."""
    import cv2
    import numpy as np

    from thespis.capture.placed import NAMES
    from thespis.head.shapes import load_shapes

    drawn = image.copy()
    thick = max(round(max(image.shape[:2]) / 900), 1)
    for triangle in load_shapes().triangles:
        cv2.polylines(drawn, [np.round(points[triangle, :2] * 16).astype(np.int32)], True, (90, 220, 160), 1, cv2.LINE_AA, 4)
    for number in NAMES.values():
        at = np.round(points[number, :2]).astype(int)
        cv2.circle(drawn, (int(at[0]), int(at[1])), 2 * thick + 1, (255, 120, 60), -1, cv2.LINE_AA)
    return drawn


def page(portrait: "Portrait", found: dict[str, list[float]], stem: str) -> str:
    """Write the page (one file, no network) on which the points are placed by clicking and dragging."""
    from base64 import b64encode
    from importlib.resources import files
    from io import BytesIO

    from PIL import Image

    from thespis.capture.placed import NAMES, NEEDED
    from thespis.head.shapes import load_shapes

    high, wide = portrait.image.shape[:2]
    scale = min(1.0, LARGEST / max(high, wide))
    shown = Image.fromarray(portrait.image)
    if scale < 1:
        shown = shown.resize((round(wide * scale), round(high * scale)), Image.Resampling.LANCZOS)
    packed = BytesIO()
    shown.save(packed, format="JPEG", quality=88)
    points = load_shapes().points
    pupils = {"right_pupil": points[[33, 133], :2].mean(axis=0), "left_pupil": points[[263, 362], :2].mean(axis=0)}
    places = {name: pupils[name] if name in pupils else points[number, :2] for name, number in NAMES.items()}
    facts = {
        "size": [wide, high],
        "scale": scale,
        "needed": list(NEEDED),
        "template": {name: [round(float(number), 4) for number in place] for name, place in places.items()},
        "points": found,
        "file": f"{stem}.landmarks.json",
        "picture": f"data:image/jpeg;base64,{b64encode(packed.getvalue()).decode()}",
    }
    source = files("thespis").joinpath("assets", "landmarks.html")
    if not source.is_file():
        raise ThespisError("the page of thespis landmarks is missing from this installation; install Thespis again")
    # No closing tag of a script may stand in what a script holds.
    return source.read_text(encoding="utf-8").replace("/*FACTS*/", json.dumps(facts).replace("</", "<\\/"))
