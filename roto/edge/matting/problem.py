"""What a matting method is given: a picture, where alpha is known, and where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import Box

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A picture of at least 3 x 3 pixels with known foreground, known background and pixels to solve.

    rgb: float32 ``H x W x 3`` in [0, 1], display-referred.
    known: float32 ``H x W`` in [0, 1]: alpha where it is known, anything where it is not.
    unknown: bool ``H x W``: the pixels whose alpha is asked for.
    expected: float32 ``H x W``: what alpha is where the picture does not tell, and trust, 0 or more, by how much: the
        weight of a pixel's expectation beside that of a window of the picture. None: nothing is expected.
    """

    rgb: Floats
    known: Floats
    unknown: Mask
    expected: Floats | None = None
    trust: Floats | None = None

    def within(self, box: Box) -> Problem:
        """The part inside a box, contiguous in memory."""
        return self._cut(*box.slices)

    def every_second(self) -> Problem:
        """Every second pixel of every second row, the first ones included. Nothing is averaged: a mean over an edge
        would be a colour that neither side has."""
        return self._cut(slice(None, None, 2), slice(None, None, 2))

    def _cut(self, rows: slice, columns: slice) -> Problem:
        rgb, known = np.ascontiguousarray(self.rgb[rows, columns]), np.ascontiguousarray(self.known[rows, columns])
        expected, trust = (
            None if each is None else np.ascontiguousarray(each[rows, columns]) for each in (self.expected, self.trust)
        )
        return Problem(rgb, known, np.ascontiguousarray(self.unknown[rows, columns]), expected, trust)

    @property
    def has_both(self) -> bool:
        """Foreground and background are both known somewhere."""
        sure = self.known[~self.unknown]
        return bool((sure > 0).any() and (sure < 1).any())


def read_trimap(trimap: NDArray[Any]) -> tuple[Floats, Mask]:
    """Known alpha (0 or 1, 0.5 elsewhere) and the unknown pixels of a trimap.

    trimap: ``H x W``. uint8: 0 background, 255 foreground, anything between unknown. Floating point: 0, 1, anything
    between. RotoError for other shapes, types, and values outside [0, 1] or not a number.
    """
    if trimap.ndim != 2 or 0 in trimap.shape:
        raise RotoError(f"a trimap is one picture H x W, got the shape {trimap.shape}")
    if trimap.dtype == np.uint8:
        foreground, background = trimap == 255, trimap == 0
    elif np.issubdtype(trimap.dtype, np.floating):
        if not np.isfinite(trimap).all() or trimap.min() < 0 or trimap.max() > 1:
            raise RotoError(
                f"a trimap holds values from 0 to 1, got {trimap.min():g} to {trimap.max():g}; clip it, or pass uint8"
            )
        foreground, background = trimap == 1, trimap == 0
    else:
        raise RotoError(f"a trimap is uint8 (0, 128, 255) or floating point (0, 0.5, 1), got {trimap.dtype}")
    unknown = ~(foreground | background)
    return np.where(unknown, np.float32(0.5), foreground.astype(np.float32)), unknown


def checked_plate(rgb: NDArray[Any], shape: tuple[int, ...]) -> Floats:
    """The plate as float32 in [0, 1]; what lies outside is clipped, as on a display. RotoError for another size or
    type, and for NaN and Inf."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.shape[:2] != shape or rgb.dtype != np.float32:
        raise RotoError(
            f"the plate of a {shape[1]} x {shape[0]} trimap is float32 {shape[0]} x {shape[1]} x 3, "
            f"got {rgb.shape} of {rgb.dtype}"
        )
    if not np.isfinite(rgb).all():
        row, column = np.argwhere(~np.isfinite(rgb).all(axis=2))[0]
        raise RotoError(
            f"the plate holds NaN or Inf, first at column {column}, row {row}; "
            "replace such pixels before the matte is refined"
        )
    clipped: Floats = np.clip(rgb, 0, 1)
    return clipped


def at_least_three(problem: Problem) -> Problem:
    """A frame of one or two rows or columns repeats its border until it has three."""
    down, across = (max(3 - size, 0) for size in problem.unknown.shape)
    if not (down or across):
        return problem

    def larger(part: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(cv2.copyMakeBorder(part, 0, down, 0, across, cv2.BORDER_REPLICATE))

    unknown = larger(problem.unknown.astype(np.uint8)) > 0
    expected, trust = (None if each is None else larger(each) for each in (problem.expected, problem.trust))
    return Problem(larger(problem.rgb), larger(problem.known), unknown, expected, trust)
