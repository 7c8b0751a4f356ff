"""The live page measured in Chromium: how soon it plays, its pace, and how far picture and sound are apart in pixels and samples."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from thespis.apps.bench_watch import CLAPPER, apart, beeps
from thespis.apps.browser import Tab, browser
from thespis.errors import ThespisError

if TYPE_CHECKING:
    from thespis.apps.server.client import Client

TALK = "Every frame you see is made while the sound is still arriving, and it never waits for the end of a sentence. "
EVERY = 1.0  # seconds between two looks at the figures of the page
SETTLING = 3.0  # seconds after the first frame that are not counted
CLAPS = 10.0  # seconds of beeps
SKEW = 0.04
LOOK = """
(() => {
  // What is heard and what is on the screen, each in milliseconds of performance.now(). A video whose sound is taken into an
  // AudioContext sets its clock by when the sound is taken and not by when it leaves the speaker, so that moment counts.
  const video = document.getElementById("stream"), sound = new AudioContext();
  const ears = new AnalyserNode(sound, { fftSize: 4096 }), source = sound.createMediaElementSource(video);
  source.connect(ears); source.connect(sound.destination);
  const canvas = new OffscreenCanvas(8, 8).getContext("2d", { willReadFrequently: true });
  const seen = { lit: [], loud: [], state: sound.state };
  let bright = false, quietSince = -1, heard = new Float32Array(4096);
  const frame = (now, about) => {
    canvas.drawImage(video, 0, 0, 8, 8);
    const is = canvas.getImageData(4, 4, 1, 1).data[1] > 125;
    if (is && !bright) seen.lit.push(about.expectedDisplayTime);
    bright = is;
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
  let last = 0;
  setInterval(() => {
    seen.state = sound.state;
    const end = sound.currentTime, now = performance.now();
    ears.getFloatTimeDomainData(heard);
    const first = Math.max(0, heard.length - Math.round((end - last) * sound.sampleRate));
    for (let at = first; at < heard.length; at += 1) {
      const when = end - (heard.length - at) / sound.sampleRate;
      if (Math.abs(heard[at]) <= 0.05) continue;
      if (when - quietSince > 0.15) seen.loud.push(now - 1000 * (end - when));
      quietSince = when;
    }
    last = end;
  }, 20);
  window.thespisSeen = seen;
})()
"""


def opened(tab: Tab, address: str, recipe: str, size: int) -> float:
    """Open the live page and begin -> seconds from the click until it plays."""
    tab.open(f"{address}/live?recipe={recipe}&way=websocket&size={size}")
    tab.until("window.thespisLive && thespisLive.ready && document.readyState == 'complete'")
    tab.click("#begin")
    tab.until("thespisLive.first > 0")
    return float(tab.value("thespisLive.first - thespisLive.begun")) / 1000


def talked(tab: Tab, minutes: float) -> dict[str, Any]:
    """Let the portrait talk for some minutes, and gather what the page says of pace and skew."""
    tab.value(f"document.getElementById('text').value = {TALK!r}")
    time.sleep(SETTLING)
    pages: list[dict[str, float]] = []
    begun, counted = time.monotonic(), tab.value("[thespisLive.figures.frames, performance.now()]")
    said = 0.0
    while time.monotonic() - begun < 60 * minutes:
        if time.monotonic() >= said:
            tab.click("#say")
            said = time.monotonic() + 5.0
        time.sleep(EVERY)
        pages.append(tab.value("({ ...thespisLive.figures, at: performance.now() })"))
    if not pages or pages[-1]["frames"] <= counted[0]:
        raise ThespisError("the page shows no frames; this machine may be busy")
    # From second to second a frame may fall on either side, so the pace of a minute's sixth is looked at.
    spans = [(one, other) for one, other in zip(pages, pages[10:], strict=False)]
    paces = [1000 * (other["frames"] - one["frames"]) / (other["at"] - one["at"]) for one, other in spans]
    skews = [abs(page["skew"]) for page in pages]
    dropped = tab.value("document.getElementById('stream').getVideoPlaybackQuality().droppedVideoFrames")
    return {
        "minutes": round((time.monotonic() - begun) / 60, 2),
        "frames_a_second": round(1000 * (pages[-1]["frames"] - counted[0]) / (pages[-1]["at"] - counted[1]), 2),
        "slowest_ten_seconds": round(min(paces), 2) if paces else 0.0,
        "frames_dropped_by_the_browser": int(dropped),
        "times_that_it_stalled": int(pages[-1]["stalls"]),
        "skew_told_ms": round(1000 * median(skews), 1),
        "skew_told_worst_ms": round(1000 * max(skews), 1),
        "seconds_with_more_than_40_ms": sum(each > SKEW for each in skews),
        "behind_ms": round(1000 * median(page["behind"] for page in pages)),
    }


def clapped(tab: Tab, seconds: float = CLAPS) -> dict[str, Any]:
    """Push beeps to a clapperboard, and see by pixels and samples how much later the picture comes."""
    samples = (np.clip(beeps(seconds, 24_000), -1, 1) * 32767).astype("<i2").tolist()
    tab.value(LOOK)
    time.sleep(SETTLING)
    tab.value("thespisLive.socket.send(JSON.stringify({ type: 'sound', role: 'speak', rate: 24000 }))")
    tab.value(f"thespisLive.socket.send(new Int16Array({samples}).buffer)")
    time.sleep(seconds + 1.5)
    seen = tab.value("thespisSeen")
    if seen["state"] != "running":
        raise ThespisError(f"the browser's sound is {seen['state']}; picture and sound cannot be compared")
    late = apart(np.asarray(seen["lit"]) / 1000, np.asarray(seen["loud"]) / 1000)
    return {
        "claps": len(late),
        "clap_skew_ms": round(1000 * float(np.median(late)), 1),
        "clap_skew_worst_ms": round(1000 * float(np.abs(late).max()), 1),
    }


def page(client: "Client", size: int, recipe: str, minutes: float) -> dict[str, Any]:
    """Measure the live page of a server on this machine."""
    address = f"http://{client.place}"
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as tab:
        first = opened(tab, address, recipe, size)
        found = {"size": size, "plays_first_time_s": round(first, 2)} | talked(tab, minutes)
        found["plays_again_s"] = round(opened(tab, address, recipe, size), 2)
        opened(tab, address, CLAPPER.stem, size)
        return found | clapped(tab)
