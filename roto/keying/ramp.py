"""Ranges with soft shoulders, the shape of every key: 1 within, 0 beyond the softness, a slope in between."""

from __future__ import annotations

import numpy as np

from roto.errors import DocumentError
from roto.keying.picture import Values

FALLOFFS = ("linear", "smooth")
_HARD = 1e-9  # a softness of 0, a step whose end belongs to the range
_ENOUGH = 5e-6  # an error of coverage that is not worth another look


def check_range(low: float, high: float, low_name: str, high_name: str) -> None:
    if low > high:
        raise DocumentError(
            high_name, f"{high:g}, but it has to be at least {low_name}, {low:g}; exchange them, or invert the matte"
        )


def rising(values: Values, start: float, softness: float, error: float) -> Values:
    """0 up to ``start - softness``, 1 from ``start``. ``error``: how far float32 ``values`` may be off; where that
    makes a difference the answer is NaN."""
    real = values.dtype.type
    width, start = (softness, start) if softness > _HARD else (_HARD, start - _HARD)
    return _settled((values - real(start)) * real(1 / width) + real(1), error / width)


def falling(values: Values, end: float, softness: float, error: float) -> Values:
    """1 up to ``end``, 0 from ``end + softness``."""
    real = values.dtype.type
    width, end = (softness, end) if softness > _HARD else (_HARD, end + _HARD)
    return _settled((real(end) - values) * real(1 / width) + real(1), error / width)


def _settled(slope: Values, doubt: float) -> Values:
    if slope.dtype == np.float64 or doubt <= _ENOUGH:
        return np.clip(slope, 0, 1, out=slope)
    undecided = (slope > -doubt) & (slope < 1 + doubt)
    np.clip(slope, 0, 1, out=slope)
    slope[undecided] = np.nan
    return slope


def shaped(coverage: Values, falloff: str) -> Values:
    """The slope as it is, or eased at both ends (Hermite's ``3 t^2 - 2 t^3``)."""
    if falloff == "linear":
        return coverage
    eased: Values = coverage * coverage * (3 - 2 * coverage)
    return eased
