"""Sky, skin and vegetation on a frame of a clip: judged with its neighbours, so that they do not flicker."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from roto.detect.find import working_picture
from roto.motion.flow import dense_flow, grey, one_thread
from roto.motion.warp import warp
from roto.semantic import SURFACES
from roto.semantic.found import Found, FoundOptions, drawn
from roto.semantic.look import look_at
from roto.semantic.region import Odds

_DOUBT = 8.0  # difference of colours, in levels of 255, at which a neighbour counts a third


def find_surface(
    kind: str, rgb: NDArray[np.uint8], neighbours: Mapping[int, NDArray[np.uint8]], options: FoundOptions
) -> Found:
    """The sky, the skin or the vegetation of a frame; an empty matte where there is none.

    kind: a name in :data:`roto.semantic.SURFACES`. rgb: the full picture, uint8 ``H x W x 3``. neighbours: working
    pictures of the same shot by how many frames they follow; the likelihood is averaged with theirs along the motion,
    and what comes of it is decided for each frame by itself.
    """
    odds_of, judge = SURFACES[kind]
    small = working_picture(rgb)
    with one_thread():
        look = look_at(small)
        odds = odds_of(look)
        moved = {offset: (other, odds_of(look_at(other))) for offset, other in sorted(neighbours.items())}
        return drawn(rgb, judge(look, steadied(small, odds, moved)), options)


def steadied(rgb: NDArray[np.uint8], odds: Odds, neighbours: Mapping[int, tuple[NDArray[np.uint8], Odds]]) -> Odds:
    """Log-odds averaged with those of the neighbours, each a working picture with its own, where the
    flow to them explains the picture. To be run within :func:`roto.motion.flow.one_thread`."""
    total, weight = odds.copy(), np.ones_like(odds)
    here = grey(rgb)
    for other, theirs in neighbours.values():
        there = grey(other)
        flow = dense_flow(here, there)
        off = np.abs(rgb.astype(np.float32) - warp(other, flow)).mean(axis=2, dtype=np.float32)
        trust = np.exp(-off / np.float32(_DOUBT))  # where all is one colour flow errs, and that does no harm
        total += trust * warp(theirs, flow)
        weight += trust
    return np.asarray(total / weight, np.float32)
