"""A defect's mask over time: the union with the frames around, as they are or brought along the plates' motion.

Streaming: a window of frames is held, each as the box of its mask, and flow at a size that a mask's margin needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.handoff.defect import Core
from roto.image import EMPTY_BOX, Box, bounding_box
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import Flow, dense_flow, grey, one_thread

_FLOW_PX = 1024  # the longer side of the pictures that flow is measured on
_STAYS = np.float32(0.25)  # of a pixel; a wire one pixel wide that lands between two stays whole


def still(cores: Iterable[Core], reach: int) -> Iterator[Core]:
    """Each core united with those of ``reach`` frames before and after, where they are."""
    window: dict[int, _Patch] = {}
    shape = (0, 0)
    coming = enumerate(cores)
    at, ahead = 0, 0
    while True:
        while ahead <= at + reach and (found := next(coming, None)) is not None:
            shape = found[1].shape[0], found[1].shape[1]
            window[ahead] = _cut(found[1], EMPTY_BOX)
            ahead += 1
        if at >= ahead:
            return
        union = np.zeros(shape, bool)
        for patch in window.values():
            _unite(union, patch)
        yield union
        window.pop(at - reach, None)
        at += 1


def union_of_all(cores: Iterable[Core]) -> Core | None:
    """What is masked on any frame; None without a frame."""
    union: Core | None = None
    for core in cores:
        union = core.copy() if union is None else union | core
    return union


def along_motion(frames: Iterable[tuple[Core, NDArray[np.uint8]]], reach: int) -> Iterator[Core]:
    """Each core united with those of ``reach`` frames before and after, brought onto it frame by frame along the
    flow of the plates, which come with the cores as 8-bit RGB. Nothing is brought over a scene cut."""
    window: dict[int, _Seen] = {}
    coming = enumerate(frames)
    at, ahead = 0, 0
    while True:
        while ahead <= at + reach and (found := next(coming, None)) is not None:
            window[ahead] = _Seen.of(*found[1])
            ahead += 1
        if at >= ahead:
            return
        here = window[at]
        union = here.whole()
        for step in (1, -1):
            _unite(union, _carried(window, at, step, reach))
        yield union
        window.pop(at - reach, None)
        at += 1


@dataclass(slots=True)
class _Patch:
    """What is masked, and its box."""

    box: Box
    inside: Core


@dataclass(slots=True)
class _Seen:
    """A frame of the window. ``flows`` to its neighbours are measured when they are first asked for."""

    width: int
    height: int
    patch: _Patch
    grey: NDArray[np.uint8]
    thumbnail: NDArray[np.uint8]
    flows: dict[int, Flow | None] = field(default_factory=dict)

    @classmethod
    def of(cls, core: Core, rgb: NDArray[np.uint8]) -> _Seen:
        height, width = core.shape
        scale = min(_FLOW_PX / max(width, height), 1.0)
        small = max(round(width * scale), 1), max(round(height * scale), 1)
        picture: Any = grey(rgb) if scale == 1 else cv2.resize(grey(rgb), small, interpolation=cv2.INTER_AREA)
        return cls(width, height, _cut(core, EMPTY_BOX), picture, thumbnail(rgb))

    def whole(self) -> Core:
        core = np.zeros((self.height, self.width), bool)
        _unite(core, self.patch)
        return core


def _cut(core: Core, origin: Box) -> _Patch:
    box = bounding_box(core)
    inside = core[box.slices].copy()
    return _Patch(Box(box.x0 + origin.x0, box.y0 + origin.y0, box.x1 + origin.x0, box.y1 + origin.y0), inside)


def _unite(core: Core, patch: _Patch) -> None:
    core[patch.box.slices] |= patch.inside


def _carried(window: dict[int, _Seen], at: int, step: int, reach: int) -> _Patch:
    """What is masked on the frames on one side, carried over from the farthest to the nearest."""
    last = at
    while abs(last + step - at) <= reach and last + step in window:
        last += step
    carried = window[last].patch
    for number in range(last - step, at - step, -step):
        target = window[number]
        carried = _brought(target, window[number + step], carried, step)
        if number != at:
            carried = _joined(carried, target.patch)
    return carried if last != at else _Patch(EMPTY_BOX, np.zeros((0, 0), bool))


def _joined(a: _Patch, b: _Patch) -> _Patch:
    if a.box.empty or b.box.empty:
        return b if a.box.empty else a
    box = a.box.union(b.box)
    inside = np.zeros((box.height, box.width), bool)
    for patch in (a, b):
        inside[patch.box.within(box).slices] |= patch.inside
    return _Patch(box, inside)


def _brought(target: _Seen, source: _Seen, patch: _Patch, step: int) -> _Patch:
    """A patch of ``source`` as it lies on ``target``."""
    nothing = _Patch(EMPTY_BOX, np.zeros((0, 0), bool))
    if patch.box.empty:
        return nothing
    if step not in target.flows:
        target.flows[step] = _flow(target, source)
    flow = target.flows[step]
    if flow is None:
        return nothing
    across, down = target.width / flow.shape[1], target.height / flow.shape[0]
    farthest = math.ceil(max(float(np.abs(flow[..., 0]).max()) * across, float(np.abs(flow[..., 1]).max()) * down)) + 2
    box = patch.box.padded(farthest, target.width, target.height)
    columns = np.arange(box.x0, box.x1, dtype=np.float32)[None]
    rows = np.arange(box.y0, box.y1, dtype=np.float32)[:, None]
    shape = box.height, box.width
    there_x = np.broadcast_to((columns + 0.5) / np.float32(across) - np.float32(0.5), shape)
    there_y = np.broadcast_to((rows + 0.5) / np.float32(down) - np.float32(0.5), shape)
    moved = cv2.remap(
        flow, there_x.copy(), there_y.copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ) * np.array([across, down], np.float32)
    found = cv2.remap(
        patch.inside.astype(np.float32),
        np.asarray(columns + moved[..., 0] - patch.box.x0, np.float32),
        np.asarray(rows + moved[..., 1] - patch.box.y0, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return _cut(found > _STAYS, box)


def _flow(target: _Seen, source: _Seen) -> Flow | None:
    """From one frame to its neighbour, at the size that it is measured on; None over a cut."""
    with one_thread():
        if is_cut(target.thumbnail, source.thumbnail):
            return None
        return dense_flow(target.grey, source.grey)
