"""Count which sounds follow which, over the sentences of all training languages, and write thespis/assets/phone_bigrams.json.

python tools/make_phone_bigrams.py            some seconds; the same sentences give the same counts
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
from articulation_data import SENTENCES

from thespis.features.phone_classes import PHONE_CLASSES, SILENCE, classes
from thespis.speech.say import say
from thespis.weights import ASSETS

PAUSE = 0.15  # seconds between phones from which on it is silent


def main() -> None:
    """Read every language's sentences, count, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ASSETS / "phone_bigrams.json")
    asked = parser.parse_args()
    counts = np.zeros((PHONE_CLASSES.size, PHONE_CLASSES.size), np.int64)
    for language, text in SENTENCES.items():
        names, end = [SILENCE], 0.0
        for phone in say(text, language).phones or ():
            if phone.start - end > PAUSE:
                names.append(SILENCE)
            names += classes(phone.symbol)
            end = phone.end
        columns = [PHONE_CLASSES.column(name) for name in [*names, SILENCE]]
        own = np.zeros_like(counts)
        for one, other in pairwise(columns):
            own[one, other] += 1
        counts += np.round(own * 1000 / own.sum()).astype(np.int64)  # every language counts the same, however long its text
    facts = {
        "made_by": "python tools/make_phone_bigrams.py",
        "licence": "Apache-2.0",
        "names": PHONE_CLASSES.names,
        "counts": counts.tolist(),
    }
    asked.out.write_text(json.dumps(facts, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {asked.out}: {int((counts > 0).sum())} of {counts.size} pairs occur, in {len(SENTENCES)} languages")


if __name__ == "__main__":
    main()
