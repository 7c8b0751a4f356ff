"""Recordings whose text is known: listened to once, so that their words and phones go with the samples when they are read again."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thespis.errors import MediaError
from thespis.features.articulation import network
from thespis.features.phone_classes import PHONE_CLASSES
from thespis.features.spaces import ARTICULATION_FPS
from thespis.speech.align import Aligned, align
from thespis.speech.pronounce import pronounce
from thespis.types import Speech, Track, within
from thespis.weights import ASSETS

FITS = 0.1  # fit of a whole text below which it is taken for a wrong one
WHOLE = True  # alignment may take its time, so the network has second thoughts


def heard(blocks: Iterable[Speech], weights: Path | None = None) -> Track:
    """Listen to a recording block after block -> a Track in PHONE_CLASSES at the time of the sound; the samples are not kept."""
    stage = network(weights or ASSETS / "articulation.onnx", WHOLE)
    state = stage.listening()
    state.phones = []
    rows: list[npt.NDArray[np.float16]] = []
    at, rate = 0, 16_000

    def keep(count: int) -> None:
        """Take over what the network said of the rows that are answered."""
        found = state.phones or []
        rows.append(np.asarray(found[:count], np.float16).reshape(-1, PHONE_CLASSES.size))
        del found[:count]

    for block in blocks:
        rate, at = block.rate, block.stop
        keep(len(stage.step(state, replace(block, phones=None), False)))
    keep(len(stage.step(state, Speech(np.zeros((1, 0), np.float32), rate, start=at), True)))
    return Track(PHONE_CLASSES, np.concatenate(rows).astype(np.float32), ARTICULATION_FPS)


@dataclass(frozen=True, eq=False)
class Transcript:
    """A recording in `blocks` that can be read several times, with its `text` laid along it.

    Iterating gives the blocks with their phones and words; stretches of speech that the text does not hold come without phones.
    """

    blocks: Iterable[Speech]
    text: str
    aligned: Aligned

    def __iter__(self) -> Iterator[Speech]:
        """Read the recording again."""
        for block in self.blocks:
            yield from self.known(block)

    def known(self, block: Speech) -> Iterator[Speech]:
        """Cut a block where the text ends to know it, and add the phones and words that begin within each piece."""
        cuts = {block.start, block.stop}
        for start, end in self.aligned.unknown:
            cuts |= {at for at in (round(start * block.rate), round(end * block.rate)) if block.start < at < block.stop}
        places = sorted(cuts)
        for first, stop in pairwise(places):
            begin, after = first / block.rate, stop / block.rate
            middle = (begin + after) / 2
            missing = any(start <= middle < end for start, end in self.aligned.unknown)
            phones = None if missing else within(self.aligned.phones, begin, after)
            words = within(self.aligned.words, begin, after)
            yield replace(block.cut(first, stop), text=self.text, phones=phones, words=words)

    def speech(self) -> Speech:
        """Give all of it as one Speech; what the text does not hold then rests."""
        whole = list(self.blocks)
        samples = np.concatenate([block.samples for block in whole], axis=1)
        return Speech(samples, whole[0].rate, self.text, self.aligned.phones, self.aligned.words)


def transcript(blocks: Iterable[Speech], text: str, language: str = "en-us") -> Transcript:
    """Lay a text along a recording; `blocks` must give the same samples each time it is iterated."""
    if not text.strip():
        raise MediaError("the text is empty; write what is said in the recording")
    aligned = align(heard(blocks), pronounce(text, language), judge=True)
    if aligned.fit is not None and aligned.fit < FITS:
        logging.getLogger("thespis").warning(
            "the text hardly fits what is heard (%.2f; right ones have 0.2 to 0.6): check that it is what is said, in the language %s",
            max(aligned.fit, 0.0),
            language,
        )
    return Transcript(blocks, text, aligned)
