"""The UDP packets of the Live Link Face app, as Unreal Engine's Live Link receives them: one packet a row, 61 curves each."""

import struct
import uuid
from collections.abc import Iterator

import numpy as np

from thespis.export.arkit import curves_of
from thespis.export.take import Take

VERSION = 6


def text(value: str) -> bytes:
    """Write a string with its length before it."""
    data = value.encode()
    return struct.pack(">i", len(data)) + data


def frames(take: Take, name: str = "Thespis") -> Iterator[list[bytes]]:
    """Give the packet of every row of a take; `name` is the subject that Unreal lists."""
    curves = curves_of(take)
    device = str(uuid.uuid5(uuid.NAMESPACE_DNS, name)).upper()
    head = struct.pack(">B", VERSION) + text(device) + text(name)
    rate = struct.pack(">ii", curves.fps.numerator, curves.fps.denominator)
    size = struct.pack(">B", curves.space.size)
    for number, row in enumerate(curves.values, start=curves.start):
        yield [head + struct.pack(">if", number, 0.0) + rate + size + row.astype(np.dtype(">f4")).tobytes()]
