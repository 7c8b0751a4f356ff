"""How the motion denoiser learns: windows of acts, the flow, few steps, and the file that ships; where torch is installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from full_disk import hardly_any_room  # noqa: E402
from made_up import articulation  # noqa: E402

from thespis.data.acts import SECONDS, performed  # noqa: E402
from thespis.errors import MediaError  # noqa: E402
from thespis.motion.actor import LATE as RUN_LATE  # noqa: E402
from thespis.motion.actor import SOON as RUN_SOON  # noqa: E402
from thespis.motion.actor import WINDOW as RUN_WINDOW  # noqa: E402
from thespis.motion.actor import Denoiser  # noqa: E402
from thespis.motion.networks.acting import LATE, SOON, STEPS, WINDOW, Acting, follow  # noqa: E402
from thespis.motion.spaces.acting import CONTROLS  # noqa: E402
from thespis.train import thespis as trainer  # noqa: E402
from thespis.train.acting import ActingLearner, FewSteps, Stretches, stretch, usual  # noqa: E402
from thespis.train.thespis import INPUTS, export, fresh  # noqa: E402
from thespis.types import Array  # noqa: E402

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def acts() -> dict[str, Array]:
    rows = np.stack([articulation(SECONDS, seed).values for seed in range(2)])
    voices = {"rows": rows, "listening": np.zeros(rows.shape[:2]), "emotion": np.array([0, 5])}
    return performed(voices, 0, "test")


def batch_of(acts: dict[str, Array], count: int) -> dict[str, Any]:
    rows = Stretches({"all": acts}, {"all": 1.0}, count, 0).rows(0, 0, count)
    return {name: torch.from_numpy(np.asarray(values, np.float32)) for name, values in rows.items()} | {"seed": torch.arange(count)}


def test_what_is_learned_and_what_runs_agree_on_the_clock() -> None:
    assert (RUN_WINDOW, RUN_SOON, RUN_LATE) == (WINDOW, SOON, LATE)


def test_a_window_tells_only_what_was_before(acts: dict[str, Array]) -> None:
    soon, late = (stretch(acts, 0.6, 0.5, late) for late in (0.9, 0.1))
    assert np.array_equal(soon["past"][1:], soon["controls"][:-1]) and np.array_equal(soon["before"][1:], soon["past"][:-1])
    assert np.array_equal(late["heard"][LATE - SOON :], soon["heard"][: SOON - LATE])
    assert soon["late"].max() == 0.0 and late["late"].min() == 1.0


def test_the_rows_of_a_step_do_not_depend_on_who_draws_them(acts: dict[str, Array]) -> None:
    source = Stretches({"all": acts}, {"all": 1.0}, 6, 3)
    whole, part = source.rows(5, 0, 6), source.rows(5, 2, 4)
    assert all(np.array_equal(whole[name][2:4], part[name]) for name in whole)


def test_controls_that_never_move_count_as_they_are(acts: dict[str, Array]) -> None:
    still = {**acts, "controls": acts["controls"] * (np.arange(CONTROLS.size) != CONTROLS.column("life_eyes"))}
    network = fresh(0)
    usual(network, {"filmed": {name: np.asarray(values, np.float32) for name, values in still.items()}})
    assert float(network.spread.min()) > 0 and float(network.change.min()) > 0
    total, _parts = ActingLearner(network).loss(batch_of(still, 4))
    assert bool(torch.isfinite(total))


def test_the_denoiser_learns_and_then_takes_few_steps(acts: dict[str, Array]) -> None:
    network = fresh(0)
    usual(network, {"all": acts})
    learner, batch = ActingLearner(network), batch_of(acts, 8)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        total, _parts = learner.loss(batch)
        total.backward()
        optimizer.step()
        losses.append(total.item())
    assert losses[-1] < 0.75 * losses[0]
    few = FewSteps(network)
    optimizer = torch.optim.AdamW([each for each in few.parameters() if each.requires_grad], lr=1e-3)
    ends = []
    for _ in range(25):
        optimizer.zero_grad()
        total, parts = few.loss(batch)
        total.backward()
        optimizer.step()
        ends.append(parts["body"].item())
    assert ends[-1] < ends[0]
    assert all(not each.requires_grad for each in few.teachers.parameters())


def test_earlier_rows_do_not_see_later_ones(acts: dict[str, Array]) -> None:
    network, batch = fresh(1).eval(), batch_of(acts, 2)
    batch["level"] = torch.zeros_like(batch["late"])
    other = {**batch, "heard": batch["heard"].clone()}
    other["heard"][:, 20:] += 1.0
    one, two = network.read(batch), network.read(other)
    assert torch.equal(one[:, :20], two[:, :20]) and not torch.equal(one[:, 20:], two[:, 20:])
    assert len(follow(network.flows["look"], torch.zeros(2, 2), one[:, -1])) == STEPS + 1


def test_the_file_that_ships_answers_as_the_network_does(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="torch exports with onnx: pip install 'thespis[train]'")
    network = fresh(2).eval()
    assert isinstance(network, Acting)
    export(network, tmp_path / "acting.onnx")
    given = {name: np.full((WINDOW, size), 0.1, np.float32) for name, size in INPUTS.items()}
    made, chance = Denoiser(tmp_path / "acting.onnx")(given, np.zeros(CONTROLS.size, np.float32))
    with torch.no_grad():
        wanted, blink = network({name: torch.from_numpy(rows)[None] for name, rows in given.items()}, torch.zeros(1, CONTROLS.size))
    assert made == pytest.approx(wanted[0].numpy(), abs=2e-3) and chance == pytest.approx(blink[0].numpy(), abs=1e-3)
    assert (tmp_path / "acting.onnx").stat().st_size < 2_000_000


def test_acts_for_which_there_is_no_room_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"rows": np.zeros((2, 4000), np.float32)}
    monkeypatch.setattr(trainer, "made_up", lambda *_: rows)
    monkeypatch.setattr(trainer, "performed", lambda *_: rows)
    told: list[str] = []

    def acts() -> dict[str, Array]:
        return trainer.kept(tmp_path, "made up", lambda: trainer.performances(tmp_path, "made up", 0, told.append))

    with hardly_any_room(), pytest.raises(MediaError, match="the disk is full"):
        acts()
    first, again = acts(), acts()
    assert first["rows"].shape == (8, 4000) and (first["rows"] == again["rows"]).all()
    assert told.count("making up 500 voices") == 2
