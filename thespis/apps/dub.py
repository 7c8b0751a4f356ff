"""Give a person in a video other words: new sound, new lips, everything else of the video as it is.

thespis dub video.mp4 speech.wav -o dubbed.mp4
thespis dub video.mp4 --say "Good evening, and welcome." -o dubbed.mp4
thespis dub video.mp4 speech.wav --face 2 --lips 120% -o dubbed.mp4
"""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import thespis
from thespis.apps.run import counting
from thespis.errors import FaceError, MediaError, UsageError
from thespis.export.output import check_output

if TYPE_CHECKING:
    from thespis.apps.progress import Progress
    from thespis.apps.render import Made
    from thespis.capture.follow import Followed
    from thespis.capture.footage import Footage
    from thespis.capture.sighting import Sighting
    from thespis.export.output import Output
    from thespis.pixels.dub.warp import Dub
    from thespis.types import Direction, Speech, Track

FEELING = ("mouthSmile*", "mouthFrown*", "mouthDimple*", "noseSneer*")
"""What the person's own mouth does besides speaking: it goes on, as slowly as feelings change."""
FEELING_SECONDS = 0.4


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis dub`."""
    parser.add_argument("video", metavar="VIDEO", help="who is to say it")
    parser.add_argument("audio", metavar="AUDIO", nargs="?", help="a recording, or a video with sound")
    parser.add_argument("--say", metavar="TEXT", help="let the built-in voice say this instead of a recording")
    parser.add_argument("--voice", default="en-us", help="a language or voice for --say: thespis voices lists them (en-us)")
    parser.add_argument("--lips", default=None, metavar="100%", help="0 to 200%%: how strongly the lips articulate")
    parser.add_argument("--face", type=counting, metavar="N", help="which of several people, counted from the left (the one seen most)")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe whose lips are used")
    parser.add_argument("--json", action="store_true", help="tell what happens as one JSON event a line")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help=".mp4 .mov .webm, frames/ or frames/%%05d.png")


def lips_of(recipe: str, blocks: Iterable["Speech"], rate: int, direction: "Direction") -> "Track":
    """Let a recipe perform a speech, without drawing it -> its motion in the Space `face`."""
    from itertools import takewhile

    import numpy as np

    from thespis import recipes
    from thespis.apps.render import closing
    from thespis.motion.spaces.face import FACE
    from thespis.talker import Talker
    from thespis.types import FRAMES, Portrait, Track

    whole = recipes.load(recipe)
    stages = list(takewhile(lambda stage: stage.gives != FRAMES, whole.stages))
    if not stages or stages[-1].gives != FACE:
        raise UsageError(f"the recipe {recipe!r} moves no lips in the Space face; choose one that does (thespis list)")
    session = Talker(*stages, name=whole.name, card=whole.card).start(Portrait((np.zeros((1, 1, 3), np.uint8),)), direction, rate=rate)
    motion = Track.empty(FACE, direction.fps or Fraction(25))
    for block in closing(blocks):
        if block is None:
            session.close()
        else:
            session.push(block)
        for clip in session:
            if clip.motion is not None:
                motion = motion.join(clip.motion)
    return motion


def speaker(followed: "Followed", face: int | None, video: Path) -> "list[Sighting]":
    """Choose the person to dub: the asked one, else the one who is seen most, in frames and in size."""
    from thespis.capture.follow import place_of

    people = followed.people
    if not people:
        raise FaceError(f"no face found in {video}; use a video that shows a face from the front, well lit and uncovered")
    if face is None:
        return max(people, key=lambda sightings: sum(place_of(each.points)[2] for each in sightings))
    if face > len(people):
        count = "one person" if len(people) == 1 else f"{len(people)} people"
        raise MediaError(f"{video} shows {count}, so --face must be 1 to {len(people)}, not {face}")
    return people[face - 1]


def redubbed(own: "Track", spoken: "Track") -> "Track":
    """Put the lips of `spoken` on a person's own performance; what they feel goes on, and after the speech the mouth rests."""
    import numpy as np

    from thespis.motion.take_edit import columns, matching, smooth, with_lips
    from thespis.types import Track

    missing = max(len(own) - len(spoken), 0)
    padded = Track(spoken.space, np.pad(spoken.values, ((0, missing), (0, 0))), spoken.fps)
    made = with_lips(own, padded)
    feeling = columns(own.space, matching(own.space, *FEELING))
    values = made.values.copy()
    values[:, feeling] = smooth(own, FEELING_SECONDS).values[: len(values), feeling]
    return replace(made, values=values)


def fitted(blocks: Iterable["Speech"], rate: int, channels: int, samples: int) -> Iterator["Speech"]:
    """Give exactly so many samples: what is longer is cut off, what is missing is silence."""
    import numpy as np

    from thespis.types import Speech

    done = 0
    for block in blocks:
        piece = Speech(block.samples[:, : samples - done], rate, start=done)
        if not len(piece):
            return
        done += len(piece)
        yield piece
    while done < samples:
        silence = Speech(np.zeros((channels, min(rate, samples - done)), np.float32), rate, start=done)
        done += len(silence)
        yield silence


def draw(
    footage: "Footage", dub: "Dub", motion: "Track", sound: Iterator["Speech"], output: "Output", shown: "Progress"
) -> "tuple[Made, int]":
    """Write the video with its new lips and sound -> what was made, and how many of its frames have new lips."""
    from thespis.apps.render import Made
    from thespis.export.video import VideoWriter
    from thespis.types import Frames

    first = next(sound)
    block: Speech | None = first
    audio = first.rate, len(first.samples)
    comment = f"dubbed, thespis {thespis.__version__}"
    writer, changed = None, 0
    with ExitStack() as stack:
        for number, picture in enumerate(islice(footage, len(motion))):
            image = picture.copy()
            changed += dub.draw(number, motion.values[number], image)
            if writer is None:
                size = image.shape[1], image.shape[0]
                writer = stack.enter_context(VideoWriter(output, motion.fps, size, *audio, title="Thespis", comment=comment))
            # Sound goes first, so that the encoder can interleave the two at once.
            while block is not None and block.start * motion.fps <= (number + 1) * block.rate:
                writer.speech(block)
                block = next(sound, None)
            writer.frames(Frames(image[None], motion.fps, number))
            shown.advance(1)
        if writer is None:
            raise MediaError(f"{footage.path} holds no pictures that can be decoded; convert it to mp4 or choose another")
        while block is not None:
            writer.speech(block)
            block = next(sound, None)
    return Made(writer.written, writer.size, writer.fps, float(Fraction(writer.written) / writer.fps), 0.0), changed


def main(args: Namespace) -> int:
    """Dub, and say what was made."""
    from thespis.apps.progress import progress

    with progress(args.json) as shown:
        facts = dub(args, shown)
        shown.done(facts)
    if not args.json and facts["sound_cut"] > 0.5:
        print(f"the sound is {facts['sound_cut']:.1f} s longer than the video; the rest of it is cut off")
    return 0


def dub(args: Namespace, shown: "Progress") -> dict[str, Any]:
    """Check everything, then listen, look, and draw -> what was made."""
    begun = time.monotonic()
    video = Path(args.video)
    if (args.audio is None) == (args.say is None):
        raise UsageError("give either a recording or --say TEXT")
    output = check_output(args.output, [path for path in (args.video, args.audio) if path is not None and Path(path).exists()])
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
    else:
        from thespis.speech.read import open_speech

        file = open_speech(args.audio)
        file.refuse_silence()
        rate, channels, seconds = file.rate, file.channels, file.seconds or 0.0
        heard, sound = iter(file), iter(file)
    from thespis.capture.faces import quiet
    from thespis.capture.follow import follow
    from thespis.capture.performance import perform
    from thespis.pixels.dub.warp import Dub

    # First what is quick to refuse: a recipe without lips should not wait for a long film to be looked through.
    said = lips_of(args.recipe, heard, rate, direction)
    shown.start(None if footage.frames is None else 2 * footage.frames, {"output": str(args.output), "video": str(video)})
    with quiet():
        followed = follow(footage, shown.advance)
    sightings = speaker(followed, args.face, video)
    performance = perform(sightings, followed.frames, followed.cuts, footage.fps, 1.0)
    motion = redubbed(performance.motion, said)
    person = Dub(performance.person, sightings, performance.motion.values, performance.confidence, performance.cuts, float(footage.fps))
    person.look(footage)
    samples = int(len(motion) * Fraction(rate) / footage.fps + Fraction(1, 2))
    made, changed = draw(footage, person, motion, fitted(sound, rate, channels, samples), output, shown)
    cut = max(seconds - made.seconds, 0.0)
    return {
        "path": str(args.output),
        "frames": made.frames,
        "size": list(made.size),
        "fps": round(float(made.fps), 3),
        "seconds": made.seconds,
        "dubbed": changed,
        "sound_cut": round(cut, 2),
        "took": round(time.monotonic() - begun, 2),
    }
