"""Options of the edge stage, which every delivered matte goes through, keyed frames too."""

from __future__ import annotations

from dataclasses import dataclass

from roto.options import option


@dataclass(frozen=True, kw_only=True)
class EdgeOptions:
    """What is done to the edge of a finished matte. The defaults change nothing."""

    grow_px: float = option(
        0.0, "move the edge outwards by this many pixels, inwards if negative", minimum=-200.0, maximum=200.0
    )
    feather_px: float = option(
        0.0, "width of a soft edge, half of it inside and half outside", minimum=0.0, maximum=1000.0
    )
