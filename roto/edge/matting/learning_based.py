"""Learning-based matting: alpha is a function of colour learned in every window. Zheng and Kambhamettu, ICCV 2009."""

from __future__ import annotations

from roto.edge.matting.extra import by_pymatting
from roto.edge.matting.problem import Problem
from roto.image import Matte


def by_learning_based(problem: Problem) -> Matte:
    """As pymatting computes it; BackendUnavailable without the extra ``matting``."""
    return by_pymatting("learning-based", "estimate_alpha_lbdm", problem)
