"""Edit takes: each option is one step, and the steps are done in the order of this list.

thespis edit a.take --cut 1.5 4 -o short.take
thespis edit tracked.take --neutral 0.5 -o relative.take
thespis edit a.take --join b.take --blend 0.3 -o both.take
thespis edit a.take --lips b.take --scale "brow*=1.5" --mirror --smooth 0.05 -o other.take
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.errors import MediaError, UsageError

if TYPE_CHECKING:
    from thespis.export.take import Take
    from thespis.types import Clip, Speech, Track

STEPS = ("cut", "neutral", "join", "fps", "speed", "lips", "scale", "mirror", "smooth", "no_sound")
CONSTANT = {"confidence", "seen"}  # tracks that say something about the rows and are no motion themselves


def number(text: str, what: str, low: float, high: float) -> float:
    """Read a number within bounds."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise UsageError(f"{what} goes from {low:g} to {high:g}, not {text!r}")
    return value


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis edit`."""
    parser.add_argument("take", metavar="TAKE")
    parser.add_argument("--cut", nargs=2, metavar=("FROM", "TO"), help="keep this stretch, in seconds; - is the beginning or the end")
    parser.add_argument("--neutral", metavar="SECONDS", help="take the face at this moment, when it rested, for the neutral one")
    parser.add_argument("--join", action="append", default=[], metavar="TAKE", help="append another take (more than once: several)")
    parser.add_argument("--blend", default="0.2", metavar="SECONDS", help="how long the jump at a seam takes to fade (0.2)")
    parser.add_argument("--fps", help="bring the motion to another frame rate")
    parser.add_argument("--speed", metavar="1.2", help="play faster or slower, 0.1 to 10; a take with sound loses it")
    parser.add_argument("--lips", metavar="TAKE", help="take lips and sound from another take, keep the feeling of this one")
    parser.add_argument("--scale", action="append", default=[], metavar="PATTERN=1.5", help="scale channels by name: brow*=1.5, head*=0")
    parser.add_argument("--mirror", action="store_true", help="exchange left and right")
    parser.add_argument("--smooth", metavar="SECONDS", help="average over a bell of this width, such as 0.05")
    parser.add_argument("--no-sound", action="store_true", help="leave the sound out")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.take", type=Path)


def main(args: Namespace) -> int:
    """Do the steps and write the result."""
    print(f"wrote {args.output}: {edit(args)}")
    return 0


def edit(args: Namespace) -> str:
    """Do the steps and write the result, and say what it is."""
    if not any(getattr(args, step) for step in STEPS):
        raise UsageError(f"nothing to do: give at least one of {', '.join('--' + step.replace('_', '-') for step in STEPS)}")
    from thespis.export.take import check_take, open_take, save_take

    check_take(args.output, (args.take, args.lips, *args.join))
    take = open_take(args.take)
    tracks, speech = contents(take)
    clip_tracks, speech = edited(tracks, None if args.no_sound else speech, args)
    first, *others = clip_tracks
    from thespis.types import Clip

    clip = Clip(speech, None, clip_tracks[first])
    heading = take.heading
    labels = {name: value for name, value in heading.labels.items() if name not in ("timecode", "clock")}
    edits = [*labels.get("edits", []), described(args)] if isinstance(labels.get("edits", []), list) else [described(args)]
    save_take(
        args.output,
        clip,
        name=first,
        tracks={name: clip_tracks[name] for name in others},
        direction=heading.direction,
        recipe=heading.recipe,
        labels=labels | {"edits": edits},
    )
    motion = clip_tracks[first]
    return f"{len(motion)} rows of {motion.space.name} at {float(motion.fps):g} a second{sound(clip)}"


def sound(clip: "Clip") -> str:
    """Word whether there is sound."""
    return ", silent" if clip.speech is None else f", {clip.speech.seconds:.2f} s of sound"


def described(args: Namespace) -> str:
    """Write the steps that were done, for the labels of the result; paths are left out."""
    steps = {name: getattr(args, name) for name in STEPS if getattr(args, name)}
    for name in ("join", "lips"):
        if name in steps:
            steps[name] = [Path(path).name for path in ([steps[name]] if isinstance(steps[name], str) else steps[name])]
    return ", ".join(f"{name.replace('_', '-')} {value}" for name, value in steps.items())


def contents(take: "Take") -> tuple[dict[str, "Track"], "Speech | None"]:
    """Read all tracks, each from row 0, and the speech."""
    from thespis.motion.take_edit import from_the_start

    return {name: from_the_start(take.track(name)) for name in take.names}, take.speech()


def edited(tracks: Mapping[str, "Track"], speech: "Speech | None", args: Namespace) -> tuple[dict[str, "Track"], "Speech | None"]:
    """Do the steps in order."""
    from thespis.direction.parse import direct
    from thespis.export.take import open_take
    from thespis.motion.spaces.arkit import ARKIT_EYES
    from thespis.motion.take_edit import from_rest, mirror, resample, scale, smooth, with_lips

    made = dict(tracks)
    first = next(iter(made))
    if args.cut:
        made, speech = cut(made, speech, *args.cut)
    if args.neutral:
        made[first] = from_rest(made[first], number(args.neutral, "a moment of rest", 0, 10**6))
        made = {name: track for name, track in made.items() if track.space != ARKIT_EYES}
    for path in args.join:
        other, more = contents(open_take(path))
        more = None if args.no_sound else more
        made, speech = joined(made, speech, other, more, number(args.blend, "a blend", 0, 5), Path(path))
    if args.fps:
        fps = direct(fps=args.fps).fps
        assert fps is not None
        made = {name: resample(track, fps) for name, track in made.items()}
    if args.speed:
        speed = number(args.speed, "a speed", 0.1, 10)
        made, speech = faster(made, speed), None
    if args.lips:
        other, more = contents(open_take(args.lips))
        speech = None if args.no_sound else more
        lips = with_lips(made[first], next(iter(other.values())))
        made = {name: track.cut(0, len(lips)) for name, track in made.items()} | {first: lips}
    for wish in args.scale:
        pattern, equals, factor = wish.rpartition("=")
        if not equals:
            raise UsageError(f"write --scale as PATTERN=NUMBER, such as brow*=1.5, not {wish!r}")
        before = made[first]
        made[first] = scale(before, pattern, number(factor, "a scale", -10, 10))
        moved = [name for name in before.space.names if not (before[name] == made[first][name]).all()]
        if any(name.startswith(("gaze_", "eyeLook")) for name in moved):
            # What a recording once said about the eyes is no longer so.
            made = {name: track for name, track in made.items() if track.space != ARKIT_EYES}
    if args.mirror:
        made = {name: mirror(track) for name, track in made.items()}
    if args.smooth:
        width = number(args.smooth, "a width", 0, 10)
        made = {name: track if name in CONSTANT else smooth(track, width) for name, track in made.items()}
    return made, speech


def cut(tracks: Mapping[str, "Track"], speech: "Speech | None", begin: str, end: str) -> tuple[dict[str, "Track"], "Speech | None"]:
    """Keep a stretch in seconds; every track, and the sound, begins anew at the row that the stretch begins with."""
    main = next(iter(tracks.values()))
    length = float(len(main) / main.fps)
    first = 0.0 if begin == "-" else number(begin, "the beginning of a cut", 0, length)
    last = length if end == "-" else number(end, "the end of a cut", 0, 10**6)
    rows = round(first * main.fps), min(round(last * main.fps), len(main))
    if rows[1] <= rows[0]:
        raise UsageError(f"nothing is left between {first:g} and {last:g} s; the take lasts {length:.2f} s")
    made = {}
    for name, track in tracks.items():
        low, high = (round(row / main.fps * track.fps) for row in rows)
        made[name] = replace(track.cut(low, high), start=0)
    if speech is None:
        return made, None
    from thespis.talker import moved

    low, high = (round(row / main.fps * speech.rate) for row in rows)
    piece = speech.cut(low, len(speech) if end == "-" else high)
    text = " ".join(word.text for word in piece.words) if piece.words is not None else None
    return made, replace(moved(piece, 0, -low / speech.rate), text=text)


def joined(
    tracks: Mapping[str, "Track"], speech: "Speech | None", other: Mapping[str, "Track"], more: "Speech | None", blend: float, path: Path
) -> tuple[dict[str, "Track"], "Speech | None"]:
    """Append another take; tracks that only one of them has are dropped."""
    from thespis.motion.take_edit import join_softly

    first, second = next(iter(tracks.values())), next(iter(other.values()))
    if (speech is None) != (more is None):
        raise MediaError(f"only one of the takes has sound ({path} or the one before it); give --no-sound to join their motion")
    made = {next(iter(tracks)): join_softly(first, second, blend)}
    made |= {
        name: join_softly(track, other[name], 0.0 if name in CONSTANT else blend)
        for name, track in list(tracks.items())[1:]
        if name in other and other[name].space == track.space
    }
    if speech is None or more is None:
        return made, None
    return made, spoken_after(speech, more, float(len(first) / first.fps))


def spoken_after(speech: "Speech", more: "Speech", seconds: float) -> "Speech":
    """Let one Speech begin when the motion of the other ends, at the first one's rate and channels."""
    import numpy as np
    import soxr

    from thespis.talker import moved

    samples = speech.samples
    begin = round(seconds * speech.rate)
    samples = np.pad(samples[:, :begin], ((0, 0), (0, max(begin - samples.shape[1], 0))))
    after = more.samples if len(more.samples) == len(samples) else np.repeat(more.mono()[None], len(samples), axis=0)
    if more.rate != speech.rate:
        after = soxr.resample(np.ascontiguousarray(after.T), more.rate, speech.rate).T
    shifted = moved(more, begin, begin / speech.rate)
    both: dict[str, Any] = {
        name: None if getattr(speech, name) is None or getattr(more, name) is None else getattr(speech, name) + getattr(shifted, name)
        for name in ("phones", "words")
    }
    text = None if speech.text is None or more.text is None else f"{speech.text} {more.text}"
    return replace(speech, samples=np.concatenate([samples, after.astype(np.float32)], axis=1), text=text, **both)


def faster(tracks: Mapping[str, "Track"], speed: float) -> dict[str, "Track"]:
    """Play motion at another speed; the frame rate stays."""
    from fractions import Fraction

    from thespis.motion.take_edit import resample

    made = {}
    for name, track in tracks.items():
        quick = replace(track, fps=track.fps * Fraction(speed).limit_denominator(1000))
        made[name] = resample(quick, track.fps)
    return made
