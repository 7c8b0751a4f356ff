"""Every test file says what kind of test it is, and property tests give the same examples on every machine."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from thespis.types import Portrait

CATEGORIES = {"unit", "recipes", "streaming", "parity", "docs", "browser"}

settings.register_profile("thespis", deadline=None, derandomize=True, database=None, max_examples=25)
settings.load_profile("thespis")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test file without exactly one category."""
    wrong = {Path(item.path).name for item in items if len(CATEGORIES & {marker.name for marker in item.iter_markers()}) != 1}
    if wrong:
        raise pytest.UsageError(
            f"{', '.join(sorted(wrong))}: give the file `pytestmark = pytest.mark.X` with one X of {', '.join(sorted(CATEGORIES))}"
        )


@pytest.fixture(scope="session")
def nobody() -> Portrait:
    """A picture for stages that never look at it."""
    return Portrait((np.zeros((8, 8, 3), np.uint8),))


@pytest.fixture(scope="session")
def astronaut() -> Portrait:
    """The public-domain photograph of Eileen Collins that scikit-image carries."""
    from skimage.data import astronaut

    return Portrait((astronaut(),), name="the astronaut")
