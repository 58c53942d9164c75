"""The built-in segmenter: answers points, boxes and earlier masks from the picture alone, without any weights."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import Matte
from roto.segment.hypotheses import Answer, answers, bounds, fill_starts, rated
from roto.segment.pointed import Points, improved, pointed
from roto.segment.prompt import Candidate, Prompt
from roto.segment.ranking import agreement, overlap
from roto.segment.scene import Scene
from roto.segment.window import Bounds, Window, window

_SIDE = 200.0  # of a close view, in pixels: bounds the work whatever the picture's size
_WIDE_SIDE = 220.0  # of a view of the whole picture
_MARGIN = 0.3  # of the surroundings of a box, as a share of its size
_CLOSE_MARGIN = 0.2
_LOOSER = 0.1  # a box around an answer, as a share of its size
_WIDE_BORDER = 0.1  # a picture's border that is nearer to a positive point than this share of its size is open
_EXTENTS = (0.0, 1.0, -1.0)  # log-odds of a wide view that a close view is taken around
_BIASES = (0.0, -0.9, 0.9)
_STAMP_PX = 1.5  # of the picture: what a point decides whatever else is known
_ALIKE = 0.95  # two answers that overlap more are one
_MOST = 4


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
            raise RotoError("the built-in segmenter reads no text: point at the subject, or draw a box around it")
        if prompt.mask is not None and (prompt.mask >= 0.5).any():
            found = _refined(embedding, prompt, prompt.mask)
        elif prompt.box is not None or not len(prompt.positive):
            found = _boxed(embedding, prompt)
        else:
            found = _pointed(embedding, prompt)
        return _candidates(found, prompt)


def _boxed(rgb: NDArray[np.uint8], prompt: Prompt) -> Iterable[tuple[Matte, float]]:
    height, width = rgb.shape[:2]
    box = prompt.box or (0.0, 0.0, float(width), float(height))
    place, scene, _ = _view(rgb, prompt, box, _MARGIN, _SIDE)
    return _mattes(place, answers(scene, fill_starts(scene)))


def _refined(rgb: NDArray[np.uint8], prompt: Prompt, mask: Matte) -> Iterable[tuple[Matte, float]]:
    height, width = rgb.shape[:2]
    box = prompt.box or _around(bounds(mask >= 0.5), prompt, width, height)
    place, scene, _ = _view(rgb, prompt, box, _MARGIN, _SIDE)
    return _mattes(place, answers(scene, iter([place.view_matte(mask)]), alone=False))


def _pointed(rgb: NDArray[np.uint8], prompt: Prompt) -> Iterable[tuple[Matte, float]]:
    height, width = rgb.shape[:2]
    whole = (0.0, 0.0, float(width), float(height))
    wide, scene, points = _view(rgb, prompt, whole, 0.0, _WIDE_SIDE)
    odds = np.where(scene.held == 0, pointed(scene, points, _WIDE_BORDER)[0], np.float32(8) * scene.held)
    for extent in _EXTENTS:
        inside = cv2.morphologyEx((odds > extent).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0
        box = wide.box_back(bounds(inside)) if inside.any() else None
        place, close, near = _view(rgb, prompt, _around(box, prompt, width, height), _CLOSE_MARGIN, _SIDE)
        found = improved(close, near)
        tried = [(found, close.cut(found + np.float32(bias))) for bias in _BIASES]
        yield from _mattes(place, rated(close, tried))


def _view(
    rgb: NDArray[np.uint8], prompt: Prompt, box: Bounds, margin: float, side: float
) -> tuple[Window, Scene, Points]:
    height, width = rgb.shape[:2]
    place = window(width, height, box, margin, side)
    span = float(np.sqrt(width * height)) * place.columns / place.at.width
    points = Points(place.points(prompt.positive), place.points(prompt.negative), span)
    return place, Scene(place.view(rgb), place.box(box), points.held((place.rows, place.columns))), points


def _around(box: Bounds | None, prompt: Prompt, width: int, height: int) -> Bounds:
    """A box around a box of the picture and the positive points, somewhat wider."""
    corners = prompt.positive if box is None else np.vstack([prompt.positive, np.reshape(box, (2, 2))])
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    more = _LOOSER * float(np.sqrt((x1 - x0) * (y1 - y0))) + 6
    return max(x0 - more, 0.0), max(y0 - more, 0.0), min(x1 + more, float(width)), min(y1 + more, float(height))


def _mattes(place: Window, found: list[Answer]) -> Iterable[tuple[Matte, float]]:
    for answer in sorted(found, key=lambda each: -each.score):
        yield place.matte(answer.labels - np.float32(0.5)), answer.score


def _candidates(found: Iterable[tuple[Matte, float]], prompt: Prompt) -> tuple[Candidate, ...]:
    """The best answers that differ, the best first. The estimates know the box already."""
    kept: list[Candidate] = []
    for matte, score in sorted(found, key=lambda each: -each[1]):
        if len(kept) < _MOST and all(overlap(matte, other.matte) < _ALIKE for other in kept):
            stamped = _stamped(matte, prompt)
            kept.append(Candidate(stamped, score, agreement(stamped, prompt)))
    return tuple(kept)


def _stamped(matte: Matte, prompt: Prompt) -> Matte:
    """The matte with every point on its side of the edge."""
    height, width = matte.shape
    for (px, py), label in zip(prompt.points, prompt.labels, strict=True):
        column, row = int(np.floor(px)), int(np.floor(py))
        if 0 <= column < width and 0 <= row < height and (matte[row, column] >= 0.5) != label:
            at = slice(max(row - 2, 0), row + 3), slice(max(column - 2, 0), column + 3)
            y, x = np.mgrid[at[0].start : min(at[0].stop, height), at[1].start : min(at[1].stop, width)] + 0.5
            disc = np.clip(_STAMP_PX + 0.5 - np.hypot(x - px, y - py), 0, 1).astype(np.float32)
            matte[at] = np.maximum(matte[at], disc) if label else np.minimum(matte[at], 1 - disc)
    return matte
