"""Closed-form matting: colour lines alone. Levin, Lischinski and Weiss, CVPR 2006."""

from __future__ import annotations

from roto.edge.matting.extra import by_pymatting
from roto.edge.matting.problem import Problem
from roto.image import Matte


def by_closed_form(problem: Problem) -> Matte:
    """As pymatting computes it; BackendUnavailable without the extra ``matting``."""
    return by_pymatting("closed-form", "estimate_alpha_cf", problem)
