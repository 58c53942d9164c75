"""The part of a picture that a prompt is about, at a size that bounds the work, and the way back to the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box, Matte
from roto.signed_distance import coverage, redistanced

Bounds: TypeAlias = tuple[float, float, float, float]  # x0, y0, x1, y1, in pixels


@dataclass(frozen=True, slots=True)
class Window:
    """``at`` of a ``width x height`` picture, looked at as ``columns x rows`` pixels."""

    at: Box
    width: int
    height: int
    columns: int
    rows: int

    def view(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part of an ``H x W x 3`` picture, ``rows x columns x 3``."""
        part = np.ascontiguousarray(image[self.at.slices])
        if part.shape[:2] == (self.rows, self.columns):
            return part
        return np.asarray(cv2.resize(part, (self.columns, self.rows), interpolation=cv2.INTER_AREA), np.uint8)

    def view_matte(self, matte: Matte) -> Matte:
        """The part of an ``H x W`` matte, ``rows x columns``."""
        part = np.ascontiguousarray(matte[self.at.slices])
        return np.asarray(cv2.resize(part, (self.columns, self.rows), interpolation=cv2.INTER_AREA), np.float32)

    def points(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points of the picture, ``N x 2``, as points of the view."""
        scale = np.array([self.columns / self.at.width, self.rows / self.at.height], np.float32)
        return np.asarray((points - np.array(self.at[:2], np.float32)) * scale, np.float32)

    def box(self, box: Bounds) -> Bounds:
        """A box of the picture as one of the view."""
        x0, y0, x1, y1 = self.points(np.asarray(box, np.float32).reshape(2, 2)).ravel().tolist()
        return x0, y0, x1, y1

    def box_back(self, box: Bounds) -> Bounds:
        """A box of the view as one of the picture."""
        across, down = self.at.width / self.columns, self.at.height / self.rows
        x0, y0, x1, y1 = box
        return self.at.x0 + x0 * across, self.at.y0 + y0 * down, self.at.x0 + x1 * across, self.at.y0 + y1 * down

    def matte(self, level: NDArray[np.float32]) -> Matte:
        """The picture's matte from a level function of the view that is positive inside; outside the window: 0."""
        full = np.zeros((self.height, self.width), np.float32)
        if (level > 0).any():
            size = (self.at.width, self.at.height)
            larger = np.asarray(cv2.resize(level, size, interpolation=cv2.INTER_LINEAR), np.float32)
            full[self.at.slices] = coverage(redistanced(larger))
        return full


def window(width: int, height: int, around: Bounds, margin: float, side: float) -> Window:
    """The window around a box of a ``width x height`` picture, wider by ``margin`` of the box's mean side on each
    side, with at most ``side`` squared pixels."""
    x0, y0, x1, y1 = around
    pad = margin * float(np.sqrt((x1 - x0) * (y1 - y0)))
    pad_x, pad_y = max(pad, margin / 2 * (x1 - x0)) + 6, max(pad, margin / 2 * (y1 - y0)) + 6
    at = Box(
        max(round(x0 - pad_x), 0),
        max(round(y0 - pad_y), 0),
        min(round(x1 + pad_x), width),
        min(round(y1 + pad_y), height),
    )
    scale = min(side / float(np.sqrt(at.width * at.height)), 1.0)
    return Window(at, width, height, max(round(at.width * scale), 1), max(round(at.height * scale), 1))
