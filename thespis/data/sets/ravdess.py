"""RAVDESS: 24 actors speak and sing two sentences with eight emotions (Livingstone and Russo, PLOS ONE 2018).

The layout of its archives (https://zenodo.org/records/1188976): seven numbers name modality, channel, emotion, intensity, statement,
repetition and actor:

    Actor_01/01-01-05-02-01-02-01.mp4      also in Video_Speech_Actor_01/ and Video_Song_Actor_01/

Modality 01 has pictures and sound; 02 (the same without sound) and 03 (sound only) are left out. "Calm" is no emotion of ours: it counts
as neutral and keeps its name in `published_feeling`.
"""

from pathlib import Path

from thespis.data.item import Item, with_suffix

TITLE = "RAVDESS"
SOURCE = "https://zenodo.org/records/1188976"
LICENCE = "CC BY-NC-SA 4.0"
EXPECTED = "Actor_01/01-01-05-02-01-02-01.mp4"
FIELDS = 7
FEELINGS = {
    "01": "neutral", "02": "neutral", "03": "happy", "04": "sad", "05": "angry", "06": "fear", "07": "disgusted", "08": "surprised",
}  # fmt: skip
PUBLISHED = {
    "01": "neutral", "02": "calm", "03": "happy", "04": "sad", "05": "angry", "06": "fearful", "07": "disgust", "08": "surprised",
}  # fmt: skip
INTENSITIES = {"01": 0.5, "02": 1.0}
STATEMENTS = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}


def items(folder: Path) -> list[Item]:
    """List the clips that have pictures and sound."""
    made = []
    for video in with_suffix(folder, (".mp4",)):
        code = video.stem.split("-")
        if len(code) != FIELDS or code[0] != "01" or code[2] not in FEELINGS or code[4] not in STATEMENTS or not code[6].isdigit():
            continue
        _, channel, emotion, intensity, statement, repetition, actor = code
        feeling = FEELINGS[emotion]
        labels = {
            "person": f"Actor_{actor}", "feeling": feeling, "published_feeling": PUBLISHED[emotion], "sentence": statement,
            "intensity": 0.0 if feeling == "neutral" else INTENSITIES.get(intensity, 0.5), "text": STATEMENTS[statement],
            "kind": "singing" if channel == "02" else "speaking", "repetition": int(repetition), "language": "en", "view": "front",
            "gender": "male" if int(actor) % 2 else "female",
        }  # fmt: skip
        made.append(Item(video.stem, video, None, labels))
    return made
