"""MultiTalk: 420 hours of talking faces in twenty languages, cut from the web's videos (Sung-Bin and others, Interspeech 2024).

The layout that its own downloader makes (https://github.com/postech-ami/MultiTalk, MultiTalk_Dataset):

    processed_video/arabic/CLIP.mp4      faces, 512 pixels wide, 25 frames a second
    annotations/arabic.json              {CLIP: {"youtube_id": ..., "duration": {...}, "bbox": {...}, "language": ...}}

Folders of the same kind without annotations are read too: LANGUAGE/CLIP.mp4. Where an annotation names clips that are not there, they are
missing; few people have all of them, since videos vanish from the web.
"""

import json
from pathlib import Path
from typing import Any

from thespis.data.item import Item, sound_beside
from thespis.errors import MediaError

TITLE = "MultiTalk"
SOURCE = "https://github.com/postech-ami/MultiTalk"
LICENCE = "annotations for research only; the videos are their owners'"
EXPECTED = "processed_video/english/CLIP.mp4"
CODES = {
    "arabic": "ar", "catalan": "ca", "croatian": "hr", "czech": "cs", "dutch": "nl", "english": "en", "french": "fr", "german": "de",
    "greek": "el", "hindi": "hi", "italian": "it", "japanese": "ja", "mandarin": "zh", "polish": "pl", "portuguese": "pt",
    "russian": "ru", "spanish": "es", "thai": "th", "turkish": "tr", "ukrainian": "uk",
}  # fmt: skip


def items(folder: Path) -> list[Item]:
    """List the clips of all languages."""
    root = folder / "processed_video" if (folder / "processed_video").is_dir() else folder
    known = {language: told(folder / "annotations" / f"{language}.json") for language in CODES}
    made = []
    for language, code in CODES.items():
        here = {path.stem: path for path in (root / language).glob("*.mp4")}
        for name in sorted(here.keys() | known[language].keys()):
            video = here.get(name, root / language / f"{name}.mp4")
            source = known[language].get(name, {}).get("youtube_id")
            labels = {"language": code, **({"take": source, "person": source} if source else {})}
            made.append(Item(f"{language}/{name}", video, sound_beside(video), labels))
    return made


def told(path: Path) -> dict[str, Any]:
    """Read an annotation; nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise MediaError(f"{path} is no JSON; download the annotation again") from None
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise MediaError(f"{path} names no clips with what is known of each; download the annotation again")
    return found
