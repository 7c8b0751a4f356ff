"""How re-enactment is told: a line for each clip, the means beside what is wanted, a page with the worst first, and plain numbers."""

import html
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np

from thespis.evaluate.reenact import ALIGNED, DRAWN, Pictures, Result
from thespis.types import Bytes

NAME = 26  # characters of a clip's name
WORST_SHOWN = 3
STYLE = """
body { background: #181a1f; color: #eceef2; font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem }
h2 { font-size: 1rem; margin: 2rem 0 .3rem } p { color: #b9bfca; margin: .2rem 0 } img { max-width: 100%; display: block; margin: .4rem 0 }
table { border-spacing: 1rem .2rem; margin-left: -1rem } td { text-align: right } td:first-child { text-align: left }
.ok { color: #7fd18b } .no { color: #ff8d7f }
"""

WANTED: Mapping[str, tuple[str, float, bool]] = {
    "landmarks": ("landmark error, % of the eye distance", 3.0, False),
    "lips": ("landmark error of the lips, %", 4.0, False),
    "mouth_db": ("mouth nearer than the aligned first frame, dB", 2.0, True),
    "mouth_ssim": ("mouth more alike than the aligned first frame, SSIM", 0.04, True),
    "flicker": ("flicker of the background beside the clip's own", 1.0, False),
}
"""What is wanted of the means: words, the bound, and whether more is better."""


def means(results: Sequence[Result]) -> dict[str, float]:
    """Average over clips."""

    def mean(values: Sequence[float]) -> float:
        return round(float(np.mean(values)), 4)

    found = {name: mean([each.landmarks[name] for each in results]) for name in ("lips", "eyes", "brows", "contour")}
    found |= {"landmarks": mean([each.landmarks["all"] for each in results]), "floor": mean([each.floor["all"] for each in results])}
    found |= {
        "aligned_landmarks": mean([each.left_landmarks.get("all", 0.0) for each in results]),
        "aligned_lips": mean([each.left_landmarks.get("lips", 0.0) for each in results]),
    }
    for region in ("mouth", "eyes", "face"):
        found[f"{region}_db"] = mean([each.gain(region) for each in results])
        found[f"{region}_ssim"] = mean([each.likeness_gain(region) for each in results])
    own = sum(each.own_flicker for each in results)
    found["flicker"] = round(sum(each.flicker for each in results) / own, 4) if own else 0.0
    own = sum(each.own_tremble for each in results)
    found["tremble"] = round(sum(each.tremble for each in results) / own, 4) if own else 0.0
    found |= {"identity": mean([each.identity for each in results]), "own_identity": mean([each.own_identity for each in results])}
    return found


def heads() -> str:
    """Word the head of the table."""
    above = f"{'':{NAME}} landmarks, % of the eye distance   nearer than aligned: dB      SSIM          identity   flicker    tremble"
    below = f"{'clip':{NAME}}  all  lips  eyes brows edge  (floor) mouth  eyes  face   mouth   eyes   ours/own   ours/own   ours/own"
    return f"{above}\n{below}"


def line(result: Result) -> str:
    """Word one clip."""
    error = result.landmarks
    return (
        f"{result.name:{NAME}.{NAME}} {error['all']:4.1f} {error['lips']:5.1f} {error['eyes']:5.1f} {error['brows']:5.1f} "
        f"{error['contour']:4.1f}  ({result.floor['all']:3.1f})  {result.gain('mouth'):5.1f} {result.gain('eyes'):5.1f} "
        f"{result.gain('face'):5.1f}  {result.likeness_gain('mouth'):6.3f} {result.likeness_gain('eyes'):6.3f}  "
        f"{result.identity:4.2f}/{result.own_identity:4.2f}  {result.flicker:4.2f}/{result.own_flicker:4.2f}  "
        f"{result.tremble:4.1f}/{result.own_tremble:4.1f}" + (f"  lost in {result.lost} frames" if result.lost else "")
    )


def holds(name: str, found: Mapping[str, float]) -> bool:
    """Tell whether a mean is as wanted."""
    _, bound, more = WANTED[name]
    return found[name] >= bound if more else found[name] <= bound


