"""The built-in default: our own articulation network, a motion denoiser with a linear emotion dial, and the mesh-warp renderer.

speech -> articulation -> lips | denoiser: head, brows, eyes, how a feeling shows -> face = speech + intensity * feeling -> mesh warp
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
        {"emotion", "eyes", "mouth", "head", "gaze", "blink", "lips", "motion", "listening", "style", "words"}
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
            sha256="8e261635df51bd84879fc1e845f59bab7cbfe48846c172d76becd8c935c6b5fa",
            licence="Apache-2.0",
            commercial=True,
            source="ships with the package",
            made_by="python tools/train_articulation.py --recordings FOLDER --curves FOLDER --flite PROGRAM (docs/lips.md)",
            data=(
                "made-up speech of espeak-ng in 26 languages and of Flite's voices (CMU, free licence), with made-up rooms, "
                "noise, music and codecs; recordings: Tux Paint's stamps in nine languages (GPL 2), Fish Fillets' voices in "
                "Czech, Dutch and English (GPL 2), parts of LJ Speech (public domain), audio-cmn (CC BY-SA), Asterisk core "
                "sounds in English, Spanish, Italian and French (CC BY-SA 3.0) and Russian (CC BY 3.0), art4apps' English words "
                "(CC BY-SA), LibriVox readings (public domain), a part of LibriSpeech (CC BY 4.0; 20 speakers), Montreal Forced "
                "Aligner's test recordings (MIT), Free Spoken Digit Dataset (CC BY-SA 4.0); captured curves: FACEGOOD "
                "Audio2Face (MIT), two of five recordings left out"
            ),
            scores=(
                "r on unseen made-up speech, on second thoughts: jaw 0.91, closure 0.90, rounding 0.85, spreading 0.88, dental "
                "0.85, tongue 0.82, speaking 0.98; on the TIMIT sample closures of p, b and m without the text F1 0.66"
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
        Weight(
            "acting",
            file="acting.onnx",
            sha256="395209f82c4afb06997bfccd65a11a067bff45be61871394fa48868a57429f19",
            licence="Apache-2.0",
            commercial=True,
            source="ships with the package",
            made_by="thespis train thespis -o FOLDER, with the recordings named here in FOLDER/recordings (docs/training.md)",
            data=(
                "made-up people who act made-up speech of espeak-ng in ten languages, and recordings: FACEGOOD Audio2Face (MIT; the "
                "sound alone), LibriVox readings in English, German and Spanish (public domain)"
            ),
            scores="see docs/acting.md: spread and speed of head and brows, blinks, and how they follow the voice, beside real people",
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
    from thespis.features.spaces import ARTICULATION
    from thespis.motion.acted import Play
    from thespis.motion.actor import Act
    from thespis.motion.hearing import hearing
    from thespis.motion.retime import Retime
    from thespis.pixels.renderer import Renderer
    from thespis.stages import Both
    from thespis.talker import Talker

    return Talker(
        *hearing(weights, None, whole=size != "live"),
        Both(Retime(ARTICULATION, fps=card.fps), Act(weights["acting"], fps=card.fps, wait=size != "live")),
        Play(),
        Renderer(size=pixels(size, "thespis")),
    )


def pixels(size: str, name: str) -> int:
    """Tell how large the pictures of a size are, of the recipe of that name."""
    from thespis.errors import check_known

    known = {"full": 512, "live": 512, "tiny": 128}
    check_known(f"size of {name}", size, known)
    return known[size]
