"""Thespis makes portraits act: a photo, speech and direction become a talking, feeling face.

import thespis
clip = thespis.load()(thespis.say("Hello there."), thespis.portrait("photo.jpg"), thespis.direct("happy=0.8"))
thespis.save(clip, "out.mp4")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thespis.capture.portrait import read_portrait as portrait
    from thespis.direction.parse import direct
    from thespis.export.take import open_take, save_take
    from thespis.export.video import save
    from thespis.recipes import load
    from thespis.speech.read import read_speech as listen
    from thespis.speech.say import say
    from thespis.talker import Session, Talker
    from thespis.types import Clip, Direction, Frames, Portrait, Space, Speech, Track

__version__ = "0.1.0"

# Public names and where they live; they are imported when first used, so that `import thespis` costs nothing.
_PLACES = {
    "portrait": "thespis.capture.portrait:read_portrait",
    "direct": "thespis.direction.parse:direct",
    "save": "thespis.export.video:save",
    "open_take": "thespis.export.take:open_take",
    "save_take": "thespis.export.take:save_take",
    "load": "thespis.recipes:load",
    "listen": "thespis.speech.read:read_speech",
    "say": "thespis.speech.say:say",
    "Session": "thespis.talker:Session",
    "Talker": "thespis.talker:Talker",
    "Clip": "thespis.types:Clip",
    "Direction": "thespis.types:Direction",
    "Frames": "thespis.types:Frames",
    "Portrait": "thespis.types:Portrait",
    "Space": "thespis.types:Space",
    "Speech": "thespis.types:Speech",
    "Track": "thespis.types:Track",
}

__all__ = [
    "Clip", "Direction", "Frames", "Portrait", "Session", "Space", "Speech", "Talker", "Track",
    "direct", "listen", "load", "open_take", "portrait", "save", "save_take", "say",
]  # fmt: skip


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute can be anything
    """Import a public name when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'thespis' has no attribute {name!r}; it has {', '.join(__all__)}")
    place, _, attribute = _PLACES[name].partition(":")
    return getattr(import_module(place), attribute)


def __dir__() -> list[str]:
    """Name what is public, so that completion finds what has not been imported yet."""
    return sorted([*globals(), *__all__])
