"""Look-up tables of the Cube LUT Specification 1.0 (Adobe, 2013), in one and in three dimensions.

A table of three dimensions is interpolated in tetrahedra, as in J. Kasson, S. Nin, W. Plouffe and J. Hafner,
"Performing color space conversions with three-dimensional linear interpolation" (J. Electronic Imaging 4(3), 1995):
it keeps greys grey, where eight corners mix colours in. Numbers outside the domain are clamped to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.composite.light import Floats
from roto.errors import DocumentError

_SIZES = {"LUT_1D_SIZE": (2, 65536), "LUT_3D_SIZE": (2, 256)}
_AT_ONCE = 1 << 15  # pixels, whose working arrays fit into the cache


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """table: float32 ``N x 3`` of one dimension, or ``N x N x N x 3`` by blue, green and red. low, high: the domain of
    red, green and blue."""

    table: Floats
    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __call__(self, picture: Floats) -> Floats:
        """float32 ``H x W x 3`` in, the same out."""
        flat = picture.reshape(-1, 3)
        out = np.empty_like(flat)
        look_up = _in_one if self.table.ndim == 2 else _in_three
        low, span = np.array(self.low, np.float32), np.subtract(self.high, self.low).astype(np.float32)
        for start in range(0, len(flat), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            place = np.clip((flat[some] - low) / span, 0, 1) * np.float32(len(self.table) - 1)
            out[some] = look_up(self.table, place)
        return out.reshape(picture.shape)


def _in_one(table: Floats, place: Floats) -> Floats:
    lower = np.minimum(place.astype(np.int32), len(table) - 2)
    rest = place - lower
    channel = np.arange(3)
    below, above = table[lower, channel], table[lower + 1, channel]
    mixed: Floats = below + rest * (above - below)
    return mixed


def _in_three(table: Floats, place: Floats) -> Floats:
    """From the corner below along the axes in the order of what is left, the largest first."""
    size = len(table)
    flat = table.reshape(-1, 3)
    lower = np.minimum(place.astype(np.int32), size - 2)
    rest = place - lower
    steps = np.array([1, size, size * size], np.int32)  # red is the fastest
    index = lower @ steps
    order = np.argsort(-rest, axis=1, kind="stable")
    sorted_rest = np.take_along_axis(rest, order, axis=1)
    value = flat[index]
    mixed = value.copy()
    for axis in range(3):
        index = index + steps[order[:, axis]]
        after = flat[index]
        mixed += sorted_rest[:, axis, None] * (after - value)
        value = after
    return mixed


def parse_cube(text: str, name: str) -> Cube:
    """A .cube file's text. DocumentError, its place ``name``, with the line, for what is not valid."""
    size, kind = 0, ""
    domain = {"DOMAIN_MIN": (0.0, 0.0, 0.0), "DOMAIN_MAX": (1.0, 1.0, 1.0)}
    rows: list[tuple[float, float, float]] = []
    for at, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0][0] in "+-.0123456789":
            if not kind:
                raise DocumentError(f"{name}, line {at}", "numbers before LUT_1D_SIZE or LUT_3D_SIZE")
            rows.append(_three(words, f"{name}, line {at}"))
        elif rows:
            raise DocumentError(f"{name}, line {at}", f"{words[0][:40]!r} behind the first numbers of the table")
        elif words[0] in _SIZES:
            if kind:
                raise DocumentError(f"{name}, line {at}", f"a second size; there was {kind} {size}")
            kind, size = words[0], _size(words, f"{name}, line {at}")
        elif words[0] in domain:
            domain[words[0]] = _three(words[1:], f"{name}, line {at}")
        elif words[0] in ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"):  # DaVinci Resolve's word for it
            first, last, _ = _three([*words[1:], "0"], f"{name}, line {at}")
            domain = {"DOMAIN_MIN": (first,) * 3, "DOMAIN_MAX": (last,) * 3}
        elif words[0] != "TITLE":
            raise DocumentError(f"{name}, line {at}", f"{words[0][:40]!r} is no word of a .cube file")
    if not kind:
        raise DocumentError(name, "no LUT_1D_SIZE or LUT_3D_SIZE; it is no .cube file")
    wanted = size if kind == "LUT_1D_SIZE" else size**3
    if len(rows) != wanted:
        raise DocumentError(name, f"{len(rows)} rows of numbers, but {kind} {size} has {wanted}")
    low, high = domain["DOMAIN_MIN"], domain["DOMAIN_MAX"]
    if not all(a < b for a, b in zip(low, high, strict=True)):
        raise DocumentError(name, f"DOMAIN_MIN {_told(low)} is not below DOMAIN_MAX {_told(high)}")
    table: NDArray[np.float32] = np.array(rows, np.float32)
    return Cube(table if kind == "LUT_1D_SIZE" else table.reshape(size, size, size, 3), low, high)


def _three(words: list[str], place: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(word) for word in words)
    except ValueError:
        raise DocumentError(place, f"{' '.join(words)[:60]!r}, but three numbers are needed") from None
    if not all(math.isfinite(number) and abs(number) < 1e30 for number in (red, green, blue)):
        raise DocumentError(place, f"{' '.join(words)[:60]!r}, but finite numbers are needed")
    return red, green, blue


def _size(words: list[str], place: str) -> int:
    least, most = _SIZES[words[0]]
    size = int(words[1]) if len(words) == 2 and words[1].isascii() and words[1].isdecimal() else 0
    if not least <= size <= most:
        raise DocumentError(place, f"{' '.join(words)[:60]!r}, but a whole number from {least} to {most} is needed")
    return size


def _told(numbers: tuple[float, float, float]) -> str:
    return " ".join(f"{number:g}" for number in numbers)
