"""The timeline as a part of the page: its value is {"keys": [...]}, and `sound` is what is drawn above the keyframes.

It is an instance of gradio.HTML and no class of its own: gradio writes a file of types beside every module that has one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio

from thespis.apps.studio.hearing import NOTHING

START = "window.thespisTimeline(element, props, trigger, watch); // tells 'change'"


def timeline(keys: Sequence[Mapping[str, Any]], elem_id: str) -> gradio.HTML:
    """Make a waveform with words and a lane of emotion keyframes (static/timeline.js)."""
    return gradio.HTML(
        {"keys": list(keys)},
        html_template='<div class="tl-root"></div>',
        js_on_load=START,
        apply_default_css=False,
        elem_id=elem_id,
        sound=dict(NOTHING),
    )


def keys_in(value: Any) -> list[Any]:  # noqa: ANN401 - whatever a browser sent
    """Read what the browser sends -> keyframes, not yet checked."""
    keys = value.get("keys") if isinstance(value, Mapping) else None
    return list(keys) if isinstance(keys, list) else []
