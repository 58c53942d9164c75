"""PNG as a file format: is it whole? (libpng reports damage on the terminal only, so it must not meet any.)"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from roto.errors import SourceError

_SIGNATURE_BYTES = 8


def check_png(path: Path) -> None:
    """SourceError unless every chunk up to IEND is there with the right checksum (ISO/IEC 15948, 5.3)."""
    with path.open("rb") as file:
        file.seek(_SIGNATURE_BYTES)
        while True:
            head = file.read(8)
            if len(head) < 8:
                raise SourceError(f"{path}: damaged or cut short: the PNG ends before its end mark")
            length, kind = struct.unpack(">I4s", head)
            body = file.read(length + 4)
            if len(body) < length + 4:
                raise SourceError(f"{path}: damaged or cut short: the PNG ends before its end mark")
            if zlib.crc32(body[:-4], zlib.crc32(kind)) != int.from_bytes(body[-4:], "big"):
                raise SourceError(f"{path}: damaged: a PNG chunk's checksum is wrong")
            if kind == b"IEND":
                return
