"""From a network's answer at working resolution to an edge at that of the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roto.signed_distance import redistanced
from roto.track.learned.nets import ODDS_PER_PX
from roto.track.state import BAND_PX
from roto.track.view import View


def moved(
    carried: NDArray[np.float32], small: NDArray[np.float32], answer: NDArray[np.float32], view: View
) -> NDArray[np.float32]:
    """The carried edge, brought to where the network's log-odds are zero; where they agree it stays as it is, at full
    resolution. carried: signed distance of the view's box; small: the same at working resolution, from which the
    network started; answer: log-odds, likewise."""
    band = BAND_PX * view.scale
    level = np.where(np.abs(answer) < 3, answer / np.float32(ODDS_PER_PX), np.sign(answer) * np.float32(4.5))
    # both are measured alike, so that an answer that agrees moves nothing at all
    wanted, was = (redistanced(x, band, band) for x in (level.astype(np.float32), small))
    # flow stretches what it carries, and an edge would stop short in it
    return redistanced(carried, outside_px=BAND_PX) + view.up(wanted - was)
