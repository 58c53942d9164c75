"""Local files as the user names them: what they hold, and why they cannot be read."""

from __future__ import annotations

import stat
from pathlib import Path

from roto.errors import SourceError

#: What an image file of each kind begins with. The content decides, not the name.
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"\x76\x2f\x31\x01": "exr",
    b"SDPX": "dpx",
    b"XPDS": "dpx",
}
IMAGE_EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".exr", ".dpx"})


def kind_of(path: Path) -> str | None:
    """``png``, ``jpeg``, ``tiff``, ``exr`` or ``dpx`` by the file's first bytes; None for anything else.

    SourceError when the file cannot be opened.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError(f"{path}: not a file (a pipe, device or folder)")
        with path.open("rb") as file:
            head = file.read(8)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def unreadable(path: Path, error: OSError | ValueError) -> SourceError:
    """One line for what the operating system said."""
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{path}: there is no such file or folder")
    if isinstance(error, PermissionError):
        return SourceError(f"{path}: no permission to read it")
    if isinstance(error, IsADirectoryError):
        return SourceError(f"{path}: a folder, where a file is needed")
    said = getattr(error, "strerror", None) or str(error)
    return SourceError(f"{path}: {said.lower()}")
