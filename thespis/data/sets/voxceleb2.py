"""VoxCeleb2: six thousand people in a million cuts from interviews (Chung, Nagrani and Zisserman, Interspeech 2018).

The layout of its archives (https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox2.html), from the folder above dev and test, or one of these:

    dev/mp4/id00012/21Uxsk56VDQ/00001.mp4      person, video, cut
    dev/aac/id00012/21Uxsk56VDQ/00001.m4a      the recording, where the audio archives were unpacked too

Without the folder aac the sound of the mp4 is used, if it has one.
"""

from pathlib import Path

from thespis.data.item import Item

TITLE = "VoxCeleb2"
SOURCE = "https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox2.html"
LICENCE = "CC BY 4.0 for the lists; the videos are their owners'"
EXPECTED = "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4"


def items(folder: Path) -> list[Item]:
    """List the cuts of all parts that are there."""
    made = []
    for root in (folder, folder / "dev", folder / "test"):
        sounds = root / "aac"
        for video in sorted((root / "mp4").glob("id*/*/*.mp4")):
            person, source, cut = video.relative_to(root / "mp4").parts
            sound = sounds / person / source / f"{video.stem}.m4a" if sounds.is_dir() else None
            labels = {"person": person, "take": source}
            if root != folder:
                labels["split"] = root.name
            made.append(Item("/".join((*root.relative_to(folder).parts, person, source, cut.removesuffix(".mp4"))), video, sound, labels))
    return made
