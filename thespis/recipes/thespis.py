"""The built-in default: our own articulation network, rule-based acting with a linear emotion dial, and the mesh-warp renderer.

speech -> articulation -> lips, feeling, blinks | head | gaze -> mesh warp
It needs no torch, no GPU and no download, and it streams.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.card import Card, Claim, Weight

if TYPE_CHECKING:
    from thespis.talker import Talker

card = Card(
    title="Thespis",
    summary="the default: any photo, any voice, eight emotions on a continuous dial, on two CPU cores",
    accepts=frozenset(
        {"emotion", "eyes", "mouth", "head", "gaze", "blink", "lips", "motion", "words"}
        | {"seed", "fps", "size", "crop", "others", "background", "motion_blur"}
    ),
    fps=25,
    status="own",
    licence="Apache-2.0",
    commercial=True,
    year=2026,
    weights=(
        Weight(
            "articulation",
            file="articulation.onnx",
            sha256="300cc2ed5d3f94699e82ff2a8df373afe7361dcdd8a006e0a38da8bfc0cac8ce",
            licence="Apache-2.0",
            commercial=True,
            source="ships with the package",
            made_by="python tools/train_articulation.py --recordings FOLDER --curves FOLDER --flite PROGRAM (docs/lips.md)",
            data=(
                "made-up speech of espeak-ng in 26 languages and of Flite's voices (CMU, free licence), with made-up rooms, "
                "noise, music and codecs; recordings: Tux Paint's stamps in nine languages (GPL 2), Fish Fillets' voices in "
                "Czech, Dutch and English (GPL 2), parts of LJ Speech (public domain), audio-cmn (CC BY-SA), Asterisk core "
                "sounds in English, Spanish, Italian and French (CC BY-SA 3.0) and Russian (CC BY 3.0), art4apps' English words "
                "(CC BY-SA), LibriVox readings (public domain), Montreal Forced Aligner's test recordings (MIT), Free Spoken "
                "Digit Dataset (CC BY-SA 4.0); captured curves: FACEGOOD Audio2Face (MIT), two of five recordings left out"
            ),
            scores=(
                "r on unseen made-up speech, on second thoughts: jaw 0.91, closure 0.90, rounding 0.85, spreading 0.88, dental "
                "0.85, tongue 0.82, speaking 0.98; class of sounds right in 79 % of the rows, on the TIMIT sample closures of "
                "p, b and m without the text F1 0.61"
            ),
        ),
        Weight(
            "voice_activity",
            file="voice_activity.onnx",
            sha256="7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
            licence="MIT",
            commercial=True,
            source="ships with the package; the Silero VAD of the wheel silero-vad 6.2.3, unchanged",
            made_by="pip download --no-deps silero-vad==6.2.3, then take silero_vad/data/silero_vad_16k_op15.onnx out of it",
            data="the training recordings of the Silero Team, who publish the network under MIT",
            scores="AUC on the TIMIT sample: clean 0.98, noise at 10 dB 0.94",
        ),
    ),
    claim=Claim(
        sentence="Emotion intensity read back from the pixels grows with the intensity asked for.",
        metric="Spearman correlation of asked and shown intensity",
        mechanism="the linear dial: face = neutral + intensity * (emotion - neutral)",
    ),
)


def build(weights: Mapping[str, Path], size: str = "full") -> "Talker":
    """Put the stages together; "live" hears a quarter of a second sooner and less well, "tiny" draws small pictures for tests."""
    from thespis.errors import UsageError, unknown
    from thespis.features.articulation import Articulation
    from thespis.features.presence import Presence
    from thespis.features.spaces import ARTICULATION
    from thespis.motion.blink import Blink
    from thespis.motion.emphasis import Emphasise
    from thespis.motion.feeling import Feeling
    from thespis.motion.gaze import Gaze
    from thespis.motion.head import Head
    from thespis.motion.lips import Lips
    from thespis.motion.retime import Retime
    from thespis.motion.spaces.face import FACE
    from thespis.pixels.renderer import Renderer
    from thespis.speech.activity import Activity
    from thespis.stages import Both
    from thespis.talker import Talker

    pixels = {"full": 512, "live": 512, "tiny": 128}
    if size not in pixels:
        raise UsageError(unknown("size of thespis", size, pixels))
    return Talker(
        Articulation(weights["articulation"], whole=size != "live", presence=Presence(Activity(weights["voice_activity"]))),
        Retime(ARTICULATION, fps=card.fps),
        Both([Lips(), Emphasise(), Feeling(), Blink()], Head(), Gaze(), gives=FACE),
        Renderer(size=pixels[size]),
    )
