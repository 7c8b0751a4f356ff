"""MEAD: actors who speak with eight emotions in three intensities, seen from seven sides (Wang and others, ECCV 2020).

The layout, as its archives unpack (https://wywu.github.io/projects/MEAD/MEAD.html):

    M003/video/front/angry/level_1/001.mp4      views: front down top left_30 left_60 right_30 right_60
    M003/audio/angry/level_1/001.m4a            one recording for all views

Neutral has level_1 only, which is no intensity. A view's clip without its recording is missing a file.
"""

from pathlib import Path

from thespis.data.item import Item
from thespis.types import EMOTION

TITLE = "MEAD"
SOURCE = "https://wywu.github.io/projects/MEAD/MEAD.html"
LICENCE = "for research only"
EXPECTED = "M003/video/front/angry/level_1/001.mp4 and M003/audio/angry/level_1/001.m4a"
LEVELS = 3


def items(folder: Path) -> list[Item]:
    """List the clips of all actors and views."""
    made = []
    for video in sorted(folder.glob("*/video/*/*/level_*/*.mp4")):
        actor, _, view, feeling, level, file = video.relative_to(folder).parts
        digits = level.removeprefix("level_")
        if feeling not in EMOTION.names or not digits.isdigit():
            continue
        intensity = 0.0 if feeling == "neutral" else min(int(digits), LEVELS) / LEVELS
        sound = folder / actor / "audio" / feeling / level / file
        labels = {
            "person": actor, "view": view, "feeling": feeling, "intensity": intensity, "language": "en",
            "sentence": f"{feeling}/{video.stem}", "gender": {"M": "male", "W": "female"}.get(actor[0]),
        }  # fmt: skip
        made.append(Item(f"{actor}/{view}/{feeling}/{level}/{video.stem}", video, sound.with_suffix(".m4a"), labels))
    return made
