"""How scores of lips are told: as lines of a table, and as plain numbers for programs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thespis.evaluate.lips import Fit, Score, beats, summary
from thespis.evaluate.mouths import Refused, Talk

NAME = 30  # characters of a clip's name


def names_of(scores: Sequence[Mapping[str, Score]]) -> list[str]:
    """List the curves that any clip has, in order."""
    return list(dict.fromkeys(name for clip in scores for name in clip))


def heads(names: Sequence[str]) -> str:
    """Word the head of the table: the first curve in full, the others in short."""
    first, others = names[0], names[1:]
    above = f"{'':{NAME}} {first:^46}" + "".join(f"  {name:^16.16}" for name in others)
    below = f"{'clip':{NAME}} opening best  lag  width best  F1 P/R  silence" + "".join("  open best   F1  " for _ in others)
    return f"{above.rstrip()}\n{below.rstrip()}"


def line(name: str, scores: Mapping[str, Score], names: Sequence[str]) -> str:
    """Word one clip."""
    ours = scores[names[0]]
    width = ours.width or Fit(0.0, 0.0, 0.0)
    hits = ours.closures
    silence = "    -" if ours.silence is None else f"{100 * ours.silence:4.0f}%"
    text = (
        f"{name:{NAME}.{NAME}} {ours.opening.zero:7.2f} {ours.opening.best:4.2f} {1000 * ours.opening.lag:4.0f}  {width.zero:5.2f} "
        f"{width.best:4.2f}  {hits.f1:4.2f} {hits.hit}/{hits.made}/{hits.real} {silence}"
    )
    text = f"{text:{NAME + 52}}"
    for other in names[1:]:
        score = scores.get(other)
        text += f"{'-':>16}" if score is None else f"  {score.opening.zero:5.2f} {score.opening.best:4.2f} {score.closures.f1:4.2f}"
    return text.rstrip()


def closing(scores: Sequence[Mapping[str, Score]], refused: Sequence[Refused]) -> str:
    """Word the means, the comparison with loudness, and what was refused."""
    names = names_of(scores)
    lines = [f"\nmeans of {len(scores)} clips (closures: over all of them together)"]
    for name, facts in summary(scores).items():
        width = f"width {facts['width_zero']:.2f} / {facts['width_best']:.2f}, " if "width_zero" in facts else ""
        silence = f", motion in silence {100 * facts['silence']:.0f} %" if "silence" in facts else ""
        clips = f" ({facts['clips']:.0f} clips)" if facts["clips"] != len(scores) else ""
        lines.append(
            f"{name + clips:{NAME}} opening r {facts['opening_zero']:.3f} at no lag, {facts['opening_best']:.3f} at the best (median "
            f"{1000 * facts['lag']:.0f} ms), {width}closures F1 {facts['closures_f1']:.2f} (precision {facts['closures_precision']:.2f}, "
            f"recall {facts['closures_recall']:.2f}; {facts['closures_f1_at_best_lag']:.2f} at the best lag){silence}"
        )
    for other in names[1:]:
        share = 100 * beats(scores, names[0], other)
        lines.append(f"{names[0]} follows the opening better than {other} on {share:.0f} % of the clips")
    if refused:
        lines.append(f"\n{len(refused)} not measured:")
        lines += [f"  {each.path.name}: {each.reason}" for each in refused]
    return "\n".join(lines)


def facts_of(scores: Sequence[tuple[Talk, Mapping[str, Score]]], refused: Sequence[Refused]) -> dict[str, Any]:
    """Give everything as what JSON can hold."""
    tables = [table for _, table in scores]
    names = names_of(tables)
    return {
        "clips": [
            {"file": str(talk.path), "seconds": round(float(talk.mouth.seconds[-1]), 2), "curves": {n: plain(s) for n, s in table.items()}}
            for talk, table in scores
        ],
        "means": {name: {key: rounded(value) for key, value in facts.items()} for name, facts in summary(tables).items()},
        "beats": {other: rounded(beats(tables, names[0], other)) for other in names[1:]},
        "refused": [{"file": str(Path(each.path)), "reason": each.reason} for each in refused],
    }


def plain(score: Score) -> dict[str, Any]:
    """Turn a score into numbers by name."""
    hits = score.closures
    return {
        "opening": fit_facts(score.opening),
        "width": None if score.width is None else fit_facts(score.width),
        "closures": {
            "real": hits.real,
            "made": hits.made,
            "hit": hits.hit,
            "f1": rounded(hits.f1),
            "f1_at_best_lag": rounded(score.lagged.f1),
        },
        "silence": None if score.silence is None else rounded(score.silence),
    }


def fit_facts(fit: Fit) -> dict[str, float]:
    """Turn a fit into numbers by name."""
    return {"zero": rounded(fit.zero), "best": rounded(fit.best), "lag": rounded(fit.lag)}


def rounded(value: float) -> float:
    """Round to what a measurement tells."""
    return round(float(value), 4)