def closing(found: Mapping[str, float], clips: int, refused: Mapping[str, str]) -> str:
    """Word the means beside what is wanted, and what was refused."""
    lines = [f"\nmeans of {clips} clips"]
    for name, (words, bound, more) in WANTED.items():
        verdict = "holds" if holds(name, found) else "MISSED"
        lines.append(f"  {words:52} {found[name]:7.3f}   wanted {'at least' if more else 'at most'} {bound:g}: {verdict}")
    lines.append(
        f"  aligned first frame, landmark error                   {found['aligned_landmarks']:7.3f}   lips {found['aligned_lips']:.3f}"
    )
    lines.append(
        f"  eyes, brows, contour                                  {found['eyes']:7.3f}   {found['brows']:.3f}   {found['contour']:.3f}"
    )
    lines.append(f"  identity drift, and the clip's own                    {found['identity']:7.3f}   {found['own_identity']:.3f}")
    if refused:
        lines.append(f"\n{len(refused)} not measured:")
        lines += [f"  {name}: {reason}" for name, reason in refused.items()]
    return "\n".join(lines)


def strip(pictures: Pictures) -> Bytes:
    """Set the real frame, our drawing and the aligned first frame side by side (height, 3 width, 3)."""
    return np.hstack([pictures.real, pictures.methods[DRAWN], pictures.methods[ALIGNED]])


class Worst:
    """Keeps the pictures of the few frames of a clip whose landmarks are farthest off."""

    def __init__(self, most: int = WORST_SHOWN) -> None:
        """Begin with none."""
        self.most, self._kept = most, list[tuple[float, int, Bytes]]()

    def __call__(self, pictures: Pictures, error: float) -> None:
        """Look at one frame."""
        # Neighbours look alike: of a second only the worst is shown.
        if any(abs(frame - pictures.frame) < 12 and known >= error for known, frame, _ in self._kept):
            return
        self._kept = [each for each in self._kept if abs(each[1] - pictures.frame) >= 12]
        self._kept = sorted([*self._kept, (error, pictures.frame, strip(pictures))], key=lambda each: -each[0])[: self.most]

    def pictures(self) -> list[tuple[int, float, Bytes]]:
        """Give frame, error and strip, the worst first."""
        return [(frame, error, picture) for error, frame, picture in self._kept]


def page(results: Sequence[tuple[Result, list[tuple[int, float, Bytes]]]], refused: Mapping[str, str], drive: str) -> str:
    """Write the page: the means, then the clips, the worst first."""
    found = means([result for result, _ in results])
    rows = "".join(
        f"<tr><td>{words}</td><td>{found[name]:.3f}</td><td>{'at least' if more else 'at most'} {bound:g}</td>"
        f'<td class="{"ok" if holds(name, found) else "no"}">{"holds" if holds(name, found) else "missed"}</td></tr>'
        for name, (words, bound, more) in WANTED.items()
    )
    begin = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Re-enactment</title><style>{STYLE}</style><h1>Re-enactment</h1>'
        f"<p>{len(results)} clips, the first good frame of each driven by the clip's own {drive}. In each picture: the clip, ours, the "
        f"first frame aligned. Identity is how unlike the first frame a face is (two people: about 0.8).</p><table>{rows}</table>"
    )
    parts = [begin]
    for result, worst in sorted(results, key=lambda each: -(each[0].landmarks["all"] + each[0].landmarks["lips"])):
        parts.append(f"<h2>{html.escape(result.name)}</h2><pre>{html.escape(heads())}\n{html.escape(line(result))}</pre>")
        for frame, error, picture in worst:
            parts.append(f'<p>frame {frame}, landmark error {error:.1f} %</p><img alt="frame {frame}" src="{embedded(picture)}">')
    if refused:
        lines = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(reason)}</td></tr>" for name, reason in refused.items())
        parts.append(f"<h2>Not measured</h2><table>{lines}</table>")
    return "".join(parts) + "</html>\n"


def embedded(picture: Bytes) -> str:
    """Write a picture (height, width, 3) into an address."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert done
    return f"data:image/jpeg;base64,{b64encode(data.tobytes()).decode()}"


def facts_of(results: Sequence[Result], refused: Mapping[str, str], drive: str) -> dict[str, Any]:
    """Give everything as what JSON can hold."""
    found = means(results)
    return {
        "drive": drive,
        "means": found,
        "holds": {name: holds(name, found) for name in WANTED},
        "clips": [asdict(each) for each in results],
        "refused": dict(refused),
    }
