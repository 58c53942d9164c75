"""Dense optical flow by DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Flow: TypeAlias = NDArray[np.float32]  # H x W x 2, in pixels: where to look in the other picture, as (dx, dy)

PRESETS = {
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
    "fine": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,  # and down to single pixels: five times the cost
}
# DIS fails on pictures that are smaller than its coarsest patches; those are extended by repeating their border.
_SMALLEST_PX = 48


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV on one thread: the result of DIS depends on how many there are, and ours must not."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """8-bit luma (BT.601) of ``H x W x 3`` RGB."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def usual_motion(flow: Flow, inside: NDArray[np.bool_]) -> float:
    """How far nearly all of a subject moves, in the pixels of ``flow``; ``inside`` is where it is."""
    return float(np.percentile(np.hypot(flow[..., 0], flow[..., 1])[inside], 90)) if inside.any() else 0.0


def dense_flow(target: NDArray[np.uint8], source: NDArray[np.uint8], preset: str = "medium") -> Flow:
    """Flow from ``target`` to ``source``, two 8-bit grey pictures of one size: the pixel at ``x`` of the target is
    seen at ``x + flow[x]`` of the source. To be run within :func:`one_thread`."""
    height, width = target.shape
    down, right = max(_SMALLEST_PX - height, 0), max(_SMALLEST_PX - width, 0)
    if down or right:
        target, source = (
            np.asarray(cv2.copyMakeBorder(x, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)
            for x in (target, source)
        )
    # a new instance a call: one that is used again keeps buffers of the pictures before
    dis = cv2.DISOpticalFlow.create(PRESETS[preset])
    if preset == "fine":
        dis.setFinestScale(0)
    flow = dis.calc(target, source, None)  # type: ignore[call-overload]
    return np.ascontiguousarray(flow[:height, :width], np.float32)
