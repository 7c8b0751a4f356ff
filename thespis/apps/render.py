"""From files and wishes to a written video: everything is checked first, then drawn and encoded block by block."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from fractions import Fraction
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import thespis
from thespis import recipes
from thespis.apps.progress import Progress
from thespis.direction.auto import Said, auto_direction, auto_strength, is_auto, is_like
from thespis.direction.parse import direct
from thespis.emphasis import Emphases
from thespis.errors import MediaError, ThespisError
from thespis.export.output import Output, write_error
from thespis.export.video import VideoWriter
from thespis.talker import Session, Talker
from thespis.types import FRAMES, Bytes, Direction, Frames, Portrait, Speech, Track, frame_count

if TYPE_CHECKING:
    from thespis.export.take import TakeWriter

PREVIEW_SECONDS = 4
AFTERWARDS = 1.0  # seconds after a moment that its lips may hear
BESIDES = ("eyeBlink", "eyeLook")  # a trial picture should show feeling and speech, and not a blink
LIBRARIES = ("numpy", "mediapipe", "opencv-contrib-python", "av", "onnxruntime", "numba", "soxr", "espeakng-loader")


@dataclass
class Job:
    """Everything a run needs, checked: `blocks` gives the speech in pieces of about a second, `seconds` is its length where known."""

    recipe: str
    portrait: Portrait
    direction: Direction
    blocks: Iterable[Speech]
    rate: int
    channels: int
    seconds: float | None
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def fps(self) -> Fraction:
        """The frame rate asked for, or the recipe's own."""
        return self.direction.fps or Fraction(recipes.card(self.recipe).fps)


def spoken(text: str, voice: str, base: Direction, auto: str | None = None) -> tuple[Speech, Direction, Mapping[str, float]]:
    """Speak a script -> speech, direction, and the seconds of its marks; with `auto` the words say what is felt, by the voice too."""
    from thespis.direction.perform import act

    if auto is not None:
        plain = act(text, voice, base, acted=False)
        base = replace(base, emotion=worded(auto, plain.direction, plain.speech, voice).emotion)
    acted = act(text, voice, base)
    if auto is None:
        return acted.speech, acted.direction, acted.marks
    # Feeling moved the words, so the curve is laid along them once more.
    calm = replace(acted.direction, emotion=Direction().emotion)
    return acted.speech, worded(auto, calm, acted.speech, voice), acted.marks


def worded(auto: str, base: Direction, speech: Speech, voice: str) -> Direction:
    """Direct what the words of the built-in voice feel like."""
    return felt(auto, base, [speech], Said(speech.text or "", speech.words or (), voice), voice=False)


def felt(wish: str, base: Direction, blocks: Iterable[Speech], said: Said | None = None, *, voice: bool = True) -> Direction:
    """Follow `--emotion auto`: hear all of the speech once, and direct what is felt."""
    return auto_direction(base, blocks, said, strength=auto_strength(wish), voice=voice)


def in_blocks(speech: Speech) -> Iterator[Speech]:
    """Cut a whole Speech into pieces of one second."""
    for first in range(speech.start, speech.stop, speech.rate):
        yield speech.cut(first, first + speech.rate)


def prepare(
    portrait: str | Path,
    *,
    audio: str | Path | None = None,
    script: str | None = None,
    voice: str = "en-us",
    recipe: str = "thespis",
    face: int | None = None,
    landmarks: Path | None = None,
    wishes: Mapping[str, Any] | None = None,
    directed: Path | None = None,
    text: str | None = None,
    language: str = "en-us",
) -> Job:
    """Read and check all that was given; the recipe is not built yet."""
    from thespis.capture.portrait import read_portrait

    card = recipes.card(recipe)
    asked_for = dict(wishes or {})
    if any(is_like(wish) for wish in asked_for.values()):
        from thespis.evaluate.example import followed

        asked_for = followed(asked_for)
    auto = asked_for.pop("emotion") if is_auto(asked_for.get("emotion")) else None
    direction = direct(directed, **asked_for)
    direction.check(recipe, card.accepts)
    who = read_portrait(portrait, face, landmarks)
    about: dict[str, Any] = {"recipe": recipe, "portrait": str(portrait), "face": face}
    if script is not None:
        speech, direction, marks = spoken(script, voice, direction, auto)
        direction.check(recipe, card.accepts)
        direction.words.check(speech.words, speech.seconds)
        about |= {"script": script, "voice": voice} | ({"marks": marks} if marks else {})
        return Job(recipe, who, direction, in_blocks(speech), speech.rate, len(speech.samples), speech.seconds, about)
    if audio is None:
        raise ThespisError("there is nothing to say: give a recording or a text")
    from thespis.speech.read import open_speech

    file = open_speech(audio)
    file.refuse_silence()
    about["audio"] = str(audio)
    blocks: Iterable[Speech] = file
    said: Said | None = None
    if text is not None:
        from thespis.speech.transcript import transcript

        known = transcript(file, text, language)
        blocks, said = known, Said(text, known.aligned.words, language)
        about |= {"text": text, "language": language}
    direction.words.check(None if said is None else said.words, file.seconds)
    if auto is not None:
        direction = felt(auto, direction, file, said)
        direction.check(recipe, card.accepts)
    return Job(recipe, who, direction, blocks, file.rate, file.channels, file.seconds, about)


