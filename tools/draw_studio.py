"""Take the pictures of the studio in the documents: the page on a desk and on a phone, with a made-up face, in a real browser."""

import io
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from PIL import Image

from thespis.apps.browser import browser

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "pictures"
PORT, LONG = 8791, 300.0
TALL = 1560  # pixels of the desk's picture that are kept


def serve(folder: Path) -> Any:  # noqa: ANN401 - a uvicorn server
    """Begin to serve the studio in a thread -> the server."""
    import uvicorn

    from thespis.apps import studio
    from thespis.apps.server.app import create_app
    from thespis.apps.server.settings import Settings

    settings = Settings(folder=folder, port=PORT, workers=0)
    app = create_app(settings)
    studio.mount(app, settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=PORT, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    return server


def keep(tab: Any, name: str, width: int, most: int) -> None:  # noqa: ANN401 - chrome.Tab
    """Take a picture of the whole page, and keep its upper part as a small JPEG."""
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        tab.picture(Path(file.name), whole=True)
        picture = Image.open(io.BytesIO(Path(file.name).read_bytes())).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, most)))
    picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.save(OUT / name, quality=84)
    print(f"wrote {name}: {(OUT / name).stat().st_size // 1024} KiB", flush=True)


def beside(views: list[Image.Image], gap: int = 18) -> Image.Image:
    """Set pictures of one size side by side."""
    width, height = views[0].size
    sheet = Image.new("RGB", (len(views) * (width + gap) - gap, height), (255, 255, 255))
    for number, view in enumerate(views):
        sheet.paste(view, (number * (width + gap), 0))
    return sheet


def main() -> None:
    """Open the page, try a frame, and take both pictures."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = serve(Path(folder) / "shelf")
        with browser(Path(folder)) as tab:
            time.sleep(3)
            tab.open(f"http://127.0.0.1:{PORT}/studio/", 1280, 900)
            tab.until("document.querySelectorAll('.tl-words span').length > 5", LONG)
            tab.click("#try_frame")
            tab.until("document.querySelector('#trial img')?.naturalWidth === 512", LONG)
            tab.value("window.scrollTo(0, 0)")
            time.sleep(1)
            keep(tab, "studio_desktop.jpg", 1000, TALL)
            tab.open(f"http://127.0.0.1:{PORT}/studio/", 390, 844, phone=True)
            tab.until("document.querySelectorAll('.tl-words span').length > 3", LONG)
            tab.value("document.querySelector('#try_frame').click()")
            tab.until("document.querySelector('#trial img')?.naturalWidth === 512", LONG)
            views = []
            for what in (".masthead", "#timeline", "#trial"):
                tab.value(f"document.querySelector('{what}').scrollIntoView({{block: 'start', behavior: 'instant'}})")
                time.sleep(1)
                tab.picture(Path(folder) / "view.png")
                views.append(Image.open(io.BytesIO((Path(folder) / "view.png").read_bytes())).convert("RGB"))
            beside(views).save(OUT / "studio_phone.jpg", quality=84)
        server.should_exit = True


if __name__ == "__main__":
    main()
