"""How fast the made-up stage is made on this machine: clips and frames a second, by so many processes."""

import time
from dataclasses import dataclass, replace

from thespis.data.stage import Stage, StageSettings
from thespis.data.workers import spread


@dataclass(frozen=True)
class Speed:
    """What was made: `clips` and `frames` (0 without pictures) in `seconds` by the clock, by so many `workers`."""

    clips: int
    frames: int
    seconds: float
    workers: int


def timed(settings: StageSettings, first: int, stop: int) -> tuple[float, float, int]:
    """Make clips `first` to `stop` -> when that began and ended, and how many frames they have; getting ready is not counted."""
    Stage(replace(settings, seconds=0.5, clips=stop + 1))[stop]
    stage, frames = Stage(settings), 0
    begun = time.time()
    for number in range(first, stop):
        clip = stage[number]
        frames += 0 if clip.frames is None else len(clip.frames)
    return begun, time.time(), frames


def measure(settings: StageSettings, workers: int) -> Speed:
    """Make the clips of the settings once, shared among so many processes, and throw them away."""
    count = min(workers, settings.clips)
    marks = [settings.clips * part // count for part in range(count + 1)]
    jobs = [(settings, marks[part], marks[part + 1]) for part in range(count)]
    done = list(spread(timed, jobs, count))
    return Speed(settings.clips, sum(each[2] for each in done), max(each[1] for each in done) - min(each[0] for each in done), count)
