"""Other speaking engines in place of the built-in voice: a command line, or an HTTP endpoint of the common /v1/audio/speech shape.

A voice that begins with `command:` or `http`, or names a .toml file, is one of these. Nothing here is ever asked unless the user names it.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import IO, Any, Protocol
from urllib import error as web_error
from urllib import request
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import numpy as np

from thespis.errors import MediaError, unknown
from thespis.speech.read import is_silent, open_speech
from thespis.speech.say import check_length, pieces
from thespis.types import Array, Speech

LONGEST_WAIT, WAIT = 3600.0, 120.0  # seconds an engine may take for one piece of text, at most and usually
BIGGEST = 100_000_000  # bytes of sound for one piece of text
LONGEST_PIECE_SECONDS = 3600
LOOKS = 0.05  # seconds after which a program is looked at again
REASON = 10_000  # bytes of complaints that are read
SETTINGS = ("command", "url", "model", "voice", "language", "speed", "key_env", "timeout")
QUERY = ("model", "voice", "language", "speed", "key_env", "timeout")
NUMBERS, FOR_SERVERS = ("timeout", "speed"), ("speed", "key_env")
PATH = "/audio/speech"
PLACES = ("out", "text", "voice", "language", "model")


class Engine(Protocol):
    """Something that speaks: text in, sound out; `language` tells how the text is read when its sounds are looked for."""

    @property
    def language(self) -> str:
        """The language of the texts, by the names of thespis voices."""

    def speak(self, text: str) -> bytes:
        """Speak a text -> a sound file of any kind that can be read."""


def is_engine(voice: str) -> bool:
    """Tell whether a voice is another engine and not one of the built-in ones."""
    return voice.startswith(("command:", "http://", "https://")) or voice.lower().endswith(".toml")


def engine(voice: str) -> Engine:
    """Make the engine that a voice names, or say how it is written."""
    if voice.startswith("command:"):
        return made({"command": voice.removeprefix("command:")}, "the command")
    if voice.lower().endswith(".toml"):
        try:
            return made(tomllib.loads(Path(voice).read_text(encoding="utf-8-sig")), voice)
        except FileNotFoundError:
            raise MediaError(f"there is no voice file {voice}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MediaError(f"{voice} is not valid TOML: {error}") from None
        except OSError as error:
            raise MediaError(f"cannot read the voice file {voice}: {error.strerror}") from None
    try:
        parts = urlsplit(voice)
        hosted = bool(parts.hostname) and (parts.port is None or parts.port > 0) and not re.search(r"[\s\x00-\x1f]", voice)
    except ValueError:
        hosted = False
    if not hosted:
        raise MediaError(f"{voice!r} is no address of a server; write one such as http://localhost:8880/v1, with %20 for a blank")
    asked = dict(parse_qsl(parts.query))
    for name in asked:
        if name not in QUERY:
            raise MediaError(unknown("setting of the voice", name, QUERY))
    return made({"url": urlunsplit(parts._replace(query="", fragment="")), **asked}, "the voice")


def made(given: Mapping[str, Any], where: str) -> Engine:
    """Check the settings of an engine."""
    for name in given:
        if name not in SETTINGS:
            raise MediaError(f"{where}: {unknown('setting', name, SETTINGS)}")
    if ("command" in given) == ("url" in given):
        raise MediaError(f"{where} needs either a command or a url, as in command = 'piper --model en.onnx --output_file {{out}}'")
    for name, value in given.items():
        listed = name == "command" and isinstance(value, list) and all(isinstance(word, str) for word in value)
        if not listed and not isinstance(value, (str, int, float) if name in NUMBERS else str):
            raise MediaError(f"{where}: {name} is {'a number' if name in NUMBERS else 'a text'}, not {value!r}")
    if "command" in given and (odd := [name for name in FOR_SERVERS if name in given]):
        raise MediaError(f"{where}: {odd[0]} is for servers; put what the program needs among its arguments")
    language = str(given.get("language", "en-us"))
    try:
        wait, speed = float(given.get("timeout", WAIT)), float(given.get("speed", 1.0))
    except (TypeError, ValueError):
        raise MediaError(f"{where}: timeout and speed are numbers") from None
    if not 0 < wait <= LONGEST_WAIT or not 0.25 <= speed <= 4:
        raise MediaError(f"{where}: timeout goes up to {LONGEST_WAIT:g} seconds, and speed from 0.25 to 4")
    voice, model = str(given.get("voice", "")), str(given.get("model", ""))
    if "url" in given:
        return Endpoint(str(given["url"]), model, voice, language, speed, str(given.get("key_env", "")), wait)
    command = given["command"]
    try:
        words = shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
    except ValueError as error:
        raise MediaError(f"{where} cannot be split into words: {error}; close every quotation mark") from None
    if not words:
        raise MediaError(f"{where} is empty; write a program and its arguments, as in command:'espeak-ng --stdout'")
    for word in words:
        for place in re.findall(r"\{(\w*)\}", word):
            if place not in PLACES:
                raise MediaError(f"{where}: {unknown('place', place, PLACES)} Each stands in braces, as in {{out}}.")
    return Command(tuple(words), voice, model, language, wait)


@dataclass(frozen=True)
class Command:
    """A program: the text comes on its standard input, or in place of {text}; the sound leaves on standard output, or in the file {out}."""

    words: tuple[str, ...]
    voice: str
    model: str
    language: str
    wait: float

    def speak(self, text: str) -> bytes:
        """Run the program once, without a shell."""
        if shutil.which(self.words[0]) is None:
            raise MediaError(f"there is no program {self.words[0]!r} to speak with; install it, or write its whole path")
        with tempfile.TemporaryDirectory(prefix="thespis-") as folder:
            out = Path(folder) / "speech.wav"
            put = {"out": str(out), "text": text, "voice": self.voice, "language": self.language, "model": self.model}
            words = [re.sub(r"\{(\w+)\}", lambda found: put[found[1]], word) for word in self.words]
            given = None if any("{text}" in word for word in self.words) else text.encode()
            heard = self._run(words, given, Path(folder), out)
            if any("{out}" in word for word in self.words):
                if not out.is_file():
                    raise MediaError(f"{self.words[0]!r} wrote no sound to {{out}}; check its arguments")
                heard = out.read_bytes()
        return heard

    def _run(self, words: Sequence[str], given: bytes | None, folder: Path, out: Path) -> bytes:
        """Run words as a process of its own group, so that it ends with all its children when it takes too long or writes too much."""
        asked, heard, said = (folder / name for name in ("asked", "heard", "said"))
        asked.write_bytes(given or b"")
        # Files instead of pipes: nothing that a program writes fills the memory, and none waits for the other.
        with asked.open("rb") as stdin, heard.open("wb") as stdout, said.open("wb") as stderr:
            try:
                process = subprocess.Popen(words, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=os.name == "posix")
            except (OSError, ValueError) as error:
                raise MediaError(f"cannot run {self.words[0]!r}: {getattr(error, 'strerror', None) or error}") from None
            try:
                self._wait(process, (heard, said, out))
            finally:
                # Also when the user interrupts: nothing may go on speaking.
                end(process)
        if process.returncode:
            with said.open("rb") as file:
                file.seek(max(said.stat().st_size - REASON, 0))
                lines = file.read().decode(errors="replace").strip().splitlines()
            raise MediaError(
                f"{self.words[0]!r} failed with code {process.returncode}: {lines[-1][:200] if lines else 'it gave no reason'}"
            )
        return heard.read_bytes()

    def _wait(self, process: "subprocess.Popen[bytes]", written: Sequence[Path]) -> None:
        """Wait until a process ends by itself, or say what it does too much of."""
        deadline = time.monotonic() + self.wait
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(min(LOOKS, max(deadline - time.monotonic(), 0.0)))
            if sum(path.stat().st_size for path in written if path.exists()) > BIGGEST:
                raise MediaError(f"{self.words[0]!r} wrote more than {BIGGEST // 1_000_000} MB for one piece of text; check its arguments")
            if process.returncode is not None:
                return
            if time.monotonic() >= deadline:
                raise MediaError(
                    f"{self.words[0]!r} took longer than {self.wait:g} s to speak; set timeout in a voice file, or use a quicker engine"
                )


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its children, if it still runs."""
    if process.poll() is None:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


