"""Scene cuts: pairs of neighbouring frames that show different shots."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import dense_flow
from roto.motion.warp import warp

_THUMBNAIL_PX, _LEAST_PX = 128, 8  # of the longer side, about, and of the shorter one
_SMOOTHING = 4.0  # of the histograms, in 8-bit levels
# Change of content (Lab levels that motion cannot explain) times change of colours (histogram distance, 0 to 1). In the
# ten DAVIS sequences of the benchmark, neighbours stay below 0.6 and frames three apart, as in a whip pan, below 5.8;
# cuts from one sequence to another start at 13. Cuts within one place are softer, so the threshold is near the pans.
_CUT = 6.0


def thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The whole picture as a small 8-bit Lab image, for :func:`is_cut`."""
    height, width = rgb.shape[:2]
    # by a whole number, for which OpenCV has a way that is three times as fast
    by = max(min(round(max(height, width) / _THUMBNAIL_PX), height // _LEAST_PX, width // _LEAST_PX), 1)
    rows, columns = height // by, width // by
    whole = rgb[: rows * by, : columns * by]
    small = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.uint8)


def is_cut(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> bool:
    """Whether two neighbouring frames, as thumbnails, belong to different shots. The same either way round."""
    difference = _difference(a, b)
    if difference <= _CUT:  # nearly always: whatever their colours
        return False
    colours = _histogram_distance(a, b)
    if difference * colours <= _CUT:  # no motion is needed to explain it
        return False
    return min(_unexplained(a, b), _unexplained(b, a)) * colours > _CUT


def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Mean absolute difference, summed over the channels."""
    return sum(cv2.mean(cv2.absdiff(a, b))[:3])


def _unexplained(target: NDArray[np.uint8], source: NDArray[np.uint8]) -> float:
    """What differs once the source is warped onto the target."""
    flow = dense_flow(np.ascontiguousarray(target[..., 0]), np.ascontiguousarray(source[..., 0]), "fast")
    return _difference(target, np.asarray(warp(source, flow), np.uint8))


def _histogram_distance(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Total variation between the colour histograms, averaged over the three channels, in [0, 1]."""
    distances = [np.abs(_histogram(a[..., c]) - _histogram(b[..., c])).sum() / 2 for c in range(3)]
    return float(np.mean(distances))


def _histogram(channel: NDArray[np.uint8]) -> NDArray[np.float32]:
    counts = np.bincount(channel.ravel(), minlength=256).astype(np.float32) / channel.size
    return np.asarray(cv2.GaussianBlur(counts[None], (0, 0), _SMOOTHING)[0], np.float32)
