"""How fast a run was: frames a second, the first frame, memory. Only runs that were timed have these."""

from thespis.evaluate.metric import Metric
from thespis.types import Clip

FACTS = ("frames_a_second", "first_frame_s", "peak_memory_mb")
"""What the label `run` of a Clip may hold: `thespis run --report NAME.json` measures them, `thespis eval` finds them beside NAME.mp4."""


def fact(clip: Clip, name: str) -> list[float] | None:
    """Read one fact of a run."""
    found = clip.labels["run"].get(name)
    return None if found is None else [float(found)]


METRICS = (
    Metric(
        "speed.frames", "Frames a second", "Finished frames for each second of work, end to end",
        "a second", "higher", ("run",), lambda clip: fact(clip, "frames_a_second"), digits=1,
    ),
    Metric(
        "speed.first", "First frame after", "From the first sound that is given to the first finished frame",
        "s", "lower", ("run",), lambda clip: fact(clip, "first_frame_s"),
    ),
    Metric(
        "speed.memory", "Memory", "The most that the process held",
        "MB", "lower", ("run",), lambda clip: fact(clip, "peak_memory_mb"), digits=0,
    ),
)  # fmt: skip