class Staying(request.HTTPRedirectHandler):
    """Follow no redirection: a key must not wander to another host."""

    def redirect_request(self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:  # noqa: ANN401
        """Answer that there is nothing to follow, so that the code becomes an error."""


class Deadline:
    """A time by which a whole answer must be there, however slowly it drips: then the connections of the opener are shut."""

    def __init__(self, seconds: float) -> None:
        """Set the time in seconds from when it is entered."""
        self.over = False
        self._open: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        """Begin to count."""
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        """Stop counting."""
        self._timer.cancel()

    def _end(self) -> None:
        """Shut what is open, so that whoever reads there goes on at once."""
        self.over = True
        for connected in self._open:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def opener(self) -> request.OpenerDirector:
        """Make an opener whose connections this time holds for, and which follows no redirection."""
        known = self._open

        class Plain(request.HTTPHandler):
            def http_open(self, req: request.Request) -> HTTPResponse:
                return self.do_open(kept(HTTPConnection), req)

        class Secret(request.HTTPSHandler):
            def https_open(self, req: request.Request) -> HTTPResponse:
                return self.do_open(kept(HTTPSConnection), req)

        def kept(kind: type[HTTPConnection]) -> Any:  # noqa: ANN401 - whatever makes a connection
            class Kept(kind):  # type: ignore[valid-type, misc]
                def connect(self) -> None:
                    super().connect()
                    # Kept here, since a connection forgets its socket while the answer is still being read.
                    known.append(self.sock)

            return Kept

        return request.build_opener(Plain, Secret, Staying)


@dataclass(frozen=True)
class Endpoint:
    """A server that speaks: POST {model, input, voice, response_format, speed} as JSON to URL/audio/speech answers with the sound."""

    url: str
    model: str
    voice: str
    language: str
    speed: float
    key_env: str
    wait: float

    def speak(self, text: str) -> bytes:
        """Ask the server once."""
        url = self.url.rstrip("/")
        url = url if url.endswith(PATH) else url + PATH
        wish: dict[str, Any] = {"input": text, "response_format": "wav", "speed": self.speed}
        wish |= {name: value for name, value in (("model", self.model), ("voice", self.voice)) if value}
        heads = {"Content-Type": "application/json", "User-Agent": "thespis"}
        if self.key_env:
            key = os.environ.get(self.key_env)
            if not key:
                raise MediaError(f"the voice needs a key in the environment variable {self.key_env}, which is not set")
            heads["Authorization"] = f"Bearer {key}"
        where = urlsplit(url).netloc.rpartition("@")[2]
        deadline = Deadline(self.wait)
        try:
            asked = request.Request(url, json.dumps(wish).encode(), heads, method="POST")
            with deadline, deadline.opener().open(asked, timeout=self.wait) as answer:
                heard = bytes(answer.read(BIGGEST + 1))
                promised = answer.headers.get("Content-Length", "")
        except web_error.HTTPError as error:
            with error:
                reason = " ".join(error.read(300).decode(errors="replace").split())
            raise MediaError(f"the speech server {where} refused with {error.code} {error.reason}: {reason or 'no reason given'}") from None
        except (OSError, ValueError, HTTPException) as error:
            why: object = error.reason if isinstance(error, web_error.URLError) else error
            if deadline.over or isinstance(why, TimeoutError):
                raise self._late(where) from None
            if isinstance(error, web_error.URLError | ConnectionError):
                raise MediaError(f"the speech server {where} cannot be reached ({why}); start it, or check the address") from None
            told = f"{type(error).__name__} {error}".strip()
            raise MediaError(
                f"the speech server {where} cannot be asked, or answered with no whole HTTP ({told}); check the address"
            ) from None
        if deadline.over:
            raise self._late(where)
        if len(heard) > BIGGEST:
            raise MediaError(f"the speech server {where} answered with more than {BIGGEST // 1_000_000} MB")
        if promised.isdecimal() and len(heard) < int(promised):
            raise MediaError(f"the speech server {where} broke off after {len(heard):,} of {int(promised):,} bytes; ask it again")
        return heard

    def _late(self, where: str) -> MediaError:
        """Word that it took too long."""
        return MediaError(f"the speech server {where} took longer than {self.wait:g} s; add timeout=SECONDS to the voice")


def spoken_by(text: str, own: Engine) -> Speech:
    """Let an engine speak a text, paragraph by paragraph -> Speech with text but without phones."""
    check_length(text)
    parts: list[Array] = []
    rate = 0
    for piece in pieces(text):
        speech = read_sound(own.speak(piece.text.strip()))
        if not rate:
            rate = speech.rate
        samples = speech.mono()
        if speech.rate != rate:
            import soxr

            samples = soxr.resample(samples, speech.rate, rate).astype(np.float32)
        parts += [np.zeros(round(piece.pause * rate), np.float32)] if parts else []
        parts.append(samples)
    if not parts:
        raise MediaError("there is nothing to say: the text is empty; write at least one word")
    return Speech(np.concatenate(parts)[None], rate, text=text)


def read_sound(heard: bytes) -> Speech:
    """Read the sound that an engine made."""
    if not heard:
        raise MediaError("the speaking engine made no sound at all; check its settings by hand")
    too_long = MediaError(
        f"the speaking engine speaks for more than {LONGEST_PIECE_SECONDS // 60} minutes about one piece of text; check it"
    )
    with tempfile.TemporaryDirectory(prefix="thespis-") as folder:
        path = Path(folder) / "speech.wav"
        path.write_bytes(heard)
        try:
            file = open_speech(path)
            blocks = []
            for block in file:
                if block.stop > LONGEST_PIECE_SECONDS * file.rate:
                    raise too_long
                blocks.append(block.samples)
            speech = Speech(np.concatenate(blocks, axis=1), file.rate)
        except MediaError as error:
            if error is too_long:
                raise
            begin = heard[:60].decode(errors="replace").strip()
            shown = f" but with {begin!r}" if begin.isprintable() and begin else ""
            raise MediaError(f"the speaking engine did not answer with sound{shown}; it must give wav, flac, mp3 or ogg") from None
    if not len(speech) or is_silent(speech):
        raise MediaError("the speaking engine answered with silence; check its voice and settings")
    return speech
