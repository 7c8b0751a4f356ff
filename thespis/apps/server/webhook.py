"""Tell an address that a job has ended, without being led anywhere else: no private network, no redirect, no second look-up of the name."""

import http.client
import ipaddress
import json
import socket
from typing import Any
from urllib.parse import SplitResult, urlsplit

from thespis.errors import UsageError

SECONDS = 10.0
LATER = (10.0, 60.0, 600.0)  # seconds after which a webhook is called again
FORM = "a webhook is an http or https address, such as https://example.org/hook"


def split(address: str) -> SplitResult:
    """Read an address, and refuse any that is not plainly one of the web."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise UsageError(FORM) from None
    odd = any(ord(letter) <= 32 or ord(letter) > 126 for letter in address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or odd or port == 0:
        raise UsageError(FORM)
    return parts


def allowed(host: str, port: int, private: bool) -> str:
    """Look a name up once -> an address to call; with `private` False every one of its addresses must be public."""
    try:
        # In the order of the system, which knows what can be reached from here.
        found = list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except (OSError, UnicodeError):
        raise UsageError(f"the webhook's host {host[:100]!r} is not known") from None
    for address in found:
        number = ipaddress.ip_address(address.partition("%")[0])
        inner = getattr(number, "ipv4_mapped", None) or getattr(number, "sixtofour", None)
        if not private and (not number.is_global or number.is_multicast or (inner is not None and not inner.is_global)):
            raise UsageError(f"the webhook's host {host[:100]!r} leads into a private network, which this server does not call")
    return found[0]


def check(address: str, private: bool) -> None:
    """Refuse a webhook that could not be called, before a job waits for it."""
    parts = split(address)
    allowed(str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80), private)


def call(address: str, told: dict[str, Any], private: bool) -> int:
    """Post what there is to tell -> the status of the answer; the name is looked up and judged anew."""
    parts = split(address)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    place = allowed(host, port, private)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=SECONDS)

    def connect(_: tuple[str, int], *given: Any, **named: Any) -> socket.socket:  # noqa: ANN401 - passed on as it comes
        return socket.create_connection((place, port), *given, **named)

    # The address that was judged is the one that is called: the name may lead elsewhere a moment later.
    connection._create_connection = connect  # type: ignore[attr-defined]
    try:
        headers = {"Content-Type": "application/json", "User-Agent": "thespis"}
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, json.dumps(told).encode(), headers)
        return connection.getresponse().status
    finally:
        connection.close()
