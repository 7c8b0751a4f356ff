"""The feeling that a judge reads from the pixels, beside the one that was asked for."""

from functools import lru_cache

import numpy as np

from thespis.errors import ThespisError, unknown
from thespis.evaluate.judge import Shown, shown_emotion
from thespis.evaluate.metric import Doubles, Metric
from thespis.types import EMOTION, Clip


@lru_cache(maxsize=1)
def shown(clip: Clip) -> Shown:
    """Ask the judge what a clip shows."""
    return shown_emotion(clip)


def asked(clip: Clip) -> int:
    """Find the number of the feeling that was asked for."""
    feeling = clip.labels["feeling"]
    if feeling not in EMOTION.names:
        raise ThespisError(unknown("emotion", str(feeling), EMOTION.names))
    return EMOTION.names.index(feeling)


def right(clip: Clip) -> list[float]:
    """Tell in per cent whether the judge names the feeling that was asked for."""
    return [100.0 * (shown(clip).feeling == clip.labels["feeling"])]


def intensities(clip: Clip) -> list[float] | None:
    """Give the feeling, how much of it was asked for and how much is shown."""
    if "intensity" not in clip.labels or clip.labels["feeling"] == "neutral":
        return None
    number = asked(clip)
    return [float(number), float(clip.labels["intensity"]), float(shown(clip).amounts[number])]


def in_order(rows: Doubles) -> float:
    """Correlate by rank what was asked and what is shown (clips, 3) within each feeling, and average over the feelings."""
    found = []
    for feeling in np.unique(rows[:, 0]):
        own = rows[rows[:, 0] == feeling]
        if len(np.unique(own[:, 1])) > 1:
            both = [ranks(own[:, column]) for column in (1, 2)]
            found.append(float(np.corrcoef(np.stack(both))[0, 1]) if min(part.std() for part in both) > 0 else 0.0)
    return float(np.mean(found)) if found else float("nan")


def ranks(values: Doubles) -> Doubles:
    """Give the rank of each value (n,); equal ones share theirs."""
    return np.array([(values < value).sum() + ((values == value).sum() - 1) / 2 for value in values])


METRICS = (
    Metric(
        "feeling.right", "Feeling is the one asked for", "Share of clips in which a judge reads the asked feeling from the pixels",
        "%", "higher", ("pictures", "feeling"), right, digits=0,
    ),
    Metric(
        "feeling.order", "Intensity is in order", "Rank correlation of the intensity asked for with the one the judge sees",
        "rank r", "higher", ("pictures", "feeling"), intensities, in_order, alone=False,
    ),
)  # fmt: skip
