"""A server for tests: the recipes it offers need no face and no weights, and one of them brings its renderer down."""

import io
import json
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from thespis.apps.bench_watch import CLAPPER
from thespis.apps.server.client import Client
from thespis.apps.server.settings import Limits, Settings
from thespis.errors import ThespisError

TOY = Path(__file__).parent / "unit" / "toy_recipe.py"
SLOW = f"""
import importlib.util, time
from fractions import Fraction
spec = importlib.util.spec_from_file_location("toy", {str(TOY)!r})
toy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toy)
card = toy.card


class Slow(toy.Glow):
    def step(self, state, chunk, last):
        time.sleep(0.02 * len(chunk))
        return toy.Glow.step(self, state, chunk, last)


def build(weights, size="full"):
    return toy.Talker(toy.Loudness(), Slow())
"""
POISON = """
import os
from thespis.card import Card
card = Card(title="Poison", summary="ends its process", accepts=frozenset(), fps=25, status="own", licence="Apache-2.0", commercial=True)


def build(weights, size="full"):
    os._exit(7)
"""
SERVE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from served import settings
from thespis.apps.serve import run
from thespis.apps.server.app import create_app
made = settings(Path(sys.argv[2]), json.loads(sys.argv[3]), **json.loads(sys.argv[4]))
run(create_app(made), made)
"""


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def served(folder: Path, port: int, limits: Mapping[str, Any] | None = None, workers: int = 0) -> "subprocess.Popen[bytes]":
    """Start a server as a process of its own, and wait until it answers."""
    given = [json.dumps(limits or {}), json.dumps({"port": port, "workers": workers})]
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(Path(__file__).parent), str(folder), *given], stdout=subprocess.DEVNULL)
    client, end = Client(f"http://127.0.0.1:{port}"), time.monotonic() + 60
    while time.monotonic() < end:
        try:
            client.rooms()
        except ThespisError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise AssertionError("the server does not answer")


def settings(folder: Path, limits: Mapping[str, Any] | None = None, **given: Any) -> Settings:
    """Settings whose recipes are the toy, a slow one and a poisonous one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("slow", SLOW), ("poison", POISON)):
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    recipes = (str(TOY), str(folder / "slow.py"), str(folder / "poison.py"), str(CLAPPER))
    return Settings(folder=folder / "shelf", recipes=recipes, hosts=("testserver",), limits=Limits(**(limits or {})), **given)


def picture(side: int = 48) -> bytes:
    """A small picture."""
    held = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), 90, np.uint8)).save(held, format="PNG")
    return held.getvalue()


def voice(seconds: float = 0.4, rate: int = 8000) -> bytes:
    """A tone, as a wav file."""
    samples = (8000 * np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 220 / rate)).astype("<i2")
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return held.getvalue()


def submit(client: Any, *, portrait: bytes | None = None, audio: bytes | None = None, **request: Any) -> Any:
    """Submit a job with the toy recipe, and give the answer."""
    given = {"recipe": "toy_recipe"} | request
    files = {"portrait": ("../../x.php", picture() if portrait is None else portrait)}
    if audio is not None or "script" not in given:
        files["audio"] = ("C:\\nul.wav", voice() if audio is None else audio)
    return client.post("/api/jobs", data={"request": json.dumps(given)}, files=files)


def until(client: Any, job: str, *states: str, seconds: float = 30.0) -> dict[str, Any]:
    """Wait until a job has one of these states."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now: dict[str, Any] = client.get(f"/api/jobs/{job}").json()
        if now["state"] in (states or ("done", "failed", "cancelled")):
            return now
        time.sleep(0.03)
    raise AssertionError(f"after {seconds} s the job is {now}")
