"""From evidence for a subject to its outline: colour models learned from the evidence, and a minimum cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roto.segment.colour import Lab, learn_global, learn_local
from roto.segment.total_variation import edge_cost, minimum_cut

_ROUNDS = 3
_EVIDENCE_CAP = 3.0
_GLOBAL_WEIGHT, _GLOBAL_CAP = 0.4, 2.0
_LOCAL_WEIGHT, _LOCAL_CAP = 0.7, 3.0
_CELLS = 20  # of the local model, along the longer side
_FINEST_CELL_PX = 4
_LENGTH = 5.0


def separate(lab: Lab, evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """The relaxed labelling of a subject, float32 ``H x W`` in [0, 1], 1 inside.

    evidence: log-odds for the subject, ``H x W``. Evidence and colour models take turns as in GrabCut (Rother et al.,
    SIGGRAPH 2004): the cut says what the colours are learned from, and they join the evidence in the next cut. Where
    the evidence says nothing, the colours decide.
    """
    odds = np.clip(evidence, -_EVIDENCE_CAP, _EVIDENCE_CAP).astype(np.float32)
    cost = edge_cost(lab, _LENGTH)
    cell = max(round(max(lab.shape) / _CELLS), _FINEST_CELL_PX)
    sure = np.abs(np.tanh(odds / 2))
    inside = (1 / (1 + np.exp(-odds))).astype(np.float32)
    for _ in range(_ROUNDS):
        everywhere = learn_global([(lab, inside * sure, (1 - inside) * sure)]).log_odds(lab)
        nearby = learn_local(lab, inside, sure, cell).log_odds(lab)
        joined = (
            odds
            + np.float32(_GLOBAL_WEIGHT) * np.clip(everywhere, -_GLOBAL_CAP, _GLOBAL_CAP)
            + np.float32(_LOCAL_WEIGHT) * np.clip(nearby, -_LOCAL_CAP, _LOCAL_CAP)
        )
        inside = minimum_cut(joined, cost, (joined > 0).astype(np.float32))
    return inside
