"""What the timeline shows of a speech: its length, how loud it is, its words in time, and what its words feel like."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from thespis.types import Array, Direction, Speech

PEAKS = 480
NOTHING: Mapping[str, Any] = {"seconds": 0.0, "peaks": [], "words": []}


def loudness(blocks: Iterable[Speech], seconds: float) -> Array:
    """Measure the loudest sample in each of PEAKS equal stretches, from 0 to 1 (PEAKS,)."""
    peaks = np.zeros(PEAKS, np.float32)
    for block in blocks:
        mono = np.abs(block.mono())
        if len(mono):
            at = ((np.arange(len(mono)) + block.start) / block.rate / max(seconds, 1e-6) * PEAKS).astype(np.int64)
            np.maximum.at(peaks, np.minimum(at, PEAKS - 1), mono)
    return np.asarray(peaks / max(float(peaks.max(initial=0)), 1e-3), np.float32)


def shown(blocks: Iterable[Speech], seconds: float) -> dict[str, Any]:
    """Gather what the timeline draws."""
    pieces = list(blocks)
    words = [[word.text, round(word.start, 3), round(word.end, 3)] for piece in pieces for word in piece.words or ()]
    met = list(dict.fromkeys((text, start, end) for text, start, end in words))
    return {"seconds": round(seconds, 3), "peaks": [round(float(peak), 3) for peak in loudness(pieces, seconds)], "words": met}


def heard(speech: Mapping[str, Any], direction: Direction) -> dict[str, Any]:
    """Say or read a speech, and gather what the timeline draws; nothing where there is none yet."""
    from thespis.apps.render import in_blocks, spoken
    from thespis.speech.read import open_speech

    script, audio = str(speech.get("script") or "").strip(), speech.get("audio")
    if audio is not None:
        file = open_speech(audio)
        blocks = list(file)
        return shown(blocks, sum(len(block) for block in blocks) / file.rate)
    if not script:
        return dict(NOTHING)
    said, _, _ = spoken(script, speech.get("voice") or "en-us", direction)
    return shown(in_blocks(said), said.seconds)


def suggested(speech: Mapping[str, Any], direction: Direction) -> list[dict[str, Any]]:
    """Read from the words, or the voice, what is felt -> keyframes."""
    from dataclasses import replace

    from thespis.apps.render import felt, spoken
    from thespis.apps.studio.wishes import keys_of
    from thespis.errors import ThespisError
    from thespis.speech.read import open_speech

    plain = replace(direction, emotion=Direction().emotion)
    script, audio = str(speech.get("script") or "").strip(), speech.get("audio")
    if audio is not None:
        return keys_of(felt("auto", plain, open_speech(audio)).emotion)
    if not script:
        raise ThespisError("there is nothing to read feelings from yet: write a sentence, or record or upload one")
    return keys_of(spoken(script, speech.get("voice") or "en-us", plain, "auto")[1].emotion)
