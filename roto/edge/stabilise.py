"""Stabilise soft edges: neighbouring mattes, brought onto the frame along the plates' motion, are averaged.

Smoothing (:mod:`roto.temporal`) moves an edge; this evens out how much of each pixel it covers, which a refined matte
answers frame by frame, and therefore with flicker.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.step import Around, EdgeStep
from roto.image import Box, Matte, bounding_box
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import Flow, dense_flow, grey
from roto.motion.warp import round_trip_error, warp
from roto.options import option

Floats: TypeAlias = NDArray[np.float32]

_MARGIN_PX = 24  # around what is soft: motion is looked for there too
_MISS_PX = 1.0  # forward-backward error
_LOOK = 8.0  # difference of colour, of 255
_CHANGE = 0.25  # difference of coverage: more than about this is no flicker
_SETTLED = np.float32(0.002)


@dataclass(frozen=True, kw_only=True)
class Stabilise(EdgeStep):
    type: ClassVar[str] = "stabilise"
    summary: ClassVar[str] = "even out the flicker of a soft edge, along the plates' motion"
    costly: ClassVar[bool] = True

    frames: int = option(1, "how many frames before and after are averaged", minimum=1, maximum=5)

    @property
    def reach(self) -> int:
        return self.frames

    def apply(self, matte: Matte, around: Around) -> Matte:
        plate = around.plate(0)
        if plate is None or not _soft(matte).any():
            return matte
        neighbours = []
        small = thumbnail(plate.rgb8())
        for direction in (-1, 1):
            for offset in range(direction, direction * (self.frames + 1), direction):
                beside = around.plate(offset)
                if beside is None or is_cut(small, thumbnail(beside.rgb8())):
                    break
                there = around.matte(offset)
                if there is None:
                    break
                neighbours.append((there, beside.rgb8()))
        return stabilise(matte, plate.rgb8(), neighbours)


def stabilise(matte: Matte, rgb: NDArray[np.uint8], neighbours: Sequence[tuple[Matte, NDArray[np.uint8]]]) -> Matte:
    """The matte averaged with its neighbours where it, or one of them, is soft.

    A neighbour counts by how far optical flow to it and back holds, how alike the two pictures are there, and how
    little coverage differs. matte: float32 ``H x W`` in [0, 1]; rgb: uint8 ``H x W x 3``; neighbours: the same of
    frames nearby. To be run within :func:`roto.motion.flow.one_thread`.
    """
    if not neighbours:
        return matte
    height, width = matte.shape
    box = bounding_box(_soft(matte)).padded(_MARGIN_PX, width, height)
    if box.empty:
        return matte
    here = matte[box.slices]
    total, weights = here.copy(), np.ones_like(here)
    for there, other in neighbours:
        brought, weight = _brought(here, _cropped(rgb, box), _cropped(other, box), there[box.slices])
        total += weight * brought
        weights += weight
    stable = np.where(_soft(here), total / weights, here)
    result = matte.copy()
    result[box.slices] = np.clip(stable, 0, 1)
    return result


def coverage_flicker(
    pairs: Sequence[tuple[Matte, Matte]], rgb: NDArray[np.uint8], rgb_before: NDArray[np.uint8]
) -> list[float | None]:
    """How much coverage at soft edges jumps from one frame to the next once motion is taken out: its root mean square
    difference, 0 to 1, where flow holds and the plates are alike.

    pairs: mattes of a frame and of the one before it, float32 ``H x W``, one answer each, all measured where any of
    them is soft, along the same motion; None where nothing is soft or comparable. rgb, rgb_before: uint8
    ``H x W x 3``. To be run within :func:`roto.motion.flow.one_thread`.
    """
    height, width = rgb.shape[:2]
    soft = np.logical_or.reduce([_soft(matte) for matte, _ in pairs])
    box = bounding_box(soft).padded(_MARGIN_PX, width, height)
    if box.empty or is_cut(thumbnail(rgb), thumbnail(rgb_before)):
        return [None] * len(pairs)
    motion = _Motion.between(_cropped(rgb, box), _cropped(rgb_before, box))
    weight = motion.alike * soft[box.slices]
    total = float(weight.sum(dtype=np.float64))
    if total <= 1:
        return [None] * len(pairs)
    changes = (matte[box.slices] - motion.bring(before[box.slices]) for matte, before in pairs)
    return [math.sqrt(float((weight * change**2).sum(dtype=np.float64)) / total) for change in changes]


class _Motion(NamedTuple):
    """Flow to a neighbour, and how far it holds and shows the same, 0 to 1."""

    flow: Flow
    alike: Floats

    @classmethod
    def between(cls, rgb: NDArray[np.uint8], other: NDArray[np.uint8]) -> _Motion:
        target, source = grey(rgb), grey(other)
        flow = dense_flow(target, source)
        miss = round_trip_error(flow, dense_flow(source, target))
        look = np.abs(warp(other, flow).astype(np.float32) - rgb).mean(axis=2)
        alike = np.exp(-((miss / _MISS_PX) ** 2) - (look / _LOOK) ** 2)
        return cls(flow, np.asarray(alike, np.float32))

    def bring(self, matte: Matte) -> Matte:
        return np.asarray(warp(np.ascontiguousarray(matte), self.flow), np.float32)


def _brought(here: Matte, rgb: NDArray[np.uint8], other: NDArray[np.uint8], there: Matte) -> tuple[Matte, Floats]:
    """A neighbour's matte brought onto the frame, and its weight, 0 to 1."""
    motion = _Motion.between(rgb, other)
    brought = motion.bring(there)
    return brought, motion.alike * np.exp(-(((brought - here) / np.float32(_CHANGE)) ** 2))


def _soft(matte: Matte) -> NDArray[np.bool_]:
    """Where coverage is partial, and a pixel around it."""
    partial = ((matte > _SETTLED) & (matte < 1 - _SETTLED)).astype(np.uint8)
    return cv2.dilate(partial, np.ones((3, 3), np.uint8)) > 0


def _cropped(rgb: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    return np.ascontiguousarray(rgb[box.slices])
