"""Colour key: a range of hue, saturation and lightness, or colours picked from the picture, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from roto.errors import DocumentError, RotoError
from roto.image import Matte, Pixels
from roto.keying.light import oklab
from roto.keying.picture import Values, check_picture, keyed, unit
from roto.keying.ramp import FALLOFFS, check_range, falling, rising, shaped
from roto.options import option

Colour: TypeAlias = tuple[float, float, float]

# errors of float32, more than twice what was measured
_ERROR_OF_RANGE = 1e-6
_ERROR_OF_HUE = 3e-4  # degrees
_ERROR_OF_DISTANCE = 1.5e-6
_NEARLY_WHITE = 1.9
_TURN = 360.0


@dataclass(frozen=True, kw_only=True)
class ColourKeyOptions:
    """Which colours. Every range is whole from its low to its high, and the softness lies outside; hue goes round, so
    that 350 to 10 degrees is red. By themselves all ranges are open."""

    hue_low: float = option(0.0, "hue in degrees from which the matte is whole", minimum=0.0, maximum=_TURN)
    hue_high: float = option(
        _TURN, "hue in degrees up to which it is whole; less than hue_low goes round by red", minimum=0.0, maximum=_TURN
    )
    hue_softness: float = option(
        15.0, "degrees that the matte reaches beyond the range of hue", minimum=0.0, maximum=180.0
    )
    saturation_low: float = option(0.0, "saturation from which the matte is whole", minimum=0.0, maximum=1.0)
    saturation_high: float = option(1.0, "saturation up to which it is whole", minimum=0.0, maximum=1.0)
    saturation_softness: float = option(
        0.1, "how far the matte reaches beyond the range of saturation", minimum=0.0, maximum=1.0
    )
    lightness_low: float = option(0.0, "lightness from which the matte is whole", minimum=0.0, maximum=1.0)
    lightness_high: float = option(1.0, "lightness up to which it is whole", minimum=0.0, maximum=1.0)
    lightness_softness: float = option(
        0.1, "how far the matte reaches beyond the range of lightness", minimum=0.0, maximum=1.0
    )
    tolerance: float = option(
        0.08, "distance in OKLab from a sample up to which the matte is whole", minimum=0.0, maximum=2.0
    )
    softness: float = option(
        0.08, "how far beyond the tolerance it reaches, a distance in OKLab", minimum=0.0, maximum=2.0
    )
    lightness_weight: float = option(
        1.0, "how much differences of lightness from a sample count", minimum=0.0, maximum=1.0
    )
    falloff: str = option("linear", "shape of the shoulders", choices=FALLOFFS)

    def __post_init__(self) -> None:
        check_range(self.saturation_low, self.saturation_high, "saturation_low", "saturation_high")
        check_range(self.lightness_low, self.lightness_high, "lightness_low", "lightness_high")

    @property
    def every_hue(self) -> bool:
        return (self.hue_low, self.hue_high) in ((0.0, _TURN), (_TURN, 0.0))


def colour_key(picture: Pixels, options: ColourKeyOptions | None = None, samples: Sequence[Colour] = ()) -> Matte:
    """Coverage by colour: within the ranges of hue, saturation and lightness, and near one of the samples, if any.

    picture: ``H x W x 3`` display-referred RGB, uint8, uint16 or float32 in [0, 1]. Hue, saturation and lightness are
    those of the HSL hexcone (G. H. Joblove and D. Greenberg, "Color Spaces for Computer Graphics", SIGGRAPH 1978); what
    has no hue, grey, is in no range of hue but the whole circle. samples: RGB in [0, 1]; distances to them are
    Euclidean in OKLab (B. Ottosson, "A perceptual color space for image processing", 2020). The least of all
    conditions counts. Exact to 1/65535 by this definition, whatever the softness.

    Returns float32 ``H x W``. DocumentError for a sample that is no colour; TypeError for an array of another kind.
    """
    options = options or ColourKeyOptions()
    wanted = [_lab_of(check_colour(sample, f"samples[{i}]"), options) for i, sample in enumerate(samples)]

    def coverage(values: Values) -> Values:
        conditions = _in_ranges(values, options)
        if wanted:
            distance = _distance(values, wanted, options)
            conditions.append(falling(distance, options.tolerance, options.softness, _ERROR_OF_DISTANCE))
        whole = conditions[0] if conditions else np.ones(values.shape[:-1], values.dtype)
        for condition in conditions[1:]:
            np.minimum(whole, condition, out=whole)
        return shaped(whole, options.falloff)

    return keyed(picture, coverage)


def sample_colour(picture: Pixels, x: float, y: float, size_px: int = 1) -> Colour:
    """The picture's colour at a point, RGB in [0, 1]: the mean of a square of ``size_px`` pixels about the one that
    holds it. RotoError for a point outside the picture."""
    height, width = check_picture(picture).shape[:2]
    if not (0 <= x < width and 0 <= y < height):
        raise RotoError(
            f"a sample at {x:g}, {y:g} lies outside the picture; "
            f"x from 0 to {width} and y from 0 to {height} are inside"
        )
    column, row, before = int(x), int(y), (size_px - 1) // 2
    top, left = max(row - before, 0), max(column - before, 0)
    square = picture[top : row - before + size_px, left : column - before + size_px]
    red, green, blue = (float(value) for value in unit(square, np.float64).mean(axis=(0, 1)))
    return red, green, blue


def hex_of(colour: Colour) -> str:
    """``#1e8c3c``, the nearest in 8 bits."""
    return "#" + "".join(f"{round(255 * value):02x}" for value in colour)


