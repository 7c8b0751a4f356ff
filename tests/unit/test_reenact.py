"""Re-enactment on made-up clips: what was driven by known motion is measured as such, and the measures themselves are right."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from thespis.apps import cli
from thespis.capture.faces import face_of
from thespis.capture.sighting import Sighting
from thespis.errors import FaceError, MediaError
from thespis.evaluate import likeness, reenact
from thespis.evaluate.footage import clips_of, flattened, followed, restored
from thespis.export.video import save
from thespis.motion.spaces.face import FACE
from thespis.pixels.crop import same_window, through
from thespis.pixels.framing import cut_frame
from thespis.pixels.surface import driven_by
from thespis.pixels.warp import Warp
from thespis.types import Array, Clip, Direction, Frames, Portrait, Track

pytestmark = pytest.mark.unit
FPS = Fraction(25)
ROWS = 18


def acting() -> Array:
    """A jaw that opens and closes, brows that rise, and a head that turns a little."""
    rows = np.zeros((ROWS, FACE.size), np.float32)
    t = np.arange(ROWS) / ROWS
    rows[:, FACE.column("jawOpen")] = 0.3 * np.sin(np.pi * t) ** 2
    rows[:, FACE.column("browInnerUp")] = 0.5 * t
    rows[:, FACE.slice("head_rotation")] = np.radians(6 * np.sin(2 * np.pi * t))[:, None] * np.array([0.3, 1, 0.2])
    return rows


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, astronaut: Portrait) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    renderer = Warp(256)
    canvas = renderer.start(astronaut, Direction())
    frames = renderer.step(canvas, Track(FACE, acting(), FPS), last=True)
    save(Clip(frames=frames), folder / "acting.mp4")
    save(Clip(frames=Frames(np.full((6, 64, 64, 3), 90, np.uint8), FPS)), folder / "wall.mp4")
    return folder


def test_signal_to_noise_and_structure_of_known_pictures() -> None:
    grey = np.full((32, 32, 3), 100, np.uint8)
    everywhere = np.ones((32, 32), np.bool_)
    assert likeness.signal_to_noise(grey, grey, everywhere) == likeness.BEST
    assert likeness.signal_to_noise(grey, np.full_like(grey, 110), everywhere) == pytest.approx(20 * np.log10(25.5), abs=1e-3)
    noisy = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    assert likeness.structure(noisy, noisy).min() == pytest.approx(1.0, abs=1e-4)
    other = np.random.default_rng(1).integers(0, 255, (32, 32, 3), np.uint8)
    assert abs(float(likeness.structure(noisy, other).mean())) < 0.1


def test_trembling_sees_flicker_and_not_steady_change() -> None:
    everywhere = np.ones((8, 8), np.bool_)
    steady = [np.full((8, 8, 3), value, np.uint8) for value in (10, 14, 18)]
    flicker = [np.full((8, 8, 3), value, np.uint8) for value in (10, 14, 10)]
    assert likeness.trembling(steady, everywhere) == 0
    assert likeness.trembling(flicker, everywhere) == 8
    covered = np.zeros((8, 8), np.bool_)
    covered[:, :4] = True
    background = likeness.background([*steady, *flicker], [covered])
    assert not background[:, :4].any()


def test_points_apart_are_told_in_shares_of_the_eye_distance(astronaut: Portrait) -> None:
    points = face_of(astronaut).points
    shifted = points + np.array([3, 4, 50], np.float32)
    assert likeness.points_apart(points, shifted, 50.0) == pytest.approx(dict.fromkeys(likeness.GROUPS, 10.0), rel=1e-4)


def test_a_similarity_is_found_again(astronaut: Portrait) -> None:
    points = face_of(astronaut).points
    turned = cv2.transform(points[None, :, :2], np.array([[1.1, -0.2, 30], [0.2, 1.1, -7]], np.float32))[0]
    assert np.abs(reenact.similarity(points, turned) - [[1.1, -0.2, 30], [0.2, 1.1, -7]]).max() < 1e-2


def test_the_same_window_shows_the_same_picture(astronaut: Portrait) -> None:
    framing = cut_frame(astronaut.image, face_of(astronaut), (200, 160), "head", 256)
    assert np.array_equal(same_window(framing, astronaut.image).texture, framing.texture)
    darker = (astronaut.image // 2).astype(np.uint8)
    assert np.abs(through(same_window(framing, darker)).astype(int) - through(framing) // 2).mean() < 1


def test_points_that_are_driven_arrive_where_they_were_seen(astronaut: Portrait) -> None:
    first = face_of(astronaut).points
    matrix = cv2.getRotationMatrix2D((float(first[1, 0]), float(first[1, 1])), 4.0, 1.03)
    later = first.copy()
    later[:, :2] = cv2.transform(first[None, :, :2], matrix)[0]
    later[:, 2] *= 1.03
    view = np.zeros((2, 2), np.uint8)
    sightings = {0: Sighting(0, first, view), 1: Sighting(1, later, view)}
    motion = Track(FACE, np.zeros((3, FACE.size), np.float32), FPS).replace(head_rotation=np.radians([[0, 0, 0], [0, 5, -4], [0, 5, -4]]))
    driven = driven_by(motion, sightings, 0)
    surfaces = driven.values[:, FACE.size :].reshape(3, 468, 3)
    assert np.abs(surfaces[0]).max() < 1e-5
    assert np.array_equal(surfaces[1], surfaces[2])
    canvas = Warp(256).start(Portrait((astronaut.image,), points=first), Direction())
    rest = canvas.puppet.pose(motion.values[0], surfaces[0]).place[:468]
    posed = canvas.puppet.pose(motion.values[1], surfaces[1]).place[:468]
    frame = canvas.puppet.framing
    asked = frame.to_frame(later)[:468, :2] - frame.to_frame(first)[:468, :2]
    apart = np.abs((posed - rest) - asked)
    # Lips and lids that would cross are kept apart, so those points may differ.
    assert float(np.quantile(apart, 0.95)) < 0.05


def test_kept_sightings_are_those_that_were_seen(clips: Path, tmp_path: Path) -> None:
    seen = followed(clips / "acting.mp4", tmp_path)
    again = followed(clips / "acting.mp4", tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 1
    assert (again.frames, again.cuts, len(again.people)) == (seen.frames, seen.cuts, 1) == (ROWS, (), 1)
    one, other = seen.people[0][5], again.people[0][5]
    assert one.frame == other.frame
    assert np.array_equal(one.points, other.points)
    assert np.array_equal(one.view, other.view)
    assert not restored(flattened(followed(clips / "wall.mp4", None))).people


@pytest.mark.parametrize("drive", ["points", "weights"])
def test_a_clip_of_our_own_is_drawn_again(clips: Path, tmp_path: Path, drive: reenact.Drive) -> None:
    scene = reenact.scene_of(clips / "acting.mp4", tmp_path, 3)
    shown: list[float] = []
    result = reenact.compare(scene, 192, drive, show=lambda _, error: shown.append(error))
    assert scene.first == 0
    assert result.frames == len(shown) == len(scene.chosen)
    assert result.lost == 0
    # Points go where they were seen; weights only as far as they can tell one face from another in so short a clip.
    assert result.landmarks["all"] < (2.5 if drive == "points" else 4.0)
    if drive == "points":
        assert result.landmarks["all"] < result.left_landmarks["all"]
        assert result.gain("face") > 0
    assert result.flicker <= result.own_flicker + 0.3
    assert result.identity < 0.3


def test_a_wall_and_a_missing_folder_are_refused(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(FaceError, match="no face found in wall"):
        reenact.scene_of(clips / "wall.mp4", None, 3)
    with pytest.raises(MediaError, match="there is no folder"):
        clips_of(tmp_path / "nowhere")
    with pytest.raises(MediaError, match="holds no clips"):
        clips_of(tmp_path)


def test_the_command_writes_a_page_and_a_report(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["eval", "reenact", "--media", str(clips), "--cache", str(tmp_path / "kept"), "--size", "128", "--moments", "2"]
    page, report = tmp_path / "out.html", tmp_path / "out.json"
    assert cli.main([*words, "-o", str(page), "--report", str(report)]) == 0
    shown = capsys.readouterr().out
    assert "means of 1 clips" in shown
    assert "wall.mp4: no face found" in shown
    text = page.read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in text
    assert '"landmarks"' in report.read_text(encoding="utf-8")
    assert cli.main(["eval", "reenact", "--media", str(clips), "--size", "7"]) == 2
    assert "128 to 1024 pixels" in capsys.readouterr().err
    assert cli.main([*words, "-o", str(tmp_path / "out.pdf")]) == 2
    assert "ends in .html" in capsys.readouterr().err
