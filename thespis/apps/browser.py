"""A browser that is driven: Chromium over its DevTools protocol, one tab, with what the pages print kept."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from thespis.errors import MissingExtraError, ThespisError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio", "--no-first-run",
    "--autoplay-policy=no-user-gesture-required", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
)  # fmt: skip


class Tab:
    """One tab: evaluate, wait, click, type, press keys, give files, take pictures."""

    def __init__(self, socket: Any) -> None:  # noqa: ANN401 - a connection of websockets
        """Speak through a connection to the tab."""
        self._socket, self._count = socket, 0
        self.printed: list[str] = []

    def send(self, method: str, **about: Any) -> Any:  # noqa: ANN401 - whatever the protocol says
        """Ask the browser for something and wait for its answer; what the page prints meanwhile is kept."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": about}))
        while True:
            told = json.loads(self._socket.recv(timeout=120))
            if told.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                self.printed.append(json.dumps(told["params"])[:400])
            if told.get("id") == self._count:
                if "error" in told:
                    raise ThespisError(f"the browser cannot do {method}: {told['error']}")
                return told["result"]

    def open(self, address: str, width: int = 1280, height: int = 900, phone: bool = False) -> None:
        """Go to a page in a window of this size."""
        self.send("Page.enable")
        self.send("Runtime.enable")
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.send("Page.navigate", url=address)

    def value(self, script: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Evaluate an expression, which may be a promise."""
        told = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise ThespisError(f"the page failed at {script[:200]}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def until(self, script: str, seconds: float = 30.0) -> Any:  # noqa: ANN401 - whatever the page says
        """Wait until an expression is true -> what it gives."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.value(script):
                return found
            time.sleep(0.1)
        page = self.value("document.body.innerText")
        raise ThespisError(f"never true within {seconds:g} s: {script}\nprinted: {self.printed[-5:]}\npage: {str(page)[:1500]}")

    def place(self, selector: str) -> tuple[float, float]:
        """Scroll to an element -> the middle of it."""
        self.until(f"!!document.querySelector({json.dumps(selector)})")
        x, y = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); "
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        return float(x), float(y)

    def mouse(self, kind: str, x: float, y: float) -> None:
        """Move, press or release the mouse."""
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=0 if kind == "mouseReleased" else 1, clickCount=1)

    def click(self, selector: str) -> None:
        """Click into the middle of an element."""
        at = self.place(selector)
        self.mouse("mousePressed", *at)
        self.mouse("mouseReleased", *at)

    def key(self, name: str, code: int = 0) -> None:
        """Press a key."""
        text = {"text": "\r"} if name == "Enter" else {}  # without its character a button does not hear the key
        self.send("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, windowsVirtualKeyCode=code, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=code)

    def type(self, selector: str, text: str) -> None:
        """Write a text into a field, in place of what it holds."""
        self.click(selector)
        self.value(f"document.querySelector({json.dumps(selector)}).select()")
        self.send("Input.insertText", text=text)

    def give(self, selector: str, *paths: Path) -> None:
        """Give files to an upload."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def downloads(self, folder: Path) -> None:
        """Let downloads go to a folder."""
        self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def picture(self, path: Path, whole: bool = False) -> None:
        """Take a picture of the window, or of the whole page, as .png or .jpg."""
        jpeg = {"format": "jpeg", "quality": 82} if path.suffix == ".jpg" else {"format": "png"}
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=whole, **jpeg)["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """Start a browser with its files in `folder`, and end it afterwards."""
    from websockets.sync.client import connect

    program = next((name for name in BROWSERS if shutil.which(name)), None)
    if program is None:
        raise MissingExtraError(f"this needs a browser: one of {', '.join(BROWSERS)} (apt-get install chromium)")
    profile = folder / "profile"
    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port, end = profile / "DevToolsActivePort", time.monotonic() + 60
        while not (port.exists() and port.read_text().count("\n")):
            if time.monotonic() > end or process.poll() is not None:
                raise ThespisError("the browser does not start")
            time.sleep(0.1)
        with urlopen(f"http://127.0.0.1:{port.read_text().split()[0]}/json/list", timeout=30) as answer:
            page = next(each for each in json.load(answer) if each["type"] == "page")
        with connect(page["webSocketDebuggerUrl"], max_size=1 << 28, open_timeout=30) as socket:
            yield Tab(socket)
            socket.send(json.dumps({"id": 0, "method": "Browser.close"}))
            process.wait(30)
    finally:
        process.kill()
        process.wait(30)
