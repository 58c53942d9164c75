"""Light wrap: a bright background shines around the edge of what stands before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from roto.composite.gaussian import gaussian, gaussian_reach
from roto.composite.light import Floats
from roto.image import Box, Matte
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class LightWrap:
    px: float = option(
        0.0, "how far a background's light comes in, standard deviation in px", minimum=0.0, maximum=500.0
    )
    amount: float = option(0.5, "how much of it", minimum=0.0, maximum=1.0)


def wrapped(treated: Floats, box: Box, behind: Floats, matte: Matte, around: Box, options: LightWrap) -> Floats:
    """``treated``, which is ``box`` of the frame, with the light of what is behind. ``behind`` and ``matte`` are those
    of ``around``, which holds :func:`wrap_needs`; all in the same light.

    The blurred background comes in by the share of background in the neighbourhood. It only adds: nothing gets darker.
    """
    inner = box.within(around).slices
    share = gaussian(1 - matte, options.px, around)[inner]
    glow = gaussian(behind, options.px, around)[inner]
    lit: Floats = treated + np.float32(options.amount) * share[..., None] * np.maximum(glow - treated, 0)
    return lit


def wrap_needs(box: Box, width: int, height: int, options: LightWrap) -> Box:
    """The pixels of the background whose light reaches ``box``."""
    return box.padded(gaussian_reach(options.px), width, height)
