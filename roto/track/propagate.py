"""Carrying the subject from one frame to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import Flow, dense_flow, grey
from roto.motion.warp import resize_flow, round_trip_error, warp
from roto.segment.segmenter import Example, Prompt, Segmenter
from roto.signed_distance import redistanced, signed_distance
from roto.track.components import tidy
from roto.track.state import BAND_PX, State, absent_state, crop_state
from roto.track.view import View, view_of

_MARGIN_PX = 24  # around the subject's patch, besides what its motion asks for
_GAIN = 0.3  # share of the way towards the re-segmented edge that is gone at each frame
_DOUBT_PX = 1.0  # forward-backward error at which most of the way is gone
_EDGE_PX = 3.0  # drift is measured this near to the edge,
_WORST_PX = 8.0  # and a pixel adds no more than this to it


class Propagator(Protocol):
    """One way to carry a subject along. A step depends on its arguments alone, so a pass can stop and resume at any
    frame."""

    name: str  # as in TrackOptions: "classical"

    def unavailable(self) -> str | None:
        """Why it cannot run here, or None."""

    def learn(self, examples: Sequence[Example]) -> Any:
        """What the span's own keyframes teach."""

    def step(self, model: Any, state: State, rgb: NDArray[np.uint8], number: int, target: NDArray[np.uint8]) -> State:
        """The state at frame ``number``, whose picture is ``target``, from that of a neighbouring frame with the
        picture ``rgb``; both uint8 ``H x W x 3``."""


class ClassicalPropagator:
    """Optical flow, corrected by re-segmentation."""

    name = "classical"

    def __init__(self, segmenter: Segmenter | None, flow_preset: str = "medium") -> None:
        self._segmenter = segmenter
        self._preset = flow_preset

    def unavailable(self) -> str | None:
        return None if self._segmenter is None else self._segmenter.unavailable()

    def learn(self, examples: Sequence[Example]) -> Any:
        return None if self._segmenter is None else self._segmenter.learn(examples)

    def step(self, model: Any, state: State, rgb: NDArray[np.uint8], number: int, target: NDArray[np.uint8]) -> State:
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
        distance, support = carried, 1.0
        if self._segmenter is not None:
            small, embedding = view.down(carried), self._segmenter.embed(now)
            prompt = Prompt(model, Example(warp(before, back), small), doubt)
            found = self._segmenter.segment(embedding, prompt, small)
            certainty = self._segmenter.certainty(model)
            distance = corrected(carried, small, found, doubt, view, max(_GAIN, certainty))
            chained = chained + np.float32(certainty) * (distance - chained)
            support = self._segmenter.support(embedding, model, view.down(distance))
        distance = redistanced(tidy(distance))
        small = view.down(distance)
        if not (small > 0).any():
            return absent_state(number)
        return crop_state(
            number,
            distance,
            view.box,
            chained=_followed(distance, chained),
            age=state.age + 1,
            motion_px=_motion(small, back) / view.scale,
            drift_px=state.drift_px + _edge_error(small, doubt) / view.scale,
            support=support,
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
