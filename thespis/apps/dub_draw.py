"""What a dubbing is made of: lips for a sound, put on a person's own performance, and the frames that show them, with that sound."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import thespis
from thespis.errors import MediaError, UsageError

if TYPE_CHECKING:
    from thespis.apps.progress import Progress
    from thespis.apps.render import Made
    from thespis.export.output import Output
    from thespis.pixels.dub.warp import Dub
    from thespis.talker import Talker
    from thespis.types import Array, Bytes, Direction, Portrait, Speech, Track

FEELING = ("mouthSmile*", "mouthFrown*", "mouthDimple*", "noseSneer*")
"""What the person's own mouth does besides speaking: it goes on, as slowly as feelings change."""
FEELING_SECONDS = 0.4
BARED, BARED_SECONDS = ("mouthUpperUp*", "mouthLowerDown*"), 0.8
"""How this person bares teeth while speaking, beyond what the recipe does, and the seconds over which that is told."""
PARTED = (0.02, 0.12)  # of the jaw's opening, over which new lips come to bare them: closures stay closed
FADE = 0.12  # seconds in which lips begin and end to be dubbed
QUIET_SECONDS, STILL, CLOSED = 0.3, 0.1, 0.08
"""Seconds around a moment in which lips move less than this weight, with the jaw less open than that, so that they rest."""


def lips_of(whole: "Talker", blocks: Iterable["Speech"], rate: int, direction: "Direction") -> "Track":
    """Let a recipe perform a speech, without drawing it -> its motion in the Space `face`."""
    from itertools import takewhile

    import numpy as np

    from thespis.apps.render import closing
    from thespis.motion.spaces.face import FACE
    from thespis.talker import Talker
    from thespis.types import FRAMES, Portrait, Track

    stages = list(takewhile(lambda stage: stage.gives != FRAMES, whole.stages))
    if not stages or stages[-1].gives != FACE:
        raise UsageError(f"the recipe {whole.name!r} moves no lips in the Space face; choose one that does (thespis list)")
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


def redubbed(own: "Track", spoken: "Track") -> "Track":
    """Put the lips of `spoken` on a person's own performance; what they feel goes on, and after the speech the mouth rests."""
    import numpy as np

    from thespis.motion.take_edit import columns, matching, smooth, with_lips
    from thespis.pixels.layers import smoothstep
    from thespis.types import Track

    missing = max(len(own) - len(spoken), 0)
    padded = Track(spoken.space, np.pad(spoken.values, ((0, missing), (0, 0))), spoken.fps)
    made = with_lips(own, padded)
    feeling = columns(own.space, matching(own.space, *FEELING))
    values = made.values.copy()
    values[:, feeling] = smooth(own, FEELING_SECONDS).values[: len(values), feeling]
    bared = columns(own.space, matching(own.space, *BARED))
    theirs, ours = (smooth(track, BARED_SECONDS).values[: len(values), bared] for track in (own, made))
    parted = smoothstep(*PARTED, made["jawOpen"] - made["mouthClose"])[:, None]
    values[:, bared] += parted * np.maximum(theirs - ours, 0)
    return replace(made, values=values)


def needed_of(own: "Track", made: "Track") -> "Array":
    """Tell how much dubbing each row (n,) needs: none where a mouth rests already that is to rest, so that those frames stay as filmed."""
    import numpy as np
    import numpy.typing as npt

    from thespis.motion.take_edit import LIPS, columns, matching

    fps = float(own.fps)
    lips = columns(own.space, matching(own.space, *LIPS))
    around = max(round(QUIET_SECONDS * fps), 1)

    def still(values: "Array") -> "npt.NDArray[np.bool_]":
        padded = np.pad(values, ((around, around), (0, 0)), mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1, axis=0)
        return np.asarray((windows.max(axis=2) - windows.min(axis=2)).max(axis=1) < STILL)

    jaw = own.space.column("jawOpen")
    closed = np.maximum(own.values[:, jaw], made.values[:, jaw]) < CLOSED
    moving = ~(still(own.values[:, lips]) & still(made.values[:, lips]) & closed)
    fade = max(round(FADE * fps), 1)
    bell = np.hanning(2 * fade + 3)[1:-1]
    wide = np.convolve(np.pad(moving.astype(np.float64), fade, mode="edge"), np.ones(2 * fade + 1), mode="same")[fade:-fade] > 0
    return np.asarray(np.convolve(np.pad(wide.astype(np.float64), fade, mode="edge"), bell / bell.sum(), mode="valid"), np.float32)


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


Pictures = Iterator[tuple["Bytes", bool]]
"""Frames (height, width, 3), and whether each has new lips."""


def untouched(reel: "Sequence[Bytes]", rows: int) -> Pictures:
    """Give so many frames of a video as they are, forward and backward."""
    from thespis.pixels.dub.inpaint import to_and_fro

    return ((reel[to_and_fro(row, len(reel))], False) for row in range(rows))


def moved(reel: "Sequence[Bytes]", dub: "Dub", motion: "Track", needed: "Array") -> Pictures:
    """Move the lips of the frames of a video, which goes forward and backward as long as the motion lasts, where it is `needed` (rows,)."""
    from thespis.pixels.dub.inpaint import to_and_fro

    for row in range(len(motion)):
        number = to_and_fro(row, len(reel))
        image = reel[number].copy()
        changed = dub.draw(number, motion.values[row], image, float(needed[row]))
        yield image, changed


def painted(
    talker: "Talker", portrait: "Portrait", direction: "Direction", sound: Iterable["Speech"], rate: int, shares: "Array"
) -> Pictures:
    """Let a recipe that paints mouths itself say a sound on the frames of a video; `shares` (frames,) is how much of each it paints."""
    from thespis.apps.render import closing
    from thespis.pixels.dub.inpaint import to_and_fro

    session, row = talker.start(portrait, direction, rate=rate), 0
    for block in closing(sound):
        if block is None:
            session.close()
        else:
            session.push(block)
        for clip in session:
            for image in () if clip.frames is None else clip.frames.images:
                yield image, bool(shares[to_and_fro(row, len(shares))] > 0)
                row += 1


def write(pictures: Pictures, fps: Fraction, sound: Iterator["Speech"], output: "Output", shown: "Progress") -> "tuple[Made, int]":
    """Write pictures with sound -> what was made, and how many of the pictures have new lips."""
    from thespis.apps.render import Made
    from thespis.export.video import VideoWriter
    from thespis.types import Frames

    first = next(sound)
    block: Speech | None = first
    audio = first.rate, len(first.samples)
    comment = f"dubbed, thespis {thespis.__version__}"
    writer, changed = None, 0
    with ExitStack() as stack:
        for number, (image, new) in enumerate(pictures):
            changed += new
            if writer is None:
                size = image.shape[1], image.shape[0]
                writer = stack.enter_context(VideoWriter(output, fps, size, *audio, title="Thespis", comment=comment))
            # Sound goes first, so that the encoder can interleave the two at once.
            while block is not None and block.start * fps <= (number + 1) * block.rate:
                writer.speech(block)
                block = next(sound, None)
            writer.frames(Frames(image[None], fps, number))
            shown.advance(1)
        if writer is None:
            raise MediaError("the video holds no pictures that can be decoded; convert it to mp4 or choose another")
        while block is not None:
            writer.speech(block)
            block = next(sound, None)
    return Made(writer.written, writer.size, writer.fps, float(Fraction(writer.written) / writer.fps), 0.0), changed
