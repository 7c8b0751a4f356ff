"""Files that users send: kept under names of our own, after a look at what they are."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from fastapi import UploadFile

from thespis.apps.server.content import HEAD, picture_kind, sound_kind, take_kind
from thespis.apps.server.settings import Limits
from thespis.apps.server.store import QueueFullError
from thespis.errors import MediaError


def keep(upload: UploadFile, role: str, folder: Path, limits: Limits) -> str:
    """Copy an upload into a folder -> the name it has there: the role, and the suffix of what it is."""
    source = upload.file
    head = start(source)
    if not head:
        raise MediaError(f"the {role} is empty (0 bytes); send the file itself")
    if shutil.disk_usage(folder).free < limits.free_bytes + limits.upload_bytes:
        raise QueueFullError("this server's disk is nearly full; remove what is no longer needed, or try again later")
    temporary = folder / f"{role}.part"
    with temporary.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    if role == "portrait":
        suffix = picture_kind(head, temporary, limits.portrait_pixels)
    else:
        suffix = sound_kind(head) if role == "audio" else take_kind(head)
    temporary.replace(folder / f"{role}{suffix}")
    return f"{role}{suffix}"


def start(source: BinaryIO) -> bytes:
    """Read the first bytes, and go back to the beginning."""
    source.seek(0)
    head = source.read(HEAD)
    source.seek(0)
    return head
