"""The motion of the background between two pictures, fitted to dense flow, and what moves otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import Flow

_GRID_PX = 8  # between the flow vectors that the fit sees
_INLIER_PX = 1.0
_TRIALS = 500
_NOISE_FLOOR_PX = 0.15  # DIS is no more exact than this where nothing moves
_TO_SIGMA = 1.4826  # of a normal distribution, from its median absolute deviation


@dataclass(frozen=True, slots=True, eq=False)
class Motions:
    """A flow, split.

    background: the motion that most of the picture shares, as flow.
    residual: length of what is left, in units of its own noise, float32 ``H x W``. The noise is that of the whole
        picture, so a background with depth or water raises it rather than standing out.
    """

    background: Flow
    residual: NDArray[np.float32]


def split_motion(flow: Flow) -> Motions:
    """The motion of the background, and how far each pixel departs from it."""
    background = homography_flow(fit_homography(flow), flow.shape[1], flow.shape[0])
    rest = flow - background
    length = np.sqrt(np.square(rest[..., 0]) + np.square(rest[..., 1]))
    noise = max(float(np.median(length)) * _TO_SIGMA, _NOISE_FLOOR_PX)
    return Motions(background, np.asarray(length / np.float32(noise), np.float32))


def fit_homography(flow: Flow) -> NDArray[np.float64]:
    """The 3 x 3 homography that most of a flow's vectors follow: the motion of a plane, or of a camera that turns.

    By RANSAC (Fischler and Bolles, CACM 1981) over a grid of vectors; OpenCV draws the same samples every time. The
    identity where none can be fitted."""
    height, width = flow.shape[:2]
    rows, columns = np.mgrid[_GRID_PX // 2 : height : _GRID_PX, _GRID_PX // 2 : width : _GRID_PX]
    start = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(np.float32)
    end = start + flow[rows, columns].reshape(-1, 2)
    if len(start) < 4:
        return np.eye(3)
    found: Any = cv2.findHomography(start, end, cv2.RANSAC, _INLIER_PX, maxIters=_TRIALS)[0]
    return np.eye(3) if found is None else np.asarray(found, np.float64)


def homography_flow(homography: NDArray[np.float64], width: int, height: int) -> Flow:
    """A homography as flow, ``height x width x 2``."""
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    places = np.stack([columns, rows], axis=-1)
    return np.asarray(cv2.perspectiveTransform(places, homography) - places, np.float32)
