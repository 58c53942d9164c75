"""Layer names become the names of files, folders and EXR channels: what they may be."""

from __future__ import annotations

import re
import unicodedata

from roto.errors import DocumentError

MAX_LENGTH = 64
_ALLOWED = re.compile(r"\w[\w +.-]*")  # \w is any letter or digit of any script, and _
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # device names on Windows


def composed(name: str) -> str:
    """``name`` with its accents in one character with their letters, as most systems write them: two spellings of a
    name that look alike are one name."""
    return unicodedata.normalize("NFC", name)


def check_layer_name(name: str, place: str = "name") -> None:
    """DocumentError unless ``name`` can be a file and folder name everywhere."""
    problem = _problem(name)
    if problem:
        raise DocumentError(place, f"{name!r} cannot be a layer's name: {problem}")


def _problem(name: str) -> str | None:
    if not name:
        return "it is empty"
    if len(name) > MAX_LENGTH or len(name.encode("utf-8", "replace")) > 3 * MAX_LENGTH:
        return f"it is longer than {MAX_LENGTH} characters"
    if not _ALLOWED.fullmatch(name):
        return "letters, digits, _ - + . and spaces are allowed, and a letter, a digit or _ comes first"
    if name[-1] in " .":
        return "it ends in a space or a dot"
    if _RESERVED.fullmatch(name):
        return "Windows keeps this name for a device"
    return None
