"""The made-up people that ship with the package: nobody has to have a picture at hand."""

from pathlib import Path

FACES = Path(__file__).parents[1] / "studio" / "faces"


def faces() -> list[str]:
    """Name them."""
    return sorted(path.stem for path in FACES.glob("*.jpg"))
