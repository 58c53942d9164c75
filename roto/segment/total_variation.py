"""Continuous minimum cut: the segmentation of a picture given per-pixel log-odds and an edge-seeking length term.

Solves ``min over u in [0, 1] of  sum g |grad u| - sum u z`` by the primal-dual method of Chambolle and Pock (JMIV
2011) with diagonal step sizes; thresholding u at one half gives a globally minimal segmentation (Chan, Esedoglu and
Nikolova, SIAM J. Appl. Math. 2006; with edge weights: Unger et al., "TVSeg", BMVC 2008). Against a graph cut the
length is measured alike in every direction, and the result is sub-pixel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def minimum_cut(
    log_odds: NDArray[np.float32], edge_cost: NDArray[np.float32], start: NDArray[np.float32], iterations: int = 40
) -> NDArray[np.float32]:
    """The relaxed labelling u, float32 ``H x W`` in [0, 1], 1 inside.

    log_odds: evidence for inside, ``H x W``. edge_cost: cost of a unit of edge length at each pixel, ``H x W``, >= 0.
    start: a labelling to start from, the nearer the better.
    """
    step = np.float32(0.35)  # tau = sigma; stable while step^2 * 8 <= 1
    u = start.astype(np.float32)
    ahead = u.copy()
    pull = step * log_odds
    px, py = np.zeros_like(u), np.zeros_like(u)
    change = np.empty_like(u)
    for _ in range(iterations):
        px[:, :-1] += step * (ahead[:, 1:] - ahead[:, :-1])
        py[:-1] += step * (ahead[1:] - ahead[:-1])
        length = np.sqrt(px * px + py * py)
        np.divide(edge_cost, np.maximum(length, 1e-6), out=length)
        np.minimum(length, 1.0, out=length)
        px *= length
        py *= length
        np.add(px, py, out=change)
        change[:, 1:] -= px[:, :-1]
        change[1:] -= py[:-1]
        change *= step
        change += pull
        change += u
        np.clip(change, 0.0, 1.0, out=change)
        np.subtract(change, u, out=ahead)
        ahead += change
        u, change = change, u
    return u


def edge_cost(lab: NDArray[np.uint8], strength: float, floor: float = 0.05) -> NDArray[np.float32]:
    """Cost of edge length: ``strength`` in flat parts, falling towards ``floor * strength`` where colours change
    (contrast relative to the picture's own mean, as in Rother et al., "GrabCut", SIGGRAPH 2004)."""
    values = lab.astype(np.float32)
    contrast = np.zeros(lab.shape[:2], np.float32)
    contrast[:, :-1] += ((values[:, 1:] - values[:, :-1]) ** 2).sum(axis=2)
    contrast[:-1] += ((values[1:] - values[:-1]) ** 2).sum(axis=2)
    mean = max(float(contrast.mean()), 1e-3)
    return np.asarray(strength * (floor + (1 - floor) * np.exp(contrast / np.float32(-mean))), np.float32)
