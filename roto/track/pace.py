"""Which frames a pass looks at. The slower a subject, the fewer: those between follow from their neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import dense_flow, grey, usual_motion
from roto.track.span import Span
from roto.track.state import State
from roto.track.view import view_of

_FARTHEST = 0.2  # of its size that a subject may move from one look to the next
_LOOKS = 6  # at a span, about as many at least: who keys so densely wants every frame right
_KEY_PIXELS = 20_000  # of the view in which a key's subject is seen to move
_KEY_MARGIN = 0.25  # of the subject's box, around it


@dataclass(frozen=True, slots=True)
class Pace:
    """Frames from one look of a pass to the next, powers of two: ``least`` for a fast subject, ``most`` for a slow one.
    What lies between is found by flow from both sides."""

    least: int = 1
    most: int = 1

    @property
    def fixed(self) -> bool:
        return self.least == self.most

    def stride(self, state: State) -> int:
        """Frames to the next look, by how far the subject of ``state`` moves a frame."""
        if self.fixed or state.empty:
            return self.least
        farthest = _FARTHEST * float(np.sqrt(np.count_nonzero(state.patch > 0)))
        stride = self.most
        while stride > self.least and stride * state.motion_px > farthest:
            stride //= 2
        return stride


EVERY_FRAME = Pace()


def next_look(span: Span, state: State, forward: bool, pace: Pace) -> int | None:
    """The frame that a pass looks at after that of ``state``; None after the last one.

    Strides end on their own multiples, counted from one end of the span, so that the two passes look at the same
    frames wherever they see the same motion; they are short in a short span. An end of the span without a key beside it
    is looked at, since a frame between two looks is found from both; and so is every frame between a key outside the
    span and the span. Last comes the frame of a key beside the span that says that the subject is absent: what a pass
    still finds there is something else.
    """
    keyed_left = span.left is not None and span.left.number == span.first - 1
    keyed_right = span.right is not None and span.right.number == span.last + 1
    number = state.number
    if forward and number < span.first and not keyed_left:
        return number + 1
    if not forward and number > span.last and not keyed_right:
        return number - 1
    origin = span.first - 1 if keyed_left or not keyed_right else span.last + 1
    most = max(pace.least, _power_of_two(len(span) // _LOOKS))
    stride = min(pace.stride(state), most, _power_of_two(len(span)))
    along = number - origin
    following = origin + stride * (along // stride + 1 if forward else (along - 1) // stride)
    if span.first <= following <= span.last:
        return following
    if span.absent_beside is not None:
        return None if number == span.absent_beside.number else span.absent_beside.number
    end, keyed = (span.last, keyed_right) if forward else (span.first, keyed_left)
    return None if keyed or number == end else end


def _power_of_two(most: int) -> int:
    return 1 << max(most.bit_length() - 1, 0)


def with_motion(key: State, rgb: NDArray[np.uint8], following: NDArray[np.uint8]) -> State:
    """The state of a key, with how far its subject moves to the frame ``following``; ``rgb`` is its own picture. To be
    run within :func:`roto.motion.flow.one_thread`."""
    if key.empty:
        return key
    height, width = rgb.shape[:2]
    margin = round(_KEY_MARGIN * max(key.box.width, key.box.height))
    view = view_of(key.box.padded(margin, width, height), _KEY_PIXELS)
    flow = dense_flow(grey(view.picture(rgb)), grey(view.picture(following)), "fast")
    inside = view.down(key.distance(view.box)) > 0
    return replace(key, motion_px=float(np.float32(usual_motion(flow, inside) / view.scale)))
