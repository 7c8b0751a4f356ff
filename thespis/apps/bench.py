"""Measure speed and memory on this machine: frames a second end to end, time to the first frame, peak memory, each stage.

Every size runs in a process of its own: the cold start counts everything from its first instruction on, imports included.
`thespis bench live` measures live sessions.
"""

import json
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.errors import MissingExtraError, ThespisError, UsageError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from thespis.apps.render import Job
    from thespis.talker import Talker

SIZES = ("256x256", "512x512", "1920x1080")
OWN = "own"  # instead of a size: the one that a recipe draws which cannot be asked for another
STRIDES = {1: 12, 4: 30, 10: 60}  # frames that are thought about together, and how many steps are measured
TEXT = (
    "Every frame you see is made while the sound is still arriving. The face turns a little, it blinks, and it breathes. "
    "When the voice rises, the brows rise with it; when the voice rests, the mouth closes and stays alive. "
)


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis bench`."""
    parser.add_argument("portrait", nargs="?", metavar="PORTRAIT", help="a picture (the astronaut of the extra demo)")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe to measure (thespis)")
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="seconds of speech to render for each size, or of measuring each network (30)"
    )
    parser.add_argument("--sizes", help=f"sizes, with commas between ({','.join(SIZES)}, or the one size of the recipe)")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write the figures to this file")
    parser.add_argument("--json", action="store_true", help="the figures as JSON instead of a table")
    parser.add_argument("--training", action="store_true", help="measure training instead: steps a second of a motion model (extra train)")
    parser.add_argument("--against", metavar="NAME", help="measure our networks beside official code, at THESPIS_NAME (docs/bench.md)")
    parser.add_argument("--one", metavar="BEGUN", type=float, help="measure one size in this process; BEGUN is the time it was started")


def main(args: Namespace) -> int:
    """Measure each size in its own process, and print the table."""
    if args.seconds < 1:
        raise UsageError(f"a measurement needs at least one second of speech, not {args.seconds:g}")
    if args.training:
        return training(args)
    if args.against is not None:
        return against(args)
    if args.portrait is None:
        from thespis.apps.demo import astronaut

        args.portrait = str(astronaut())
    if args.one is not None:
        print(json.dumps(measure(args.portrait, args.recipe, args.sizes, args.seconds, args.one)))
        return 0
    if args.report is not None:
        check_writable(args.report)
    found = []
    for size in (args.sizes or sizes_of(args.recipe)).split(","):
        words = [sys.executable, "-m", "thespis.apps.cli", "bench", args.portrait, "--recipe", args.recipe, "--sizes", size]
        ran = subprocess.run(
            [*words, "--seconds", str(args.seconds), "--one", str(time.time())], stdout=subprocess.PIPE, text=True, check=False
        )
        if ran.returncode:
            return ran.returncode  # it has said why
        found.append(json.loads(ran.stdout.splitlines()[-1]))
    figures = {"machine": machine(), "recipe": args.recipe, "sizes": found}
    if args.report is not None:
        write_text(args.report, json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures) if args.json else words_of(figures))
    return 0


def sizes_of(recipe: str) -> str:
    """Name the sizes to measure where none is asked for: the usual ones, or the recipe's own if it draws no other."""
    from thespis import recipes

    return ",".join(SIZES) if "size" in recipes.card(recipe).accepts else OWN


def training(args: Namespace) -> int:
    """Measure how fast a motion model of a million parameters is trained, and print the table."""
    from importlib.util import find_spec

    from thespis.apps.text import table

    if find_spec("torch") is None or find_spec("accelerate") is None:
        raise MissingExtraError("measuring training needs torch and accelerate: pip install 'thespis[train]'")
    import torch

    from thespis.train.speed import measure as measure_training
    from thespis.train.speed import peak

    product = round(peak(), 1)
    rows = [measure_training(stride, steps) for stride, steps in STRIDES.items()]
    figures = {"machine": machine(), "threads": torch.get_num_threads(), "product_billions_a_core_second": product, "training": rows}
    if args.report is not None:
        write_text(args.report, json.dumps(figures, indent=1) + "\n")
    if args.json:
        print(json.dumps(figures))
        return 0
    print(table([name.replace("_", " ") for name in rows[0]], [[f"{value:g}" for value in row.values()] for row in rows], 200))
    print(f"32 x 100 frames a step, {torch.get_num_threads()} threads, {processor()}")
    print(f"billions: multiplications and additions; a plain matrix product reaches {product:g} a second of a core")
    return 0


def against(args: Namespace) -> int:
    """Measure every network of a system beside the official one for `seconds` each, and print the table."""
    from dataclasses import asdict

    from thespis.apps.against import compare, device
    from thespis.apps.text import table

    if args.report is not None:
        check_writable(args.report)
    found = compare(args.against, args.seconds, lambda words: None if args.json else print(words, file=sys.stderr))
    import torch

    where = torch.cuda.get_device_name() if device() == "cuda" else processor()
    figures = {"machine": machine(), "device": where, "threads": torch.get_num_threads(), "parts": [asdict(each) for each in found]}
    if args.report is not None:
        write_text(args.report, json.dumps(figures, indent=1) + "\n")
    if args.json:
        print(json.dumps(figures))
        return 0
    rows = [
        (
            each.part,
            f"{each.ours_ms:.4g}",
            f"needs {each.needs}" if each.official_ms is None else f"{each.official_ms:.4g}",
            "" if each.official_ms is None else f"{each.official_ms / each.ours_ms:.2f}",
            "" if each.apart is None else f"{each.apart:.1e}",
            str(each.runs),
        )
        for each in found
    ]
    print(table(("part", "ours, ms", "official, ms", "times as fast", "answers apart", "runs"), rows, 200))
    print(f"{args.against}, random parameters, float32, {where}, {torch.get_num_threads()} threads; the middle of all runs, in turns")
    return 0


def machine() -> dict[str, Any]:
    """Describe the machine without anything personal."""
    import os
    import platform

    from thespis.apps.render import versions

    system = f"{platform.system()} {platform.machine()}"
    return {"cores": os.cpu_count(), "processor": processor(), "system": system, "versions": versions()}


def processor() -> str:
    """Name the processor where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def job_of(portrait: str, recipe: str, size: str, seconds: float) -> "Job":
    """Make a job that says the text again and again for `seconds`, happily where the recipe can."""
    from thespis import recipes
    from thespis.apps.render import prepare

    wishes = {} if size == OWN else {"size": size}
    if "emotion" in recipes.card(recipe).accepts:
        wishes["emotion"] = "happy=0.6"
    job = prepare(portrait, script=TEXT * (int(seconds / 8) + 1), recipe=recipe, wishes=wishes)
    end = round(seconds * job.rate)
    job.blocks = [block.cut(block.start, end) for block in job.blocks if block.start < end]
    job.seconds = sum(len(block) for block in job.blocks) / job.rate
    return job


def measure(portrait: str, recipe: str, size: str, seconds: float, begun: float) -> dict[str, Any]:
    """Measure one size in this process: the first second cold, the same warm, then the whole with and without encoding."""
    from thespis import recipes
    from thespis.apps.progress import Progress, Silent
    from thespis.apps.render import peak_memory, render
    from thespis.export.output import check_output
    from thespis.types import FRAMES

    shown: Progress = Silent()
    with tempfile.TemporaryDirectory() as folder:
        output = check_output(Path(folder) / "bench.mp4")
        job = job_of(portrait, recipe, size, seconds)
        talker = recipes.load(recipe)
        if talker.stages[-1].gives != FRAMES:
            raise ThespisError(f"the recipe {recipe!r} makes motion and no pictures; choose one that draws (thespis list)")
        cold = first_frame(talker, job) - begun
        start = time.time()
        warm = first_frame(talker, job) - start
        start, worked = time.time(), time.process_time()
        made = render(job, output, shown, talker)
        took, worked = time.time() - start, time.process_time() - worked
        steady = (made.frames - 1) / (time.time() - made.first_frame)
        stages = stage_times(talker, job)
    return {
        "size": f"{made.size[0]}x{made.size[1]}",
        "frames": made.frames,
        "frames_a_second": round(made.frames / took, 1),
        "steady_frames_a_second": round(steady, 1),
        "cpu_ms_a_frame": round(1000 * worked / made.frames, 1),
        "times_real_time": round(made.seconds / took, 2),
        "first_frame_cold_s": round(cold, 2),
        "first_frame_warm_s": round(warm, 3),
        "peak_memory_mb": peak_memory(),
        "stage_ms_a_frame": stages,
    }


def first_frame(talker: "Talker", job: "Job") -> float:
    """Start a session and give the moment at which its first frame is there."""
    from thespis.apps.render import begin

    session = begin(job, talker)
    for block in job.blocks:
        session.push(block)
        for clip in session:
            if clip.frames is not None and len(clip.frames):
                return time.time()
    raise ThespisError("no frame was made of this speech; give --seconds a larger number")


def stage_times(talker: "Talker", job: "Job") -> dict[str, float]:
    """Run the stages one after the other over the first ten seconds -> milliseconds a frame for each."""
    states = [stage.start(job.portrait, job.direction) for stage in talker.stages]
    names = [f"{number} {type(stage).__name__}" for number, stage in enumerate(talker.stages, 1)]
    spent, frames = dict.fromkeys(names, 0.0), 0
    for block in job.blocks:
        chunk: Any = block
        for name, stage, state in zip(names, talker.stages, states, strict=True):
            begun = time.perf_counter()
            chunk = stage.step(state, chunk, last=False)
            spent[name] += time.perf_counter() - begun
        frames += len(chunk)
        if block.stop >= 10 * job.rate:
            break
    return {name: round(1000 * seconds / max(frames, 1), 2) for name, seconds in spent.items()}


def words_of(figures: dict[str, Any]) -> str:
    """Word the figures as a table, with the stages below."""
    from thespis.apps.text import table

    heads = ("size", "frames/s", "steady", "CPU ms a frame", "x real time", "first frame cold", "warm", "memory", "stages, ms a frame")
    rows = [
        (
            found["size"],
            f"{found['frames_a_second']:.0f}",
            f"{found['steady_frames_a_second']:.0f}",
            f"{found['cpu_ms_a_frame']:.1f}",
            f"{found['times_real_time']:.1f}",
            f"{found['first_frame_cold_s']:.2f} s",
            f"{found['first_frame_warm_s']:.2f} s",
            f"{found['peak_memory_mb']} MB",
            ", ".join(f"{name} {cost:.1f}" for name, cost in found["stage_ms_a_frame"].items()),
        )
        for found in figures["sizes"]
    ]
    about = figures["machine"]
    where = f"recipe {figures['recipe']}, {about['processor']}, {about['cores']} cores"
    return f"{table(heads, rows, 200)}\n{where}; frames/s and real time count the start of the talker and the encoding"
