"""What a server may be told: where it keeps its files, who may use it, and how much of everything."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from thespis.errors import UsageError, unknown

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Limits:
    """How much a server takes on; whatever is more is refused in one line."""

    upload_bytes: int = 60_000_000  # a whole request
    upload_seconds: float = 60.0  # from the first byte of a request to its last
    audio_seconds: float = 600.0
    script_characters: int = 10_000
    portrait_pixels: int = 40_000_000
    frame_pixels: int = 1920 * 1080
    fps: int = 60
    queued: int = 1000
    kept: int = 5000  # jobs on the shelf, and takes; the oldest go first
    free_bytes: int = 300_000_000  # of the disk, which uploads leave
    job_seconds: float = 3600.0
    attempts: int = 2  # renderers that one job may bring down
    requests_a_minute: int = 1800  # of one client
    connections: int = 4000
    silent_seconds: float = 20.0  # in which a new connection must have sent its first request
    sessions: int = 4
    session_idle_seconds: float = 60.0  # without a connection
    session_pixels: int = 512 * 512
    pushed_seconds: float = 120.0  # speech that may wait in a session
    keep_seconds: float = 7 * 86400.0


@dataclass(frozen=True)
class Settings:
    """One server: `folder` holds its files, `tokens` may be empty on this machine only, `hosts` are further names it answers to."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8765
    tokens: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()  # recipe files of the operator's own; what a user sends is never read as a path
    workers: int = 1
    private_webhooks: bool = False
    warm: Path | None = None  # a portrait that is drawn once at the start, so that the first live session begins quickly
    partner: str = "rules"  # the rule-based one, or the address of an OpenAI-compatible chat
    partner_model: str = "default"
    partner_key: str = ""
    ice_servers: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse what would leave a server open by mistake."""
        if self.host not in LOOPBACK and not self.tokens:
            raise UsageError(
                f"{self.host} can be reached by others, so the server needs a token: --token FILE (a line of at least "
                f"{SHORTEST_TOKEN} characters), or the variable THESPIS_TOKEN"
            )
        if any(len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token for token in self.tokens):
            raise UsageError(f"a token has at least {SHORTEST_TOKEN} letters and digits, without spaces")
        if not 0 <= self.port <= 65535:
            raise UsageError(f"a port goes from 1 to 65535, not {self.port}")
        if not 0 <= self.workers <= 64:
            raise UsageError(f"a server has 1 to 64 renderers, not {self.workers}")

    def recipe(self, name: str) -> str:
        """Find a recipe by its name: a shipped one, or one of the operator's own files; nothing else is ever read."""
        from thespis import recipes

        own = {Path(path).stem: path for path in self.recipes}
        if name not in own and name not in recipes.names():
            raise UsageError(unknown("recipe", name, (*recipes.names(), *own)))
        return own.get(name, name)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def tokens_of(path: Path | None) -> tuple[str, ...]:
    """Read the tokens: the lines of a file, else the variable THESPIS_TOKEN."""
    if path is None:
        return tuple(token for token in (os.environ.get("THESPIS_TOKEN", "").strip(),) if token)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"the file of tokens {path} cannot be read; write one token a line") from None
    found = tuple(line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))
    if not found:
        raise UsageError(f"the file of tokens {path} holds none; write one token a line")
    return found
