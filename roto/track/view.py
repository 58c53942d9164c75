"""The working view: the subject's region of two neighbouring frames, scaled so that its cost is bounded."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box, Matte

MOST_PIXELS = 100_000  # of a working view: a quarter of a 480p frame, so small subjects are seen at full resolution


@dataclass(frozen=True, slots=True)
class Detail:
    """How closely pictures are looked at. preset: of the flow. pixels: of a working view at most."""

    preset: str = "medium"
    pixels: int = MOST_PIXELS


@dataclass(frozen=True, slots=True)
class View:
    """A region of the frame, ``box`` in full-resolution pixels, seen at ``width x height`` working pixels."""

    box: Box
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Working pixels to a full-resolution pixel."""
        return self.width / self.box.width

    def picture(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The region of a whole frame, area-averaged to working resolution."""
        patch = np.ascontiguousarray(rgb[self.box.slices])
        return np.asarray(cv2.resize(patch, (self.width, self.height), interpolation=cv2.INTER_AREA), np.uint8)

    def down(self, distance: NDArray[np.float32]) -> NDArray[np.float32]:
        """A signed distance of the region at working resolution, in working pixels."""
        size = (self.width, self.height)
        scaled = cv2.resize(distance, size, interpolation=cv2.INTER_AREA) * np.float32(self.scale)
        return np.asarray(scaled, np.float32)

    def shrink(self, matte: Matte) -> Matte:
        """A matte of the region, area-averaged to working resolution."""
        return np.asarray(cv2.resize(matte, (self.width, self.height), interpolation=cv2.INTER_AREA), np.float32)

    def enlarge(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values of the working resolution at that of the frame."""
        size = (self.box.width, self.box.height)
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), np.float32)

    def up(self, distance: NDArray[np.float32]) -> NDArray[np.float32]:
        """The way back: from working resolution and pixels to those of the frame."""
        size = (self.box.width, self.box.height)
        scaled = cv2.resize(distance, size, interpolation=cv2.INTER_LINEAR) / np.float32(self.scale)
        return np.asarray(scaled, np.float32)


def view_of(box: Box, pixels: int = MOST_PIXELS) -> View:
    """The view of ``box`` with at most about so many working pixels."""
    scale = min(1.0, float(np.sqrt(pixels / (box.width * box.height))))
    return View(box, max(round(box.width * scale), 1), max(round(box.height * scale), 1))
