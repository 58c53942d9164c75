"""Carrying the subject from one frame to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import Flow, dense_flow, grey
from roto.motion.warp import resize_flow, round_trip_error, warp
from roto.segment.resegment import Carried, Example, Resegmenter
from roto.signed_distance import redistanced, signed_distance
from roto.track.components import tidy
from roto.track.guide import Edge, Guide, Guided
from roto.track.state import BAND_PX, State, absent_state, crop_state
from roto.track.view import View, view_of

_MARGIN_PX = 24  # around the subject's patch, besides what its motion asks for
_GAIN = 0.3  # share of the way towards the re-segmented edge that is gone at each frame
_DOUBT_PX = 1.0  # forward-backward error at which most of the way is gone
_EDGE_PX = 3.0  # drift is measured this near to the edge,
_WORST_PX = 8.0  # and a pixel adds no more than this to it

Frames = Iterator[tuple[int, NDArray[np.uint8]]]  # number and picture, uint8 ``H x W x 3``, in the pass's order


class Propagator(Protocol):
    """One way to carry a subject through a span."""

    name: str  # as in TrackOptions: "classical"
    resumes: bool  # a pass can go on from the state of any frame; False: it starts from its key again

    @property
    def seconds(self) -> dict[str, float]:
        """The time that was spent so far in models that are worth a line of their own, by their name."""

    def learn(self, examples: Sequence[Example]) -> Any:
        """What the span's own keyframes teach."""

    def carry(self, model: Any, state: State, frames: Frames) -> Iterator[State]:
        """The states of the frames that follow ``state``. ``frames`` starts with the frame of ``state`` itself, and
        runs either way in time. A state depends on the arguments up to its own frame alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What the keyframes teach: the re-segmenter's model, and how far the segmenter's edge is usually off, in pixels of
    the frame."""

    colours: Any
    usual_px: float


class ClassicalPropagator:
    """Optical flow, corrected by re-segmentation, and by a segmenter that is asked about the frames on the way."""

    name = "classical"
    resumes = True

    def __init__(
        self, resegmenter: Resegmenter | None, flow_preset: str = "medium", guide: Guide | None = None
    ) -> None:
        self._resegmenter = resegmenter
        self._preset = flow_preset
        self.guide = guide

    @property
    def seconds(self) -> dict[str, float]:
        return {} if self.guide is None else {self.guide.name: self.guide.seconds}

    def learn(self, examples: Sequence[Example]) -> Any:
        colours = None if self._resegmenter is None else self._resegmenter.learn(examples)
        return Learned(colours, 0.0 if self.guide is None else self.guide.judge(examples))

    def carry(self, model: Any, state: State, frames: Frames) -> Iterator[State]:
        for (_, before), (number, now) in pairwise(frames):
            state = self._step(model, state, before, number, now)
            yield state

    def _step(
        self, model: Learned, state: State, rgb: NDArray[np.uint8], number: int, target: NDArray[np.uint8]
    ) -> State:
        if state.empty:
            return absent_state(number)
        view = _region(state, target.shape[1], target.shape[0])
        before, now = view.picture(rgb), view.picture(target)
        grey_before, grey_now = grey(before), grey(now)
        back = dense_flow(grey_now, grey_before, self._preset)
        there = dense_flow(grey_before, grey_now, self._preset)
        doubt = round_trip_error(back, there)
        full = resize_flow(back, view.box.width, view.box.height)
        carried, chained = warp(state.distance(view.box), full), redistanced(warp(state.chained(view.box), full))
        distance, certainty, looks = carried, 0.0, None
        if self._resegmenter is not None:
            small, embedding = view.down(carried), self._resegmenter.embed(now)
            seen = Carried(model.colours, Example(warp(before, back), small), doubt)
            found = self._resegmenter.resegment(embedding, seen, small)
            certainty = self._resegmenter.certainty(model.colours)
            distance = corrected(carried, small, found, doubt, view, max(_GAIN, certainty))
            chained = chained + np.float32(certainty) * (distance - chained)
            looks = partial(self._resegmenter.support, embedding, model.colours)
        support = 1.0 if looks is None else looks(view.down(distance))
        distance = redistanced(tidy(distance))
        small = view.down(distance)
        if not (small > 0).any():
            return absent_state(number)
        drift_px = state.drift_px + _edge_error(small, doubt) / view.scale
        before_told = state.answer(view.box)
        last = None if before_told is None else np.asarray(warp(before_told, full) >= 0.5)
        told = Guided(distance, chained, drift_px, "unasked", state.agreement, last)
        if self.guide is not None and self.guide.asks(number):
            told = self.guide.correct(
                target, view, Edge(distance, chained, drift_px, doubt, last), model.usual_px, certainty, looks
            )
            small = view.down(told.distance)
            if not (small > 0).any():
                return absent_state(number)
            if told.verdict != "refused" and looks is not None:
                support = looks(small)
        return crop_state(
            number,
            told.distance,
            view.box,
            chained=_followed(told.distance, told.chained),
            age=state.age + 1,
            motion_px=_motion(small, back) / view.scale,
            drift_px=told.drift_px,
            support=support,
            verdict=told.verdict,
            agreement=told.agreement,
            told=told.answer,
        )


def corrected(
    carried: NDArray[np.float32],
    small: NDArray[np.float32],
    found: NDArray[np.float32],
    doubt: NDArray[np.float32],
    view: View,
    least: float,
) -> NDArray[np.float32]:
    """The carried edge moved towards the re-segmented one: by the share ``least`` where flow is sure, all the way
    where it is not."""
    wanted = signed_distance(found, BAND_PX * view.scale)
    gain = np.maximum(np.float32(least), 1 - np.exp(-cv2.blur(doubt, (5, 5)) / np.float32(_DOUBT_PX)))
    return carried + view.up(gain * (wanted - np.clip(small, -BAND_PX * view.scale, BAND_PX * view.scale)))


def _region(state: State, width: int, height: int) -> View:
    margin = _MARGIN_PX + round(2 * state.motion_px) + max(state.box.width, state.box.height) // 8
    return view_of(state.box.padded(margin, width, height), width, height)


def _motion(distance: NDArray[np.float32], flow: Flow) -> float:
    """How far nearly all of the subject has moved, in working pixels."""
    return float(np.percentile(np.hypot(flow[..., 0], flow[..., 1])[distance > 0], 90))


def _edge_error(distance: NDArray[np.float32], doubt: NDArray[np.float32]) -> float:
    """Mean forward-backward error along the edge, in working pixels."""
    edge = np.abs(distance) < _EDGE_PX
    return float(np.minimum(doubt[edge], _WORST_PX).mean()) if edge.any() else 0.0


def _followed(distance: NDArray[np.float32], chained: NDArray[np.float32]) -> NDArray[np.float32]:
    """The chain, or the edge itself once the two have parted."""
    inside, chain = distance > 0, chained > 0
    both, either = np.count_nonzero(inside & chain), np.count_nonzero(inside | chain)
    return chained if 2 * both >= either else distance
