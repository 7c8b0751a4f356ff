"""The espeak-ng library through ctypes: text -> 16-bit samples with the exact sample of every word and phone. Only `say` uses it."""

import _ctypes
import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thespis.errors import MediaError

# Names and numbers are those of espeak-ng's speak_lib.h.
SYNCHRONOUS, PHONEME_EVENTS, PHONEME_IPA, DO_NOT_EXIT = 2, 1, 2, 0x8000
UTF8 = 1
LIST_END, WORD, PHONEME = 0, 1, 7
RATE, PITCH, RANGE = 1, 3, 4

MEND = "install it again: pip install --force-reinstall espeakng-loader"

LOCK = threading.RLock()  # espeak keeps its voice, its text and its callback in global variables


class Identifier(ctypes.Union):
    """The value of an event, by its type."""

    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class Event(ctypes.Structure):
    """espeak_EVENT."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", Identifier),
    )


class VoiceRecord(ctypes.Structure):
    """espeak_VOICE."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


@dataclass(frozen=True)
class Spoken:
    """What espeak made of a text: samples (n,), phones as (sample, symbol), words as (sample, first character, characters)."""

    samples: npt.NDArray[np.int16]
    rate: int
    phones: tuple[tuple[int, str], ...]
    words: tuple[tuple[int, int, int], ...]


class Library:
    """The loaded library, good for one text; make it with `loaded`."""

    def __init__(self) -> None:
        """Load and start espeak-ng with the data of its wheel."""
        import espeakng_loader

        try:
            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise MediaError(f"the built-in voice cannot be loaded ({error}); {MEND}") from None
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(VoiceRecord))
        options = PHONEME_EVENTS | PHONEME_IPA | DO_NOT_EXIT
        self.rate = int(self._library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), options))
        if self.rate <= 0:
            raise MediaError(f"the built-in voice cannot start: its data are damaged; {MEND}")
        self._samples: list[npt.NDArray[np.int16]] = []
        self._events: list[tuple[int, int, int, int, bytes]] = []
        self._callback = Callback(self._heard)  # espeak keeps only a pointer, so the object must stay alive
        self._library.espeak_SetSynthCallback(self._callback)

    def _heard(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[Event]") -> int:
        """Copy what espeak hands over; its memory is used again as soon as this returns."""
        if samples and count > 0:
            self._samples.append(np.ctypeslib.as_array(samples, (count,)).astype(np.int16, copy=True))
        number = 0
        while events[number].type != LIST_END:
            event = events[number]
            text = event.id.string if event.type == PHONEME else b""
            self._events.append((event.type, event.text_position, event.length, event.sample, text))
            number += 1
        return 0

    def speak(self, text: str, voice: str, rate: int, pitch: int, spread: int) -> Spoken:
        """Speak one text."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise MediaError(f"the built-in voice {voice!r} cannot be loaded; choose another one (thespis voices)")
        for parameter, value in ((RATE, rate), (PITCH, pitch), (RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        data = text.encode()
        failed = self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, UTF8, None, None)
        samples, events = self._samples, self._events
        if failed:
            raise MediaError(f"the built-in voice {voice!r} could not speak the text; try a shorter text or another voice")
        return Spoken(
            np.concatenate(samples) if samples else np.zeros(0, np.int16),
            self.rate,
            tuple((at, name.decode(errors="ignore")) for kind, _, _, at, name in events if kind == PHONEME),
            tuple((at, place - 1, length) for kind, place, length, at, _ in events if kind == WORD),
        )

    def records(self, languages: bytes | None = None) -> Iterator[tuple[str, tuple[str, ...], str, int, int]]:
        """List (name, languages, identifier, gender, age) of all voices, or of the variants with `languages` b"variant"."""
        wish = None
        if languages is not None:
            text = ctypes.create_string_buffer(languages)
            wish = ctypes.byref(VoiceRecord(languages=ctypes.cast(text, ctypes.POINTER(ctypes.c_char))))
        found = self._library.espeak_ListVoices(wish)
        number = 0
        while found[number]:
            voice = found[number].contents
            yield voice.name.decode().strip(), spoken_languages(voice.languages), voice.identifier.decode(), voice.gender, voice.age
            number += 1

    def close(self) -> None:
        """Unload the library."""
        self._library.espeak_Terminate()
        getattr(_ctypes, "FreeLibrary" if os.name == "nt" else "dlclose")(self._library._handle)


def spoken_languages(pointer: "ctypes._Pointer[ctypes.c_char]") -> tuple[str, ...]:
    """Read espeak's list of languages: for each a priority byte and a name that ends with a zero byte; a zero priority ends it."""
    names, at = [], 0
    while pointer[at] != b"\0":
        end = at + 1
        while pointer[end] != b"\0":
            end += 1
        names.append(b"".join(pointer[i] for i in range(at + 1, end)).decode())
        at = end + 1
    return tuple(names)


@contextmanager
def loaded() -> Iterator[Library]:
    """Load espeak-ng afresh and unload it afterwards, which takes a millisecond.

    It keeps the phases of its oscillators in static variables: loaded once, the same text would never sound the same twice.
    """
    with LOCK:
        library = Library()
        try:
            yield library
        finally:
            library.close()


def speak(text: str, voice: str, rate: int, pitch: int, spread: int) -> Spoken:
    """Speak one text with `rate` words a minute, `pitch` and its `spread` from 0 to 100; the same call gives the same samples."""
    with loaded() as library:
        return library.speak(text, voice, rate, pitch, spread)
