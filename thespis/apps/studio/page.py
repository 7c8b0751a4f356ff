"""The page of the studio: its tabs, its look, and how it is put on a server."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import gradio

from thespis.apps.studio import act_tab, compare_tab, more_tabs, takes_tab
from thespis.apps.studio.parts import DRAWING, Studio
from thespis.apps.studio.uploads import Checked

if TYPE_CHECKING:
    from fastapi import FastAPI

    from thespis.apps.server.settings import Limits

STATIC = Path(__file__).parent / "static"
PATH, LIVE = "/studio", "/live?embed=1"
SWEEP = (600, 7200)  # every so many seconds gradio deletes its own files that are older than so many
HEADER = """<header class="masthead"><p class="brand">Thespis <b>Studio</b></p>
<p class="motto">A picture, a voice, and how it is felt.</p></header>"""


def theme() -> gradio.themes.Base:
    """Choose letters, colours and corners; nothing is fetched from anywhere."""
    letters = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    return gradio.themes.Base(
        primary_hue="amber", neutral_hue="slate", font=letters, font_mono=["ui-monospace", "Menlo", "monospace"],
        radius_size="md", spacing_size="md", text_size="md",
    )  # fmt: skip


def recipes_that_draw() -> list[str]:
    """List the recipes that follow emotions and give pictures: those for rigs alone move no head."""
    from thespis import recipes

    found = [name for name in recipes.names() if {"emotion", "head"} <= recipes.card(name).accepts]
    return sorted(found, key=lambda name: (name != "thespis", name))


def build(studio: Studio, live: str | None = None) -> gradio.Blocks:
    """Lay out the whole page; `live` is the address of the server's live page, where it has one."""
    recipes = recipes_that_draw()
    with gradio.Blocks(title="Thespis Studio", analytics_enabled=False, delete_cache=SWEEP) as blocks:
        gradio.HTML(HEADER, apply_default_css=False)
        with gradio.Tabs(elem_classes="tabs"):
            with gradio.Tab("Act", id="act"):
                acted = act_tab.tab(studio, recipes)
            with gradio.Tab("Compare", id="compare"):
                compare_tab.tab(studio, acted, recipes)
            with gradio.Tab("Takes", id="takes"):
                takes_tab.tab(studio, acted)
            with gradio.Tab("Dub", id="dub"):
                more_tabs.dub_tab(studio)
            with gradio.Tab("Report", id="report"):
                more_tabs.report_tab(studio, acted)
            with gradio.Tab("Live", id="live"):
                more_tabs.live_tab(live)
        blocks.load(acted.listen, acted.heard, [acted.timeline], show_progress="hidden", api_visibility="private")
        blocks.load(acted.warm, acted.warming, None, show_progress="hidden", concurrency_id=DRAWING, api_visibility="private")
    return blocks


def put_on(app: "FastAPI", folder: Path, limits: "Limits") -> Studio:
    """Put the page on a server, with its files in `folder`."""
    studio = Studio(folder)
    os.environ["GRADIO_TEMP_DIR"] = str(studio.shelf.folder / "uploads")
    live = LIVE if any(getattr(route, "path", "") == "/live" for route in app.routes) else None
    script = (STATIC / "timeline.js").read_text(encoding="utf-8")

    async def lay_out() -> None:
        gradio.mount_gradio_app(
            app, build(studio, live), PATH, theme=theme(), css=(STATIC / "studio.css").read_text(encoding="utf-8"),
            head=f'<meta name="color-scheme" content="dark"><style>{NARROW}</style><script>{script}</script>', js=DARK,
            footer_links=[], run_history=False, max_file_size=limits.upload_bytes, show_error=False, ssr_mode=False, pwa=False,
            mcp_server=False, allowed_paths=[str(studio.shelf.folder)],
        )  # fmt: skip

    # Where no loop runs gradio makes two of its own and never closes them.
    asyncio.run(lay_out())
    app.add_middleware(Checked, folder=studio.shelf.folder, pixels=limits.portrait_pixels)
    return studio


# gradio puts its own names before every selector of the style sheet, which this one cannot have.
NARROW = "@media (max-width: 760px) { .gradio-container.gradio-container.gradio-container { padding: 0 12px 110px !important; } }"
DARK = "() => { document.documentElement.lang = 'en'; document.body.classList.add('dark'); }"
