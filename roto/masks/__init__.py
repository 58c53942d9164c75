"""KEYFRAME: what an artist draws, arrays in and matte out. One file a kind; :data:`MASKS` lists them.

    {"type": "polygon", "points": [[10, 10], [90, 12], [60, 80]]}
    {"type": "bezier", "points": [[10, 10, -5, 0, 5, 0], [90, 12], [60, 80, 9, 4, -9, -4]]}
    {"type": "bspline", "points": [[10, 10], [90, 12], [60, 80]]}
    {"type": "ellipse", "center": [50, 40], "radii": [30, 20], "rotation_deg": 15}
    {"type": "rectangle", "center": [50, 40], "size": [30, 20], "corner_radius_px": 4}
    {"type": "paint", "file": "keys/dancer.1001.png", "channel": "id", "id": 3}
    {"type": "brush", "strokes": [{"points": [[10, 10], [40, 30, 0.5]], "radius_px": 8, "hardness": 0.5}]}
    {"type": "prompt", "points": [[50, 40], [90, 12, 0]], "box": [20, 10, 80, 70]}

Each may say ``operation`` (add, subtract or intersect, against the shapes before it), ``feather_px`` (the whole width
of a soft edge centred on the outline, as in After Effects) and ``invert``. A Bezier's handles are relative to their
point, the incoming one first. Polygons, Beziers and B-splines may have ``point_feather_px`` instead, how far the soft
edge reaches from the outline at each point, outwards, inwards if negative, as a feather curve in Nuke does. Rotations
are clockwise as seen. Outlines may overlap themselves: what is wound around is inside, as in Nuke, After Effects and
Silhouette (the non-zero winding rule).

A stroke of a brush is a list of points, each with a pressure from 0 to 1 if it has one, a share of ``radius_px``
there. ``hardness`` is the share of the radius that is fully covered, 1 unless said; from there a smooth step leads to
nothing at the radius. ``opacity`` is how much it covers at most, and ``"mode": "erase"`` takes away from the strokes
before it.
"""

from __future__ import annotations

from roto.masks.bezier import Bezier
from roto.masks.brush import Brush
from roto.masks.bspline import BSpline
from roto.masks.ellipse import Ellipse
from roto.masks.mask import Mask
from roto.masks.paint import Paint
from roto.masks.polygon import Polygon
from roto.masks.prompted import Prompted
from roto.masks.rectangle import Rectangle

MASKS: dict[str, type[Mask]] = {
    "polygon": Polygon,
    "bezier": Bezier,
    "bspline": BSpline,
    "ellipse": Ellipse,
    "rectangle": Rectangle,
    "paint": Paint,
    "brush": Brush,
    "prompt": Prompted,
}
