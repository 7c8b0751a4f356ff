"""SyncTalk (2024): one person's head as a field, fitted to a video of them, whose mouth follows the voice and whose frames go on.

speech -> articulation, eight frames around each -> field (gates for voice and upper face), pasted into the person's own frames
docs/recipes/synctalk.md tells what differs. The portrait is a folder that `thespis fit synctalk VIDEO` made.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim
from thespis.weights import card_of

if TYPE_CHECKING:
    from thespis.talker import Talker

card = Card(
    title="SyncTalk",
    summary="one person's head as a field fitted to their video: the voice moves the mouth, their own frames go on",
    accepts=frozenset({"lips", "blink", "seed"}),
    fps=25,
    status="retrained",
    licence="Apache-2.0",
    commercial=True,
    paper="https://arxiv.org/abs/2311.17590",
    year=2024,
    code="https://github.com/ZiqiaoPeng/SyncTalk",
    code_licence="CC BY-NC 4.0",
    weights=(card_of("articulation"), card_of("voice_activity")),
    claim=Claim(
        sentence="A head is drawn more exactly where its poses in the video were made steady before the field learned.",
        metric="PSNR of the face in the last seconds of a made-up person's video, which were held out",
        mechanism="poses found together over all frames, against each frame's own",
    ),
)


def build(weights: Mapping[str, Path], size: str = "small") -> "Talker":
    """Put the stages together; the person's folder says how large their field is, so that every size is the same here."""
    from thespis.errors import check_known
    from thespis.motion.hearing import hearing
    from thespis.pixels.field.renderer import FieldRenderer
    from thespis.pixels.field.shape import SHAPES
    from thespis.talker import Talker

    check_known("size of synctalk", size, SHAPES)
    return Talker(
        *hearing(weights, card.fps),
        FieldRenderer(),
    )
