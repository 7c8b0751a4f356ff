"""A small client: the server's jobs from Python, with nothing but the standard library."""

import http.client
import json
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from thespis.errors import ThespisError, UsageError

BLOCK = 1 << 20


class Client:
    """Speaks to one server; the options of a job are those of `thespis run` (JobRequest)."""

    def __init__(self, address: str = "http://127.0.0.1:8765", token: str | None = None, seconds: float = 60.0) -> None:
        """Know the address, the token, and how long an answer may take."""
        if not is_address(address):
            raise UsageError(f"a server's address is http://HOST:PORT, not {address!r}")
        self._parts = urlsplit(address)
        self._token, self._seconds = token, seconds
        self.place = self._parts.netloc

    def submit(
        self,
        portrait: str | Path,
        audio: str | Path | None = None,
        *,
        performs: str | Path | None = None,
        **options: Any,  # noqa: ANN401
    ) -> str:
        """Submit a job -> its id; the portrait says the `audio`, or the `script` among the options, or `performs` a take."""
        given = (("portrait", portrait), ("audio", audio), ("take", performs))
        files = {name: Path(path) for name, path in given if path is not None}
        return str(self._send("/api/jobs", files, options)["id"])

    def live(self, portrait: str | Path, **options: Any) -> str:  # noqa: ANN401
        """Open a live session (LiveRequest) -> its id; watch it at /api/live/ID/socket."""
        return str(self._send("/api/live", {"portrait": Path(portrait)}, options)["id"])

    def rooms(self) -> list[dict[str, Any]]:
        """List the open live sessions."""
        listed: list[dict[str, Any]] = self._ask("GET", "/api/live")  # type: ignore[assignment]
        return listed

    def look(self, room: str) -> dict[str, Any]:
        """Look at a live session."""
        return self._ask("GET", f"/api/live/{room}")

    def leave(self, room: str) -> None:
        """Close a live session."""
        self._ask("POST", f"/api/live/{room}/leave", b"")

    def _send(self, path: str, files: Mapping[str, Path], options: dict[str, Any]) -> dict[str, Any]:
        """Send a form with files and a request."""
        edge = uuid.uuid4().hex
        body = b"".join(part(edge, name, file) for name, file in files.items())
        body += f'--{edge}\r\nContent-Disposition: form-data; name="request"\r\n\r\n{json.dumps(options)}\r\n--{edge}--\r\n'.encode()
        return self._ask("POST", path, body, f"multipart/form-data; boundary={edge}")

    def job(self, job: str) -> dict[str, Any]:
        """Look at a job."""
        return self._ask("GET", f"/api/jobs/{job}")

    def jobs(self, state: str | None = None) -> list[dict[str, Any]]:
        """List the newest jobs."""
        listed: list[dict[str, Any]] = self._ask("GET", "/api/jobs" + (f"?state={state}" if state else ""))["jobs"]
        return listed

    def follow(self, job: str, every: float = 0.25) -> Iterator[dict[str, Any]]:
        """Give the job whenever it has gone on, until it has ended."""
        last: dict[str, Any] = {}
        while last.get("state") not in ("done", "failed", "cancelled"):
            now = self.job(job)
            if now != last:
                yield now
            else:
                time.sleep(every)
            last = now

    def wait(self, job: str) -> dict[str, Any]:
        """Wait for the end of a job, and refuse one that failed."""
        last: dict[str, Any] = {}
        for now in self.follow(job):
            last = now
        if last["state"] != "done":
            raise ThespisError(f"the job {job} {last['state']}: {last['error'] or 'nobody wanted it any more'}")
        return last

    def cancel(self, job: str) -> dict[str, Any]:
        """Cancel a job."""
        return self._ask("POST", f"/api/jobs/{job}/cancel")

    def remove(self, job: str) -> None:
        """Remove a job that has ended, and its files."""
        self._ask("DELETE", f"/api/jobs/{job}")

    def fetch(self, job: str, path: str | Path, what: str = "result") -> Path:
        """Write the result of a job (or its "take") to a file."""
        place = Path(path)
        temporary = place.with_name(f".{place.name}.part")
        try:
            with self._answer("GET", f"/api/jobs/{job}/{what}") as answer, temporary.open("wb") as file:
                while block := answer.read(BLOCK):
                    file.write(block)
                if answer.length:
                    raise http.client.IncompleteRead(b"", answer.length)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
        return place

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        """Ask something that is answered by JSON."""
        with self._answer(method, path, body, kind) as answer:
            try:
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
            except ValueError:
                raise ThespisError(f"what answers at {self.place} is no thespis serve; see --server") from None
            return found

    @contextmanager
    def _answer(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Iterator[http.client.HTTPResponse]:
        """Send a request, and give the answer to be read; what breaks off is told in a line."""
        made = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = made(str(self._parts.hostname), self._parts.port, timeout=self._seconds)
        headers: Mapping[str, str] = {
            **({"Content-Type": kind} if kind else {}),
            **({"Authorization": f"Bearer {self._token}"} if self._token else {}),
        }
        begun = False
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body, dict(headers))
            answer = connection.getresponse()
            begun = True
            refuse(answer)
            yield answer
        except (http.client.HTTPException, ConnectionError, TimeoutError, socket.gaierror) as error:
            why = "broke off its answer: ask again" if begun else f"does not answer: {error}; start one with thespis serve"
            raise ThespisError(f"the server at {self.place} {why}") from None
        except OSError as error:
            raise ThespisError(f"the server at {self.place} cannot be asked, or its answer kept: {error}") from None
        finally:
            connection.close()


def is_address(text: str) -> bool:
    """Tell whether a text is the http or https address of a server."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and text.isprintable() and " " not in text
    except ValueError:
        return False


def part(edge: str, name: str, path: Path) -> bytes:
    """Write a file as a part of a form; its name stays at home."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return head.encode() + content + b"\r\n"


def refuse(answer: http.client.HTTPResponse) -> None:
    """Raise what the server refused."""
    if answer.status >= 400:
        try:
            why = str(json.loads(answer.read())["error"])
        except (ValueError, KeyError, TypeError):
            why = answer.reason
        raise ThespisError(f"the server refused ({answer.status}): {why}")
