"""What an upload is, told from its first bytes: its name and its declared type count for nothing."""

import io
import warnings
from pathlib import Path

from thespis.errors import MediaError

HEAD = 64  # bytes that are looked at
PICTURES = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
SOUND_KINDS = "wav, flac, mp3, m4a, ogg, mp4, mov, mkv or webm"
STARTS: tuple[tuple[bytes, str], ...] = (
    (b"fLaC", ".flac"),
    (b"ID3", ".mp3"),
    (b"OggS", ".ogg"),
    (b"\x1a\x45\xdf\xa3", ".mkv"),
    (b"\xff\xf1", ".aac"),
    (b"\xff\xf9", ".aac"),
    (b"FORM", ".aiff"),
    (b"RF64", ".wav"),
    (b".snd", ".au"),
)


def sound_kind(head: bytes) -> str:
    """Name the suffix of a recording or video by its first bytes."""
    for start, suffix in STARTS:
        if head.startswith(start):
            return suffix
    if head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"AVI "):
        return ".wav" if head[8:12] == b"WAVE" else ".avi"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return ".mp4"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        return ".mp3"
    raise MediaError(f"the speech is no recording that is known by its content; send {SOUND_KINDS}")


def picture_kind(head: bytes, path: Path, pixels: int) -> str:
    """Name the suffix of a picture by its content, and refuse one of more pixels than allowed; nothing is decoded."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with path.open("rb") as file, Image.open(io.BufferedReader(file.raw), formats=PICTURES) as opened:
                (width, height), kind = opened.size, str(opened.format)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, EOFError, TypeError, KeyError):
        raise MediaError("the portrait is no picture that can be read; send a jpg, png, webp, tiff, bmp or gif") from None
    if not head or width * height > pixels:
        raise MediaError(f"the portrait has {width}x{height} pixels; at most {pixels:,} are taken: make it smaller")
    return f".{kind.lower()}"


def take_kind(head: bytes) -> str:
    """Check that a take begins as one: the length of a JSON header, and the header."""
    if len(head) < 10 or int.from_bytes(head[:8], "little") > 100_000_000 or head[8:9] != b"{":
        raise MediaError("this is no take; thespis run --take-out, thespis track or a job with take=true makes one")
    return ".take"
