"""A contact sheet: some frames of a video in rows, each with its time and the feeling that was asked for."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from thespis.apps.render import write_picture
from thespis.apps.text import clock
from thespis.types import EMOTION, Bytes, Direction

COLUMNS, ROWS, SIDE, GAP, BAND = 4, 3, 288, 12, 34
PAPER, INK, FAINT = (24, 26, 31), (236, 238, 242), (150, 156, 168)
TINTS = {
    "neutral": (148, 156, 170), "angry": (222, 84, 70), "contempt": (186, 130, 196), "disgusted": (134, 172, 80),
    "fear": (150, 122, 214), "happy": (244, 186, 62), "sad": (92, 146, 222), "surprised": (72, 190, 184),
}  # fmt: skip


def feeling(direction: Direction, second: float) -> tuple[str, float]:
    """Name the strongest emotion asked for at a time, and its strength."""
    row = direction.emotion.at([second])[0]
    column = int(row.argmax())
    return (EMOTION.names[column], float(row[column])) if row[column] > 0.05 else ("neutral", 0.0)


def pick(path: Path, count: int) -> tuple[list[Bytes], list[float]]:
    """Read `count` frames, evenly spread over a video -> their pictures and their times in seconds."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        total = stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
        rate = Fraction(stream.average_rate or 25)
        wanted = {int((k + 0.5) * total / count) for k in range(count)}
        container.seek(0)
        images = {k: frame.to_ndarray(format="rgb24").astype(np.uint8) for k, frame in enumerate(container.decode(video=0)) if k in wanted}
    return [images[k] for k in sorted(images)], [float(k / rate) for k in sorted(images)]


def draw_sheet(
    images: list[Bytes], labels: list[str], tints: list[tuple[int, int, int]], title: str, columns: int = COLUMNS, side: int = SIDE
) -> Bytes:
    """Set pictures in rows with a label and a colour under each -> a picture (height, width, 3)."""
    scale = min(1.0, side / max(images[0].shape[1], 1))
    width, height = round(images[0].shape[1] * scale), round(images[0].shape[0] * scale)
    rows = -(-len(images) // columns)
    top = 52 if title else GAP
    sheet = Image.new("RGB", (GAP + columns * (width + GAP), top + rows * (height + BAND + GAP)), PAPER)
    pen = ImageDraw.Draw(sheet)
    if title:
        pen.text((GAP, 26), title, FAINT, ImageFont.load_default(17), anchor="lm")
    small = ImageFont.load_default(16)
    for k, (image, label, tint) in enumerate(zip(images, labels, tints, strict=True)):
        x, y = GAP + (k % columns) * (width + GAP), top + (k // columns) * (height + BAND + GAP)
        sheet.paste(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS), (x, y))
        pen.rectangle((x, y + height, x + width - 1, y + height + 3), tint)
        pen.text((x + 2, y + height + 6 + (BAND - 6) / 2), label, INK, small, anchor="lm")
    return np.asarray(sheet)


def contact_sheet(video: Path, direction: Direction, path: Path) -> None:
    """Draw the sheet of a video to `path` (.png)."""
    images, times = pick(video, COLUMNS * ROWS)
    felt = [feeling(direction, second) for second in times]
    labels = [f"{clock(second)}   {name} {strength:.1f}" for second, (name, strength) in zip(times, felt, strict=True)]
    write_picture(draw_sheet(images, labels, [TINTS[name] for name, _ in felt], video.name), path)
