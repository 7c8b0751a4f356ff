"""Any folder of talking clips, with the folders in it.

    anything/NAME.mp4        with its own sound, or NAME.wav (flac, m4a, mp3) beside it
    anything/NAME.txt        what is said, where somebody wrote it down

A clip's person is the folder it lies in, if it lies in one.
"""

from pathlib import Path

from thespis.data.item import VIDEOS, Item, sound_beside, with_suffix

TITLE = "a folder of clips"
SOURCE = "your own"
LICENCE = "as you know"
EXPECTED = "NAME.mp4"


def items(folder: Path) -> list[Item]:
    """List the clips."""
    made = []
    for video in with_suffix(folder, VIDEOS):
        place = video.relative_to(folder)
        labels = {"person": "/".join(place.parent.parts)} if place.parent.parts else {}
        script = video.with_suffix(".txt")
        if script.is_file():
            labels["text"] = script.read_text(encoding="utf-8", errors="replace").strip()
        made.append(Item("/".join((*place.parent.parts, place.name)), video, sound_beside(video), labels))
    return made
