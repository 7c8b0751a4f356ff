"""The picture of a take: its curves, part of the face by part, under a filmstrip of what they look like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from thespis.apps.sheet import FAINT, INK, PAPER, TINTS
from thespis.apps.text import clock
from thespis.motion.take_edit import GROUPS, group_of
from thespis.types import EMOTION, Array, Bytes, Channel, Curve, Key, Track, Word

Colour = tuple[int, int, int]

FINER = 2  # lines are drawn so much larger, and made smaller again, so that they are smooth
LEFT, RIGHT, GAP = 116, 172, 10
PANEL, SOUND, FILM = 92, 54, 132
MOST_LINES = 5  # in a panel; the liveliest ones
ALIKE = 0.1  # how far left and right may lie apart to share a line
QUIET = 0.02  # of the full range: what stays nearer to rest is counted, not drawn
LINES: tuple[Colour, ...] = ((244, 186, 62), (92, 170, 240), (222, 96, 84), (120, 200, 120), (190, 140, 226))
GROUND, GRID, WAVE = (32, 35, 42), (48, 52, 62), (104, 122, 150)
PARTS = {"head_rotation": ("nod", "turn", "tilt"), "head_translation": ("right", "down", "away")}
UNITS = {"rotation": "degrees", "point": "eye distances"}  # of kinds of channels; weights have none


@dataclass(frozen=True, eq=False)
class Line:
    """One curve of a panel: what it is called and its values (rows,)."""

    name: str
    values: Array


@dataclass(frozen=True, eq=False)
class Panel:
    """Curves that belong together, in one unit; `quiet` more hardly move."""

    name: str
    unit: str
    lines: tuple[Line, ...]
    quiet: int = 0


def asked_emotion(keys: Any) -> Curve | None:  # noqa: ANN401 - whatever the header of a take holds
    """Read the emotion that was asked for out of the direction in a take; None where none was, or in another form."""
    try:
        read = tuple(
            Key(float(key["time"]), tuple(float(key.get(name, 0)) for name in EMOTION.names), float(key.get("over", 0.6))) for key in keys
        )
        curve = Curve(EMOTION, read)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    return curve if any(any(key.value) for key in read) else None


def unit_of(channel: Channel) -> str:
    """Name the unit in which a channel is drawn."""
    return "degrees" if channel.name.startswith("gaze_") else UNITS.get(channel.kind, "")


def sides_together(names: Sequence[str], values: Array) -> list[Line]:
    """Put left and right (rows, n) into one line where they do the same; where they differ each has its own."""
    lines, at = list[Line](), {name: number for number, name in enumerate(names)}
    for number, name in enumerate(names):
        twin = next((at[other] for one, other in others(name, "Left", "Right") if other in at), None)
        mate = next((at[other] for one, other in others(name, "Right", "Left") if other in at), None)
        if twin is not None and np.abs(values[:, number] - values[:, twin]).max(initial=0) <= ALIKE:
            together = next(one for one, other in others(name, "Left", "Right") if other in at)
            lines.append(Line(together, np.asarray((values[:, number] + values[:, twin]) / 2, np.float32)))
        elif mate is None or np.abs(values[:, number] - values[:, mate]).max(initial=0) > ALIKE:
            lines.append(Line(name, values[:, number]))
    return lines


def others(name: str, side: str, other: str) -> list[tuple[str, str]]:
    """Give the name without its `side`, and with the `other` one, for each way in which sides stand in names."""
    found = [(name.removesuffix(side), name.removesuffix(side) + other)] if name.endswith(side) else []
    low, high = f"_{side.lower()}_", f"_{other.lower()}_"
    return found + ([(name.replace(low, "_"), name.replace(low, high))] if low in name else [])


def panels(track: Track) -> list[Panel]:
    """Sort the curves of a performance into panels; in each the liveliest are drawn."""
    found: list[Panel] = []
    for group in (*GROUPS, "other"):
        channels = [channel for channel in track.space.channels if group_of(channel.name) == group]
        for unit in dict.fromkeys(unit_of(channel) for channel in channels):
            names, columns = list[str](), list[Array]()
            for channel in (each for each in channels if unit_of(each) == unit):
                parts = PARTS.get(channel.name, tuple(f"{channel.name} {number + 1}" for number in range(channel.size)))
                names += [channel.name] if channel.size == 1 else parts
                columns.append(track[channel.name].reshape(len(track), channel.size))
            values = np.asarray(np.concatenate(columns, axis=1), np.float32)
            angles = unit == "degrees"
            lines = sides_together(names, np.degrees(values) if angles else values)
            lines.sort(key=lambda line: -float(np.ptp(line.values)) if len(line.values) else 0.0)
            lively = [line for line in lines if np.abs(line.values).max(initial=0) > QUIET * (45 if angles else 1)]
            if lively:
                title = f"{group}, place" if unit == "eye distances" and group == "head" else group
                found.append(Panel(title, unit, tuple(lively[:MOST_LINES]), len(lines) - len(lively[:MOST_LINES])))
    return found


class Sheet:
    """A canvas on which all panels share one axis of time."""

    def __init__(self, width: int, height: int, seconds: float) -> None:
        """Begin with an empty sheet of so many pixels for so many seconds."""
        self.seconds, self.width = max(seconds, 1e-6), width
        self.image = Image.new("RGB", (width * FINER, height * FINER), PAPER)
        self.pen = ImageDraw.Draw(self.image)
        self.top = GAP

    def x(self, second: float) -> float:
        """Place a time, in fine pixels."""
        return (LEFT + (self.width - LEFT - RIGHT) * second / self.seconds) * FINER

    def write(self, x: float, y: float, text: str, colour: Colour = INK, size: int = 13, anchor: str = "lm") -> None:
        """Write a text at a place in pixels."""
        self.pen.text((x * FINER, y * FINER), text, colour, ImageFont.load_default(size * FINER), anchor=anchor)

    def ground(self, height: int, name: str, unit: str = "") -> tuple[float, float]:
        """Lay the ground of a panel and name it -> its top and bottom in fine pixels."""
        top, bottom = self.top * FINER, (self.top + height) * FINER
        self.pen.rectangle((self.x(0), top, self.x(self.seconds), bottom), GROUND)
        for second in self.ticks():
            self.pen.line((self.x(second), top, self.x(second), bottom), GRID, FINER)
        self.write(LEFT - 10, self.top + height / 2 - (8 if unit else 0), name, INK, 13, "rm")
        if unit:
            self.write(LEFT - 10, self.top + height / 2 + 9, unit, FAINT, 11, "rm")
        self.top += height + GAP
        return top, bottom

    def ticks(self) -> npt.NDArray[np.float64]:
        """Choose round times for the lines of the grid."""
        step = next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 1e9) if self.seconds / step <= 14)
        return np.arange(0, self.seconds + 1e-9, step)

    def curve(self, values: Array, fps: float, scale: tuple[float, float], box: tuple[float, float], colour: Colour) -> None:
        """Draw values (rows,) of `fps` a second between the values of `scale` at the bottom and at the top of a box."""
        (low, high), (top, bottom) = scale, box
        inner_top, inner_bottom = top + 5 * FINER, bottom - 5 * FINER
        y = inner_bottom - (np.clip(values, low, high) - low) / (high - low) * (inner_bottom - inner_top)
        columns = int(self.x(self.seconds) - self.x(0))
        if len(values) > 2 * columns:
            # More rows than pixels: the least and the most of each column, so that no blink is lost.
            edges = np.linspace(0, len(values), columns + 1).astype(int)[:-1]
            upper, lower = np.minimum.reduceat(y, edges), np.maximum.reduceat(y, edges)
            x = self.x(0) + np.arange(columns)
            for left, one, other in zip(x.tolist(), upper.tolist(), lower.tolist(), strict=True):
                self.pen.line((left, one, left, max(other, one + FINER)), colour, FINER // 2)
            return
        places = [self.x(row / fps) for row in range(len(values))]
        self.pen.line(list(zip(places, y.tolist(), strict=True)), colour, round(1.6 * FINER), joint="curve")

    def done(self) -> Bytes:
        """Give the sheet (height, width, 3)."""
        size = (self.image.width // FINER, self.image.height // FINER)
        return np.asarray(self.image.resize(size, Image.Resampling.LANCZOS))


def draw_film(sheet: Sheet, film: Mapping[float, Bytes]) -> None:
    """Set the pictures side by side over the time, each with the time it shows."""
    room = (sheet.width - LEFT - RIGHT) / len(film)
    for number, (second, picture) in enumerate(film.items()):
        side = min(room - 4, FILM)
        scale = side * FINER / max(picture.shape[:2])
        size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
        middle = LEFT + room * (number + 0.5)
        place = round(middle * FINER - size[0] / 2), round((sheet.top + FILM / 2) * FINER - size[1] / 2)
        sheet.image.paste(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS), place)
        sheet.write(middle, sheet.top + FILM + 9, clock(second), FAINT, 11, "mm")
    sheet.top += FILM + 20 + GAP


def draw_sound(sheet: Sheet, loudness: Array, words: Sequence[Word]) -> None:
    """Draw how loud the sound is, from 0 to 1 (n,) over the whole time, and the words where they fit."""
    top, bottom = sheet.ground(SOUND, "sound")
    columns = int(sheet.x(sheet.seconds) - sheet.x(0))
    heights = np.interp(np.linspace(0, max(len(loudness) - 1, 0), columns), np.arange(len(loudness)), loudness) if len(loudness) else ()
    middle, half = (top * 2 + bottom) / 3, (bottom - top) / 3.2
    for column, height in enumerate(list[float](heights)):
        x = sheet.x(0) + column
        sheet.pen.line((x, middle - height * half, x, middle + height * half + 1), WAVE, 1)
    font, free = ImageFont.load_default(11 * FINER), 0.0
    for word in words:
        at, wide = sheet.x((word.start + word.end) / 2), font.getlength(word.text)
        # The font that always is there draws Latin letters; what it cannot draw would be boxes.
        if at - wide / 2 > free and max(map(ord, word.text), default=0) < 0x250:
            sheet.pen.text((at, bottom - 9 * FINER), word.text, INK, font, anchor="mm")
            free = at + wide / 2 + 3 * FINER


def draw_panel(sheet: Sheet, panel: Panel, fps: float, colours: Sequence[Colour]) -> None:
    """Draw one panel, its curves named at its right."""
    values = np.concatenate([line.values for line in panel.lines]) if panel.lines else np.zeros(1, np.float32)
    low, high = float(min(values.min(initial=0), 0)), float(max(values.max(initial=0), 0))
    high = max(high, low + (0.1 if not panel.unit else 1.0 if panel.unit == "degrees" else 0.05))
    top, bottom = sheet.ground(PANEL, panel.name, panel.unit)
    zero = bottom - 5 * FINER - (0 - low) / (high - low) * (bottom - top - 10 * FINER)
    sheet.pen.line((sheet.x(0), zero, sheet.x(sheet.seconds), zero), GRID, FINER)
    for line, colour in zip(reversed(panel.lines), reversed(colours[: len(panel.lines)]), strict=True):
        sheet.curve(line.values, fps, (low, high), (top, bottom), colour)
    right, first = sheet.width - RIGHT + 10, top / FINER + 9
    for number, (line, colour) in enumerate(zip(panel.lines, colours, strict=False)):
        sheet.write(right, first + 14.5 * number, line.name, colour, 12)
    if panel.quiet:
        sheet.write(right, first + 14.5 * len(panel.lines), f"and {panel.quiet} that move less", FAINT, 11)
    for value, y in ((high, top / FINER + 7), (low, bottom / FINER - 7)):
        sheet.write(LEFT - 10, y, f"{value:.2g}" if abs(value) < 10 else f"{value:.0f}", FAINT, 10, "rm")


def draw_take(
    track: Track, title: str, film: Mapping[float, Bytes], loudness: Array, words: Sequence[Word], asked: Curve | None, width: int
) -> Bytes:
    """Draw a performance from row 0 on -> a picture (height, width, 3).

    `film` holds pictures by their seconds, `loudness` (n,) 0 to 1 over the whole time (empty without sound), `asked` the emotion.
    """
    shown = panels(track)
    if asked is not None:
        wish = asked.at(np.arange(len(track)) / float(track.fps))
        felt = [Line(name, wish[:, number]) for number, name in enumerate(EMOTION.names) if wish[:, number].any()]
        felt.sort(key=lambda line: -float(line.values.max()))
        shown.insert(0, Panel("asked", "", tuple(felt)))
    height = 40 + (FILM + 20 + GAP if film else 0) + (SOUND + GAP if len(loudness) or words else 0) + len(shown) * (PANEL + GAP) + 28
    sheet = Sheet(width, height, float(len(track) / track.fps))
    sheet.write(GAP, 20, title, INK, 15)
    sheet.top = 40
    if film:
        draw_film(sheet, film)
    if len(loudness) or words:
        draw_sound(sheet, loudness, words)
    for panel in shown:
        tints = [TINTS[line.name] for line in panel.lines] if panel.name == "asked" else list(LINES)
        draw_panel(sheet, panel, float(track.fps), tints)
    for second in sheet.ticks():
        sheet.write(sheet.x(float(second)) / FINER, sheet.top + 4, clock(float(second)), FAINT, 11, "mm")
    return sheet.done()
