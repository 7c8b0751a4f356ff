"""Feelings, strengths or recipes side by side in one video: every cell says the same words at the same time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from thespis.errors import MediaError, UsageError

if TYPE_CHECKING:
    from thespis.apps.render import Job
    from thespis.apps.studio.acting import Cast, Watch
    from thespis.types import Bytes, Speech

COLUMNS, GAP, BAND = 3, 8, 34
LONGEST_SECONDS = 30.0
PAPER, INK = (18, 19, 22), (243, 240, 233)


@dataclass(frozen=True)
class Cell:
    """One of those who are compared: what is written under it, and who does what."""

    label: str
    job: "Job"


def spoken(words: str) -> "Speech":
    """Say words in one way for all who are compared: feeling would change how long they last."""
    from thespis.direction.perform import act

    if not words.strip():
        raise MediaError("there is nothing to say yet: write a sentence")
    speech = act(words, acted=False).speech
    if speech.seconds > LONGEST_SECONDS:
        raise MediaError(f"words of at most {LONGEST_SECONDS:g} s are set side by side, not {speech.seconds:.0f} s; shorten them")
    return speech


def board(labels: Sequence[str], side: int) -> tuple["Bytes", list[tuple[int, int]]]:
    """Draw a sheet with labels and room for squares of `side` -> the picture (height, width, 3) and the corner (x, y) of each."""
    from PIL import Image, ImageDraw, ImageFont

    columns = 2 if len(labels) == 4 else min(len(labels), COLUMNS)
    rows = -(-len(labels) // columns)
    sheet = Image.new("RGB", (GAP + columns * (side + GAP), GAP + rows * (side + BAND)), PAPER)
    pen, corners = ImageDraw.Draw(sheet), []
    for number, label in enumerate(labels):
        x, y = GAP + (number % columns) * (side + GAP), GAP + (number // columns) * (side + BAND)
        pen.text((x + 2, y + side + BAND / 2 - 1), label, INK, ImageFont.load_default(17), anchor="lm")
        corners.append((x, y))
    return np.array(sheet), corners


def drawn(cast: "Cast", cell: Cell, speech: "Speech", side: int) -> Iterator["Bytes"]:
    """Give the frames (side, side, 3) of one cell, second by second."""
    import cv2

    from thespis.apps.render import begin, closing, in_blocks

    session = begin(cell.job, cast.talker(cell.job.recipe))
    for block in closing(in_blocks(speech)):
        if block is None:
            session.close()
        else:
            session.push(block)
        for clip in session:
            for image in clip.frames.images if clip.frames is not None else ():
                fits = image.shape[:2] == (side, side)
                yield (
                    image[..., :3] if fits else np.asarray(cv2.resize(image[..., :3], (side, side), interpolation=cv2.INTER_AREA), np.uint8)
                )


def film(cast: "Cast", cells: Sequence[Cell], speech: "Speech", side: int, path: Path, watch: "Watch") -> int:
    """Write all cells as one video with the sound they share -> how many frames it has."""
    from thespis.export.video import VideoWriter
    from thespis.types import Frames, frame_count

    fps = cells[0].job.fps
    if any(cell.job.fps != fps for cell in cells):
        raise UsageError("these recipes have different frames a second; compare them as pictures")
    watch.start(frame_count(len(speech.samples[0]), speech.rate, fps), {})
    sheet, corners = board([cell.label for cell in cells], side)
    streams = [drawn(cast, cell, speech, side) for cell in cells]
    with VideoWriter(path, fps, (sheet.shape[1], sheet.shape[0]), speech.rate, len(speech.samples), title="Thespis") as writer:
        writer.speech(speech)
        for number, images in enumerate(zip(*streams, strict=True)):
            for image, (x, y) in zip(images, corners, strict=True):
                sheet[y : y + side, x : x + side] = image
            writer.frames(Frames(sheet[None].copy(), fps, number))
            watch.advance(1)
    return writer.written
