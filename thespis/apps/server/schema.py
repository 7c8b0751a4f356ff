"""What is sent and answered: one description for REST, for the Python client and for the command line, whose names it keeps."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from thespis.apps.server.settings import Limits, Settings
from thespis.direction.parse import direct
from thespis.direction.script import read_toml
from thespis.errors import DirectionError, MediaError, UsageError
from thespis.types import Direction

JobKind = Literal["mp4", "mov", "webm", "take", "png"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}")
FEELING = re.compile(r"[a-zA-Z0-9 ,=.:+%_-]*")
VOICE = re.compile(r"[A-Za-z0-9+_-]{1,60}")
ID = r"^[0-9a-f]{32}$"
PICTURE = ("background", "crop", "fps", "others", "size")
"""The wishes that a take leaves open."""
Wish = str | float | int | bool


class JobRequest(BaseModel):
    """One wish for a video: the options of `thespis run` by their names. The portrait and the audio, or a take, come as files beside it."""

    model_config = ConfigDict(extra="forbid", str_max_length=200_000)

    script: str | None = Field(None, description="let the built-in voice say this; tags such as [sad 0.6] direct it")
    voice: str = Field("en-us", description="a voice of GET /api/voices")
    text: str | None = Field(None, description="what is said in the audio")
    language: str = Field("en-us", description="the language of `text`")
    emotion: str | None = Field(None, description="happy=0.8, or auto")
    direction: str | None = Field(None, description="a direction with keyframes over time, as TOML (docs/direction.md)")
    settings: dict[str, Wish] = Field(default_factory=dict, max_length=40, description="any other wish of a direction, by name")
    recipe: str = Field("thespis", max_length=100, description="a recipe of GET /api/recipes")
    face: int | None = Field(None, ge=1, le=100, description="which of several faces, counted from the left")
    strength: float = Field(1.0, ge=0, le=2, description="of a take: how strongly it is given")
    output: JobKind = Field("mp4", description="a video, the performance alone (take), or one trial picture (png)")
    take: bool = Field(False, description="keep the performance beside the video, for GET /api/jobs/{id}/take")
    take_id: str | None = Field(None, pattern=ID, description="a take of GET /api/takes instead of speech")
    webhook: str | None = Field(None, max_length=2000, description="an http or https address that is told when the job has ended")


class JobView(BaseModel):
    """A job as its owner sees it; `progress` goes from 0 to 1, `error` says in one line what was wrong."""

    id: str
    state: JobState
    created: float
    started: float | None = None
    finished: float | None = None
    progress: float = 0.0
    frames: int = 0
    attempts: int = 0
    place: int | None = Field(None, description="how many jobs are before it")
    error: str | None = None
    result: dict[str, Any] | None = None
    request: JobRequest


class JobList(BaseModel):
    """Some jobs, the newest first."""

    jobs: list[JobView]
    total: int


class TakeView(BaseModel):
    """A take that the server keeps."""

    id: str
    created: float
    size: int
    tracks: list[str]
    seconds: float
    recipe: str | None = None


class Trouble(BaseModel):
    """What was wrong, what is allowed, and what to do: one line."""

    error: str


def check(request: JobRequest, settings: Settings, *, audio: bool, take: bool) -> Direction:
    """Refuse what cannot be done before it waits in the queue -> the direction, but for what is read from the speech."""
    limits = settings.limits
    if [request.script is not None, audio, take or request.take_id is not None].count(True) != 1:
        raise UsageError("give exactly one of script, audio and a take: a portrait does one thing at a time")
    if take or request.take_id is not None:
        check_performance(request)
    if request.text is not None and not audio:
        raise UsageError("text tells what is said in the audio, and there is none; let the built-in voice say it with script")
    for words in (request.script, request.text):
        check_length(words or "", limits)
    if request.script is not None:
        check_script(request.script)
    for voice in (request.voice, request.language):
        check_voice(voice)
    wish = checked_direction(wishes(request), request.recipe, settings, request.direction)
    if wish.background == "transparent" and request.output not in ("mov", "webm"):
        raise UsageError("a transparent background needs the output mov or webm")
    return wish


def check_length(words: str, limits: Limits) -> None:
    """Refuse a text that is too long to be said in one piece."""
    if len(words) > limits.script_characters:
        raise UsageError(f"a text has at most {limits.script_characters:,} characters here, not {len(words):,}; send it in parts")


def check_performance(request: JobRequest) -> None:
    """Refuse wishes that a take cannot follow, since it says already what is done and felt."""
    given = [*request.settings, *(name for name in ("emotion", "direction", "text") if getattr(request, name) is not None)]
    odd = sorted(set(given) - set(PICTURE))
    if odd:
        raise UsageError(f"a take says already what is done, so {', '.join(odd)} cannot be given with it; only {', '.join(PICTURE)}")
    if request.output not in ("mp4", "mov", "webm") or request.take:
        raise UsageError("a take becomes a video here: the output mp4, mov or webm, without take=true")


def check_voice(voice: str) -> None:
    """Refuse a voice that is none of the built-in ones: an engine would run a program or call an address."""
    from thespis.speech.voices import resolve

    if not VOICE.fullmatch(voice):
        raise UsageError(f"a voice is one of GET /api/voices, such as en-us or de+f2, not {voice[:60]!r}")
    resolve(voice)


def check_script(script: str) -> None:
    """Refuse a script that says nothing, or whose markup asks for a voice that is not built in."""
    from thespis.direction.script import read_script
    from thespis.speech.ssml import is_ssml, read_ssml

    if is_ssml(script):
        markup = read_ssml(script)
        for stretch in markup.stretches:
            if stretch.voice is not None:
                check_voice(stretch.voice)
        words = markup.text
    else:
        words = read_script(script).text
    if not words.strip():
        raise MediaError("the script has no words; write what is to be said")


def wishes(request: "JobRequest | LiveRequest") -> dict[str, Any]:
    """Collect the wishes that stand beside the TOML text."""
    found: dict[str, Any] = dict(request.settings)
    if request.emotion is not None:
        if "emotion" in found:
            raise UsageError("emotion is given twice: as emotion and in settings; leave one out")
        found["emotion"] = request.emotion
    return found


def check_words(given: Mapping[str, Any]) -> None:
    """Refuse feelings and styles that would be read from a file."""
    for name in ("emotion", "eyes", "mouth", "style"):
        if isinstance(given.get(name), str) and (not FEELING.fullmatch(given[name]) or re.search(r"\blike\b", given[name])):
            raise DirectionError(f"{name} is written with names and amounts here, such as happy=0.8")


def checked_direction(given: dict[str, Any], recipe: str, settings: Settings, toml: str | None = None) -> Direction:
    """Read all wishes and refuse what is beyond the limits or would reach for a file."""
    from thespis import recipes
    from thespis.direction.auto import is_auto

    check_words(given)
    if toml is not None and re.search(r"(?i)\blike\b\s*=", toml):
        raise DirectionError("a feeling cannot be read from a file here; write names and amounts such as happy=0.8")
    plain = {name: value for name, value in given.items() if not (name == "emotion" and is_auto(value))}
    wish = direct(Direction() if toml is None else read_toml(toml), **plain)
    check_limits(wish, settings.limits)
    wish.check(recipe, recipes.card(settings.recipe(recipe)).accepts)
    return wish


def check_limits(wish: Direction, limits: Limits) -> None:
    """Refuse pictures that are too large or too many, and backgrounds that are not colours."""
    width, height = wish.size or (0, 0)
    if width * height > limits.frame_pixels:
        raise UsageError(f"a frame has at most {limits.frame_pixels:,} pixels here, not {width}x{height}; choose a smaller size")
    if wish.fps is not None and wish.fps > limits.fps:
        raise UsageError(f"a video has at most {limits.fps} frames a second here, not {float(wish.fps):g}")
    if wish.background is not None and not COLOUR.fullmatch(wish.background):
        raise UsageError("a background is a colour here (white, #20a040) or transparent; pictures are for the command line")


class LiveRequest(BaseModel):
    """What a live session begins with; the portrait comes as a file beside it, or is one of GET /api/faces by its name."""

    model_config = ConfigDict(extra="forbid", str_max_length=20_000)

    made_up: str | None = Field(None, pattern="^[a-z0-9_-]{1,40}$", description="a made-up person of GET /api/faces")
    recipe: str = Field("thespis", max_length=100)
    voice: str = "en-us"
    emotion: str | None = None
    settings: dict[str, Wish] = Field(default_factory=dict, max_length=40)
    face: int | None = Field(None, ge=1, le=100)
    converse: bool = Field(True, description="whether the partner answers what the portrait hears")


class LiveView(BaseModel):
    """A live session: how long it was shown, how many frames came late, and the last skew and interruption in seconds."""

    id: str
    created: float
    state: Literal["speaking", "listening", "idle"]
    watched: bool
    seconds: float
    frames: int
    late: int
    fps: float
    size: list[int]
    skew: float
    hushed: float
    error: str | None
    request: LiveRequest


class LiveMessage(BaseModel):
    """What a viewer sends as text: say and ask words, direct, interrupt, attend, say what the sound is that follows, tell the skew."""

    model_config = ConfigDict(extra="forbid", str_max_length=20_000)

    type: Literal["say", "ask", "direct", "interrupt", "attend", "sound", "told", "ping"]
    text: str = ""
    voice: str | None = None
    settings: dict[str, Wish] = Field(default_factory=dict, max_length=20)
    over: float = Field(0.4, ge=0, le=10)
    nod: bool = False
    role: Literal["speak", "hear", ""] = ""
    rate: int = Field(48_000, ge=8_000, le=192_000)
    skew: float = 0.0
