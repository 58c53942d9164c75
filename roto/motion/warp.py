"""Sampling along a flow, and telling from both directions where the flow can be believed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import Flow


def warp(picture: NDArray[Any], flow: Flow) -> NDArray[Any]:
    """``picture`` sampled at ``x + flow[x]``, bilinear, its border repeated outside: what the source looks like
    once brought onto the target. ``picture`` has the flow's size, any number of channels, uint8 or float32."""
    height, width = flow.shape[:2]
    columns = flow[..., 0] + np.arange(width, dtype=np.float32)
    rows = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def round_trip_error(there: Flow, back: Flow) -> NDArray[np.float32]:
    """Forward-backward error in pixels, ``H x W``: how far from its start a pixel lands that follows ``there`` and
    then ``back`` (Kalal et al., "Forward-Backward Error", ICPR 2010). Large at occlusions and where flow is wrong."""
    miss = there + warp(back, there)
    # not cv2.magnitude, whose last bits depend on where its arrays lie in memory
    return np.asarray(np.sqrt(np.square(miss[..., 0]) + np.square(miss[..., 1])), np.float32)


def resize_flow(flow: Flow, width: int, height: int) -> Flow:
    """The same motion for pictures of another size, bilinear, its vectors scaled to the new pixels."""
    old_height, old_width = flow.shape[:2]
    if (old_width, old_height) == (width, height):
        return flow
    scale = np.array([width / old_width, height / old_height], np.float32)
    return np.asarray(cv2.resize(flow * scale, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
