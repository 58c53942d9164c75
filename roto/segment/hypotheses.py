"""Several answers for one box: how much of it the subject fills is not known beforehand, so each fill is tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import bounding_box
from roto.segment.scene import OUTSIDE, SECOND, Mask, Plane, Scene, chance

_FILLS = (0.2, 0.35, 0.5, 0.7)
_BIASES = (-0.9, 0.0, 0.9)
_ROUNDS = 4
_SMALLEST = 20  # pixels of the view
_TRUST = 40.0  # in scores: how much likelier a better one is the truth
_SCORE = (-0.488, -0.103, 0.303, 0.522, 0.231)  # fitted on real pictures and on composites of them


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A labelling of the view, 0 to 1, and how well it is expected to overlap with the truth, 0 to 1."""

    labels: Plane
    score: float


def fill_starts(scene: Scene) -> Iterator[Plane]:
    """Labellings from the evidence alone, that fill more and more of the box."""
    odds = scene.first[scene.within]
    for fill in _FILLS:
        yield chance(np.float32(1.5) * (scene.first - np.float32(np.quantile(odds, 1 - fill))))


def answers(scene: Scene, starts: Iterator[Plane], alone: bool = True) -> list[Answer]:
    """Each start is improved by what it looks like, twice, and cut tighter and looser.

    alone: GrabCut (Rother et al., SIGGRAPH 2004) and the evidence give answers of their own, too.
    """
    tried = []
    for start in starts:
        odds = _improved(scene, start)
        tried += [(odds, scene.cut(odds + np.float32(bias))) for bias in _BIASES]
    if alone:
        first = np.where(scene.within, scene.first, OUTSIDE)
        tried += [(first, scene.cut(first)), (first, _grabcut(scene))]
    return rated(scene, tried)


def rated(scene: Scene, tried: Sequence[tuple[Plane, Plane]]) -> list[Answer]:
    """Answers from pairs of log-odds and the labelling that they led to."""
    scores = np.array([_score(scene, odds, labels > 0.5) for odds, labels in tried])
    expected = _expected(np.stack([labels > 0.5 for _, labels in tried]), scores)
    return [Answer(labels, float(score)) for (_, labels), score in zip(tried, (2 * scores + expected) / 3, strict=True)]


def _expected(found: Mask, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean overlap of each of ``N x H x W`` answers with all of them, weighted by how likely each is the truth."""
    flat = found.reshape(len(found), -1).astype(np.float32)
    both, areas = flat @ flat.T, flat.sum(axis=1)
    overlaps = both / np.maximum(areas[:, None] + areas[None] - both, 1)
    weights = np.exp(_TRUST * (scores - scores.max()))
    return np.asarray((overlaps * (weights / weights.sum())).sum(axis=1), np.float64)


def _improved(scene: Scene, start: Plane) -> Plane:
    odds = start
    for weights in SECOND:
        odds = scene.second(start, weights)
        start = np.float32(0.5) * (chance(odds) + (scene.cut(odds, 30) > 0.5))
    return odds


def _grabcut(scene: Scene) -> Plane:
    marks = np.where(scene.within, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    marks[scene.held > 0], marks[scene.held < 0] = cv2.GC_FGD, cv2.GC_BGD
    if len(np.unique(marks)) > 1:
        cv2.setRNGSeed(1)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(scene.rgb, marks, (0, 0, 1, 1), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    inside = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(inside, (0, 0), 0.7), np.float32)


def _score(scene: Scene, odds: Plane, inside: Mask) -> float:
    """Expected overlap with the truth, by linear regression: the rest of the box should look like the outside, the
    answer should reach the sides of the box (Lempitsky et al., "Image Segmentation with a Bounding Box Prior", ICCV
    2009), hang together, and differ in colour from what lies across its edge."""
    area = int(np.count_nonzero(inside))
    if area < _SMALLEST:
        return 0.0
    rest = scene.within & ~inside
    background = float(odds[rest].mean()) if np.count_nonzero(rest) > 5 else -2.0
    sizes = cv2.connectedComponentsWithStats(inside.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    features = (1.0, background, _tightness(scene, inside), float(sizes.max()) / area, _separation(scene, inside))
    return float(np.clip(np.dot(_SCORE, features), 0, 1))


def _tightness(scene: Scene, inside: Mask) -> float:
    """Share of the box that the bounding box of ``inside`` covers."""
    (x0, y0, x1, y1), found = scene.box, bounds(inside)
    across = min(found[2], x1) - max(found[0], x0)
    down = min(found[3], y1) - max(found[1], y0)
    return float(np.clip(across * down / ((x1 - x0) * (y1 - y0)), 0, 1))


def _separation(scene: Scene, inside: Mask) -> float:
    """How much colours differ between the two sides of the edge, 0 to 1."""
    reach = max(2, int(0.03 * scene.size))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    near = inside & (cv2.erode(inside.astype(np.uint8), disc) == 0)
    beyond = ~inside & (cv2.dilate(inside.astype(np.uint8), disc) > 0)
    a, b = (scene.colours.share(side.astype(np.float32))[near | beyond] for side in (near, beyond))
    return float(np.abs(a - b).sum() / max(float((a + b).sum()), 1e-9))


def bounds(inside: Mask) -> tuple[float, float, float, float]:
    """Bounding box ``(x0, y0, x1, y1)`` of a view's pixels, of which there are some."""
    box = bounding_box(inside)
    return float(box.x0), float(box.y0), float(box.x1), float(box.y1)
