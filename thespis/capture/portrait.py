"""Read a picture file of any common kind into a Portrait: upright, eight bits, RGB."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from thespis.errors import MediaError
from thespis.types import Bytes, Portrait

LARGEST = 100_000_000  # pixels; anything larger is refused before it fills the memory
FITTED, SHOWN = "person.json", "portrait.png"  # what makes a folder a fitted person, and the picture in it that shows them
BACKDROP = (196, 198, 202)  # what shows through transparent pictures: a light studio grey


def read_portrait(path: str | Path, face: int | None = None, landmarks: Path | None = None) -> Portrait:
    """Read a picture, turned upright by its EXIF tag, 16-bit, grey, CMYK and palette pictures converted; `face` picks a person.

    `landmarks` is a file that says where the face is, for one that is not found. A folder may be that of a fitted person.
    """
    place = Path(path)
    if (place / FITTED).is_file():
        return replace(read_portrait(place / SHOWN, face, landmarks), name=place.name, fitted=place)
    if place.is_dir():
        raise MediaError(f"{place} is a folder; give one picture file (jpg, png, webp, tiff, bmp or gif)")
    if not place.exists():
        raise MediaError(f"there is no picture {place}")
    if place.stat().st_size == 0:
        raise MediaError(f"{place} is empty (0 bytes); give a picture file (jpg, png, webp, tiff, bmp or gif)")
    try:
        with warnings.catch_warnings():
            # Pillow's own size warning is replaced by the check below; odd but readable files are read.
            warnings.simplefilter("ignore")
            with Image.open(place) as opened:
                width, height = opened.size
                if width * height > LARGEST:
                    raise MediaError(f"{place} has {width}x{height} pixels; at most {LARGEST // 1_000_000} million are read: scale it down")
                pixels, alpha = upright_rgb(opened)
    except MediaError:
        raise
    except UnidentifiedImageError:
        raise MediaError(f"{place} is not a picture that can be read; give a jpg, png, webp, tiff, bmp or gif file") from None
    except Image.DecompressionBombError:
        raise MediaError(f"{place} has far too many pixels; at most {LARGEST // 1_000_000} million are read: scale it down") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise MediaError(f"{place} is damaged and cannot be read as a picture ({error}); save it again or choose another") from None
    points = None
    if landmarks is not None:
        from thespis.capture.placed import read_landmarks

        points = read_landmarks(landmarks, (pixels.shape[1], pixels.shape[0]))
    return Portrait((pixels,), face, alpha, place.name, points)


def upright_rgb(opened: Image.Image) -> tuple[Bytes, Bytes | None]:
    """Convert an opened picture to RGB bytes (height, width, 3) and, where it has one, its transparency (height, width)."""
    picture = ImageOps.exif_transpose(opened)
    if picture.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        deep = np.asarray(picture, np.float32)
        # 16-bit greys come as integers up to 65535, whatever Pillow calls the mode; floats come in their own range.
        top = 65535.0 if picture.mode != "F" and deep.max(initial=0) > 255 else max(float(deep.max(initial=0)), 1.0)
        picture = Image.fromarray(np.clip(deep / top * 255 + 0.5, 0, 255).astype(np.uint8), "L")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        alpha = np.asarray(layered.getchannel("A"))
        backed = Image.new("RGBA", layered.size, (*BACKDROP, 255))
        backed.alpha_composite(layered)
        return np.array(backed.convert("RGB")), None if alpha.min(initial=255) == 255 else np.array(alpha)
    return np.array(picture.convert("RGB")), None
