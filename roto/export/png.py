"""PNG (ISO/IEC 15948) from arrays: small, exact, and fast enough to write every frame.

One filter ("up", which suits mattes and plates alike) and zlib-ng take 3 ms of CPU for a 1080p 16-bit matte; the
general writers take ten times that.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from roto.export.deflated import deflated
from roto.frames.source import ColourTags

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # grey, RGB, RGBA, by their number of channels
_UP = 2


def png_bytes(
    pixels: NDArray[Any],
    *,
    pixel_aspect: Fraction = Fraction(1),
    tags: ColourTags | None = None,
    text: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """``H x W`` grey, ``H x W x 3`` RGB or ``H x W x 4`` straight RGBA, uint8 or uint16, as a PNG file.

    ``pixel_aspect`` (width / height) is carried as pHYs, known primaries and transfer as cICP, ``text`` as iTXt; its
    keys are 1 to 79 characters of Latin-1, its values without a NUL.
    """
    height, width = pixels.shape[:2]
    bits = 8 * pixels.itemsize
    header = struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[pixels[0, 0].size], 0, 0, 0)
    chunks = [_chunk(b"IHDR", header)]
    if tags is not None and tags.primaries != 2 and tags.transfer != 2:
        chunks.append(_chunk(b"cICP", bytes([tags.primaries, tags.transfer, 0, 1])))
    if pixel_aspect != 1:
        density = struct.pack(">IIB", pixel_aspect.denominator, pixel_aspect.numerator, 0)
        chunks.append(_chunk(b"pHYs", density))
    for key, value in text.items():
        chunks.append(_chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + value.encode("utf-8")))
    chunks += [_chunk(b"IDAT", deflated(_filtered(pixels))), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _filtered(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Big-endian rows, each byte less the one above it, behind the filter's number."""
    wide = pixels if pixels.itemsize == 1 else pixels.astype(">u2")
    rows = np.ascontiguousarray(wide).view(np.uint8).reshape(len(pixels), -1)
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib_ng.crc32(data, zlib_ng.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
