"""A performance that is drawn on a photograph is read back from the video; what cannot be seen is bridged, marked or refused."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.capture.footage import nominal, open_footage
from thespis.capture.performance import Performance, track_video
from thespis.errors import FaceError, MediaError
from thespis.export.take import open_take
from thespis.export.video import save
from thespis.motion.spaces.face import FACE
from thespis.pixels.warp import Warp
from thespis.types import Array, Bytes, Clip, Direction, Frames, Portrait, Speech, Track

pytestmark = pytest.mark.unit

FPS = Fraction(25)
ROWS = 40


def acting() -> Array:
    """Rows in which the jaw opens twice, both eyes blink once, the mouth smiles at the end and the head turns to and fro."""
    rows = np.zeros((ROWS, FACE.size), np.float32)
    time = np.arange(ROWS)
    rows[:, FACE.column("jawOpen")] = 0.7 * np.clip(np.sin(2 * np.pi * time / 16), 0, 1) * (time < 20)
    for side in ("Left", "Right"):
        rows[:, FACE.column(f"eyeBlink{side}")] = np.clip(1 - np.abs(time - 25) / 2.5, 0, 1)
        rows[:, FACE.column(f"mouthSmile{side}")] = np.clip((time - 27) / 8, 0, 0.9)
    rows[:, FACE.slice("head_rotation")] = np.stack([0 * time, 0.18 * np.sin(2 * np.pi * time / ROWS), 0 * time], axis=1)
    return rows


def drawn(portrait: Portrait, rows: Array, size: int = 256) -> Bytes:
    """The frames of a portrait that performs rows."""
    stage = Warp(size)
    return stage.step(stage.start(portrait, Direction()), Track(FACE, rows, FPS), True).images


def film(path: Path, images: Bytes, *, sound: bool = False) -> Path:
    """Write a video, with a quiet tone if it is to have sound."""
    speech = None
    if sound:
        tone = 0.1 * np.sin(np.arange(round(len(images) / 25 * 16_000)) * 0.1)
        speech = Speech(tone[None].astype(np.float32), 16_000)
    save(Clip(speech, Frames(np.ascontiguousarray(images), FPS), None), path)
    return path


@pytest.fixture(scope="module")
def performed(astronaut: Portrait) -> Bytes:
    return drawn(astronaut, acting())


@pytest.fixture(scope="module")
def video(performed: Bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("video") / "acting.mp4", performed, sound=True)


@pytest.fixture(scope="module")
def tracked(video: Path) -> Performance:
    (performance,) = track_video(video)
    return performance


def alike(one: Array, other: Array) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_a_drawn_performance_is_read_back(tracked: Performance) -> None:
    given = Track(FACE, acting(), FPS)
    motion = tracked.motion
    assert motion.space == FACE and motion.fps == FPS and len(motion) == ROWS
    assert tracked.found.all() and tracked.cuts == ()
    for name in ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthSmileRight"):
        assert alike(motion[name], given[name]) > 0.85, name
        assert 0.4 < np.ptp(motion[name]) / np.ptp(given[name]) < 1.6, name
    turn, wanted = motion["head_rotation"][:, 1], given["head_rotation"][:, 1]
    assert alike(turn, wanted) > 0.97
    assert 0.7 < np.ptp(turn) / np.ptp(wanted) < 1.3
    assert np.abs(np.median(motion["head_rotation"], axis=0)).max() < 0.02


def test_the_blink_is_not_flattened_and_comes_in_time(tracked: Performance) -> None:
    blink = tracked.motion["eyeBlinkLeft"]
    assert abs(int(blink.argmax()) - 25) <= 1
    assert blink.max() > 0.7
    assert blink[:22].max() < 0.35


def test_brows_and_pucker_are_read_though_landmarks_hardly_tell(astronaut: Portrait, tmp_path: Path) -> None:
    rows = np.zeros((30, FACE.size), np.float32)
    time = np.arange(30)
    given = {
        "browDown": np.clip(np.sin(np.pi * (time - 2) / 8), 0, 1) * (time < 11),
        "browInnerUp": np.clip(np.sin(np.pi * (time - 11) / 8), 0, 1) * (time > 10) * (time < 20),
        "mouthPucker": np.clip(np.sin(np.pi * (time - 20) / 8), 0, 1) * (time > 19) * (time < 29),
    }
    for name, curve in given.items():
        for column in (name,) if name in FACE.names else (f"{name}Left", f"{name}Right"):
            rows[:, FACE.column(column)] = 0.8 * curve
    (performance,) = track_video(film(tmp_path / "brows.mp4", drawn(astronaut, rows)))
    for name, curve in given.items():
        read = performance.motion[name if name in FACE.names else f"{name}Left"]
        assert alike(read, curve) > 0.85, name
        assert read.max() > 0.4, name


def test_the_points_are_fitted(tracked: Performance) -> None:
    assert np.median(tracked.error) < 0.025
    assert np.median(tracked.confidence) > 0.7


def test_a_picture_is_a_performance_of_one_row(tmp_path: Path, astronaut: Portrait) -> None:
    Image.fromarray(astronaut.image).save(tmp_path / "photo.png")
    (performance,) = track_video(tmp_path / "photo.png")
    assert len(performance.motion) == 1 and performance.found.all()
    assert np.abs(performance.motion["head_rotation"]).max() < 1e-6
    assert performance.error[0] < 0.025
    # She smiles with open lips.
    assert performance.motion["mouthSmileLeft"][0] > 0.2


def test_frames_without_a_face_are_marked_and_bridged(performed: Bytes, tmp_path: Path) -> None:
    images = performed.copy()
    images[12:17] = 90
    (performance,) = track_video(film(tmp_path / "hidden.mp4", images))
    assert performance.found.sum() == ROWS - 5 and not performance.found[12:17].any()
    assert (performance.confidence[12:17] == 0).all() and (performance.confidence[:12] > 0).all()
    turn = performance.motion["head_rotation"][:, 1]
    assert np.abs(np.diff(turn[11:18])).max() < 0.03
    assert np.isfinite(performance.motion.values).all()


def test_a_cut_is_found_and_the_person_known_again(performed: Bytes, tmp_path: Path) -> None:
    closer = np.stack([np.asarray(Image.fromarray(each[20:215, 30:225]).resize((256, 256))) for each in performed[20:]])
    closer[..., 0] //= 3
    (performance,) = track_video(film(tmp_path / "cut.mp4", np.concatenate([performed[:20], closer])))
    assert performance.cuts == (20,)
    assert len(performance.motion) == ROWS


@pytest.fixture(scope="module")
def pair(performed: Bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = np.concatenate([performed[:12], performed[12:24, :, ::-1]], axis=2)
    return film(tmp_path_factory.mktemp("pair") / "two.mp4", images, sound=True)


def test_two_people_become_two_takes(pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["track", str(pair), "-o", str(tmp_path / "pair.take"), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events if event["event"] != "progress"] == ["start", "done"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pair.1.take", "pair.2.take"]
    assert len(events[-1]["takes"]) == 2
    first, second = (open_take(tmp_path / f"pair.{number}.take") for number in (1, 2))
    assert first.heading.labels["place"][0] < 256 < second.heading.labels["place"][0]


def test_the_take_holds_motion_sureness_and_sound(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["track", str(video), "-o", str(tmp_path / "one.take")]) == 0
    assert capsys.readouterr().out.startswith(f"wrote {tmp_path / 'one.take'}: {ROWS} frames at 25 a second")
    take = open_take(tmp_path / "one.take")
    assert take.names == ("face", "seen")
    assert len(take.motion(FACE)) == ROWS and (take.track("seen")["found"] == 1).all()
    speech = take.speech()
    assert speech is not None and abs(speech.seconds - ROWS / 25) < 0.05
    assert np.array(take.heading.labels["rest"]).shape == (468 * 3,)


def test_only_the_chosen_face_is_kept(pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["track", str(pair), "--face", "2", "--silent", "-o", str(tmp_path / "b.take")]) == 0
    take = open_take(tmp_path / "b.take")
    assert take.heading.labels["place"][0] > 256 and take.heading.speech is None
    assert cli.main(["track", str(pair), "--face", "3", "-o", str(tmp_path / "c.take")]) == 2
    assert "--face must be 1 to 2, not 3" in capsys.readouterr().err


Spoil = Callable[[Path], None]


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("none.mp4", lambda path: None, "there is no video"),
        ("folder", Path.mkdir, "is a folder"),
        ("empty.mp4", lambda path: path.write_bytes(b""), "is empty"),
        ("text.txt", lambda path: path.write_text("hello\n" * 99), "no pictures in it"),
        ("noise.mp4", lambda path: path.write_bytes(bytes(range(256)) * 40), "cannot be read as a video"),
        ("grey.png", lambda path: Image.new("RGB", (200, 200), (90, 90, 90)).save(path), "no face found"),
    ],
)
def test_what_cannot_be_tracked_is_one_clear_line(
    name: str, spoil: Spoil, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spoil(tmp_path / name)
    assert cli.main(["track", str(tmp_path / name), "-o", str(tmp_path / "out.take")]) == 2
    shown = capfd.readouterr()
    assert says in shown.err and shown.err.count("\n") == 1 and shown.out == ""
    assert not list(tmp_path.glob("*.take"))


def test_a_video_without_a_face_is_refused(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (6, 96, 96, 3)).astype(np.uint8)
    with pytest.raises(FaceError, match="no face found"):
        track_video(film(tmp_path / "noise.mp4", images))


def test_a_broken_off_video_is_read_as_far_as_it_goes(video: Path, tmp_path: Path) -> None:
    import av

    part = tmp_path / "part.mkv"
    with av.open(str(video)) as source, av.open(str(part), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = part.read_bytes()
    part.write_bytes(data[: len(data) * 2 // 3])
    count = sum(1 for _ in open_footage(part))
    assert 5 < count < ROWS


def test_wandering_frame_times_become_a_steady_rate(performed: Bytes, tmp_path: Path) -> None:
    import av

    path = tmp_path / "wandering.mkv"
    times = [0, 40, 80, 200, 240, 245, 280]  # milliseconds: two are left out after the third, one comes too soon
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 30 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    footage = open_footage(path)
    levels = [round(float(image.mean()) / 30) for image in footage]
    assert footage.fps == 25
    assert levels == [0, 1, 2, 2, 2, 3, 4, 6]


def test_the_rate_is_that_of_the_spacing_of_frames(tmp_path: Path) -> None:
    import av

    path = tmp_path / "late.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 24)
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 60 * (number % 4), np.uint8), format="rgb24")
            # One picture is left out in the middle, so that the mean over the file is 23.5 a second.
            frame.pts, frame.time_base = number + (number > 24), Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        assert 23 < float(container.streams.video[0].average_rate or 0) < 23.9
    footage = open_footage(path)
    assert footage.fps == 24
    steps = np.abs(np.diff([float(picture.mean()) for picture in footage]))
    assert len(steps) == 50 and steps[24] < 5 and np.delete(steps, 24).min() > 30  # every picture once, and the hole filled
    assert nominal(Fraction(22), Fraction(30)) == 22 and nominal(None, None) == 25 and nominal(None, Fraction(12)) == 12


def test_a_turned_video_is_upright(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "turned.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        image = np.zeros((64, 96, 3), np.uint8)
        image[:, :48] = 255
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    plain = next(iter(open_footage(tmp_path / "turned.mp4")))
    assert plain.shape == (64, 96, 3)
    data = (tmp_path / "turned.mp4").read_bytes()
    # The matrix of the track header: the identity becomes a quarter turn clockwise.
    one, zero, minus = (value.to_bytes(4, "big", signed=True) for value in (1 << 16, 0, -(1 << 16)))
    identity = one + zero * 3 + one + zero * 3 + (1 << 30).to_bytes(4, "big")
    quarter = zero + one + zero + minus + zero * 4 + (1 << 30).to_bytes(4, "big")
    at = data.index(identity, data.index(b"tkhd"))
    (tmp_path / "turned.mp4").write_bytes(data[:at] + quarter + data[at + len(identity) :])
    upright = next(iter(open_footage(tmp_path / "turned.mp4")))
    assert upright.shape == (96, 64, 3)
    assert upright[:40].mean() > 240 and upright[60:].mean() < 15


def test_an_impossible_rate_is_refused(monkeypatch: pytest.MonkeyPatch, video: Path) -> None:
    monkeypatch.setattr("thespis.capture.footage.FASTEST", Fraction(20))
    with pytest.raises(MediaError, match="25 frames a second"):
        open_footage(video)
