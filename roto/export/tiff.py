"""TIFF 6.0 from arrays: deflate, with horizontal differencing of whole numbers, which every compositor reads.

Written here for the same reason as PNG: zlib-ng's deflate is several times faster than a general writer's, and two runs
give the same bytes, with no date and no name of a program in them.
"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.export.deflated import deflated
from roto.frames.source import ColourTags

_SHORT, _LONG, _RATIONAL = 3, 4, 5
_CODES = {_SHORT: "H", _LONG: "I", _RATIONAL: "I"}
_ROWS_PER_STRIP = 64


def tiff_bytes(pixels: NDArray[Any], *, pixel_aspect: Fraction = Fraction(1), tags: ColourTags | None = None) -> bytes:
    """``H x W`` grey, ``H x W x 3`` RGB or ``H x W x 4`` straight RGBA, uint8, uint16 or float32, as a TIFF file.

    ``pixel_aspect`` (width / height) is carried by the resolutions. TIFF has no place for ``tags``.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    whole = pixels.dtype.kind == "u"
    strips = [_deflated(rows) for rows in _strips(pixels.reshape(height, width, channels), differences=whole)]
    sizes = [len(strip) for strip in strips]
    offsets = [8 + sum(sizes[:i]) for i in range(len(sizes))]
    fields: list[tuple[int, int, list[int]]] = [
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [8 * pixels.itemsize] * channels),
        (259, _SHORT, [8]),  # compression: deflate
        (262, _SHORT, [1 if channels == 1 else 2]),  # black is zero, or RGB
        (273, _LONG, offsets),
        (277, _SHORT, [channels]),
        (278, _LONG, [_ROWS_PER_STRIP]),
        (279, _LONG, sizes),
        (282, _RATIONAL, [pixel_aspect.denominator, 1]),  # pixels per unit, across
        (283, _RATIONAL, [pixel_aspect.numerator, 1]),  # and down
        (284, _SHORT, [1]),  # channels interleaved
        (296, _SHORT, [1]),  # no unit: the resolutions give the pixel's shape alone
        (317, _SHORT, [2 if whole else 1]),  # predictor: horizontal differencing, or none
    ]
    if channels == 4:
        fields.append((338, _SHORT, [2]))  # the extra sample is alpha, not premultiplied
    if not whole:
        fields.append((339, _SHORT, [3] * channels))  # samples are IEEE floating point
    body = b"".join(strips)
    body += b"\0" * (len(body) % 2)
    return struct.pack("<2sHI", b"II", 42, 8 + len(body)) + body + _directory(fields, 8 + len(body))


def _strips(pixels: NDArray[Any], *, differences: bool) -> list[bytes]:
    """Strips of little-endian rows, where wanted each sample less the one to its left."""
    coded = pixels.copy()
    if differences:
        np.subtract(pixels[:, 1:], pixels[:, :-1], out=coded[:, 1:])
    coded = coded.astype(coded.dtype.newbyteorder("<"), copy=False)
    return [coded[row : row + _ROWS_PER_STRIP].tobytes() for row in range(0, len(coded), _ROWS_PER_STRIP)]


def _deflated(data: bytes) -> bytes:
    """A zlib stream. Pure noise is stored, which is shorter."""
    coded = deflated(data)
    return coded if len(coded) < len(data) else zlib.compress(data, 0)


def _directory(fields: list[tuple[int, int, list[int]]], start: int) -> bytes:
    """The image file directory at byte ``start`` of the file, with the values that do not fit in its entries."""
    entries, values = b"", b""
    after = start + 2 + 12 * len(fields) + 4
    for tag, kind, numbers in fields:
        data = struct.pack(f"<{len(numbers)}{_CODES[kind]}", *numbers)
        count = len(numbers) // 2 if kind == _RATIONAL else len(numbers)
        if len(data) > 4:
            place = struct.pack("<I", after + len(values))
            values += data + b"\0" * (len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, count) + place
    return struct.pack("<H", len(fields)) + entries + struct.pack("<I", 0) + values
