"""Where weights are kept, and what the environment says about it.

``ROTO_WEIGHTS``      a folder of weights that a studio shares; it may be read-only. Looked into first.
``ROTO_WEIGHTS_URL``  a mirror to get the official files from.
``ROTO_OFFLINE``      1: never touch the network.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from roto.errors import RotoError
from roto.weights.table import Entry

_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


def search_folders() -> tuple[Path, ...]:
    """The folders that are looked into, in order: the studio's where ``ROTO_WEIGHTS`` names one, then the user's."""
    own = Path(platformdirs.user_data_path("roto", appauthor=False)) / "weights"
    shared = os.environ.get("ROTO_WEIGHTS")
    return (Path(shared).expanduser().absolute(), own) if shared else (own,)


def get_folder() -> Path:
    """The folder that ``roto weights get`` writes to: the first that is looked into."""
    return search_folders()[0]


def cache_folder() -> Path:
    """The user's folder for what can be computed again."""
    return Path(platformdirs.user_cache_path("roto", appauthor=False))


def locate(entry: Entry) -> Path | None:
    """The file of an entry: the first of the right size, else the first of its name, else None."""
    found = [path for folder in search_folders() if (path := folder / entry.file).is_file()]
    return next((path for path in found if path.stat().st_size == entry.bytes), found[0] if found else None)


def is_offline() -> bool:
    """Whether ``ROTO_OFFLINE`` forbids the network."""
    return os.environ.get("ROTO_OFFLINE", "").strip().lower() not in ("", "0", "no", "false", "off")


def address(entry: Entry) -> str:
    """Where to get an entry: its official address, or the same file at ``ROTO_WEIGHTS_URL``.

    RotoError when that is not a base address that may be used (see :func:`may_ask`)."""
    mirror = os.environ.get("ROTO_WEIGHTS_URL")
    if not mirror:
        return entry.url
    if not may_ask(mirror):
        raise RotoError(
            f"ROTO_WEIGHTS_URL={without_password(mirror)} is not an address to get weights from; "
            "https://HOST/FOLDER is needed (http only for localhost)"
        )
    return f"{mirror.rstrip('/')}/{entry.file}"


def may_ask(url: str) -> bool:
    """Whether an address may be asked: https anywhere, http only on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL_HOSTS))


def without_password(url: str) -> str:
    """An address fit to be printed: without user name, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
