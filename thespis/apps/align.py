"""Find when each word and sound of a recording is said, with its text or without, and who else is heard: breaths, laughter, singing.

thespis align speech.wav --text "What is said in it." -o words.TextGrid
thespis align speech.wav --text lines.txt --language de -o subtitles.srt
thespis align speech.wav -o sounds.json
"""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.errors import MediaError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from thespis.speech.activity import Segment
    from thespis.speech.align import Aligned

SUFFIXES = (".textgrid", ".srt", ".vtt", ".json")
LONGEST_NAME = 1000  # characters; a longer text cannot be the path of a file


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis align`."""
    parser.add_argument("audio", metavar="AUDIO", help="a recording, or a video with sound")
    parser.add_argument("--text", metavar="TEXT", help="what is said in it, or a text file that says so; without it only sounds are found")
    parser.add_argument("--language", default="en-us", help="the language of the text, as in thespis voices (en-us)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help=".TextGrid, .json, or with a text .srt and .vtt")


def text_of(given: str) -> str:
    """Read a text that is given as such, or as the path of a file that holds it."""
    path = Path(given)
    try:
        if len(given) > LONGEST_NAME or "\n" in given or not path.is_file():
            if path.suffix.lower() == ".txt" and " " not in given:
                raise MediaError(f"there is no text file {given}")
            return given
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise MediaError(f"{given} is not a text file in UTF-8") from None
    except OSError as error:
        raise MediaError(f"cannot read {given}: {error.strerror}") from None


def main(args: Namespace) -> int:
    """Listen, align, and write."""
    begun = time.monotonic()
    kind = args.output.suffix.lower()
    if kind not in SUFFIXES:
        raise MediaError(f"cannot write {args.output.name!r}; use .TextGrid, .json, .srt or .vtt")
    if kind in (".srt", ".vtt") and args.text is None:
        raise MediaError(f"{args.output.name} needs words, and no text is given; add --text with what is said, or write a .TextGrid")
    check_writable(args.output, (args.audio, args.text))
    text = None if args.text is None else text_of(args.text)
    from thespis.speech.activity import segments
    from thespis.speech.align import decode
    from thespis.speech.read import open_speech
    from thespis.speech.transcript import heard, transcript

    file = open_speech(args.audio)
    file.refuse_silence()
    found = decode(heard(file)) if text is None else transcript(file, text, args.language).aligned
    seconds = 0.0
    for block in file:
        seconds = block.stop / block.rate
    kinds = segments(file) if kind in (".textgrid", ".json") else ()
    write_text(args.output, worded(kind, found, kinds, seconds, text))
    words = f"{len(found.words)} words and " if found.words else ""
    print(f"wrote {args.output}: {words}{len(found.phones)} sounds in {seconds:.1f} s, found in {time.monotonic() - begun:.1f} s")
    return 0


def worded(kind: str, found: "Aligned", kinds: "tuple[Segment, ...]", seconds: float, text: str | None) -> str:
    """Word what was found in the layout of a suffix."""
    if kind in (".srt", ".vtt"):
        from thespis.export.subtitles import captions, srt, vtt

        shown = captions(found.words, text)
        return vtt(shown) if kind == ".vtt" else srt(shown)
    if kind == ".json":
        return json.dumps(facts(found, kinds, seconds), ensure_ascii=False, indent=1) + "\n"
    from thespis.export.textgrid import Interval, textgrid

    tiers: dict[str, list[Interval]] = {"words": [(word.text, word.start, word.end) for word in found.words]} if found.words else {}
    tiers["phones"] = [(phone.symbol, phone.start, phone.end) for phone in found.phones]
    tiers["activity"] = [(each.kind, each.start, each.end) for each in kinds]
    return textgrid(tiers, seconds)


def facts(found: "Aligned", kinds: "tuple[Segment, ...]", seconds: float) -> dict[str, Any]:
    """Give what was found as what JSON can hold; times are in seconds."""
    words = [
        {"text": word.text, "start": round(word.start, 3), "end": round(word.end, 3), "fit": fit}
        for word, fit in zip(found.words, found.fits, strict=True)
    ]
    return {
        "seconds": round(seconds, 3),
        "fit": found.fit,
        "words": words,
        "phones": [{"symbol": each.symbol, "start": round(each.start, 3), "end": round(each.end, 3)} for each in found.phones],
        "activity": [{"kind": each.kind, "start": round(each.start, 3), "end": round(each.end, 3)} for each in kinds],
        "not_in_the_text": [[round(start, 3), round(end, 3)] for start, end in found.unknown],
    }
