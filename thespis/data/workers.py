"""Jobs done by several processes at once, in order."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from thespis.errors import MediaError

T = TypeVar("T")
CORES = min(os.cpu_count() or 1, 16)
"""How many processes draw a corpus, where nobody says: each needs half a gigabyte."""


def spread(work: Callable[..., T], jobs: Sequence[tuple[Any, ...]], workers: int) -> Iterator[T]:
    """Call `work` with each job's arguments in so many fresh processes (one: in this one), and yield the answers in order."""
    if workers <= 1 or len(jobs) <= 1:
        yield from (work(*job) for job in jobs)
        return
    # Fresh processes: espeak's library and compiled code do not survive a fork of a threaded parent.
    with ProcessPoolExecutor(min(workers, len(jobs)), get_context("spawn"), one_thread) as pool:
        try:
            for future in [pool.submit(work, *job) for job in jobs]:
                yield future.result()
        except BrokenProcessPool:
            raise MediaError(
                "a process was ended from outside, mostly for want of memory; what is done stays: begin again, with fewer --workers where "
                "there are any to choose"
            ) from None
        finally:
            # Where an error ends it, or whoever asks has enough, nothing further is begun.
            pool.shutdown(cancel_futures=True)


def one_thread() -> None:
    """Let a process use one core, since there is one for each."""
    # What numpy calculates with asks when it is loaded, which is after this.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    import cv2

    cv2.setNumThreads(1)
