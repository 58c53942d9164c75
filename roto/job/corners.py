"""Corners from a layer itself: its polygons of four points on keyframes, its matte in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from roto.composite.corners import Corners, Quad, check_quad
from roto.composite.fit_corners import fit_corners
from roto.errors import RotoError
from roto.image import Box, Matte
from roto.masks.polygon import Polygon
from roto.pipeline import PlannedLayer, Shot
from roto.shot.document import Keyframe

LayerCorners = Callable[[int, Matte, Box], Quad]


def layer_corners(shot: Shot, inside: Sequence[PlannedLayer]) -> LayerCorners:
    """What gives the corners of the only layer that is chosen on a frame, from its matte in a box of the frame.

    On a keyframe they are the polygon's, to the bit. Elsewhere they are found in the matte near the line from key to
    key. RotoError where there are several layers or a keyframe is no such polygon.
    """
    if len(inside) != 1:
        names = ", ".join(planned.layer.name for planned in inside)
        raise RotoError(f"corners come from one layer; say --layer ({names}), or give --corners")
    layer = inside[0].layer
    keyed = {key.frame: _quad(layer.name, key) for key in layer.keyframes if not key.absent}
    if not keyed:
        lacks = "it is absent on every keyframe" if layer.keyframes else "it has no keyframes"
        raise RotoError(f"corners from layer {layer.name!r}: {lacks}; give --corners")
    corners = Corners(keyed)
    for number in shot.range.numbers():
        corners.at(number)

    def at(number: int, matte: Matte, box: Box) -> Quad:
        expected = corners.at(number)
        if number in keyed:
            return expected
        corner = np.array([box.x0, box.y0])
        return check_quad(fit_corners(matte, expected - corner).quad + corner, number)

    return at


def _quad(name: str, keyframe: Keyframe) -> Quad:
    shape, *others = keyframe.shapes
    if not isinstance(shape, Polygon) or len(shape.points) != 4 or any(other.operation == "add" for other in others):
        raise RotoError(
            f"corners from layer {name!r}: its keyframe {keyframe.frame} is no polygon of four points; give --corners"
        )
    return check_quad(np.array(shape.points, np.float64), keyframe.frame)
