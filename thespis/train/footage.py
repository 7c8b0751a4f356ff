"""Footage to learn from beside the made-up stage: what is asked for, and that a training that goes on still learns from the same."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thespis.data.prepared import Prepared
from thespis.errors import TrainingError
from thespis.export.output import write_text

FACTS = "footage.json"
USUAL_STAGE = 0.5
"""The share of what is learned that the made-up stage gives where there is footage."""


def settled(folder: Path, wishes: dict[str, Any]) -> tuple[list[Path], float]:
    """Take footage (`data`) and the stage's share (`stage`) out of the wishes, and see that a begun training was given the same."""
    folders = [Path(each) for each in wishes.pop("data", ())]
    share = float(wishes.pop("stage", USUAL_STAGE if folders else 1.0))
    if not 0 <= share <= 1:
        raise TrainingError(f"the share of the made-up stage goes from 0 to 1, not {share:g}")
    now = {"stage": share, "footage": [{"folder": each.name, "clips": len(Prepared(each))} for each in folders]}
    path = folder / FACTS
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    # Parts of a training have folders of their own, which may be there before the whole of it is.
    alone = any(folder.glob("run.json")) or any(folder.glob("*/run.json"))
    begun = before if before is not None else {"stage": 1.0, "footage": []} if alone else now
    if begun != now:
        raise TrainingError(f"{folder} holds a training that learned from {told(begun)}, not from {told(now)}; use another folder")
    if folders and before is None:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(now, indent=1) + "\n")
    return folders, share


def told(facts: dict[str, Any]) -> str:
    """Word what a training learns from."""
    named = [f"{each['folder']} ({each['clips']} clips)" for each in facts["footage"]]
    return " and ".join([*named, f"the stage ({facts['stage']:.0%})"])


def kept_back(people: Sequence[str]) -> list[bool]:
    """Choose whom nobody learns from: every tenth person, where there are at least four of them."""
    names = sorted(set(people))
    held = set(names[::10]) if len(names) >= 4 else set()
    return [person in held for person in people]
