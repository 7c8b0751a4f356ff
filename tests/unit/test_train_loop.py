"""The loop learns, ends as asked, goes on exactly after a kill, and says clearly what is wrong."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

import train_toy  # noqa: E402
from full_disk import hardly_any_room  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from train_toy import Denoiser, motions, toy  # noqa: E402

from thespis.errors import TrainingError  # noqa: E402
from thespis.train import checkpoint  # noqa: E402
from thespis.train.batches import Examples, Stream  # noqa: E402
from thespis.train.journal import Journal, read  # noqa: E402

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums have one order, and no core is taken from anybody."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def apart(one: Path, other: Path) -> float:
    """The largest difference between two files of weights."""
    a, b = load_file(one), load_file(other)
    assert a.keys() == b.keys()
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in a)


class Bad(Denoiser):
    """A toy with a fault: what `fault` does with the batch and the total."""

    def __init__(self, fault: Any) -> None:
        super().__init__()
        self.fault = fault

    def loss(self, batch: Mapping[str, Any]) -> Any:
        total, parts = super().loss(batch)
        return self.fault(batch, total), parts


def test_it_learns_and_leaves_weights_log_and_page(tmp_path: Path) -> None:
    drawn = []

    def sample(network: Any, step: int, folder: Path) -> None:
        from PIL import Image

        drawn.append((step, network.training))
        Image.new("RGB", (8, 8)).save(folder / f"step_{step:05d}.png")

    told: list[str] = []
    outcome = toy(tmp_path, steps=150, held=motions(20, "held"), sample=sample, sample_every=50, tell=told.append)
    assert (outcome.step, outcome.reason) == (150, "steps")
    log = read(tmp_path / "log.jsonl")
    held = [entry["held"] for entry in log if "held" in entry]
    assert outcome.held == min(held) < 0.85 * held[0]
    assert {"position", "velocity", "gradient", "rate", "steps a second", "seconds"} <= log[-2].keys()
    network = Denoiser()
    network.load_state_dict(load_file(outcome.weights))
    assert drawn == [(50, False), (100, False), (150, False)]
    page = (tmp_path / "page.html").read_text()
    assert page.count("<polyline") == 8 and page.count("data:image/png;base64") == 3
    assert "held" in page and "ended" in page and 'http-equiv="refresh"' not in page
    assert "://" not in page
    board = list(tmp_path.glob("tensorboard/events*"))
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        assert not board
    else:
        assert board and b"velocity" in board[0].read_bytes()
    assert json.loads((tmp_path / "run.json").read_text())["settings"]["steps"] == 150
    assert [path.name for path in checkpoint.all_of(tmp_path / "checkpoints")] == ["step_000000150", "step_000000140"]
    assert told[-1].startswith("ended at step 150 (steps)")
    assert not list(tmp_path.rglob(".*.part"))


def killed(folder: Path, moment: str) -> None:
    """Train in a process of its own, and kill it at a moment."""
    words = [sys.executable, train_toy.__file__, str(folder), "0.2", "60", moment]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == f"{moment}\n"
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert running.returncode == -signal.SIGKILL


def test_a_killed_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole = toy(tmp_path / "whole", dropout=0.2, steps=60)
    folder = tmp_path / "killed"
    killed(folder, "step 35:")
    assert checkpoint.all_of(folder / "checkpoints")[0].name == "step_000000030"
    killed(folder, "writing")
    assert list((folder / "checkpoints").glob(".*.part"))
    assert checkpoint.all_of(folder / "checkpoints")[0].name == "step_000000040"
    with (folder / "log.jsonl").open("a") as file:
        file.write('{"step": 44, "lo')  # a line that a crash has cut
    told: list[str] = []
    outcome = toy(folder, dropout=0.2, steps=60, tell=told.append)
    assert told[0] == "going on after step 40"
    assert apart(outcome.weights, whole.weights) == 0.0
    one, other = (checkpoint.all_of(tmp_path / name / "checkpoints")[0] / "tensors.safetensors" for name in ("whole", "killed"))
    assert apart(one, other) == 0.0
    logs = [read(tmp_path / name / "log.jsonl") for name in ("whole", "killed")]
    steps = [[entry["step"] for entry in log] for log in logs]
    assert steps[0] == steps[1] == sorted(set(steps[0]))
    assert [entry["velocity"] for entry in logs[0]] == [entry["velocity"] for entry in logs[1]]
    assert not list(folder.rglob(".*.part"))


def port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    alone = toy(tmp_path / "alone", steps=30)
    shared = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port(), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    words = [sys.executable, train_toy.__file__, str(tmp_path / "two"), "0", "30", "never"]
    both = [subprocess.Popen(words, env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}) for rank in range(2)]
    assert [each.wait(timeout=120) for each in both] == [0, 0]
    assert json.loads((tmp_path / "two" / "run.json").read_text())["device"] == "2 x cpu"
    assert apart(alone.weights, tmp_path / "two" / "network.safetensors") < 2e-6
    halves = toy(tmp_path / "halves", steps=30, splits=2)
    assert apart(halves.weights, alone.weights) < 2e-6
    assert apart(halves.weights, Path(toy(tmp_path / "other", steps=30, seed=1).weights)) > 1e-3


def test_a_damaged_checkpoint_is_told_and_the_one_before_is_used(tmp_path: Path) -> None:
    whole = toy(tmp_path / "whole")
    toy(tmp_path / "cut", minutes=1e-9)
    toy(tmp_path / "cut", steps=40)
    places = checkpoint.all_of(tmp_path / "cut" / "checkpoints")
    assert [place.name for place in places] == ["step_000000040", "step_000000030"]
    path = places[0] / "tensors.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    told: list[str] = []
    again = toy(tmp_path / "cut", tell=told.append)
    assert "step_000000040 is damaged" in told[0] and "the one before is used" in told[0]
    assert told[1] == "going on after step 30"
    assert apart(again.weights, whole.weights) == 0.0
    for place in checkpoint.all_of(tmp_path / "cut" / "checkpoints"):
        (place / "facts.json").write_text("{")
    with pytest.raises(TrainingError, match=r"none of the 2 checkpoints in .* is whole; remove the folder to begin again"):
        toy(tmp_path / "cut")


def test_a_full_disk_stops_with_one_line_and_spoils_nothing(tmp_path: Path) -> None:
    whole = toy(tmp_path / "whole")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    steps: list[int] = []

    def filling(batch: Any, total: Any) -> Any:
        steps.append(1)
        if len(steps) == 15:  # from here on no file may grow beyond this, which the system tells much like a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (6000, before[1]))
        return total

    try:
        with pytest.raises(TrainingError) as error:
            toy(tmp_path / "full", network=Bad(filling))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "the disk is full; what was written before is whole: mend this and give the same command again" in str(error.value)
    assert [place.name for place in (tmp_path / "full" / "checkpoints").iterdir()] == ["step_000000010"]
    assert apart(toy(tmp_path / "full").weights, whole.weights) == 0.0


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"batch": 0}, "batch must be more than 0, not 0"),
        ({"average": 1.0}, "average must be at least 0 and below 1"),
        ({"precision": "fp8"}, "unknown precision 'fp8'. Did you mean 'fp16'"),
        ({"patience": -1}, "patience must be 0 or more"),
        ({"data": Examples(motions(4), 3)}, "in batches of 3, the settings say 8"),
        ({"network": torch.nn.Flatten()}, "no parameters that learn"),
        ({"data": Examples(dict(motions(9)) | {"seed": np.zeros(9)}, 8)}, "a value named 'seed'"),
        ({"data": Stream(list, 8)}, "the stream of batches is empty"),
        ({"data": Stream(lambda: [motions(5)], 8)}, "'motion' of batch 0 has 5 rows"),
    ],
)
def test_wrong_wishes_are_told(wishes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as error:
        toy(tmp_path, **wishes)
    assert says in str(error.value)


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    toy(tmp_path, steps=10)
    with pytest.raises(TrainingError, match=r"rate was 0.003 and is now 0.1; use these again or another folder"):
        toy(tmp_path, rate=0.1)
    with pytest.raises(TrainingError, match="of another network"):
        toy(tmp_path, network=torch.nn.Linear(2, 2))


def test_no_number_stops_and_names_the_good_checkpoint(tmp_path: Path) -> None:
    calls = []

    def broken(batch: Any, total: Any) -> Any:
        calls.append(1)
        return total * (float("nan") if len(calls) > 25 else 1.0)

    with pytest.raises(TrainingError) as error:
        toy(tmp_path, network=Bad(broken))
    assert "the loss of step 26 is not a number (loss nan, position 0." in str(error.value)
    assert "the checkpoint of step 20 is good; lower the rate (now 0.003)" in str(error.value)
    tensors, _ = checkpoint.read(checkpoint.all_of(tmp_path / "checkpoints")[0])
    assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values())
    with pytest.raises(TrainingError, match=r"the gradient of step 1 is not a number .*no checkpoint was written yet"):
        toy(tmp_path / "b", network=Bad(lambda batch, total: torch.sqrt(total - total.detach()) + total))


def test_short_memory_is_answered_by_smaller_parts(tmp_path: Path) -> None:
    def greedy(batch: Any, total: Any) -> Any:
        return total + (torch.empty(2**50).sum() if len(batch["seed"]) > 2 else 0.0)

    told: list[str] = []
    outcome = toy(tmp_path / "greedy", network=Bad(greedy), tell=told.append)
    assert [text for text in told if "not enough memory" in text] == [
        "not enough memory: each process's 8 rows are now done in 2 parts; the batch stays what it is",
        "not enough memory: each process's 8 rows are now done in 4 parts; the batch stays what it is",
    ]
    assert apart(outcome.weights, toy(tmp_path / "plain").weights) < 2e-6
    with pytest.raises(TrainingError, match="not enough memory for one row in step 1"):
        toy(tmp_path / "none", network=Bad(lambda batch, total: total + torch.empty(2**50).sum()))


def test_it_ends_when_it_no_longer_gets_better_or_time_is_up_or_asked(tmp_path: Path) -> None:
    worse = iter(range(1, 100))
    outcome = toy(
        tmp_path / "patience",
        network=Bad(lambda batch, total: total if torch.is_grad_enabled() else total * 0 + next(worse)),
        held=motions(8),
        patience=2,
    )
    assert (outcome.reason, outcome.step, outcome.held) == ("patience", 30, 1.0)
    timed = toy(tmp_path / "minutes", minutes=1e-9, steps=1000)
    assert (timed.reason, timed.step) == ("minutes", 1)

    def ask(batch: Any, total: Any) -> Any:
        if total.item() < 0.5 and not asked:
            asked.append(1)
            os.kill(os.getpid(), signal.SIGINT)
        return total

    asked: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    ended = toy(tmp_path / "asked", network=Bad(ask), steps=1000)
    assert ended.reason == "interrupted" and ended.step < 900
    assert checkpoint.all_of(tmp_path / "asked" / "checkpoints")[0].name == f"step_{ended.step:09d}"
    assert signal.getsignal(signal.SIGINT) is before  # a background job of a shell ignores it


def test_precision_optimizers_and_tied_parameters(tmp_path: Path) -> None:
    plain = toy(tmp_path / "plain")
    coarse = toy(tmp_path / "bf16", precision="bf16")
    assert 0 < apart(plain.weights, coarse.weights) < 0.05

    def momentum(parameters: Any) -> Any:
        return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)

    whole = toy(tmp_path / "sgd", optimizer=momentum)
    toy(tmp_path / "sgd2", optimizer=momentum, minutes=1e-9)
    assert apart(toy(tmp_path / "sgd2", optimizer=momentum).weights, whole.weights) == 0.0
    tied = Denoiser()
    tied.again = tied.first  # type: ignore[assignment]
    saved = load_file(toy(tmp_path / "tied", network=tied).weights)
    assert torch.equal(saved["again.weight"], saved["first.weight"])


def test_rows_are_the_same_however_they_are_asked_for() -> None:
    data = Examples({"number": np.arange(10)}, 4, seed=3)
    rounds = np.concatenate([data.rows(step, 0, 4)["number"] for step in range(5)])
    assert sorted(rounds[:10]) == sorted(rounds[10:]) == list(range(10))
    assert list(rounds[:10]) != list(rounds[10:])
    late = Examples([{"number": np.int64(number)} for number in range(10)], 4, seed=3)
    assert list(late.rows(3, 1, 3)["number"]) == list(rounds[13:15])
    stream = Stream(lambda: [{"number": np.arange(4) + 4 * step} for step in range(3)], 4)
    assert [int(stream.rows(step, 1, 2)["number"][0]) for step in (0, 1, 4, 2, 3)] == [1, 5, 5, 9, 1]
    with pytest.raises(TrainingError, match=r"'x' has shapes \[\(2,\), \(3,\)\] in one batch"):
        Examples([{"x": np.zeros(2)}, {"x": np.zeros(3)}], 2).rows(0, 0, 2)
    with pytest.raises(TrainingError, match="all examples need the same names"):
        Examples([{"x": np.zeros(2)}, {"y": np.zeros(2)}], 2).rows(0, 0, 2)
    with pytest.raises(TrainingError, match=r"one length, not {'x': 2, 'y': 3}"):
        Examples({"x": np.zeros(2), "y": np.zeros(3)}, 2)
    with pytest.raises(TrainingError, match="the data set is empty"):
        Examples([], 2)


def test_a_broken_file_of_tensors_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    place = checkpoint.save(tmp_path, 7, {"a": torch.ones(3)}, {}, keep=2)
    save_file({"a": torch.zeros(3)}, place / "tensors.safetensors")
    with pytest.raises(TrainingError, match="its content is not what was written"):
        checkpoint.read(place)


def test_a_full_disk_at_the_start_leaves_the_log_of_before(tmp_path: Path) -> None:
    before = "".join(json.dumps({"step": step, "loss": 0.5}) + "\n" for step in range(40))
    (tmp_path / "log.jsonl").write_text(before, encoding="utf-8")
    with hardly_any_room(200), pytest.raises(TrainingError, match="the disk is full"):
        Journal(tmp_path, "Training", 40)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"log.jsonl": before}
