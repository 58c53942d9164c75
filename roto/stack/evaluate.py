"""The matte of a stack on one frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from roto.edge.grow import grow
from roto.errors import DocumentError, RotoError
from roto.image import Matte, check_matte
from roto.masks.feather import feather
from roto.masks.fields import placed
from roto.stack.entry import OPERATIONS, Covered, Seen, StackEntry


class Stacked(NamedTuple):
    """A stack's matte, float32 ``H x W`` in [0, 1], its confidence, and by the place of an entry what that one looked
    for and did not find, see :class:`roto.stack.entry.Covered`."""

    matte: Matte
    confidence: float
    missing: Mapping[int, str] = MappingProxyType({})


def evaluate(entries: Sequence[StackEntry], seen: Seen, place: str = "stack") -> Stacked:
    """The entries joined from the first to the last; as sure as the least sure one that counts.

    DocumentError, naming ``place`` and the entry, for what cannot be had.
    """
    width, height = seen.canvas.width, seen.canvas.height
    matte = np.zeros((height, width), np.float32)
    confidence = 1.0
    missing: dict[int, str] = {}
    for index, keyed in enumerate(entries):
        with placed(f"{place}[{index}]"):
            # keyed values may cross on a frame
            entry = keyed.at(seen.number)
            if entry.opacity == 0:
                continue
            covered = _covered(entry, seen)
        here = _finished(entry, check_matte(covered.matte, width, height))
        confidence = min(confidence, covered.confidence)
        matte = _joined(matte, here, entry)
        if covered.missing:
            missing[index] = covered.missing
    return Stacked(matte, confidence, missing)


def _covered(entry: StackEntry, seen: Seen) -> Covered:
    """With its place named in what the pure functions below it refuse."""
    try:
        return entry.coverage(seen)
    except RotoError as error:
        if type(error) is not RotoError:
            raise
        raise DocumentError("", str(error)) from None


def _finished(entry: StackEntry, matte: Matte) -> Matte:
    matte = feather(grow(matte, entry.grow_px), entry.feather_px, entry.feather_side)
    return np.float32(1) - matte if entry.invert else matte


def _joined(below: Matte, here: Matte, entry: StackEntry) -> Matte:
    joined = OPERATIONS[entry.operation](below, here)
    if entry.opacity < 1:
        joined = below + np.float32(entry.opacity) * (joined - below)
    return np.asarray(np.clip(joined, 0, 1), np.float32)
