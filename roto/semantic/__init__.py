"""SEMANTIC: what is named rather than shown: sky, skin, vegetation, what moves, the subject, a model's categories.

Arrays in, mattes out, each with a confidence. Everything but a model's categories is judged on the **working picture**
of :mod:`roto.detect`, uint8 RGB of at most 480 pixels along its longer side, and drawn on the full one.
"""

from __future__ import annotations

from collections.abc import Callable

from roto.semantic.look import Look
from roto.semantic.region import Judged, Odds
from roto.semantic.skin import judge_skin, skin_odds
from roto.semantic.sky import judge_sky, sky_odds
from roto.semantic.vegetation import judge_vegetation, vegetation_odds

SURFACES: dict[str, tuple[Callable[[Look], Odds], Callable[[Look, Odds], Judged]]] = {
    "sky": (sky_odds, judge_sky),
    "skin": (skin_odds, judge_skin),
    "vegetation": (vegetation_odds, judge_vegetation),
}
"""What is known by its look: log-odds of each pixel of a picture, and what comes of them."""
