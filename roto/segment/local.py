"""The built-in segmenter: answers points, boxes and earlier masks from the picture alone, without any weights."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import Matte, bounding_box
from roto.segment.prompt import Candidate, Prompt
from roto.segment.window import Window, window

_SIDE = 240.0  # of the view, in pixels: bounds the work whatever the picture's size
_MARGIN = 0.3  # of the surroundings, as a share of the subject's size
_CLICK_PX = 3.0  # of the view: what a click holds around itself
_REACHES = (0.12, 0.25, 0.5)  # of a click, as shares of the picture's shorter side
_ROUNDS = 4
_SURE_OUT, _SURE_IN, _MAYBE_OUT, _MAYBE_IN = cv2.GC_BGD, cv2.GC_FGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD


class LocalSegmenter:
    """Colour models of inside and outside, and a minimum cut between them."""

    name = "local"
    identity = "local 1"

    def embed(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return rgb

    def pack(self, embedding: NDArray[np.uint8]) -> bytes:
        return b""

    def unpack(self, data: bytes) -> NDArray[np.uint8]:
        raise ValueError("the built-in segmenter keeps no embeddings")

    def answer(self, embedding: NDArray[np.uint8], prompt: Prompt) -> tuple[Candidate, ...]:
        if prompt.text is not None:
            raise RotoError("the built-in segmenter cannot read: point at the subject, or draw a box around it")
        mattes = [_cut(embedding, prompt, reach) for reach in (_REACHES if _only_points(prompt) else _REACHES[:1])]
        return tuple(Candidate(matte, 0.5, _agreement(matte, prompt)) for matte in mattes)


def _only_points(prompt: Prompt) -> bool:
    return prompt.box is None and prompt.mask is None


def _agreement(matte: Matte, prompt: Prompt) -> float:
    rows, columns = matte.shape
    hits = [
        (matte[min(int(y), rows - 1), min(int(x), columns - 1)] >= 0.5) == label
        for (x, y), label in zip(prompt.points, prompt.labels, strict=True)
    ]
    return float(np.mean(hits)) if hits else 1.0


def _cut(rgb: NDArray[np.uint8], prompt: Prompt, reach: float) -> Matte:
    height, width = rgb.shape[:2]
    place = window(width, height, _subject(prompt, width, height, reach), _MARGIN, _SIDE)
    view = place.view(rgb)
    labels = _start(place, prompt, reach * min(width, height) * place.columns / place.at.width)
    if np.isin(labels, (_SURE_IN, _MAYBE_IN)).any() and np.isin(labels, (_SURE_OUT, _MAYBE_OUT)).any():
        cv2.setRNGSeed(1)
        cv2.grabCut(view, labels, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(labels, (_SURE_IN, _MAYBE_IN)).astype(np.float32)
    return place.matte(cv2.GaussianBlur(inside, (0, 0), 0.7) - np.float32(0.5))


def _subject(prompt: Prompt, width: int, height: int, reach: float) -> tuple[float, float, float, float]:
    """A box that surely holds the subject, of the picture."""
    if prompt.box is not None:
        return prompt.box
    if prompt.mask is not None:
        found = bounding_box(prompt.mask >= 0.5)
        if not found.empty:
            return float(found.x0), float(found.y0), float(found.x1), float(found.y1)
    if not len(prompt.positive):
        return 0.0, 0.0, float(width), float(height)
    around = 2 * reach * min(width, height)
    (x0, y0), (x1, y1) = prompt.positive.min(axis=0) - around, prompt.positive.max(axis=0) + around
    return max(float(x0), 0), max(float(y0), 0), min(float(x1), width), min(float(y1), height)


def _start(place: Window, prompt: Prompt, reach_px: float) -> NDArray[np.uint8]:
    x, y = np.arange(place.columns) + 0.5, np.arange(place.rows)[:, None] + 0.5
    labels = np.full((place.rows, place.columns), _MAYBE_OUT, np.uint8)
    if prompt.mask is not None:
        labels[place.view_matte(prompt.mask) >= 0.5] = _MAYBE_IN
    elif prompt.box is None:
        for px, py in place.points(prompt.positive):
            labels[np.hypot(x - px, y - py) < reach_px] = _MAYBE_IN
    if prompt.box is not None:
        x0, y0, x1, y1 = place.box(prompt.box)
        within = (x > x0) & (x < x1) & (y > y0) & (y < y1)
        if prompt.mask is None:
            labels[within] = _MAYBE_IN
        labels[~within] = _SURE_OUT
    for points, label in ((prompt.positive, _SURE_IN), (prompt.negative, _SURE_OUT)):
        for px, py in place.points(points):
            labels[np.hypot(x - px, y - py) < _CLICK_PX] = label
    return labels
