"""Keyframes as an artist would draw them: polygons of a few dozen points along the matte's half-way line."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Points = list[list[float]]

_SCALE = 4  # the outline is looked for on a finer grid, to be exact to a fraction of a pixel
_SMALLEST = 40.0  # square pixels: an artist draws no speck
_THINNEST = 3  # pixels: nor follows a single hair


def polygons(matte: NDArray[np.uint8], most: int = 60) -> list[Points]:
    """Outlines of an 8-bit matte at one half, largest first, with at most ``most`` points among them.

    Points are in pixels with the origin at the picture's top left corner, so the first pixel's centre is (0.5, 0.5).
    """
    height, width = matte.shape
    padded = cv2.copyMakeBorder(matte, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    fine = cv2.resize(padded, None, fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_LINEAR)
    fine[:_SCALE] = fine[-_SCALE:] = fine[:, :_SCALE] = fine[:, -_SCALE:] = 0
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_THINNEST * _SCALE + 1, _THINNEST * _SCALE + 1))
    inside = cv2.morphologyEx((fine >= 128).astype(np.uint8), cv2.MORPH_OPEN, brush)
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outlines = sorted((o for o in outlines if cv2.contourArea(o) / _SCALE**2 >= _SMALLEST), key=cv2.contourArea)[::-1]
    tolerance = 0.5
    while True:
        drawn = [cv2.approxPolyDP(outline, tolerance * _SCALE, True)[:, 0] for outline in outlines]
        if sum(map(len, drawn)) <= most:
            break
        tolerance *= 1.1
    limits = np.array([width, height])
    return [np.clip((points + 0.5) / _SCALE - 1, 0, limits).round(2).tolist() for points in drawn if len(points) >= 3]


def document(shapes: list[Points]) -> str:
    """The polygons as a shape file, one point list a line, so that a change reads well in git."""
    lines = ",\n".join(f'    {{"type": "polygon", "points": {points}}}' for points in shapes)
    return f'{{\n  "shapes": [\n{lines}\n  ]\n}}\n'
