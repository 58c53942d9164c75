"""Sampling along a flow, and telling from both directions where the flow can be believed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import Flow

_ROW = 256  # places are laid out as a picture, whose sides OpenCV bounds


def warp(picture: NDArray[Any], flow: Flow) -> NDArray[Any]:
    """``picture`` sampled at ``x + flow[x]``, bilinear, its border repeated outside: what the source looks like
    once brought onto the target. ``picture`` has the flow's size, any number of channels, uint8 or float32."""
    height, width = flow.shape[:2]
    columns = flow[..., 0] + np.arange(width, dtype=np.float32)
    rows = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def sampled(
    picture: NDArray[np.float32],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    outside: float | None = None,
) -> NDArray[np.float32]:
    """``picture`` at any places, float32 ``N`` each, bilinear: ``N`` values, or ``N x C`` of ``C`` channels. Beyond its
    border is ``outside``, or, without that, the border repeated."""
    rows = -(-len(x) // _ROW)
    across, down = maps = np.zeros((2, rows, _ROW), np.float32)
    maps.reshape(2, rows * _ROW)[:, : len(x)] = x, y
    if not rows:
        return np.zeros((0, *picture.shape[2:]), np.float32)
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    value = (0.0 if outside is None else outside,) * 4
    found = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=border, borderValue=value)
    return np.asarray(found, np.float32).reshape(rows * _ROW, *picture.shape[2:])[: len(x)]


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
