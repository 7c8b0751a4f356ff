"""The page of `thespis landmarks` in a real browser: clicking, dragging, skipping, taking back, and the file it saves."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thespis.apps.landmarks import page
from thespis.capture.placed import NAMES, NEEDED, read_landmarks
from thespis.types import Portrait

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PLAY = """
<script>
window.onload = () => {
  const board = document.getElementById("board");
  const at = (kind, target, x, y) => {
    const box = board.getBoundingClientRect();
    target.dispatchEvent(new PointerEvent(kind, { bubbles: true, cancelable: true, clientX: box.left + x, clientY: box.top + y }));
  };
  const click = (x, y) => { at("pointerdown", board, x, y); at("pointerup", board, x, y); };
  const said = {};
  (ACTIONS)(click, at, said);
  said.file = content();
  said.ask = document.getElementById("ask").textContent;
  said.told = document.getElementById("told").textContent;
  said.locked = document.getElementById("save").disabled;
  const out = document.createElement("pre");
  out.id = "said"; out.textContent = JSON.stringify(said);
  document.body.append(out);
};
</script>
"""


def played(actions: str, found: dict[str, list[float]], folder: Path) -> dict[str, Any]:
    """Open the page of a grey picture in a browser, do the actions, and give what the page said."""
    browser = next((name for name in BROWSERS if shutil.which(name)), None)
    assert browser, f"these tests need a browser: one of {', '.join(BROWSERS)} (apt-get install chromium)"
    text = page(Portrait((np.full((400, 600, 3), 90, np.uint8),), name="grey"), found, "grey")
    file = folder / "page.html"
    file.write_text(text.replace("</html>", PLAY.replace("ACTIONS", actions) + "</html>"), encoding="utf-8")
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}"]
    words += ["--virtual-time-budget=4000", "--dump-dom", file.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    said = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)
    assert said, done.stdout[-2000:]
    answer: dict[str, Any] = json.loads(unescape(said.group(1)))
    return answer


def test_points_are_set_in_order_and_saved_in_pixels_of_the_picture(tmp_path: Path) -> None:
    places = {name: (100.0 + 10 * number, 80.0 + 5 * number) for number, name in enumerate(NAMES)}
    clicks = "".join(f"click({x}, {y});" for x, y in places.values())
    said = played(f"(click) => {{ {clicks} }}", {}, tmp_path)
    assert (said["ask"], said["told"], said["locked"]) == ("All points are set", "", False)
    kept = json.loads(said["file"])
    assert kept["size"] == [600, 400]
    assert list(kept["points"]) == list(places)
    assert np.array(list(kept["points"].values())) == pytest.approx(np.array(list(places.values())), abs=0.11)


def test_what_is_missing_is_told_and_nothing_is_saved_before(tmp_path: Path) -> None:
    said = played("(click, at, said) => { click(50, 60); said.first = content(); skip(); undo(); }", {}, tmp_path)
    assert said["locked"]
    assert said["told"].startswith("still needed: ")
    assert len(json.loads(said["first"])["points"]) == 1
    assert json.loads(said["file"])["points"] == {}


def test_a_point_that_was_found_can_be_dragged(tmp_path: Path) -> None:
    found = {name: [200.0 + 7 * number, 150.0 + 9 * (number % 5)] for number, name in enumerate(NEEDED)}
    name = NEEDED[0]
    drag = f"""(click, at) => {{ const dot = board.querySelector('[data-name="{name}"]');
        at("pointerdown", dot, 1, 1); at("pointermove", board, 33, 44); at("pointerup", board, 33, 44); }}"""
    said = played(drag, found, tmp_path)
    points = json.loads(said["file"])["points"]
    assert points[name] == [33, 44]
    assert all(points[other] == found[other] for other in NEEDED[1:])
    assert not said["locked"]


def test_a_saved_file_is_read_back(tmp_path: Path) -> None:
    found = {
        "right_eye_outer": [221, 200], "right_eye_inner": [250, 205], "left_eye_inner": [304, 205], "left_eye_outer": [340, 200],
        "nose_tip": [278, 250], "mouth_right": [250, 290], "mouth_left": [310, 290], "chin": [278, 350],
    }  # fmt: skip
    said = played("() => {}", {name: [float(side) for side in place] for name, place in found.items()}, tmp_path)
    (tmp_path / "grey.landmarks.json").write_text(said["file"], encoding="utf-8")
    points = read_landmarks(tmp_path / "grey.landmarks.json", (600, 400))
    assert points.shape == (478, 3)
    assert np.abs(points[NAMES["nose_tip"], :2] - found["nose_tip"]).max() < 12
