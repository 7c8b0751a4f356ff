"""Send a take over UDP at the pace it was made for, to whatever listens: nothing is sent that was not asked for by address."""

import socket
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from urllib.parse import urlsplit

from thespis.errors import MediaError, UsageError

LARGEST_DATAGRAM = 1400  # bytes; what passes every network in one piece


def address(text: str) -> tuple[str, str, int]:
    """Split vmc://127.0.0.1:39539 into its protocol, host and port."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        port = None
    if port is None or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
        raise UsageError(f"a live address is written as in vmc://127.0.0.1:39539, not {text!r}")
    return parts.scheme, parts.hostname, port


def send(frames: Iterable[list[bytes]], fps: Fraction, host: str, port: int, sleep: Callable[[float], None] = time.sleep) -> int:
    """Send the datagrams of each frame when its time has come, and count the frames; late frames are sent at once."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no name of a machine"
        raise MediaError(f"cannot find {host}: {reason}; give a name or number of a machine that listens") from None
    count = 0
    with socket.socket(family, kind, protocol) as out:
        begun = time.monotonic()
        for frame in frames:
            wait = begun + float(count / fps) - time.monotonic()
            if wait > 0:
                sleep(wait)
            for datagram in frame:
                try:
                    out.sendto(datagram, target)
                except ConnectionRefusedError:
                    pass  # nobody listens on this machine yet, and the next frame may find somebody
                except OSError as error:
                    raise MediaError(f"cannot send to {host}:{port}: {error.strerror or error}") from None
            count += 1
    return count
