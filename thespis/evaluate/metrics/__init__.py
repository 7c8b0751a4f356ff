"""The one table of metrics: a file for each subject, each with its METRICS."""

from functools import cache
from importlib import import_module

from thespis.errors import UsageError, unknown
from thespis.evaluate.metric import Metric

SUBJECTS = {
    "sync": "Sound and picture",
    "lips": "Lips",
    "expression": "Expression",
    "feeling": "Feeling",
    "identity": "Identity",
    "image": "Picture",
    "motion": "Motion",
    "speed": "Speed",
}
"""The files, in the order of reports, and what they are about."""


@cache
def table() -> tuple[Metric, ...]:
    """List every metric in the order of reports."""
    return tuple(metric for name in SUBJECTS for metric in import_module(f"{__name__}.{name}").METRICS)


def chosen(names: list[str]) -> tuple[Metric, ...]:
    """Pick metrics by name or by subject; all of them where none is named."""
    known = [metric.name for metric in table()]
    for name in names:
        if name not in known and name not in SUBJECTS:
            subject = name.split(".")[0]
            within = [other for other in known if other.startswith(f"{subject}.")]
            raise UsageError(unknown("metric", name, within or SUBJECTS, among=[*SUBJECTS, *known]))
    return tuple(metric for metric in table() if not names or metric.name in names or metric.subject in names)
