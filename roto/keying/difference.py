"""Difference key: what differs from a clean plate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from roto.image import Matte, Pixels
from roto.keying.light import oklab
from roto.keying.picture import Values, check_picture, check_plate, over_strips, unit
from roto.keying.ramp import FALLOFFS, rising, shaped
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class DifferenceKeyOptions:
    """How much has to differ, as a distance in OKLab: 0.02 is about what an eye tells apart side by side, black and
    white are 1 apart."""

    tolerance: float = option(0.04, "difference up to which the matte is empty", minimum=0.0, maximum=2.0)
    softness: float = option(0.06, "how much more makes it whole", minimum=0.0, maximum=2.0)
    denoise_px: float = option(
        1.0,
        "noise that is evened out before differences are measured: the deviation of a Gaussian",
        minimum=0.0,
        maximum=20.0,
    )
    lightness_weight: float = option(
        1.0, "how much differences of lightness count; less ignores soft shadows", minimum=0.0, maximum=1.0
    )
    falloff: str = option("linear", "shape of the slope", choices=FALLOFFS)


def difference_key(picture: Pixels, plate: Pixels, options: DifferenceKeyOptions | None = None) -> Matte:
    """Coverage by the distance from a clean plate in OKLab: 0 up to ``tolerance``, 1 from ``tolerance + softness``.

    Differences are averaged as vectors before their length is taken: noise, which points everywhere, cancels, and what
    really differs does not. (Lengths alone would add up, since noise has no negative length.) With ``denoise_px`` 0
    each pixel answers for itself.

    picture, plate: ``H x W x 3`` display-referred RGB of one size, uint8, uint16 or float32 in [0, 1], of one kind or
    two. Returns float32 ``H x W``. RotoError for a plate of another size; TypeError for an array of another kind.
    """
    check_plate(plate, check_picture(picture))
    options = options or DifferenceKeyOptions()
    height, width = picture.shape[:2]
    matte = np.empty((height, width), np.float32)
    reach = math.ceil(3 * options.denoise_px)
    weight = np.float32(options.lightness_weight)

    def work(rows: slice) -> None:
        around = slice(max(rows.start - reach, 0), min(rows.stop + reach, height))
        apart = oklab(unit(picture[around])) - oklab(unit(plate[around]))
        if reach:
            kernel = (2 * reach + 1,) * 2
            apart = cv2.GaussianBlur(apart, kernel, options.denoise_px, borderType=cv2.BORDER_REPLICATE)
        own = apart[rows.start - around.start : rows.stop - around.start]
        matte[rows] = shaped(_whole(_length(own, weight), options), options.falloff)

    over_strips(height, width, work)
    return matte


def _length(apart: Values, lightness_weight: np.float32) -> Values:
    squares: Values = (lightness_weight * apart[..., 0]) ** 2 + apart[..., 1] ** 2 + apart[..., 2] ** 2
    np.sqrt(squares, out=squares)
    return squares


def _whole(distance: Values, options: DifferenceKeyOptions) -> Values:
    return rising(distance, options.tolerance + options.softness, options.softness, error=0.0)
