"""Which answer is the best: every segmenter ranks its candidates alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box
from roto.segment.prompt import Candidate, Prompt


def agreement(matte: Matte, prompt: Prompt) -> float:
    """How well an answer fits its prompt, 0 to 1: the mean over what the prompt holds.

    matte: float32 ``H x W`` in [0, 1].
    Points: the share that lies on the right side of the edge. A box: the share of the answer that lies inside, times
    the share of the box that the answer's bounding box fills. A mask: intersection over union. An empty answer fits
    nothing; a text cannot be checked.
    """
    if not (matte >= 0.5).any():
        return 0.0
    parts = []
    if prompt.points:
        parts.append(_points(matte, prompt))
    if prompt.box is not None:
        parts.append(_box(matte, prompt.box))
    if prompt.mask is not None:
        parts.append(overlap(matte, prompt.mask))
    return sum(parts) / len(parts) if parts else 1.0


def overlap(a: Matte, b: Matte) -> float:
    """Intersection over union of two mattes of one size, by coverage: 0 to 1, and 1 where both are empty."""
    union = float(np.maximum(a, b).sum(dtype=np.float64))
    return float(np.minimum(a, b).sum(dtype=np.float64)) / union if union > 0 else 1.0


def ranked(mattes: Sequence[Matte], scores: Sequence[float], prompt: Prompt) -> tuple[Candidate, ...]:
    """Candidates, the best first: by the segmenter's own estimate times the agreement with the prompt; among equals
    the given order stays.

    scores: estimates of each matte's intersection over union with the truth; NaN counts as 0.
    """
    candidates = [
        Candidate(matte, float(np.clip(np.nan_to_num(score), 0, 1)), agreement(matte, prompt))
        for matte, score in zip(mattes, scores, strict=True)
    ]
    return tuple(sorted(candidates, key=lambda each: (-each.score * each.agreement, -each.agreement, -each.score)))


def _points(matte: Matte, prompt: Prompt) -> float:
    height, width = matte.shape
    right = 0
    for (x, y), label in zip(prompt.points, prompt.labels, strict=True):
        column, row = int(np.floor(x)), int(np.floor(y))
        on = 0 <= column < width and 0 <= row < height and bool(matte[row, column] >= 0.5)
        right += on is label
    return right / len(prompt.points)


def _box(matte: Matte, box: tuple[float, float, float, float]) -> float:
    x0, y0, x1, y1 = box
    height, width = matte.shape
    columns = _covered(x0, x1, width)
    rows = _covered(y0, y1, height)
    total = float(matte.sum(dtype=np.float64))
    inside = float(rows @ matte.astype(np.float64) @ columns)
    around = bounding_box((matte >= 0.5) & (rows[:, None] > 0) & (columns > 0))
    filled = max(min(around.x1, x1) - max(around.x0, x0), 0) * max(min(around.y1, y1) - max(around.y0, y0), 0)
    return inside / total * min(filled / ((x1 - x0) * (y1 - y0)), 1.0)


def _covered(low: float, high: float, count: int) -> NDArray[np.float64]:
    """The share of each of ``count`` pixels that lies between ``low`` and ``high``."""
    edges = np.arange(count, dtype=np.float64)
    return np.asarray(np.clip(np.minimum(edges + 1, high) - np.maximum(edges, low), 0, 1), np.float64)
