"""Live senders, received on this machine's own loopback and read with a reader of our own."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.apps import cli
from thespis.export import live, vmc
from thespis.export.take import open_take, save_take
from thespis.motion.rotations import matrices, vectors
from thespis.motion.spaces.arkit import ARKIT_CURVES, LIVE_LINK
from thespis.motion.spaces.face import FACE
from thespis.types import Clip, Track

pytestmark = pytest.mark.unit

ROWS, RATE = 6, 60


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """A tenth of a second of a face that opens its mouth and turns its head."""
    track = Track(FACE, np.zeros((ROWS, FACE.size), np.float32), Fraction(RATE))
    ramp = np.linspace(0, 0.5, ROWS)
    turn = np.stack([0 * ramp, ramp, 0 * ramp], axis=1)
    track = track.replace(jawOpen=ramp, head_rotation=turn, gaze_left_yaw=-ramp / 2, gaze_right_yaw=-ramp / 2)
    return save_take(tmp_path / "a.take", Clip(None, None, track))


class Listener:
    """Collects datagrams on a free port of the loopback."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.port = self.socket.getsockname()[1]
        self.found: list[bytes] = []

    def listen(self, count: int) -> threading.Thread:
        """Collect so many datagrams in a thread."""

        def work() -> None:
            while len(self.found) < count:
                self.found.append(self.socket.recv(65536))

        thread = threading.Thread(target=work)
        thread.start()
        return thread


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody who listens, until the end of the test."""
    found = Listener()
    yield found
    found.socket.close()


def osc_text(data: bytes, at: int) -> tuple[str, int]:
    """Read an OSC string and the place after it."""
    end = data.index(b"\0", at)
    return data[at:end].decode(), (end // 4 + 1) * 4


def osc_messages(data: bytes) -> list[tuple[str, list[object]]]:
    """Read every message of a bundle."""
    assert data[:16] == b"#bundle\0" + bytes(7) + b"\1"
    at, found = 16, []
    while at < len(data):
        size = struct.unpack_from(">I", data, at)[0]
        part, at = data[at + 4 : at + 4 + size], at + 4 + size
        assert size % 4 == 0
        path, place = osc_text(part, 0)
        kinds, place = osc_text(part, place)
        values: list[object] = []
        for kind in kinds[1:]:
            if kind == "s":
                value, place = osc_text(part, place)
                values.append(value)
            else:
                values.append(struct.unpack_from(">i" if kind == "i" else ">f", part, place)[0])
                place += 4
        assert place == size
        found.append((path, values))
    return found


def test_vmc_says_weights_and_bones(take: Path, listener: Listener) -> None:
    count = sum(len(frame) for frame in vmc.frames(open_take(take)))
    thread = listener.listen(count)
    assert cli.main(["export", str(take), "-o", f"vmc://127.0.0.1:{listener.port}"]) == 0
    thread.join()
    assert all(len(data) <= live.LARGEST_DATAGRAM for data in listener.found)
    messages = [message for data in listener.found for message in osc_messages(data)]
    assert [values[0] for path, values in messages if path == "/VMC/Ext/T"] == pytest.approx([k / RATE for k in range(ROWS)])
    jaw = [values[1] for path, values in messages if path == "/VMC/Ext/Blend/Val" and values[0] == "JawOpen"]
    assert jaw == pytest.approx(np.linspace(0, 0.5, ROWS).tolist(), abs=1e-6)
    names = {values[0] for path, values in messages if path == "/VMC/Ext/Blend/Val"}
    assert names == {name[0].upper() + name[1:] for name in LIVE_LINK}
    assert sum(path == "/VMC/Ext/Blend/Apply" for path, _ in messages) == sum(path == "/VMC/Ext/OK" for path, _ in messages) == ROWS
    head = [values for path, values in messages if path == "/VMC/Ext/Bone/Pos" and values[0] == "Head"][-1]
    assert head[1:4] == [0, 0, 0] and vectors([head[4:]])[0] == pytest.approx([0, 0.5, 0], abs=1e-6)
    eye = [values for path, values in messages if path == "/VMC/Ext/Bone/Pos" and values[0] == "LeftEye"][-1]
    # The head turns to the picture's left, which is the avatar's right (+x), and so do the eyes.
    for bone in (head, eye):
        assert (matrices(vectors([bone[4:]]))[0] @ [0, 0, 1])[0] > 0.2


def test_live_link_packets(take: Path, listener: Listener) -> None:
    thread = listener.listen(ROWS)
    assert cli.main(["export", str(take), "--name", "Ada", "-o", f"livelink://127.0.0.1:{listener.port}"]) == 0
    thread.join()
    for number, data in enumerate(listener.found):
        assert data[0] == 6
        size = struct.unpack_from(">i", data, 1)[0]
        assert size == 36 and data[5 : 5 + size].decode().count("-") == 4
        at = 5 + size
        assert struct.unpack_from(">i", data, at)[0] == 3 and data[at + 4 : at + 7] == b"Ada"
        frame, part, over, under, count = struct.unpack_from(">ifiiB", data, at + 7)
        assert (frame, part, over, under, count) == (number, 0.0, RATE, 1, 61)
        values = struct.unpack_from(">61f", data, at + 24)
        assert len(data) == at + 24 + 4 * 61
        assert values[ARKIT_CURVES.column("jawOpen")] == pytest.approx(0.5 * number / (ROWS - 1), abs=1e-6)
        assert values[ARKIT_CURVES.column("headYaw")] == pytest.approx(-0.5 * number / (ROWS - 1), abs=1e-6)


def test_frames_are_sent_when_their_time_has_come(listener: Listener) -> None:
    begun = time.monotonic()
    assert live.send([[b"a"]] * 6, Fraction(50), "127.0.0.1", listener.port) == 6
    assert 0.1 <= time.monotonic() - begun < 1.0


def test_nobody_listening_is_no_error(listener: Listener) -> None:
    listener.socket.close()
    assert live.send([[b"a"]] * 4, Fraction(1000), "127.0.0.1", listener.port) == 4


@pytest.mark.parametrize("text", ["vmc://127.0.0.1", "vmc://:39539", "vmc://a:b", "vmc://a:99999", "vmc://a:1/path", "vmc://u@a:1"])
def test_addresses_that_make_no_sense_are_told(text: str, take: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", str(take), "-o", text]) == 2
    assert "a live address is written as" in capsys.readouterr().err


def test_unknown_protocols_and_hosts_are_told(take: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", str(take), "-o", "vcm://127.0.0.1:9"]) == 2
    assert "unknown live protocol 'vcm'. Did you mean 'vmc'" in capsys.readouterr().err
    assert cli.main(["export", str(take), "-o", "vmc://a..b:9"]) == 2
    assert "cannot find a..b" in capsys.readouterr().err
