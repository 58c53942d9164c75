"""A segmenter in the span: it is asked where the carried subject is, and believed as far as that is plausible."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box, Matte, bounding_box
from roto.segment.resegment import Example
from roto.segment.segmenter import Segmenter
from roto.signed_distance import coverage, signed_distance
from roto.track.acceptance import Looks, accept, overlap
from roto.track.asking import prompt_for
from roto.track.state import BAND_PX
from roto.track.view import View
from roto.track.windows import window_around

_LEAST_SCORE = 0.3  # of the segmenter's own estimate: below it, it says itself that it has not found anything
_CLEAR = 2.0  # a difference of so many times an answer's usual error is no error of it
_LEAST_GAIN = 0.05  # share of the way towards the answer that is gone however sure the carried edge is
_WORSE = 1.5  # how much worse answers are on the way, where the prompt is not the truth itself
_LEAST_ERROR_PX = 0.5  # of an answer's edge, however well it does on the keyframes


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """An edge before an answer, in the pixels of a view's box.

    distance: its signed distance, float32 ``H x W``, with something inside. chained: the same for the key's edge as
    flow alone carries it. drift_px: error that has added up since the key. doubt: forward-backward error of the flow
    at working resolution, in working pixels. answer: the last answer, carried here, boolean; None without one.
    """

    distance: NDArray[np.float32]
    chained: NDArray[np.float32]
    drift_px: float
    doubt: NDArray[np.float32]
    answer: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True, eq=False)
class Guided:
    """An edge after an answer.

    distance, chained: as they were given, moved towards what is believed of the answer. drift_px: likewise the error
    that has added up since the key, less what the answer has taken out. verdict: "accepted", "partly" or "refused".
    agreement: intersection over union of the edge, as it is now, with the whole answer. answer: the answer as it came,
    boolean ``H x W``.
    """

    distance: NDArray[np.float32]
    chained: NDArray[np.float32]
    drift_px: float
    verdict: str
    agreement: float
    answer: NDArray[np.bool_] | None


class Guide:
    """Asks a segmenter on every ``every``-th frame of the clip.

    Frames are counted by their own numbers, so that both passes of a span and all layers ask on the same frames, whose
    embeddings are then computed once.

    asked, seconds: how often the segmenter was asked so far, and the time it took; no answer depends on them.
    """

    def __init__(self, segmenter: Segmenter, every: int = 1) -> None:
        self.name = segmenter.name
        self._segmenter = segmenter
        self._every = every
        self.asked = 0
        self.seconds = 0.0

    def asks(self, number: int) -> bool:
        """Whether frame ``number`` is one to ask about."""
        return number % self._every == 0

    def judge(self, examples: Sequence[Example]) -> float:
        """How far the segmenter's edge is usually off, in pixels of the frame: it is asked about the keyframes, whose
        answers are known. ``examples`` are whole frames; those without a subject say nothing."""
        errors = []
        for example in examples:
            edge = np.abs(example.distance) <= 1
            if not edge.any() or not (example.distance > 0).any():
                continue
            height, width = example.distance.shape
            answer = self._ask(example.rgb, example.distance, Box(0, 0, width, height))
            miss = signed_distance(answer)[edge] - example.distance[edge]
            errors.append(float(np.sqrt(np.square(miss).mean())))
        return max(_WORSE * sum(errors) / len(errors), _LEAST_ERROR_PX) if errors else _LEAST_ERROR_PX

    def correct(
        self,
        rgb: NDArray[np.uint8],
        view: View,
        edge: Edge,
        usual_px: float,
        certainty: float,
        looks: Looks | None,
    ) -> Guided:
        """The edge after the segmenter's answer.

        rgb: the whole frame, uint8 ``H x W x 3``. view: where the edge is. usual_px: see :meth:`judge`.
        certainty: how far colours alone give the edge, 0 to 1, so that an answer has nothing to add. looks: what the
        colour models say of a region of the view; None where there are none.
        """
        small = view.down(edge.distance)
        whole = self._ask(rgb, edge.distance, view.box)
        answer, told = view.shrink(whole), np.asarray(whole >= 0.5)
        last = None if edge.answer is None else np.asarray(view.shrink(edge.answer.astype(np.float32)) >= 0.5)
        found = accept(small, view.down(edge.chained), answer, last, looks)
        if found.matte is None:
            inside = overlap(small > 0, answer >= 0.5)
            return Guided(edge.distance, edge.chained, edge.drift_px, found.verdict, inside, told)
        error = edge.drift_px * view.scale
        expected = usual_px * view.scale
        limit = BAND_PX * view.scale
        wanted = signed_distance(found.matte, limit)
        known = _kalman_gain(error + cv2.blur(edge.doubt, (5, 5)), expected)
        seen = _kalman_gain(wanted - np.clip(small, -limit, limit), _CLEAR * expected)
        gain = np.float32(1 - certainty) * np.maximum(np.maximum(known, seen), np.float32(_LEAST_GAIN))
        distance = _moved(edge.distance, wanted, gain, view)
        left = error * expected / max(float(np.hypot(error, expected)), 1e-6)
        return Guided(
            distance,
            _moved(edge.chained, wanted, gain, view),
            edge.drift_px + (1 - certainty) * found.kept * (left / view.scale - edge.drift_px),
            found.verdict,
            overlap(view.down(distance) > 0, answer >= 0.5),
            told,
        )

    def _ask(self, rgb: NDArray[np.uint8], distance: NDArray[np.float32], box: Box) -> Matte:
        """The answer in the pixels of ``box``; beyond the window that was looked at, the carried matte."""
        inner = bounding_box(distance > 0)
        subject = Box(inner.x0 + box.x0, inner.y0 + box.y0, inner.x1 + box.x0, inner.y1 + box.y0)
        window = window_around(subject, rgb.shape[1], rgb.shape[0])
        seen = np.full((window.height, window.width), -BAND_PX, np.float32)
        out = coverage(distance)
        both = window.shared(box)
        in_window, in_box = both.within(window).slices, both.within(box).slices
        seen[in_window] = distance[in_box]
        out[in_box] = self._best(np.ascontiguousarray(rgb[window.slices]), seen)[in_window]
        return out

    def _best(self, crop: NDArray[np.uint8], distance: NDArray[np.float32]) -> Matte:
        """The candidate that is nearest to the carried matte; an empty one where the segmenter believes in none."""
        started = time.perf_counter()
        candidates = self._segmenter.answer(self._segmenter.embed(crop), prompt_for(distance))
        self.seconds += time.perf_counter() - started
        self.asked += 1
        inside = distance > 0
        believed = [candidate.matte for candidate in candidates if candidate.score >= _LEAST_SCORE]
        nothing = np.zeros(distance.shape, np.float32)
        return max(believed, key=lambda matte: overlap(matte >= 0.5, inside), default=nothing)


def _kalman_gain(error: NDArray[np.float32], expected: float) -> NDArray[np.float32]:
    """Share of the way from a value that is wrong by ``error`` to one that is wrong by ``expected``, both unbiased, at
    which the least error is left."""
    return np.asarray(error**2 / (error**2 + np.float32(expected**2)), np.float32)


def _moved(
    distance: NDArray[np.float32], wanted: NDArray[np.float32], gain: NDArray[np.float32], view: View
) -> NDArray[np.float32]:
    limit = BAND_PX * view.scale
    return distance + view.up(gain * (wanted - np.clip(view.down(distance), -limit, limit)))
