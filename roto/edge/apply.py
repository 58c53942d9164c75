"""The edge stage: grow, then feather."""

from __future__ import annotations

from roto.edge.grow import grow
from roto.edge.options import EdgeOptions
from roto.image import Matte
from roto.masks.feather import feather


def finish_edge(matte: Matte, options: EdgeOptions) -> Matte:
    """A finished matte with its edge grown and feathered; returned as it is, byte for byte, by the defaults."""
    return feather(grow(matte, options.grow_px), options.feather_px)