@dataclass(frozen=True)
class Made:
    """What a run made: how many `frames` of `size` (width, height), `seconds` of speech, and the moment of the first frame."""

    frames: int
    size: tuple[int, int]
    fps: Fraction
    seconds: float
    first_frame: float


def render(job: Job, output: Output, shown: Progress, talker: Talker | None = None, take: "TakeWriter | None" = None) -> Made:
    """Draw and write the whole of a job; `take` keeps the performance, and is published after the video."""
    talker = talker or recipes.load(job.recipe)
    if talker.stages[-1].gives != FRAMES:
        raise ThespisError(
            f"the recipe {job.recipe!r} makes motion and no pictures; add --renderer openhead or warp, write a .take, "
            "or choose a recipe that draws (thespis list)"
        )
    session = begin(job, talker)
    samples, first_frame = 0, 0.0
    writer: VideoWriter | None = None
    early: list[Speech] = []  # what was said before the first frame was there to tell the size
    comment = f"recipe {job.recipe}, thespis {thespis.__version__}"
    with ExitStack() as stack:
        if take is not None:
            stack.enter_context(take)
        for block in closing(job.blocks):
            if block is None:
                session.close()
            else:
                session.push(block)
                samples += len(block)
                early.append(block)
                if take is not None:
                    take.speech(block)
            for clip in session:
                if take is not None and clip.motion is not None:
                    take.motion(clip.motion)
                if clip.frames is None or not len(clip.frames):
                    continue
                if writer is None:
                    first_frame = time.time()
                    size = (clip.frames.images.shape[2], clip.frames.images.shape[1])
                    about: dict[str, Any] = {"title": "Thespis", "comment": comment, "see_through": clip.frames.images.shape[3] == 4}
                    fresh = VideoWriter(output, clip.frames.fps, size, job.rate, job.channels, **about)
                    writer = stack.enter_context(fresh)
                while early:
                    writer.speech(early.pop(0))
                writer.frames(clip.frames)
                shown.advance(len(clip.frames))
        if writer is None:
            raise MediaError("the speech is shorter than one frame; there is nothing to show")
        while early:
            writer.speech(early.pop(0))
    return Made(writer.written, writer.size, writer.fps, samples / job.rate, first_frame)


def peak_memory() -> int:
    """Give the most memory that this process has held, in MB."""
    import resource
    import sys

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in kilobytes, macOS in bytes.
    return round(most / (1024 if sys.platform != "darwin" else 1 << 20))


def perform(job: Job, take: "TakeWriter", shown: Progress, talker: Talker | None = None) -> tuple[int, float]:
    """Keep the performance of a job as a take and draw nothing: the number of its rows, and the seconds of speech."""
    whole = talker or recipes.load(job.recipe)
    stages = list(takewhile(lambda stage: stage.gives != FRAMES, whole.stages))
    if not stages:
        raise ThespisError(f"the recipe {job.recipe!r} draws straight from the sound, so it has no performance to keep")
    session = begin(job, Talker(*stages, name=whole.name, card=whole.card))
    rows = samples = 0
    with take:
        for block in closing(job.blocks):
            if block is None:
                session.close()
            else:
                session.push(block)
                take.speech(block)
                samples += len(block)
            for clip in session:
                if clip.motion is not None:
                    take.motion(clip.motion)
                    rows += len(clip.motion)
                    shown.advance(len(clip.motion))
    return rows, samples / job.rate


def begin(job: Job, talker: Talker) -> Session:
    """Start a session; what the face networks' C++ prints while they look at the picture is nobody's business."""
    from thespis.capture.faces import quiet

    with quiet():
        return talker.start(job.portrait, job.direction, rate=job.rate)


