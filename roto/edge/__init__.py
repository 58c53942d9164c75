"""Steps of the edge stage, which every delivered matte goes through, keyed frames too, in the order that the user sets.

A step is a frozen dataclass in a file of its own around a pure function; a new one is one file and one line here, and
the contract test covers it at once. In a document::

    "edge": [{"type": "despeckle", "area_px": 40}, {"type": "grow", "px": -0.5}, {"type": "feather", "px": 4}]
"""

from __future__ import annotations

from roto.edge.antialias import Antialias
from roto.edge.choke import Choke
from roto.edge.despeckle import Despeckle
from roto.edge.feather import Feather
from roto.edge.fill_holes import FillHoles
from roto.edge.grow import Grow
from roto.edge.levels import Levels
from roto.edge.motion_blur import MotionBlur
from roto.edge.refine import Refine
from roto.edge.stabilise import Stabilise
from roto.edge.step import EdgeStep

EDGE_STEPS: dict[str, type[EdgeStep]] = {
    "grow": Grow,
    "feather": Feather,
    "choke": Choke,
    "levels": Levels,
    "fill-holes": FillHoles,
    "despeckle": Despeckle,
    "antialias": Antialias,
    "refine": Refine,
    "stabilise": Stabilise,
    "motion-blur": MotionBlur,
}
