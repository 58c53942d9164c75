"""Joining the two passes of a span by a network that sees both of them, their chains, and the picture."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from roto.image import Box
from roto.segment.colour import to_lab
from roto.signed_distance import redistanced
from roto.track.components import tidy
from roto.track.learned.moved import moved
from roto.track.learned.networks import Networks
from roto.track.learned.planes import Side, fusion_planes
from roto.track.mix import alike, by_nearness, mix
from roto.track.state import BAND_PX, State, absent_state, crop_state
from roto.track.view import MOST_PIXELS, View, view_of

_MARGIN_PX = 8
_ALIKE_PX, _LEAST_PX = 6.0, 0.5  # how much chains may differ, in working pixels: without drift, and in any case
_DRIFT_PX = 20.0  # drift of both passes, likewise, that divides it by e
_AROUND_PX = 3  # few, so that a stem is not lost between its sides
Watch = Callable[[int, View, NDArray[np.float32], NDArray[np.float32]], None]
"""Told of each frame's number, view, planes and the distance that they start from, before a network is asked."""


def fuse(
    networks: Networks,
    forward: State,
    backward: State,
    share: float,
    rgb: NDArray[np.uint8],
    pixels: int = MOST_PIXELS,
    watch: Watch | None = None,
) -> State:
    """One state of two, at the frame whose picture is ``rgb``. At least one of them has the subject. ``share`` is how
    far the frame lies on the way from the left key to the right one. ``pixels`` are those of the working
    view at most. Where both chains say the same, the edge is theirs and not the network's."""
    height, width = rgb.shape[:2]
    view = view_of(_joined(forward, backward).padded(_MARGIN_PX, width, height), pixels)
    mixed = _start(forward, backward, share, view.box)
    small = view.down(mixed)
    planes = fusion_planes(to_lab(view.picture(rgb)), _side(forward, view), _side(backward, view), small, share)
    if watch is not None:
        watch(forward.number, view, planes, small)
    answer = networks.fuse(planes, small)
    odds = view.enlarge(answer)
    distance = redistanced(tidy(moved(mixed, small, answer, view), odds), outside_px=BAND_PX)
    if not (forward.empty or backward.empty):
        distance = redistanced(_with_flow(distance, forward, backward, share, view), outside_px=BAND_PX)
    if not (distance > 0).any():
        return absent_state(forward.number)
    motion = max(forward.motion_px, backward.motion_px)
    return crop_state(forward.number, distance, view.box, motion_px=motion, odds=odds)


def _start(forward: State, backward: State, share: float, window: Box) -> NDArray[np.float32]:
    """The signed distance that the network starts from. A pass that has lost the subject says nothing of its edge."""
    if forward.empty or backward.empty:
        return (backward if forward.empty else forward).distance(window)
    return mix(forward, backward, share, window)


def _with_flow(
    distance: NDArray[np.float32], forward: State, backward: State, share: float, view: View
) -> NDArray[np.float32]:
    """``distance`` of the view's box, but what flow alone brought here where both keys' chains say the same: there
    flow is right, down to a pixel, and a network can only blur it. The less the passes have drifted, the more the
    chains may differ."""
    a, b = forward.chained(view.box), backward.chained(view.box)
    drift = (forward.drift_px + backward.drift_px) * view.scale
    usual_px = max(_ALIKE_PX * math.exp(-drift / _DRIFT_PX), _LEAST_PX) / view.scale
    trust = alike(a, b, usual_px, _AROUND_PX)
    return np.asarray(distance + trust * (by_nearness(a, b, share) - distance), np.float32)


def _joined(forward: State, backward: State) -> Box:
    if forward.empty or backward.empty:
        return backward.box if forward.empty else forward.box
    return forward.box.union(backward.box)


def _side(state: State, view: View) -> Side:
    return Side(
        distance=view.down(state.distance(view.box)),
        chain=view.down(state.chained(view.box)),
        odds=view.shrink(state.log_odds(view.box)),
        age=state.age,
        drift=state.drift_px * view.scale,
    )
