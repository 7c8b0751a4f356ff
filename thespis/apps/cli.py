"""The command `thespis`: the verb is parsed first, and only its own module and what that needs are imported afterwards."""

import os
import signal
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from thespis import __version__
from thespis.errors import ThespisError, UsageError, unknown

VERBS = {
    "run": "make a portrait speak and feel: a photo and a recording, or a photo and a text",
    "render": "make a portrait perform a take: any performance on any face",
    "dub": "give a person in a video other words: new sound, new lips, everything else as it is",
    "track": "read what the faces of a video do: one take a person, to drive any portrait",
    "export": "write a take as curves, cues, subtitles or an animated head for other tools",
    "import": "make a take of a recording of face curves",
    "align": "find when each word and sound of a recording is said, and what else is heard in it",
    "edit": "cut, join, retime, scale, mirror or smooth a take, or give it other lips",
    "diff": "compare two takes",
    "plot": "draw the curves of a take under a filmstrip",
    "demo": "make a video of the astronaut photograph, with a contact sheet, to see that all is well",
    "list": "list the recipes",
    "show": "show all that is known about a recipe",
    "copy": "copy a recipe to a file of your own, to change it",
    "voices": "list the languages and voices that --say can use",
    "landmarks": "say where the face is in a picture in which it is not found: an animal, a drawing, a puppet",
    "gallery": "draw every portrait of a folder with its feelings, mouths and head turns, on one page",
    "eval": "measure videos of talking faces, by any tool, or how well Thespis does on footage of your own",
    "compare": "measure two sets of videos of the same names against each other",
    "data": "make data sets: clips of made-up people, and footage prepared and packed for training",
    "train": "train the network of a recipe, or go on with its training",
    "fit": "fit a recipe to one person's video: the folder that comes of it is a portrait",
    "claims": "check a claim of a recipe: with its mechanism and without, over several seeds",
    "bench": "measure speed and memory on this machine",
    "serve": "serve jobs and live sessions to browsers and programs, on one port",
    "submit": "let a server make the video: the portrait, speech and wishes of thespis run",
    "jobs": "list, watch, fetch, cancel or remove the jobs of a server",
    "studio": "make portraits act in a browser: feelings on a timeline, trial frames, videos, takes, dubbing",
    "doctor": "check this installation and say what to do about what is wrong",
    "weights": "weights of other people: where they come from, under which terms, and how to put them in place",
    "licenses": "list the licences of everything a run of a recipe uses",
}
MODULES = {"render": "render_take", "export": "export_take", "import": "import_take"}  # where the module has another name than the verb
SUBJECTS = {  # verbs of two words: the module of the second is apps/VERB_SUBJECT.py
    "data": {
        "stage": "make clips of made-up people who speak and feel: phones, motion, masks, depth and emotion are known",
        "prepare": "crop, align, track and filter talking clips of your own, or of a published data set, for training",
        "pack": "pack clips for training: frames, motion and sound in files that are mapped into memory",
    },
    "bench": {
        "live": "measure live sessions: first frame, pace, interruptions, memory, and how many go at a time",
    },
    "eval": {
        "lips": "compare lips made from the sound of talking clips with the real ones",
        "sounds": "compare the sounds and words found in recordings with hand-checked ones",
        "languages": "compare lips from the sound alone with lips from exact phones, in ten languages",
        "noise": "measure what noise and music do to the lips",
        "listening": "measure how fast, and with how much memory, hours of speech are heard",
        "order": "check the metrics: real clips, their compressed copies, late lips and lips of others, in this order",
        "reenact": "drive the first frame of real clips with their own motion, and compare the result with the clips",
    },
}
ALONE = ("bench",)  # verbs that do something without a second word too
PLAIN = {"eval": "FOLDER|FILE ..."}  # verbs that need no second word: what stands in its place
ABOUT = "Makes portraits act: a photo, speech and direction become a talking, feeling face."
EXAMPLE = """examples:
  thespis run photo.jpg speech.wav -o out.mp4
  thespis run photo.jpg --say "[happy] I found it! [sad 0.6] Oh. It is broken." -o out.mp4
  thespis run photo.jpg speech.wav --emotion happy=0.8 --preview -o look.png"""


class Parser(ArgumentParser):
    """An argument parser whose complaints are one line, like every other error here."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and leaving."""
        raise UsageError(f"{message} (see {self.prog} --help)")

    def parse_strictly(self, words: Sequence[str]) -> Namespace:
        """Parse, and suggest the near option for one that nobody knows."""
        options = [name for action in self._actions for name in action.option_strings]
        for word in words[: words.index("--")] if "--" in words else words:
            odd = word.partition("=")[0]
            if odd.startswith("--") and odd not in options:
                raise UsageError(f"{unknown('option', odd, options)} (see {self.prog} --help)")
        found, extra = self.parse_known_args(words)
        if extra:
            # Options may stand between the words: PORTRAIT --emotion happy AUDIO.
            found, extra = self.parse_known_intermixed_args(words)
        if extra:
            raise UsageError(f"{extra[0]!r} is one word too many; put texts with spaces into quotes (see {self.prog} --help)")
        return found


