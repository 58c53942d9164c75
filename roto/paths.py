"""Paths in a document: relative to its folder where that makes sense, always with forward slashes."""

from __future__ import annotations

import os
from pathlib import Path


def resolve(path: str, folder: Path) -> Path:
    """The file that ``path``, as it stands in a document in ``folder``, names."""
    # resolved as written, like relative(): the folder need not exist yet, and links stay
    return Path(os.path.normpath(folder / path))


def relative(path: Path, folder: Path) -> str:
    """How a document in ``folder`` names ``path``: relative if they share more than the root, else absolute."""
    target, base = Path(os.path.abspath(path)), Path(os.path.abspath(folder))  # noqa: PTH100 - links stay as written
    try:
        shared = os.path.commonpath([target, base])
    except ValueError:  # on two drives
        return target.as_posix()
    if shared == target.anchor:
        return target.as_posix()
    return Path(os.path.relpath(target, base)).as_posix()
