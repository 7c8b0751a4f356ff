"""A disk that is nearly full, for tests."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hardly_any_room(most: int = 2000) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
