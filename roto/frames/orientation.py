"""Display orientation: quarter turns and mirrors, from a video's display matrix or a photo's EXIF tag."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Orientation:
    """Transpose first (where asked), then mirror left-right, then top-bottom."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    @property
    def degrees(self) -> int:
        """The clockwise turn in it. A mirrored orientation is such a turn after a mirror."""
        if self.transpose:
            return 90 if not self.mirror_y else 270
        return 180 if self.mirror_x and self.mirror_y else 0

    @property
    def mirrored(self) -> bool:
        return (self.mirror_x + self.mirror_y + self.transpose) % 2 == 1

    def size(self, width: int, height: int) -> tuple[int, int]:
        return (height, width) if self.transpose else (width, height)

    def pixel_aspect(self, aspect: Fraction) -> Fraction:
        return 1 / aspect if self.transpose else aspect

    def apply(self, picture: NDArray[Any]) -> NDArray[Any]:
        """The picture (``H x W`` or ``H x W x C``) the way up it is shown."""
        if self.transpose:
            picture = picture.swapaxes(0, 1)
        if self.mirror_x:
            picture = picture[:, ::-1]
        if self.mirror_y:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)


UPRIGHT = Orientation()


def from_display_matrix(matrix: NDArray[np.int32]) -> Orientation | None:
    """The orientation of a 3 x 3 display matrix (ISO/IEC 14496-12, 6.2.2), x' = a x + c y and y' = b x + d y.

    None when it is no quarter turn: singular, or turned by any other angle.
    """
    a, b, c, d = (int(matrix[row, column]) for row in (0, 1) for column in (0, 1))
    straight, turned = abs(a) + abs(d), abs(b) + abs(c)
    small, large = min(straight, turned), max(straight, turned)
    if a * d - b * c == 0 or small > large * math.tan(math.radians(1)):
        return None
    if turned > straight:
        return Orientation(True, mirror_x=c < 0, mirror_y=b < 0)
    return Orientation(False, mirror_x=a < 0, mirror_y=d < 0)


def from_exif(tag: int) -> Orientation:
    """The orientation of an EXIF (and TIFF) orientation tag; values outside 1-8 mean upright."""
    return _EXIF.get(tag, UPRIGHT)


_EXIF = {
    1: UPRIGHT,
    2: Orientation(False, mirror_x=True),
    3: Orientation(False, mirror_x=True, mirror_y=True),
    4: Orientation(False, mirror_y=True),
    5: Orientation(True),
    6: Orientation(True, mirror_x=True),
    7: Orientation(True, mirror_x=True, mirror_y=True),
    8: Orientation(True, mirror_y=True),
}