def closing(blocks: Iterable[Speech]) -> Iterator[Speech | None]:
    """Give every block, and None after the last."""
    yield from blocks
    yield None


def trial(job: Job, talker: Talker | None = None, *, at: float | None = None, drawing: Any = None) -> Bytes:  # noqa: ANN401
    """Draw one picture (height, width, 3): the strongest moment of the first seconds, or the one `at` a second.

    `drawing` is a state of the last stage that was started before for the same portrait and picture; without it one is started.
    """
    from thespis.capture.faces import quiet

    talker = talker or recipes.load(job.recipe)
    until = round(max(PREVIEW_SECONDS, (at or 0.0) + AFTERWARDS) * job.rate)
    pieces: list[Speech] = []
    for block in job.blocks:
        pieces.append(block)
        if block.stop >= until:
            break
    samples = np.concatenate([piece.samples for piece in pieces], axis=1)[:, :until]
    phones = None if pieces[0].phones is None else tuple(phone for piece in pieces for phone in piece.phones or ())
    wish = replace(job.direction, words=Emphases(job.direction.words))
    wish.words.heard += [word for piece in pieces for word in piece.words or ()]
    chunk: Any = Speech(samples, job.rate, phones=phones)
    frames = max(frame_count(samples.shape[1], job.rate, job.fps), 1)
    with quiet():
        last = talker.stages[-1].start(job.portrait, wish) if drawing is None else drawing
        states = [*(stage.start(job.portrait, wish) for stage in talker.stages[:-1]), last]
    for stage, state in zip(talker.stages, states, strict=True):
        if stage.gives == FRAMES and isinstance(chunk, Track):
            row = None if at is None else min(int(at * chunk.fps), frames - 1)
            chunk = strongest(chunk.cut(0, frames)) if row is None else chunk.cut(row, row + 1)
        chunk = stage.step(state, chunk, last=True)
    if not isinstance(chunk, Frames) or not len(chunk):
        raise ThespisError(f"the recipe {job.recipe!r} made no picture of these first {PREVIEW_SECONDS} seconds")
    image: Bytes = chunk.images[len(chunk) // 2]
    return image


def strongest(motion: Track) -> Track:
    """Keep the one row that is farthest from rest."""
    columns = [
        motion.space.column(channel.name)
        for channel in motion.space.channels
        if channel.kind == "linear" and channel.size == 1 and not channel.name.startswith(BESIDES)
    ]
    at = motion.start + int(np.square(motion.values[:, columns]).sum(axis=1).argmax())
    return motion.cut(at, at + 1)


def write_picture(image: Bytes, path: Path) -> None:
    """Write a picture (height, width, 3) as PNG, whole or not at all."""
    from PIL import Image

    temporary = Output(path).temporary
    try:
        Image.fromarray(image).save(temporary, format="PNG", compress_level=3)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise write_error(error, path) from error


def plain(value: Any) -> Any:  # noqa: ANN401 - turns whatever a Direction holds into what JSON can hold
    """Turn a Direction, or anything in it, into JSON's numbers, words, lists and mappings."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Fraction):
        return float(value) if value.denominator == 1 else str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def asked(direction: Direction) -> dict[str, Any]:
    """List every field of a Direction as JSON holds it: a curve as its keys by channel name."""
    found: dict[str, Any] = {}
    for name, value in vars(direction).items():
        if hasattr(value, "keys") and hasattr(value, "space"):
            names = value.space.names
            found[name] = [
                {"time": key.at, "over": key.over, **{n: v for n, v in zip(names, key.value, strict=True) if v or len(names) == 1}}
                for key in value.keys
            ]
        else:
            found[name] = plain(value)
    return found


def take_of(job: Job, path: Path) -> "TakeWriter":
    """Prepare to keep the performance of a job as a take."""
    from thespis.export.take import TakeWriter
    from thespis.weights import sha256

    version = sha256(recipes.path_of(job.recipe))[:12]
    name, source = Path(job.recipe).name, job.about.get("audio")
    return TakeWriter(path, direction=asked(job.direction), recipe=name, recipe_version=version, source=source)


def versions() -> dict[str, str]:
    """Name the versions that a result depends on."""
    import platform
    from importlib.metadata import version

    return {"thespis": thespis.__version__, "python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def digest(output: Output) -> str:
    """Hash the result: the file, or all files of the folder in order of their names."""
    import hashlib

    total = hashlib.sha256()
    for path in sorted(output.path.iterdir()) if output.pattern else [output.path]:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()
