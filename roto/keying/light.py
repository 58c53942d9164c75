"""Light and how it looks: linear light from display-referred values, and OKLab.

OKLab is B. Ottosson, "A perceptual color space for image processing" (2020, bottosson.github.io/posts/oklab), with the
matrices from linear sRGB as revised there in 2021.
"""

from __future__ import annotations

import numpy as np

from roto.keying.picture import Values, combined

_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_GRAIN = np.float32(0.01)  # deviation, as displayed
_SLOPE, _DARK = np.float32(5), np.float32(0.005)  # square of sRGB's slope at white, and the light it counts from


def linear_light(encoded: Values) -> Values:
    """Linear light in [0, 1] of sRGB values in [0, 1] (IEC 61966-2-1), in their own precision."""
    real = encoded.dtype.type
    bent: Values = np.power((encoded + real(0.055)) / real(1.055), real(2.4))
    np.divide(encoded, real(12.92), out=bent, where=encoded <= real(0.04045))
    return bent


def grain(light: Values, linear: bool) -> Values:
    """Variance of a picture's noise, as the light itself: even as displayed, it grows with linear light, nearly as the
    square of sRGB's slope does, and as that of single photons does."""
    if not linear:
        return np.full_like(light, _GRAIN**2)
    return (np.maximum(light, 0) + _DARK) * (_GRAIN**2 * _SLOPE)


def oklab(encoded: Values) -> Values:
    """OKLab, ``... x 3`` (L in [0, 1], a and b about in [-0.4, 0.4]), of sRGB values in [0, 1]."""
    return oklab_of_light(linear_light(encoded))


def oklab_of_light(light: Values) -> Values:
    cones = combined(light, _TO_CONES)
    return combined(np.cbrt(cones, out=cones), _TO_LAB)
