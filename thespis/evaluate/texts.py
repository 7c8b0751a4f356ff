"""What is said in clips, where somebody wrote it down: a text file beside a clip, or a table for a whole folder."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from thespis.errors import MediaError

TEXT_COLUMNS = ("text", "transcript")
BESIDE = (".txt", ".lab")


@dataclass(frozen=True)
class Said:
    """What is said in a clip, and in which language."""

    text: str
    language: str


def read_texts(path: Path, language: str) -> dict[str, Said]:
    """Read a table with tabs between its columns `file`, `text` (or `transcript`) and perhaps `language` -> what is said by file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except FileNotFoundError:
        raise MediaError(f"there is no table {path}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MediaError(f"{path} cannot be read as a table in UTF-8 ({error})") from None
    named = list(rows[0]) if rows else []
    column = next((name for name in TEXT_COLUMNS if name in named), None)
    if column is None or "file" not in named:
        raise MediaError(
            f"{path} needs a first line with the columns file and text, with tabs between them; it has {', '.join(named) or 'none'}"
        )
    return {
        row["file"]: Said(row[column].strip(), (row.get("language") or language).strip()) for row in rows if (row[column] or "").strip()
    }


def text_beside(path: Path, texts: Mapping[str, Said], language: str) -> Said | None:
    """Find what is said in a clip: in the table by the end of its path, else in a text file of its name beside it."""
    parts = path.absolute().as_posix()
    for name, said in texts.items():
        if parts == name or parts.endswith("/" + name.lstrip("/")):
            return said
    for suffix in BESIDE:
        beside = path.with_suffix(suffix)
        if beside.is_file():
            try:
                text = beside.read_text(encoding="utf-8-sig").strip()
            except UnicodeDecodeError:
                raise MediaError(f"{beside} is not a text file in UTF-8") from None
            if text:
                return Said(text, language)
    return None
