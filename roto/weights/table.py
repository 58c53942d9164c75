"""The official weights: one table, ``weights/sam.json``, read when it is first asked.

The folder ``weights`` at the top of the project is packaged as ``roto.weights.data``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

from roto.errors import RotoError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of official weights."""

    name: str  # "vit_b"
    model: str  # "sam"
    file: str  # the name it is kept under
    url: str  # its official address
    sha256: str  # of the whole file, hexadecimal
    bytes: int
    about: str
    licence: str  # an SPDX identifier

    @property
    def title(self) -> str:
        """``sam vit_b``."""
        return f"{self.model} {self.name}"

    @property
    def size(self) -> str:
        """``375 MB``."""
        return size_in_words(self.bytes)


class Table(Mapping[str, Entry]):
    """The entries by name, in the table's order."""

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        data = json.loads(resources.files("roto.weights.data").joinpath("sam.json").read_text("utf-8"))
        shared = {"model": data["model"], "licence": data["licence"]}
        entries = [Entry(**row, **shared, url=f"{data['host']}/{row['file']}") for row in data["weights"]]
        return {entry.name: entry for entry in entries}


WEIGHTS = Table()


def entry_of(name: str) -> Entry:
    """The table's entry. RotoError naming those there are."""
    try:
        return WEIGHTS[name]
    except KeyError:
        raise RotoError(f"{name!r} names no weights; there are {', '.join(WEIGHTS)}") from None


def size_in_words(count: int) -> str:
    """A number of bytes for people: ``375 MB``, ``2.56 GB``."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
