"""Halved colour: video keeps colour at half its resolution (4:2:0), and what it has lost at edges is restored by luma.

A decoder enlarges the samples of colour smoothly, so that a strand of hair takes its colour from the screen around it,
and its screen from the strand. Here the picture is sought whose means over 2 x 2 pixels are those samples: they are
recovered from the enlarged ones, detail is added where colour goes with luma (the local linear model of K. He, J. Sun
and X. Tang, "Guided Image Filtering", ECCV 2010), and what the means still miss is put back (M. Irani and S. Peleg,
"Improving Resolution by Image Registration", CVGIP 1991).
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from roto.image import Pixels
from roto.keying.picture import Values, check_picture, unit

_HALVED = 0.4  # of luma's fine detail: halved colour has less; full colour has 0.8 and more, 4:2:2 half
_LEAST_DETAIL = 1e-4
_TILE_PX, _TILES = 128, 4
_RECOVERED, _PUT_BACK = 3, 2  # rounds
_NOISE = np.float32(5e-4)  # variance of luma that explains nothing


def has_halved_colour(pictures: Iterable[Pixels]) -> bool:
    """Whether colour has far less fine detail than luma has, over all of these pictures: what a halved resolution can
    hold is taken out, and the rest compared."""
    luma, colour = 0.0, 0.0
    for picture in pictures:
        for tile in _tiles(check_picture(picture)):
            values = _luma_and_colour(tile)
            left = np.abs(values - _enlarged(_halves(values), values)).mean(axis=(0, 1), dtype=np.float64)
            luma += float(left[0])
            colour += float(left[1:].mean())
    return luma > _LEAST_DETAIL and colour < _HALVED * luma


def whole_colour(picture: Pixels) -> Pixels:
    """The picture with its colour restored, of the same shape and kind; only for one whose colour is halved."""
    height, width = check_picture(picture).shape[:2]
    if min(height, width) < 4:
        return picture
    # the last row and column of an odd size have samples of their own
    even = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    luma, *differences = cv2.split(_luma_and_colour(even))
    enlarged = cv2.merge(differences)
    del differences
    given = _halves(enlarged)
    samples = given
    for _ in range(_RECOVERED):
        samples = samples + given - _seen_again(samples)
    small = _halves(luma)
    mean = _mean(small)
    varies = _mean(small * small) - mean * mean + _NOISE
    slope = (_mean(small[..., None] * samples) - mean[..., None] * _mean(samples)) / varies[..., None]
    fine = luma - _enlarged(small, luma)
    detail = _enlarged(slope, enlarged)
    detail *= fine[..., None]
    del fine
    missed = samples - _seen_again(samples) - _halves(detail)
    put_back = samples
    for _ in range(_PUT_BACK):
        put_back = put_back + missed
        missed = missed - _seen_again(missed)
    cv2.add(detail, _enlarged(put_back, enlarged), dst=detail)
    rgb = cv2.cvtColor(cv2.merge([luma, *cv2.split(detail)]), cv2.COLOR_YCrCb2RGB)[:height, :width]
    if picture.dtype == np.uint8:
        return cv2.convertScaleAbs(np.maximum(rgb, 0, out=rgb), alpha=255)
    np.clip(rgb, 0, 1, out=rgb)
    return rgb if picture.dtype == np.float32 else np.rint(rgb * np.float32(65535)).astype(np.uint16)


def _seen_again(samples: Values) -> Values:
    """Means over 2 x 2 pixels of samples that were enlarged."""
    kernel = np.array((1, 6, 1), np.float32) / 8
    return cv2.sepFilter2D(samples, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)


def _tiles(picture: Pixels) -> Iterable[Pixels]:
    """Evenly over the picture, each beginning at a sample of colour."""
    height, width = picture.shape[:2]
    rows, columns = (min(size // 2 * 2, _TILE_PX) for size in (height, width))
    if min(rows, columns) < 4:
        return
    tops, lefts = (
        sorted({(size - tile) * step // (_TILES - 1) // 2 * 2 for step in range(_TILES)})
        for size, tile in ((height, rows), (width, columns))
    )
    for top in tops:
        for left in lefts:
            yield np.ascontiguousarray(picture[top : top + rows, left : left + columns])


def _luma_and_colour(picture: Pixels) -> Values:
    """Y', Cr, Cb of BT.601, float32: the differences span the same two planes for any matrix of luma."""
    if picture.dtype == np.uint8:
        return np.multiply(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb), np.float32(1 / 255), dtype=np.float32)
    values: Values = cv2.cvtColor(unit(picture), cv2.COLOR_RGB2YCrCb)
    return values


def _halves(values: Values) -> Values:
    """Means over 2 x 2 pixels."""
    return cv2.resize(values, (values.shape[1] // 2, values.shape[0] // 2), interpolation=cv2.INTER_AREA)


def _enlarged(samples: Values, like: Values) -> Values:
    return cv2.resize(samples, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_LINEAR)


def _mean(values: Values) -> Values:
    return cv2.blur(values, (3, 3), borderType=cv2.BORDER_REPLICATE)
