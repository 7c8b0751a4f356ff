"""Text -> what it feels like, sentence by sentence: VADER's word list with its rules for negation, and words that name an emotion.

English only, because VADER is. Other languages are felt by the voice alone (speech/voice_emotion.py).
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from thespis.speech.voice_emotion import FEELINGS

LANGUAGES = ("en",)
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+|\n+")
WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
CLEAR = 0.25  # of VADER's -1 to 1, from which a sentence counts as felt
REACH = 3  # words before a word in which a "not" turns it off

NAMING = {
    "angry": "angry anger furious rage raging mad hate hates hated hateful damn damned idiot idiots outrage outraged outrageous shout "
    "shouted yell annoyed annoying irritated betrayed betray liar lied lies unfair",
    "fear": "afraid fear fears feared scared scary terrified terrifying terror panic panicked frightened frightening worried worry "
    "anxious danger dangerous horror threat threatened nightmare help run hide trembling dread",
    "sad": "sad sadly sadness sorrow sorry lost lose losing cry cries crying cried tears weep lonely alone grief mourn miss missed missing "
    "died dead death funeral hopeless broken goodbye regret hurt miserable depressed unhappy gone",
    "disgusted": "disgust disgusted disgusting gross yuck ugh nasty revolting vile rotten stinks stink filthy vomit sickening repulsive",
    "surprised": "wow surprise surprised surprising suddenly unbelievable incredible astonishing astonished amazed unexpected what really "
    "whoa gosh impossible",
    "happy": "happy glad joy joyful delighted wonderful great lovely love loves loved beautiful fantastic excellent marvellous perfect "
    "smile laugh laughing fun thrilled celebrate congratulations hooray yay proud delicious excited",
}  # fmt: skip
NAMED = {word: feeling for feeling, words in NAMING.items() for word in words.split()}
ONLY_CALLED = ("what", "really", "run", "hide", "help", "impossible")  # name an emotion only where they are called out
NOT = {"not", "no", "never", "without", "hardly", "nothing", "nobody", "neither", "nor", "cannot", "cant", "dont", "isnt", "wasnt"}


@dataclass(frozen=True)
class Felt:
    """One sentence: its characters `first` to `stop`, its `valence` from -1 to 1, and the share of each of FEELINGS, summing to 1."""

    first: int
    stop: int
    valence: float
    shares: dict[str, float]


@cache
def analyzer() -> Any:  # noqa: ANN401 - the library is untyped
    """Load VADER's word list."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def understood(language: str) -> bool:
    """Tell whether texts of a language or voice ("en-gb+f2") are understood."""
    return language.strip().lower().replace("_", "-").split("-")[0].split("+")[0] in LANGUAGES


def sentences(text: str) -> list[tuple[int, int]]:
    """Find where each sentence begins and ends, in characters."""
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    return [(first, stop) for first, stop in pairwise(cuts) if text[first:stop].strip()]


def sentiment(text: str) -> list[Felt]:
    """Feel each sentence of an English text."""
    return [felt(text[first:stop], first, stop) for first, stop in sentences(text)]


def felt(sentence: str, first: int, stop: int) -> Felt:
    """Feel one sentence."""
    valence = float(analyzer().polarity_scores(sentence)["compound"])
    words = WORD.findall(sentence.lower().replace("’", "'"))
    counts = dict.fromkeys(FEELINGS, 0.0)
    called = "!" in sentence or "?!" in sentence
    for place, word in enumerate(words):
        feeling = NAMED.get(word)
        if feeling is None or (word in ONLY_CALLED and not called):
            continue
        before = words[max(place - REACH, 0) : place]
        if any(each in NOT or each.endswith("n't") for each in before):
            continue
        counts[feeling] += 1.0
    named = sum(counts.values())
    # Where words and rules disagree about the sign, the rules are right: "my lovely house is gone" is not glad.
    if valence <= -CLEAR:
        counts["happy"] = 0.0
    elif valence >= CLEAR:
        counts = {name: amount * (name in ("happy", "surprised")) for name, amount in counts.items()}
    total = sum(counts.values())
    if not total and abs(valence) >= CLEAR:
        # A bad word without a name is rather sad than angry; the voice decides.
        counts |= {"happy": 1.0} if valence > 0 else {"sad": 0.6, "angry": 0.4}
        total = 1.0
    strength = min(max(abs(valence), 0.45 if named and total else 0.0), 0.95) if total else 0.0
    shares = {name: strength * amount / total if total else 0.0 for name, amount in counts.items()}
    return Felt(first, stop, valence, shares | {"neutral": 1.0 - strength})
