"""The optional extra ``matting``: pymatting, which some of the methods are taken from."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import cast

import numpy as np
from numpy.typing import NDArray

from roto.edge.matting.problem import Problem
from roto.errors import BackendUnavailable, RotoError
from roto.image import Matte

Estimate = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
BY_PYMATTING = ("closed-form", "knn", "learning-based", "random-walk")
_REMEDY = "it needs pymatting; install it with pip install 'roto[matting]', or use linked-lines or guided"


def why_not(method: str) -> str | None:
    """Why a matting method cannot run here, or None."""
    return _REMEDY if method in BY_PYMATTING and find_spec("pymatting") is None else None


def by_pymatting(name: str, estimate: str, problem: Problem) -> Matte:
    """Alpha by a function of pymatting at its default settings. name: of our method, for the error."""
    function = _estimate(name, estimate)
    trimap = np.where(problem.unknown, 0.5, problem.known).astype(np.float64)
    try:
        alpha = function(problem.rgb.astype(np.float64), trimap)
    except ValueError as error:  # its solver and its preconditioner give up with one
        raise RotoError(f"the matting method {name} found no solution ({error}); use linked-lines or guided") from error
    return np.asarray(alpha, np.float32)


def _estimate(name: str, estimate: str) -> Estimate:
    try:
        import pymatting
    except ImportError as error:
        raise BackendUnavailable(f"the matting method {name}", _REMEDY) from error
    return cast(Estimate, getattr(pymatting, estimate))
