"""A layer's stack from a document or a command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from roto.errors import DocumentError
from roto.kinds import Family
from roto.stack import STACK_ENTRIES
from roto.stack.entry import NEED_BELOW, StackEntry

ENTRIES: Family[StackEntry] = Family(STACK_ENTRIES, "kind of mask", most=100)


def read_stack(data: Any, place: str) -> tuple[StackEntry, ...]:
    """``[{"type": "rotoscope"}, ...]`` from JSON. DocumentError for whatever is not valid."""
    entries = ENTRIES.read(data, place)
    check_stack(entries, place)
    return entries


def parse_entry(text: str) -> StackEntry:
    """An entry as on the command line: ``luma-key=0.2,operation=multiply``, see :meth:`roto.kinds.Family.parse`. A
    number may be keyed, as ``VALUE@FRAME:VALUE@FRAME``."""
    return ENTRIES.parse(text)


def check_stack(entries: Sequence[StackEntry], place: str = "stack") -> None:
    """DocumentError for a stack of nothing, and for a first entry that needs something below it."""
    if not entries:
        raise DocumentError(place, "empty; it has at least one kind of mask, or is left out for the tracked keyframes")
    if entries[0].operation in NEED_BELOW:
        raise DocumentError(
            f"{place}[0].operation",
            f"{entries[0].operation!r} has nothing below it to work on; begin with one to add, such as 'solid'",
        )
