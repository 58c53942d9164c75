"""Options of temporal smoothing."""

from __future__ import annotations

from dataclasses import dataclass

from roto.options import option


@dataclass(frozen=True, kw_only=True)
class SmoothOptions:
    """How flicker is taken out of the edges. Keyed frames are never changed."""

    enabled: bool = option(True, "smooth along the motion")
    radius_frames: int = option(2, "how many frames to each side are looked at", minimum=1, maximum=4)
    strength: float = option(1.0, "weight of the neighbouring frames, 1 is usual", minimum=0.0, maximum=4.0)
