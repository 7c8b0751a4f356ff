"""Make portraits act in a browser: portrait, speech, feelings over time, one trial frame, the video, takes, dubbing (docs/studio.md).

thespis studio
thespis studio --open
thespis studio --host 0.0.0.0 --token tokens.txt
"""

from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from thespis.apps import serve
from thespis.errors import MissingExtraError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from thespis.apps.server.settings import Settings
    from thespis.apps.studio.parts import Studio

REQUESTS = 6000  # a minute of one visitor: the page alone is a hundred files


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis studio`: those of `thespis serve`, whose page it is."""
    serve.arguments(parser)
    parser.set_defaults(requests=REQUESTS)
    parser.add_argument("--open", action="store_true", help="also open the page in this machine's browser")


def need() -> None:
    """Refuse to begin without the libraries of the extra."""
    serve.need()
    if find_spec("gradio") is None:
        raise MissingExtraError("the studio needs gradio: pip install 'thespis[studio]'")


def mount(app: "FastAPI", settings: "Settings") -> "Studio":
    """Put the studio on a server under /studio; nothing of it speaks to any other machine."""
    import os

    # Read while gradio is imported: no counting of users, no shared links, no fetched letters.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from thespis.apps.studio.page import put_on

    return put_on(app, settings.folder, settings.limits)


def main(args: Namespace) -> int:
    """Check everything, then serve."""
    need()
    settings = serve.settings_of(args)
    from thespis.apps.server.app import create_app

    app = create_app(settings)
    studio = mount(app, settings)
    address = f"{settings.address}/studio/"

    def show() -> None:
        import webbrowser

        webbrowser.open(address)

    try:
        ready = f"the studio is at {address} (files in {settings.folder}); Ctrl-C ends it"
        serve.run(app, settings, ready, show if args.open else None)
    finally:
        studio.shelf.close()
    return 0
