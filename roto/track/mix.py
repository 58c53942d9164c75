"""Mixing the edges of two passes by rule: by how near their keys are, and by flow alone where it is right."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box
from roto.signed_distance import redistanced
from roto.track.state import BAND_PX, State, crop_state

_AGREE_PX = 20.0  # where the chains of both sides differ by less, flow is right and re-segmentation can only harm
_AROUND_PX = 7
_POWER = 2.0  # a pass counts with the inverse square of its frames since the key: errors grow faster than they add up


def mixed(forward: State, backward: State, share: float) -> State:
    """One state of two, at least one of which has the subject. ``share`` is how far the frame lies on the way from
    the left key (0) to the right one (1)."""
    if forward.empty or backward.empty:
        # the subject is there at both keys, so the pass without it has lost it, behind something most likely
        return backward if forward.empty else forward
    window = forward.box.union(backward.box)
    distance = mix(forward, backward, share, window)
    return crop_state(forward.number, distance, window, motion_px=max(forward.motion_px, backward.motion_px))


def mix(forward: State, backward: State, share: float, window: Box) -> NDArray[np.float32]:
    """The signed distance in ``window`` that the two passes mix to, float32 of its size."""
    a, b = forward.distance(window), backward.distance(window)
    flow_a, flow_b = forward.chained(window), backward.chained(window)
    trust = alike(flow_a, flow_b, _AGREE_PX, _AROUND_PX)
    # a mix of two distances is none any more, and its edge would be too soft
    return redistanced(trust * by_nearness(flow_a, flow_b, share) + (1 - trust) * by_nearness(a, b, share))


def by_nearness(a: NDArray[np.float32], b: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """The mean of two signed distances, float32 of any one shape in pixels, the nearer key's weighing more."""
    share_b = np.float32(share**_POWER / (share**_POWER + (1 - share) ** _POWER))
    return (1 - share_b) * np.clip(a, -BAND_PX, BAND_PX) + share_b * np.clip(b, -BAND_PX, BAND_PX)


def alike(a: NDArray[np.float32], b: NDArray[np.float32], usual_px: float, around_px: int) -> NDArray[np.float32]:
    """How far two signed distances say the same, float32 of their shape in [0, 1]: 1 where they do not differ in a
    square of ``around_px``, 1/e where they differ by ``usual_px`` in it."""
    return np.asarray(np.exp(-np.square(cv2.blur(np.abs(a - b), (around_px, around_px)) / np.float32(usual_px))))
