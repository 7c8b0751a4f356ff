"""CREMA-D: 91 actors say twelve sentences with six emotions (Cao and others, IEEE Transactions on Affective Computing 2014).

The layout of its repository (https://github.com/CheyneyComputerScience/CREMA-D): actor, sentence, emotion and level name a file:

    VideoFlash/1001_DFA_ANG_XX.flv      pictures (and their own sound)
    AudioWAV/1001_DFA_ANG_XX.wav        the recording; used where the folder is there

Level XX is unspecified: such clips tell a feeling and no intensity.
"""

from pathlib import Path
from typing import Any

from thespis.data.item import Item, with_suffix

TITLE = "CREMA-D"
SOURCE = "https://github.com/CheyneyComputerScience/CREMA-D"
LICENCE = "Open Database Licence"
EXPECTED = "VideoFlash/1001_DFA_ANG_XX.flv"
FIELDS = 4
FEELINGS = {"ANG": "angry", "DIS": "disgusted", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
LEVELS = {"LO": 1 / 3, "MD": 2 / 3, "HI": 1.0}
SENTENCES = {
    "IEO": "It's eleven o'clock.", "TIE": "That is exactly what happened.", "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.", "TAI": "The airplane is almost full.", "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.", "ITH": "I think I have a doctor's appointment.", "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.", "TSI": "The surface is slick.", "WSI": "We'll stop in a couple of minutes.",
}  # fmt: skip


def items(folder: Path) -> list[Item]:
    """List the clips."""
    made = []
    sounds = folder / "AudioWAV"
    for video in with_suffix(folder, (".flv", ".mp4")):
        code = video.stem.split("_")
        if len(code) != FIELDS or code[1] not in SENTENCES or code[2] not in FEELINGS:
            continue
        actor, sentence, emotion, level = code
        labels: dict[str, Any] = {
            "person": actor, "feeling": FEELINGS[emotion], "sentence": sentence, "text": SENTENCES[sentence],
            "language": "en", "view": "front",
        }  # fmt: skip
        if emotion == "NEU" or level in LEVELS:
            labels["intensity"] = 0.0 if emotion == "NEU" else LEVELS[level]
        made.append(Item(video.stem, video, sounds / f"{video.stem}.wav" if sounds.is_dir() else None, labels))
    return made