def overview() -> str:
    """Word the help of the command itself."""
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {summary}" for verb, summary in VERBS.items())
    return f"{ABOUT}\n\nusage: thespis VERB ...   (thespis VERB --help tells more)\n\n{verbs}\n\n{EXAMPLE}"


def subjects(verb: str) -> str:
    """Word the help of a verb that needs a second word."""
    width = max(map(len, SUBJECTS[verb]))
    listed = "\n".join(f"  {subject:<{width}}  {summary}" for subject, summary in SUBJECTS[verb].items())
    also = (
        f"       thespis {verb} {PLAIN[verb]}   (thespis {verb} {PLAIN[verb].split('|')[0]} --help tells more)\n" if verb in PLAIN else ""
    )
    return f"{VERBS[verb]}\n\nusage: thespis {verb} SUBJECT ...   (thespis {verb} SUBJECT --help tells more)\n{also}\n{listed}"


def dispatch(words: Sequence[str]) -> int:
    """Find the verb, parse what belongs to it, and do it."""
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        print(f"thespis {__version__}")
        return 0
    verb = words[0]
    if verb not in VERBS:
        raise UsageError(unknown("command", verb, VERBS))
    module, rest = MODULES.get(verb, verb), words[1:]
    if verb in SUBJECTS and not (verb in ALONE and (not rest or rest[0] not in SUBJECTS[verb])):
        if not rest or rest[0] in ("-h", "--help"):
            print(subjects(verb))
            return 0 if rest else 2
        if rest[0] in SUBJECTS[verb]:
            module, verb, rest = f"{verb}_{rest[0]}", f"{verb} {rest[0]}", rest[1:]
        elif verb not in PLAIN or not (rest[0].startswith("-") or Path(rest[0]).exists() or "--help" in rest):
            place = f"there is no file or folder {rest[0]}, and no subject of that name; " if verb in PLAIN else ""
            raise UsageError(f"{place}{unknown(f'subject of {verb}', rest[0], SUBJECTS[verb])}")
    found = import_module(f"thespis.apps.{module}")
    parser = Parser(f"thespis {verb}", description=found.__doc__, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False)
    found.arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show the full trace of an unexpected error")
    args = parser.parse_strictly(rest)
    with remarks(words):
        return int(found.main(args))


@contextmanager
def remarks(words: Sequence[str]) -> Iterator[None]:
    """Print what the parts have to remark as one line each on stderr, and with --json as an event."""
    import logging

    class Remarks(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell("warning", record.getMessage(), words)

    handler, logger = Remarks(logging.WARNING), logging.getLogger("thespis")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 well, 1 a fault of ours, 2 something you can mend, 130 interrupted."""
    words = sys.argv[1:] if words is None else words
    try:
        code = dispatch(words)
        sys.stdout.flush()
    except ThespisError as error:
        return complain(str(error), words, 2)
    except KeyboardInterrupt:
        return complain("interrupted; nothing was written", words, 130)
    except SystemExit as leaving:  # argparse leaves this way after --help
        return int(leaving.code or 0)
    except BrokenPipeError:
        # Whoever read our output has gone; without this Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except MemoryError:
        return complain("there is not enough memory; choose a smaller --size", words, 2)
    except Exception as error:
        if "--debug" in words:
            raise
        kind = type(error).__name__
        about = " ".join(str(error).split())[:300]
        return complain(f"unexpected {kind}: {about}; please report it with what --debug prints", words, 1)
    return code


def complain(message: str, words: Sequence[str], code: int) -> int:
    """Print one line on stderr, and with --json one event on stdout too."""
    tell("error", message, words, code=code)
    return code


def tell(event: str, message: str, words: Sequence[str], **facts: int) -> None:
    """Print one line on stderr, and with --json one event on stdout too."""
    line = " ".join(message.split())
    print(f"thespis: {'warning: ' if event == 'warning' else ''}{line}", file=sys.stderr)
    if "--json" in words:
        import json

        print(json.dumps({"event": event, "message": line, **facts}), flush=True)


def command() -> int:
    """Run as the installed command: a request to end is treated like Ctrl-C, so that nothing half-written stays."""

    def end(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    return main()


if __name__ == "__main__":
    sys.exit(command())
