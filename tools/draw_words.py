"""Draw the picture of docs/direction.md: how far the lips open in a sentence, plainly said and with wishes for single words."""

from dataclasses import replace
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import thespis
from thespis.direction.perform import perform
from thespis.emphasis import Emphases
from thespis.talker import Talker
from thespis.types import FRAMES, Array, Portrait, Track

OUT = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "words.png"
SCRIPT = "I never said [stronger] that. You know I [weaker] never would, [held 0.5] no, not me."
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1400, 340, 20, 20, 44, 60
PLAIN, EDITED, WORD, ASKED, INK = (150, 150, 150), (208, 74, 38), (232, 236, 240), (252, 226, 196), (40, 40, 40)
HIGHEST = 0.85


def opening(motion: Track) -> Array:
    """How far the lips are apart (rows,)."""
    return motion["jawOpen"] - motion["mouthClose"] + 0.3 * motion["mouthPucker"]


def main() -> None:
    """Perform the sentence twice and draw both."""
    whole = thespis.load()
    talker = Talker(*takewhile(lambda stage: stage.gives != FRAMES, whole.stages), name=whole.name, card=whole.card)
    nobody = Portrait((np.zeros((8, 8, 3), np.uint8),))
    speech, wish = perform(SCRIPT)
    wish = replace(wish, fps=Fraction(100))
    edited, plain = talker(speech, nobody, wish).motion, talker(speech, nobody, replace(wish, words=Emphases())).motion
    if edited is None or plain is None:
        raise SystemExit("the default recipe moves nothing")
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(17)
    per_second, ground = (WIDTH - LEFT - RIGHT) / speech.seconds, HEIGHT - BOTTOM

    def across(seconds: float) -> float:
        return LEFT + seconds * per_second

    asked = {each.span: each for each in wish.words}
    for word in speech.words or ():
        one = asked.get((word.start, word.end))
        pen.rectangle((across(word.start) + 1, TOP, across(word.end) - 1, ground), fill=ASKED if one else WORD)
        pen.text((across((word.start + word.end) / 2), ground + 18), word.text, INK, font, anchor="mm")
        if one is not None:
            what = f"held {one.hold:g}" if one.hold is not None else "stronger" if one.lips > 1 else "weaker"
            pen.text((across((word.start + word.end) / 2), ground + 42), what, EDITED, font, anchor="mm")
    for motion, colour, name, at in ((plain, PLAIN, "as it is said", LEFT), (edited, EDITED, "with the wishes", LEFT + 160)):
        heights = ground - opening(motion) / HIGHEST * (ground - TOP)
        pen.line(list(zip([across(second) for second in motion.seconds.tolist()], heights.tolist(), strict=True)), colour, 3, "curve")
        pen.text((at, 20), name, colour, font, anchor="lm")
    image.save(OUT, optimize=True)
    print(f"wrote {OUT}")


if __name__ == "__main__":
    main()
