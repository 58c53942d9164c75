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

from roto.motion.warp import warp
from roto.segment.resegment import Carried, Example, Resegmenter
from roto.signed_distance import signed_distance
from roto.track.blend import sure_by_rule
from roto.track.guide import Guide
from roto.track.mix import mixed
from roto.track.pace import EVERY_FRAME, Pace
from roto.track.state import BAND_PX, State, absent_state
from roto.track.step import Told, begin
from roto.track.view import Detail, View, view_of

_MARGIN_PX = 24  # around the subject's patch, besides what its motion asks for
_GAIN = 0.3  # share of the way towards the re-segmented edge that is gone at each frame
_DOUBT_PX = 1.0  # forward-backward error at which most of the way is gone

Frames = Iterator[tuple[int, NDArray[np.uint8]]]  # number and picture, uint8 ``H x W x 3``, in the pass's order


class Propagator(Protocol):
    """One way to carry a subject through a span."""

    name: str  # as in TrackOptions: "classical"
    detail: Detail  # of the flow, here and wherever else a span needs some
    pace: Pace  # which frames a pass looks at
    resumes: bool  # a pass can go on from the state of any frame; False: it starts from its key again

    @property
    def seconds(self) -> dict[str, float]:
        """The time that was spent so far in models that are worth a line of their own, by their name."""

    def fit(self, examples: Sequence[Example]) -> bytes:
        """What takes seconds to learn from the span's own keyframes, to be kept; empty where nothing does."""

    def learn(self, examples: Sequence[Example], fitted: bytes) -> Any:
        """What the span's own keyframes teach, with what :meth:`fit` made of them."""

    def carry(self, model: Any, state: State, frames: Frames) -> Iterator[State]:
        """The states of the frames that follow ``state``. ``frames`` starts with the frame of ``state`` itself, and
        runs either way in time, by a frame or more at a step. A state depends on the arguments up to its frame."""

    def join(self, forward: State, backward: State, share: float, rgb: NDArray[np.uint8]) -> State:
        """One state of those of the two passes, at the frame whose picture is ``rgb``; at least one of them has the
        subject. ``share`` is how far the frame lies on the way from the left key (0) to the right one (1)."""

    def sure(self, state: State, near: State, agreement: float | None) -> float:
        """The confidence of a frame's state, see :data:`roto.track.blend.Sure`."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What the keyframes teach: the re-segmenter's model, and how far the segmenter's edge is usually off, in pixels of
    the frame."""

    colours: Any
    usual_px: float


class ClassicalPropagator:
    """Optical flow, corrected by re-segmentation, and by a segmenter that is asked about the frames on the way."""

    name = "classical"
    pace = EVERY_FRAME
    resumes = True

    def __init__(
        self, resegmenter: Resegmenter | None, flow_preset: str = "medium", guide: Guide | None = None
    ) -> None:
        self._resegmenter = resegmenter
        self.detail = Detail(flow_preset)
        self.guide = guide

    @property
    def seconds(self) -> dict[str, float]:
        return {} if self.guide is None else {self.guide.name: self.guide.seconds}

    def fit(self, examples: Sequence[Example]) -> bytes:
        return b""

    def learn(self, examples: Sequence[Example], fitted: bytes) -> Any:
        colours = None if self._resegmenter is None else self._resegmenter.learn(examples)
        return Learned(colours, 0.0 if self.guide is None else self.guide.judge(examples))

    def carry(self, model: Any, state: State, frames: Frames) -> Iterator[State]:
        for (_, before), (number, now) in pairwise(frames):
            state = self._step(model, state, before, number, now)
            yield state

    def join(self, forward: State, backward: State, share: float, rgb: NDArray[np.uint8]) -> State:
        return mixed(forward, backward, share)

    def sure(self, state: State, near: State, agreement: float | None) -> float:
        return sure_by_rule(state, near, agreement)

    def _step(
        self, model: Learned, state: State, rgb: NDArray[np.uint8], number: int, target: NDArray[np.uint8]
    ) -> State:
        if state.empty:
            return absent_state(number)
        step = begin(state, rgb, number, target, _view(state, target.shape[1], target.shape[0]), self.detail.preset)
        if self._resegmenter is None:
            return step.settle(Told(step.carried, step.chained), self.guide, model.usual_px)
        view, carried, small = step.view, step.carried, step.view.down(step.carried)
        embedding = self._resegmenter.embed(step.now)
        seen = Carried(model.colours, Example(warp(step.before, step.back), small), step.doubt)
        found = self._resegmenter.resegment(embedding, seen, small)
        certainty = self._resegmenter.certainty(model.colours)
        distance = corrected(carried, small, found, step.doubt, view, max(_GAIN, certainty))
        chained = step.chained + np.float32(certainty) * (distance - step.chained)
        looks = partial(self._resegmenter.support, embedding, model.colours)
        return step.settle(Told(distance, chained, certainty, looks), self.guide, model.usual_px)


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


def _view(state: State, width: int, height: int) -> View:
    margin = _MARGIN_PX + round(2 * state.motion_px) + max(state.box.width, state.box.height) // 8
    return view_of(state.box.padded(margin, width, height))
