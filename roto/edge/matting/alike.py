"""Links between pixels of like colour, wherever they are: what is seen through a hole is tied to the background.

The pixels' nearest neighbours by colour and, weakly, by place, as in KNN matting (Chen, Li and Tang, CVPR 2012) and
the flow among the unknown pixels of Aksoy, Aydin and Pollefeys, "Designing Effective Inter-Pixel Information Flow for
Natural Image Matting", CVPR 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.matting.problem import Floats, Problem

NEIGHBOURS = 10
_REACH_PX = 40  # known pixels farther than this from any unknown one are not asked
_PLACE = 0.1  # the whole picture's length counts as much as this difference of one channel


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """The links' graph Laplacian ``D - W`` over the unknown pixels, in the order of the flattened picture.

    pixels: int64 ``N``. first ``N + 1``, column, value: the rows of ``W``, symmetric. degree: ``N``, the diagonal of
    ``D``. right: ``N``, what known neighbours contribute.
    """

    pixels: NDArray[np.int64]
    first: NDArray[np.int32]
    column: NDArray[np.int32]
    value: Floats
    degree: Floats
    right: Floats


def alike(problem: Problem) -> Links:
    """Each unknown pixel, and the pixels near the unknown region that are most like it."""
    near = cv2.dilate(problem.unknown.astype(np.uint8), np.ones((2 * _REACH_PX + 1,) * 2, np.uint8)).ravel() > 0
    pool, pixels = np.flatnonzero(near), np.flatnonzero(problem.unknown)
    feature = features(problem)
    there, distance = nearest(feature[pool], feature[pixels], NEIGHBOURS + 1)
    to, weight = pool[there[:, 1:]], np.maximum(1 - distance[:, 1:], 0)  # the first is the pixel itself
    number = np.full(problem.unknown.size, -1, np.int64)
    number[pixels] = np.arange(len(pixels))
    a, b, w = np.repeat(np.arange(len(pixels)), to.shape[1]), number[to.ravel()], weight.ravel()
    sure = b < 0
    count = len(pixels)
    right = np.bincount(a[sure], w[sure] * problem.known.ravel()[to.ravel()[sure]], count)
    degree = np.bincount(a, w, count) + np.bincount(b[~sure], w[~sure], count)
    # a link counts in both directions, whoever found it
    rows = np.concatenate([a[~sure], b[~sure]])
    order = np.argsort(rows, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])
    return Links(
        pixels=pixels,
        first=first.astype(np.int32),
        column=np.concatenate([b[~sure], a[~sure]])[order].astype(np.int32),
        value=np.concatenate([w[~sure], w[~sure]])[order].astype(np.float32),
        degree=degree.astype(np.float32),
        right=right.astype(np.float32),
    )


def features(problem: Problem) -> Floats:
    """Colour and, weakly, place, float32 ``pixels x 5``."""
    height, width = problem.unknown.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * np.float32(_PLACE / max(height, width))
    return np.dstack([problem.rgb, x, y]).reshape(-1, 5)


def nearest(pool: Floats, asked: Floats, count: int) -> tuple[NDArray[np.int64], Floats]:
    """For each feature asked for its ``count`` nearest in the pool, or all of a smaller pool, the nearest first, and
    how far they are. The search is exact."""
    tree = cv2.flann.Index(pool, {"algorithm": 4, "leaf_max_size": 10})  # 4: a single k-d tree
    found, squared = tree.knnSearch(asked, min(count, len(pool)), params={"checks": -1, "eps": 0.0})
    return found.astype(np.int64), np.sqrt(np.maximum(squared, 0)).astype(np.float32)
