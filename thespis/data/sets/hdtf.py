"""HDTF: politicians and speakers in high definition, cut from the web's videos (Zhang and others, CVPR 2021).

The layout that the list's downloaders make (https://github.com/MRzzm/HDTF), in one folder or one for each part:

    WDA_SOMEBODY_000.mp4      part (RD, WDA, WRA), name of the video, number of the clip
    RD_Radio1_000.mp4

The annotation lists WDA_annotion_time.txt and so on (NAME.mp4 00:10-00:42 ...), if they are there, say which clips should be.
"""

import re
from pathlib import Path

from thespis.data.item import Item, sound_beside, with_suffix

TITLE = "HDTF"
SOURCE = "https://github.com/MRzzm/HDTF"
LICENCE = "lists CC BY 4.0; the videos are their owners'"
EXPECTED = "WDA_SOMEBODY_000.mp4"
NAME = re.compile(r"(RD|WDA|WRA)_(.+)_(\d{1,3})")
SPAN = re.compile(r"\d+(:\d+)+-\d+(:\d+)+")


def items(folder: Path) -> list[Item]:
    """List the clips that are there, and those of the annotation lists."""
    found = {video.stem: video for video in with_suffix(folder, (".mp4",)) if NAME.fullmatch(video.stem)}
    flat = {parts(name): video for name, video in found.items()}
    for listed in sorted(folder.rglob("*_annotion_time.txt")):
        part = listed.name.partition("_")[0]
        for line in listed.read_text(encoding="utf-8-sig", errors="replace").splitlines():
            title, *spans = line.split() or [""]
            for number in range(sum(bool(SPAN.fullmatch(span)) for span in spans)):
                key = (part, Path(title).stem, number)
                flat.setdefault(key, folder / f"{part}_{key[1]}_{number:03d}.mp4")
    made = []
    for (part, title, number), video in flat.items():
        # Several videos of one person are numbered, but Radio1, Radio2 ... are different people.
        person = title if part == "RD" else title.rstrip("0123456789")
        labels = {"person": f"{part}_{person}", "part": part, "take": f"{title}_{number}", "language": "en"}
        made.append(Item(f"{part}_{title}_{number:03d}", video, sound_beside(video), labels))
    return made


def parts(name: str) -> tuple[str, str, int]:
    """Split a clip's name into part, video and number."""
    matched = NAME.fullmatch(name)
    assert matched is not None
    return matched[1], matched[2], int(matched[3])
