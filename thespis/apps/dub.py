"""Give a person in a video other words: new sound, new lips, everything else of the video as it is.

thespis dub video.mp4 speech.wav -o dubbed.mp4
thespis dub video.mp4 --say "Good evening, and welcome." -o dubbed.mp4
thespis dub video.mp4 speech.wav --face 2 --lips 120% -o dubbed.mp4
thespis dub short.mp4 long.wav --loop -o dubbed.mp4         (the video goes forward and backward as long as the sound lasts)
thespis dub video.mp4 speech.wav --recipe latentsync -o dubbed.mp4

A command that was broken off goes on where it stood when it is given again.
"""

import time
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import thespis
from thespis.apps.dub_draw import FADE, fitted, lips_of, moved, needed_of, painted, redubbed, untouched, write
from thespis.apps.run import counting
from thespis.errors import FaceError, MediaError, UsageError
from thespis.export.output import check_output

if TYPE_CHECKING:
    from thespis.apps.progress import Progress
    from thespis.capture.follow import Followed
    from thespis.capture.sighting import Sighting


NOBODY = "no frame shows a face that could be given new lips (seen from the front, well lit and uncovered)"


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis dub`."""
    parser.add_argument("video", metavar="VIDEO", help="who is to say it")
    parser.add_argument("audio", metavar="AUDIO", nargs="?", help="a recording, or a video with sound")
    parser.add_argument("--say", metavar="TEXT", help="let the built-in voice say this instead of a recording")
    parser.add_argument("--voice", default="en-us", help="a language or voice for --say: thespis voices lists them (en-us)")
    parser.add_argument("--lips", default=None, metavar="100%", help="0 to 200%%: how strongly the lips articulate")
    parser.add_argument("--face", type=counting, metavar="N", help="which of several people, counted from the left (the one seen most)")
    parser.add_argument("--loop", action="store_true", help="let a video that is shorter than the sound go forward and backward")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe whose lips are used, or that paints mouths itself")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="use what thespis train of this recipe wrote there, not what ships")
    parser.add_argument("--json", action="store_true", help="tell what happens as one JSON event a line")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help=".mp4 .mov .webm, frames/ or frames/%%05d.png")


def speaker(followed: "Followed", face: int | None, video: Path) -> "list[Sighting]":
    """Choose the person to dub: the asked one, else the one who is seen most, in frames and in size; nobody where no face is seen."""
    from thespis.capture.follow import place_of

    people = followed.people
    if not people and face is not None:
        raise FaceError(f"no face found in {video}, so there is no --face {face}; without it the frames pass through as they are")
    if face is None:
        return max(people, key=lambda sightings: sum(place_of(each.points)[2] for each in sightings), default=[])
    if face > len(people):
        count = "one person" if len(people) == 1 else f"{len(people)} people"
        raise MediaError(f"{video} shows {count}, so --face must be 1 to {len(people)}, not {face}")
    return people[face - 1]


def main(args: Namespace) -> int:
    """Dub, and say what was made."""
    from thespis.apps.progress import progress

    with progress(args.json) as shown:
        facts = dub(args, shown)
        shown.done(facts)
    if not args.json and facts["sound_cut"] > 0.5:
        print(f"the sound is {facts['sound_cut']:.1f} s longer than the video; the rest of it is cut off")
    if not args.json and not facts["dubbed"]:
        print(f"{NOBODY}; the video is as it was filmed, with the new sound")
    if not args.json and facts["covered"]:
        print(f"something is before the mouth in {facts['covered']} frames; there the video is left as it was filmed")
    return 0


def dub(args: Namespace, shown: "Progress") -> dict[str, Any]:
    """Check everything, then listen, look, and draw -> what was made."""
    import numpy as np

    begun = time.monotonic()
    video = Path(args.video)
    if (args.audio is None) == (args.say is None):
        raise UsageError("give either a recording or --say TEXT")
    output = check_output(args.output, [path for path in (args.video, args.audio) if path is not None and Path(path).exists()])
    from thespis import recipes
    from thespis.apps.dub_work import Remembering, Work, fingerprint
    from thespis.capture.footage import open_footage
    from thespis.direction.parse import direct

    footage = open_footage(video)
    if footage.still:
        raise MediaError(f"{video} is a picture; thespis run makes it speak")
    wishes: dict[str, Any] = {} if args.lips is None else {"lips": args.lips}
    direction = replace(direct(None, **wishes), fps=footage.fps)
    if args.say is not None:
        from thespis.apps.render import in_blocks, spoken

        speech, acted, _ = spoken(args.say, args.voice, direction)
        direction, rate, channels, seconds = acted, speech.rate, len(speech.samples), speech.seconds
        heard, sound = in_blocks(speech), in_blocks(speech)
        again = in_blocks(speech)
    else:
        from thespis.speech.read import open_speech

        file = open_speech(args.audio)
        file.refuse_silence()
        rate, channels, seconds = file.rate, file.channels, file.seconds or 0.0
        heard, sound, again = iter(file), iter(file), iter(file)
    from thespis.capture.faces import quiet
    from thespis.capture.follow import follow
    from thespis.capture.performance import perform
    from thespis.pixels.dub.covered import coverage, uncovered
    from thespis.pixels.dub.inpaint import to_and_fro
    from thespis.pixels.dub.reel import Reel
    from thespis.pixels.dub.warp import Dub, shares
    from thespis.types import Portrait, frame_count

    # First what is quick to refuse: a recipe without lips should not wait for a long film to be looked through.
    talker = recipes.load(args.recipe, weights=args.weights)
    paints = bool(getattr(talker.stages[-1], "on_video", False))
    said = None if paints else lips_of(talker, heard, rate, direction)
    if paints:
        direction.check(talker.name, recipes.card(args.recipe).accepts)
    inputs = {"video": video} | ({} if args.audio is None else {"audio": Path(args.audio)})
    asked = {name: getattr(args, name) for name in ("say", "voice", "lips", "face", "loop", "recipe")}
    if talker.brought:
        asked["weights"] = dict(talker.brought)
    work = Work(output.path, fingerprint(inputs, {**asked, "version": thespis.__version__}))
    shown.start(None if footage.frames is None else 2 * footage.frames, {"output": str(args.output), "video": str(video)})
    followed = work.seen()
    if followed is None:
        with quiet():
            followed = follow(footage, shown.advance)
        work.note(followed)
    else:
        shown.advance(followed.frames)
    try:
        sightings = speaker(followed, args.face, video)
    except (FaceError, MediaError):
        work.discard()
        raise
    reel = Reel(footage, followed.frames)
    spoken_rows = len(said) if said is not None else frame_count(round(seconds * rate), rate, footage.fps)
    rows = max(spoken_rows, followed.frames) if args.loop else followed.frames
    samples = int(rows * Fraction(rate) / footage.fps + Fraction(1, 2))
    free = np.ones(followed.frames, np.float32)
    pictures = untouched(reel, rows)
    if sightings:
        performance = perform(sightings, followed.frames, followed.cuts, footage.fps, 1.0)
        free[[each.frame for each in sightings]] = uncovered(coverage(sightings, followed.cuts))
        confidence = performance.confidence * free
        if said is None:
            dubbed = shares([each.frame for each in sightings], confidence, followed.cuts, followed.frames, FADE * float(footage.fps))
            by_frame = {each.frame: each for each in sightings}
            places = [by_frame[frame].points if share > 0 else None for frame, share in enumerate(dubbed.tolist())]
            painter: Any = talker.stages[-1]
            painter.network = Remembering(painter.network, work)
            portrait = Portrait(reel, name=str(video), places=places)
            pictures = painted(talker, portrait, direction, fitted(again, rate, channels, samples), rate, dubbed)
        else:
            looped = [to_and_fro(row, followed.frames) for row in range(rows)]
            own = replace(performance.motion, values=performance.motion.values[looped])
            motion = redubbed(own, said)
            person = Dub(performance.person, sightings, performance.motion.values, confidence, performance.cuts, float(footage.fps))
            person.look(footage)
            pictures = moved(reel, person, motion, needed_of(own, motion))
    made, changed = write(pictures, footage.fps, fitted(sound, rate, channels, samples), output, shown)
    work.discard()
    cut = max(seconds - made.seconds, 0.0)
    return {
        "path": str(args.output),
        "frames": made.frames,
        "size": list(made.size),
        "fps": round(float(made.fps), 3),
        "seconds": made.seconds,
        "dubbed": changed,
        "covered": int((free < 0.5).sum()),
        "sound_cut": round(cut, 2),
        "took": round(time.monotonic() - begun, 2),
    }