def check_colour(colour: Sequence[float], place: str) -> Colour:
    """Three numbers in [0, 1]; DocumentError, naming the place, for anything else."""
    values = tuple(float(value) for value in colour)
    if len(values) != 3 or not all(0 <= value <= 1 for value in values):
        raise DocumentError(place, f"{colour!r}, but a colour is three numbers from 0 to 1: red, green, blue")
    return values


def _in_ranges(values: Values, options: ColourKeyOptions) -> list[Values]:
    """Coverage by each range that is not open."""
    by_saturation = (options.saturation_low, options.saturation_high) != (0.0, 1.0)
    by_lightness = (options.lightness_low, options.lightness_high) != (0.0, 1.0)
    if options.every_hue and not by_saturation and not by_lightness:
        return []
    red, green, blue = (np.ascontiguousarray(values[..., i]) for i in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    chroma, total = highest - lowest, highest + lowest
    found = []
    if by_lightness:
        found += _soft(total / 2, options.lightness_low, options.lightness_high, options.lightness_softness)
    if by_saturation:
        room = np.minimum(total, (1 - highest) + (1 - lowest))
        saturation = np.divide(chroma, room, out=np.zeros_like(room), where=room > 0)
        if saturation.dtype == np.float32:
            saturation[total > _NEARLY_WHITE] = np.nan  # a small difference of values that were rounded
        found += _soft(saturation, options.saturation_low, options.saturation_high, options.saturation_softness)
    if not options.every_hue:
        found.append(_by_hue(red, green, blue, highest, chroma, options))
    return found


def _soft(values: Values, low: float, high: float, softness: float) -> list[Values]:
    sides = []
    if low > 0:
        sides.append(rising(values, low, softness, _ERROR_OF_RANGE))
    if high < 1:
        sides.append(falling(values, high, softness, _ERROR_OF_RANGE))
    return sides


def _by_hue(
    red: Values, green: Values, blue: Values, highest: Values, chroma: Values, options: ColourKeyOptions
) -> Values:
    """By the hue's distance from the middle of its range, around the circle."""
    real = red.dtype.type
    half = (options.hue_high - options.hue_low) % _TURN / 2
    middle = (options.hue_low + half) % _TURN
    sixth = real(60) / np.maximum(chroma, real(1e-30))
    hue = (green - blue) * sixth
    np.copyto(hue, (blue - red) * sixth + real(120), where=highest == green)
    np.copyto(hue, (red - green) * sixth + real(240), where=(highest == blue) & (highest != green))
    np.copyto(hue, (green - blue) * sixth, where=highest == red)
    away = np.abs(hue - real(middle))
    np.minimum(away, np.abs(real(_TURN) - away), out=away)
    near = falling(away, half, options.hue_softness, _ERROR_OF_HUE)
    near[chroma == 0] = 0
    return near


def _lab_of(sample: Colour, options: ColourKeyOptions) -> Values:
    lab: Values = oklab(np.array([[sample]], np.float64))[0, 0]
    lab[0] *= options.lightness_weight
    return lab


def _distance(values: Values, wanted: list[Values], options: ColourKeyOptions) -> Values:
    """To the nearest of the wanted colours, in OKLab."""
    real = values.dtype.type
    lab = oklab(values)
    lightness, a, b = (np.ascontiguousarray(lab[..., i]) for i in range(3))
    lightness *= real(options.lightness_weight)
    nearest: Values = np.full_like(lightness, np.inf)
    for colour in wanted:
        squares = (lightness - real(colour[0])) ** 2 + (a - real(colour[1])) ** 2 + (b - real(colour[2])) ** 2
        np.minimum(nearest, squares, out=nearest)
    np.sqrt(nearest, out=nearest)
    return nearest
