"""Jobs done by the machines of a Ray cluster, which all see the same folders."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from thespis.errors import MissingExtraError, UsageError

T = TypeVar("T")
HERE = "local"
AHEAD = 4  # jobs for each processor that wait at the cluster


def spread_over_machines(work: Callable[..., T], jobs: Sequence[tuple[Any, ...]], address: str) -> Iterator[T]:
    """Call `work` with each job's arguments on a Ray cluster, and yield the answers as they come.

    `address` is the cluster's ("auto", or ray://host:10001), or "local" for one that is started on this machine and ends with the run.
    """
    try:
        import ray
    except ImportError:
        raise MissingExtraError("--ray needs Ray, which is not installed; install it with pip install 'thespis[scale]'") from None
    try:
        ray.init(address=None if address == HERE else address, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # Ray raises plain Exceptions too
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"no Ray cluster answers at {address!r} ({reason}); start one with ray start --head, or use --ray local") from None
    try:
        remote = ray.remote(num_cpus=1, max_retries=3)(work)
        waiting = list(jobs)
        running: list[Any] = []
        most = max(int(ray.cluster_resources().get("CPU", 1)), 1) * AHEAD
        while waiting or running:
            while waiting and len(running) < most:
                running.append(remote.remote(*waiting.pop(0)))
            done, running = ray.wait(running, num_returns=1)
            for reference in done:
                try:
                    yield ray.get(reference)
                except ray.exceptions.RayTaskError as error:
                    # Ray wraps what a job raises; the cause is what the user can mend.
                    raise error.cause from None
    finally:
        ray.shutdown()
