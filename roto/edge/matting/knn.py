"""KNN matting: links of like colour alone. Chen, Li and Tang, CVPR 2012."""

from __future__ import annotations

from roto.edge.matting.extra import by_pymatting
from roto.edge.matting.problem import Problem
from roto.image import Matte


def by_knn(problem: Problem) -> Matte:
    """As pymatting computes it; BackendUnavailable without the extra ``matting``."""
    return by_pymatting("knn", "estimate_alpha_knn", problem)
