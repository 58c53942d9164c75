"""The built-in segmenter: answers points, boxes and earlier masks from the picture alone, without any weights."""

from __future__ import annotations

from dataclasses import dataclass

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
_DOUBT = 0.3  # share of the estimated overlap that a single point is too little for
_STAMP_PX = 1.5  # of the picture: what a point decides whatever else is known
_ALIKE = 0.95  # two answers that overlap more are one
_MOST = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    place: Window
    answer: Answer


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
        height, width = embedding.shape[:2]
        if prompt.mask is not None and (prompt.mask >= 0.5).any():
            found = _refined(embedding, prompt, prompt.mask)
        elif prompt.box is not None:
            found = _boxed(embedding, prompt, _clipped(prompt.box, width, height))
        elif len(prompt.positive):
            found = _pointed(embedding, prompt)
        elif prompt.mask is not None:
            return (Candidate(np.zeros((height, width), np.float32), 0.0, 0.0),)
        else:
            raise RotoError("points off the subject do not tell where it is: add a point on it, or a box around it")
        return _candidates(found, prompt)


def _boxed(rgb: NDArray[np.uint8], prompt: Prompt, box: Bounds) -> list[_Found]:
    place, scene, _ = _view(rgb, prompt, box, _MARGIN, _SIDE)
    return [_Found(place, answer) for answer in answers(scene, fill_starts(scene))]


def _refined(rgb: NDArray[np.uint8], prompt: Prompt, mask: Matte) -> list[_Found]:
    height, width = rgb.shape[:2]
    box = prompt.box or _around(bounds(mask >= 0.5), prompt, width, height)
    place, scene, _ = _view(rgb, prompt, _clipped(box, width, height), _MARGIN, _SIDE)
    return [_Found(place, answer) for answer in answers(scene, iter([place.view_matte(mask)]), alone=False)]


def _pointed(rgb: NDArray[np.uint8], prompt: Prompt) -> list[_Found]:
    """The whole picture first, then close views of what the points seem to mean, in several extents."""
    height, width = rgb.shape[:2]
    whole = (0.0, 0.0, float(width), float(height))
    wide, scene, points = _view(rgb, prompt, whole, 0.0, _WIDE_SIDE)
    odds = np.where(scene.held == 0, pointed(scene, points, _WIDE_BORDER)[0], np.float32(8) * scene.held)
    sure = 1 - _DOUBT / len(prompt.points)
    found: list[_Found] = []
    for extent in _EXTENTS:
        inside = cv2.morphologyEx((odds > extent).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0
        box = _around(wide.box_back(bounds(inside)) if inside.any() else None, prompt, width, height)
        place, close, near = _view(rgb, prompt, _clipped(box, width, height), _CLOSE_MARGIN, _SIDE)
        better = improved(close, near)
        tried = [(better, close.cut(better + np.float32(bias))) for bias in _BIASES]
        found += [_Found(place, Answer(each.labels, each.score * sure)) for each in rated(close, tried)]
    return found


def _view(
    rgb: NDArray[np.uint8], prompt: Prompt, box: Bounds, margin: float, side: float
) -> tuple[Window, Scene, Points]:
    height, width = rgb.shape[:2]
    place = window(width, height, box, margin, side)
    span = float(np.sqrt(width * height)) * place.columns / place.at.width
    points = Points(place.points(prompt.positive), place.points(prompt.negative), span)
    return place, Scene(place.view(rgb), place.box(box), points.held((place.rows, place.columns))), points


def _clipped(box: Bounds, width: int, height: int) -> Bounds:
    """The part of a box that lies in the picture, a pixel wide and high at least."""
    x0, y0, x1, y1 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(width)), min(box[3], float(height))
    if x0 >= x1 or y0 >= y1:
        raise RotoError(f"the box {box} lies outside the picture, which is {width} x {height} pixels")
    x0, y0 = min(x0, float(np.floor(x1 - 1e-6))), min(y0, float(np.floor(y1 - 1e-6)))
    return x0, y0, max(x1, float(np.ceil(x0 + 1e-6))), max(y1, float(np.ceil(y0 + 1e-6)))


def _around(box: Bounds | None, prompt: Prompt, width: int, height: int) -> Bounds:
    """A box around a box of the picture and the positive points, somewhat wider."""
    corners = prompt.positive if box is None else np.vstack([prompt.positive, np.reshape(box, (2, 2))])
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    more = _LOOSER * float(np.sqrt((x1 - x0) * (y1 - y0))) + 6
    return max(x0 - more, 0.0), max(y0 - more, 0.0), min(x1 + more, float(width)), min(y1 + more, float(height))


def _candidates(found: list[_Found], prompt: Prompt) -> tuple[Candidate, ...]:
    """The best answers that differ, the best first: the estimates know already how an answer fits its box."""
    kept: list[tuple[_Found, Candidate]] = []
    for each in sorted(found, key=lambda each: -each.answer.score):
        if any(other.place == each.place and _alike(other.answer, each.answer) for other, _ in kept):
            continue  # told in the view already: pictures may be large
        matte = _stamped(each.place.matte(each.answer.labels - np.float32(0.5)), prompt)
        if all(overlap(matte, candidate.matte) < _ALIKE for _, candidate in kept):
            kept.append((each, Candidate(matte, each.answer.score, agreement(matte, prompt))))
        if len(kept) == _MOST:
            break
    return tuple(candidate for _, candidate in kept)


def _alike(a: Answer, b: Answer) -> bool:
    return overlap(a.labels, b.labels) >= _ALIKE


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
