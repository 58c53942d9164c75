"""How sure a frame is: its expected intersection over union with the truth, from what the networks say of it.

The log-odds that they give a pixel know little of what went wrong before; a logistic regression over them and a few
facts of the pass, fitted in training to the true overlap on rendered clips, makes up for that.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roto.track.state import State

FACTS = 8
_LOST_AT = 0  # the first fact says that the frame is empty, and only the second one is of use then


def facts(state: State, near: State, agreement: float | None) -> NDArray[np.float32]:
    """What is known of a frame, float32 of length ``FACTS``. ``state`` is the frame's, ``near`` that of the pass
    whose key is nearer, ``agreement`` the overlap of the two passes, None where there is one alone."""
    out = np.zeros(FACTS, np.float32)
    out[1] = math.log1p(near.age) / 3
    if state.empty:
        out[_LOST_AT] = 1
        return out
    expected = min(max(expected_overlap(state), 1e-3), 1 - 1e-3)
    size = max(float(np.sqrt(np.count_nonzero(near.patch > 0))), 1.0)
    out[2] = 1.0
    out[3] = math.log(expected / (1 - expected)) / 3
    out[4] = near.support
    out[5] = min(near.drift_px / size, 2.0)
    if agreement is not None:
        out[6:8] = agreement, 1.0
    return out


def expected_overlap(state: State) -> float:
    """Intersection over union that the log-odds promise, taking pixels for independent."""
    share = 1 / (1 + np.exp(-state.log_odds(state.box)))
    inside = state.patch > 0
    both = float(share[inside].sum(dtype=np.float64))
    return both / (np.count_nonzero(inside) + float(share[~inside].sum(dtype=np.float64)))


def sure(weights: NDArray[np.float32], known: NDArray[np.float32]) -> float:
    """Expected intersection over union, 0 to 1."""
    return float(1 / (1 + np.exp(-float(np.dot(weights, known)))))
