"""Dubbing goes on after a break, loops a short video, leaves what rests and what is covered as it was filmed."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from thespis.apps import cli
from thespis.apps.dub_draw import needed_of
from thespis.apps.dub_work import Remembering, Work, fingerprint
from thespis.capture.footage import Footage, open_footage
from thespis.capture.sighting import Sighting
from thespis.capture.unwrap import HIGH, WIDE
from thespis.errors import MediaError
from thespis.export.video import save
from thespis.motion.spaces.face import FACE
from thespis.pixels.dub.covered import coverage, uncovered
from thespis.pixels.dub.inpaint import fading, to_and_fro
from thespis.pixels.dub.lip_networks import Repainted
from thespis.pixels.dub.lip_shape import SHAPES
from thespis.pixels.dub.reel import Reel
from thespis.pixels.warp import Warp
from thespis.types import Array, Bytes, Clip, Direction, Frames, Portrait, Track, random_for

pytestmark = pytest.mark.unit

FPS = Fraction(25)
ROWS = 40


def record(path: Path, seconds: float) -> None:
    """Write a humming that comes and goes as a wav file."""
    at = np.arange(round(seconds * 16_000)) / 16_000
    samples = 0.4 * np.sin(2 * np.pi * 140 * at) * np.clip(np.sin(2 * np.pi * 2.5 * at), 0, 1)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((samples * 32_000).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def video(astronaut: Portrait, tmp_path_factory: pytest.TempPathFactory) -> Path:
    stage = Warp(192)
    values = np.zeros((ROWS, FACE.size), np.float32)
    values[:, FACE.column("jawOpen")] = 0.4 * np.clip(np.sin(np.arange(ROWS) / 3), 0, 1)
    images = stage.step(stage.start(astronaut, Direction()), Track(FACE, values, FPS), True).images
    path = tmp_path_factory.mktemp("dub") / "film.mp4"
    save(Clip(None, Frames(images, FPS), None), path)
    return path


def dub(*words: object) -> dict[str, Any]:
    """Run the command in a process of its own and give its last event."""
    ran = subprocess.run(
        [sys.executable, "-m", "thespis.apps.cli", "dub", *map(str, words), "--json"], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_a_killed_dubbing_goes_on_and_gives_the_same_file(video: Path, tmp_path: Path) -> None:
    record(tmp_path / "a.wav", 2.0)
    dub(video, tmp_path / "a.wav", "-o", tmp_path / "whole.mp4")
    words = [
        sys.executable,
        "-m",
        "thespis.apps.cli",
        "dub",
        str(video),
        str(tmp_path / "a.wav"),
        "-o",
        str(tmp_path / "out.mp4"),
        "--json",
    ]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    work = tmp_path / ".out.mp4.dub"
    until = time.monotonic() + 300
    while not (work / "seen.npz").exists() and running.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert (work / "seen.npz").exists()
    assert not (tmp_path / "out.mp4").exists()

    dub(video, tmp_path / "a.wav", "-o", tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert not work.exists()


def test_another_job_does_not_go_on_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"one")
    first = fingerprint({"video": tmp_path / "film"}, {"lips": None})
    work = Work(tmp_path / "out.mp4", first)
    work.write("painted_000000.npz", {"made": np.zeros(1)})
    assert (Work(tmp_path / "out.mp4", first).folder / "painted_000000.npz").exists()
    other = fingerprint({"video": tmp_path / "film"}, {"lips": "50%"})
    assert other != first
    assert not (Work(tmp_path / "out.mp4", other).folder / "painted_000000.npz").exists()


class Painting:
    """A network that inverts squares, and counts how often it was asked."""

    shape, keeps, asked = SHAPES["tiny"], True, 0

    def paint(self, squares: Bytes, tokens: Array, noise: Array, strength: float) -> Repainted:
        self.asked += 1
        return Repainted(squares, 255 - squares, np.ones((*squares.shape[:3], 2), np.float32))


def test_what_was_painted_is_remembered(tmp_path: Path) -> None:
    squares = random_for(1, "squares").integers(0, 255, (8, 4, 4, 3)).astype(np.uint8)
    nothing = np.zeros((1, 1, 1), np.float32)
    network = Painting()
    for _ in range(2):
        painted = Remembering(network, Work(tmp_path / "out.mp4", "job")).paint(squares, nothing, nothing, 1.0)
        assert (painted.made == 255 - squares).all()
        assert painted.flow is not None
        assert (painted.flow == 1).all()
    assert network.asked == 1
    with pytest.raises(MediaError, match="does not belong to this video; remove the folder"):
        Remembering(network, Work(tmp_path / "out.mp4", "job")).paint(squares + 1, nothing, nothing, 1.0)


def test_a_short_video_goes_forward_and_backward(video: Path, tmp_path: Path) -> None:
    record(tmp_path / "long.wav", 4.0)
    done = dub(video, tmp_path / "long.wav", "--loop", "-o", tmp_path / "out.mp4")
    assert (done["frames"], done["sound_cut"]) == (100, 0.0)
    with av.open(str(tmp_path / "out.mp4")) as container:
        shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    with av.open(str(video)) as container:
        filmed = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    top = np.s_[:40]
    for row in (0, 20, 39, 45, 60, 77, 78, 90):
        assert np.abs(shown[row][top] - filmed[to_and_fro(row, ROWS)][top]).mean() < 3


def test_no_frame_of_a_loop_comes_twice_in_a_row() -> None:
    order = [to_and_fro(row, 5) for row in range(17)]
    assert order == [0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0]
    assert [to_and_fro(row, 1) for row in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("room", [1, 7 * 192 * 192 * 3, 1 << 30])
def test_frames_can_be_read_in_any_order_within_some_memory(video: Path, room: int) -> None:
    footage = open_footage(video)
    known = list(footage)
    reel = Reel(footage, len(known), room)
    order = [to_and_fro(row, len(known)) for row in range(2 * len(known) + 5)] + [3, 30, 2, len(known) - 1]
    for number in order:
        assert (reel[number] == known[number]).all()
        assert sum(each.nbytes for each in reel._held.values()) <= max(room, 0) + 2 * known[0].nbytes
    assert len(reel[2:5]) == 3


def test_a_mouth_that_rests_and_is_to_rest_needs_no_dubbing() -> None:
    own = Track(FACE, np.zeros((100, FACE.size), np.float32), FPS).replace(jawOpen=np.r_[np.zeros(60), 0.4 * np.ones(40)])
    said = own.replace(jawOpen=np.r_[0.5 * np.abs(np.sin(np.arange(30))), np.zeros(70)])
    needed = needed_of(own, said)
    assert (needed[:30] == 1).all()
    assert (needed[44:46] == 0).all()  # silence, and the mouth was still
    assert (needed[62:] == 1).all()  # silence, but the mouth stood open
    assert np.abs(np.diff(needed)).max() < 0.35


def test_painting_fades_towards_frames_without_a_face() -> None:
    share = fading([True] * 10 + [False] * 4 + [True] * 10)
    assert (share[10:14] == 0).all()
    assert share[0] == share[5] == pytest.approx(1)
    assert 0 < share[9] < share[8] < share[7] < 1


def views(hand: slice) -> list[Sighting]:
    """Sightings of a lower face whose mouth opens and shuts, with something striped before it for a while."""
    random = random_for(3, "a face")
    face = cv2.GaussianBlur(random.uniform(0, 255, (HIGH, WIDE)).astype(np.float32), (0, 0), 4)
    face = 128 + 4 * (face - face.mean())
    stripes = 128 + 40 * np.sign(np.sin(np.arange(WIDE) / 3))[None].repeat(HIGH, 0)
    found = []
    for frame in range(120):
        view = face + random.normal(0, 2, face.shape)
        opened = round(6 * abs(np.sin(frame / 4)))
        view[78 - opened : 80 + opened, 36:60] = 40
        if hand.start <= frame < hand.stop:
            view[50:, 20:76] = stripes[50:, 20:76]
        found.append(Sighting(frame, np.zeros((478, 3), np.float32), np.clip(view, 0, 255).astype(np.uint8)))
    return found


def test_something_before_the_mouth_is_noticed_and_speech_is_not() -> None:
    share = uncovered(coverage(views(slice(50, 70)), ()))
    assert share[52:67].max() < 0.2
    assert share[:50].min() > 0.8
    assert share[70:].min() > 0.8
    assert uncovered(coverage(views(slice(0, 0))[:10], ())).min() == 1  # too few to tell


def test_a_silent_job_leaves_no_folder(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record(Path("a.wav"), 1.0)
    assert cli.main(["dub", str(video), "a.wav", "--face", "3", "-o", "out.mp4"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_footage_that_ends_early_repeats_its_last_frame(video: Path) -> None:
    reel = Reel(Footage(video, FPS, ROWS), ROWS + 3)
    assert (reel[ROWS + 2] == reel[ROWS - 1]).all()
