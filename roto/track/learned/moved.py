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
    resolution."""
    band = np.float32(BAND_PX * view.scale)
    level = np.where(np.abs(answer) < 3, answer / np.float32(ODDS_PER_PX), np.sign(answer) * np.float32(4.5))
    wanted = np.clip(redistanced(level.astype(np.float32)), -band, band)
    if wanted.shape == carried.shape:
        return wanted
    return carried + view.up(wanted - np.clip(small, -band, band))
