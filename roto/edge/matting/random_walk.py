"""Random-walk matting. Grady, Schiwietz, Aharon and Westermann, VIIP 2005."""

from __future__ import annotations

from roto.edge.matting.extra import by_pymatting
from roto.edge.matting.problem import Problem
from roto.image import Matte


def by_random_walk(problem: Problem) -> Matte:
    """As pymatting computes it; BackendUnavailable without the extra ``matting``."""
    return by_pymatting("random-walk", "estimate_alpha_rw", problem)
