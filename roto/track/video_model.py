"""Carrying a subject by a video model: the model proposes each frame, the blend and the smoothing go on top."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from roto.image import EMPTY_BOX, Box, bounding_box
from roto.segment.pretrained import spread
from roto.segment.resegment import Example
from roto.signed_distance import coverage, redistanced
from roto.track.blend import sure_by_rule
from roto.track.mix import mixed
from roto.track.pace import EVERY_FRAME
from roto.track.propagate import Frames
from roto.track.state import BAND_PX, State, absent_state, crop_state
from roto.track.video_session import Seen, VideoModel
from roto.track.view import Detail


class VideoPropagator:
    """A model with a memory, shown every key of the span on which the subject is there.

    The far key is a memory of its own beside the near one: SAM 2 and its kin are trained to look at prompted frames on
    either side. A pass cannot go on from a single state, since the memory is made of all frames since the key.
    """

    name = "video"
    pace = EVERY_FRAME
    resumes = False

    def __init__(self, model: VideoModel, flow_preset: str = "medium") -> None:
        self._model = model
        self.detail = Detail(flow_preset)

    @property
    def seconds(self) -> dict[str, float]:
        return {}

    def fit(self, examples: Sequence[Example]) -> bytes:
        return b""

    def learn(self, examples: Sequence[Example], fitted: bytes) -> tuple[Example, ...]:
        return tuple(example for example in examples if (example.distance > 0).any())

    def carry(self, model: tuple[Example, ...], state: State, frames: Frames) -> Iterator[State]:
        session, start, box = self._model.session(), state.number, EMPTY_BOX
        for number, rgb in frames:
            index = abs(number - start)
            if index == 0:
                whole = Box(0, 0, rgb.shape[1], rgb.shape[0])
                near = Example(rgb, state.distance(whole), start)
                for key in (near, *(example for example in model if example.number != start)):
                    session.key(abs(key.number - start), key.rgb, coverage(key.distance))
                box = _tight(near.distance)
                continue
            found, box = state_of(number, index, session.see(index, rgb), rgb.shape[:2], box)
            yield found

    def join(self, forward: State, backward: State, share: float, rgb: NDArray[np.uint8]) -> State:
        return mixed(forward, backward, share)

    def sure(self, state: State, near: State, agreement: float | None) -> float:
        return sure_by_rule(state, near, agreement)


def state_of(number: int, age: int, seen: Seen, shape: tuple[int, ...], before: Box) -> tuple[State, Box]:
    """The state of a frame of ``shape``, and the box of the subject in it. ``before`` is its box in the last frame
    on which it was there.

    There is no flow, so the chain is the edge itself: the blend then weighs the passes by their distance from their
    keys alone. A model's error does not add up from frame to frame either: drift is what its own estimate of the
    intersection over union lacks, as a length of the subject's size.
    """
    height, width = shape
    level = spread(seen.logits, width, height)
    window = _tight(level).padded(round(BAND_PX), width, height)
    distance = level[window.slices] if window.empty else redistanced(level[window.slices])
    inside = distance > 0
    if not inside.any():
        # the likelihood that it is there after all, as the drift of one pixel: what the confidence is made from
        return replace(absent_state(number), age=age, drift_px=float(np.float32(seen.presence))), before
    local = bounding_box(inside)
    box = Box(local.x0 + window.x0, local.y0 + window.y0, local.x1 + window.x0, local.y1 + window.y0)
    size_px = float(np.sqrt(np.count_nonzero(inside)))
    state = crop_state(
        number,
        distance,
        window,
        age=age,
        motion_px=_moved(before, box),
        drift_px=(1 - seen.quality * seen.presence) * size_px,
        support=seen.presence,
    )
    return state, box


def _tight(level: NDArray[np.float32]) -> Box:
    return bounding_box(level > 0)


def _moved(before: Box, now: Box) -> float:
    """The farthest that a side of the subject's box has moved, in pixels."""
    return float(max(abs(a - b) for a, b in zip(before, now, strict=True)))
