"""KEYFRAME: what an artist draws, arrays in and matte out. One file a kind; :data:`MASKS` lists them."""

from __future__ import annotations

from roto.masks.bezier import Bezier
from roto.masks.bspline import BSpline
from roto.masks.ellipse import Ellipse
from roto.masks.mask import Mask
from roto.masks.paint import Paint
from roto.masks.polygon import Polygon
from roto.masks.rectangle import Rectangle

MASKS: dict[str, type[Mask]] = {
    "polygon": Polygon,
    "bezier": Bezier,
    "bspline": BSpline,
    "ellipse": Ellipse,
    "rectangle": Rectangle,
    "paint": Paint,
}
