"""Anti-aliasing of hard masks: the stairs of a mask without partial coverage become the line that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.step import Around, EdgeStep
from roto.image import Matte, bounding_box
from roto.masks.rasterise import fill_edges

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_PAD_PX = 3
_ROUNDS = 100
_SHRINK, _GROW = 0.6, -0.61  # Taubin's lambda and mu: what is longer than some forty pixels passes
_REACH_PX = 0.5
_AREA_ROUNDS = 6


@dataclass(frozen=True, kw_only=True)
class Antialias(EdgeStep):
    type: ClassVar[str] = "antialias"
    summary: ClassVar[str] = "give a hard mask an anti-aliased edge; what is soft already stays"

    def apply(self, matte: Matte, around: Around) -> Matte:
        return antialias(matte)


def antialias(matte: Matte) -> Matte:
    """The exact-area coverage of the smooth outline that a hard mask was sampled from.

    The outline runs through the middles of the cracks between inside and outside pixels, and each of its nodes moves by
    at most half a pixel, as in S. Gibson, "Constrained elastic surface nets" (MICCAI 1998), here with the shrink-free
    smoothing of G. Taubin (SIGGRAPH 1995); then every outline gets back the area of its pixels. Where pixels are partly
    covered already, the matte stays as it is. matte: float32 ``H x W`` in [0, 1].
    """
    inside = matte >= 0.5
    if not inside.any() or inside.all():
        return matte
    height, width = matte.shape
    box = bounding_box(inside).padded(2, width, height)
    region = matte[box.slices]
    # a shape that the picture cuts off goes on beyond it
    padded = np.pad(inside[box.slices], _PAD_PX, mode="edge")
    net = _net(np.pad(padded, 1))
    position = _with_its_area(net, _smoothed(net)) - 1
    smooth = fill_edges(position, position[net.after], padded.shape[1], padded.shape[0])
    smooth = smooth[_PAD_PX:-_PAD_PX, _PAD_PX:-_PAD_PX]
    partly = ((region > 0) & (region < 1)).astype(np.uint8)
    soft = cv2.dilate(partly, np.ones((3, 3), np.uint8)) > 0
    result = matte.copy()
    result[box.slices] = np.where(soft, region, smooth)
    return result


class _Net(NamedTuple):
    """Closed outlines, clockwise as seen. The nodes are the middles of cracks, and, where outlines touch, corners.

    nodes: float64 ``N x 2`` of (x, y). before, after: the neighbours along the outline. fixed: those that do not move.
    area: a node's share of the area of the pixels that its outline encloses.
    """

    nodes: Floats
    before: Integers
    after: Integers
    fixed: NDArray[np.bool_]
    area: Floats


def _net(inside: NDArray[np.bool_]) -> _Net:
    """The outlines of what is inside, diagonal pixels apart; the outermost pixels are outside."""
    stride = inside.shape[1] + 1
    cracks = []  # the pixel, the corner where its crack starts, and the one where it ends
    for (rows, columns), shift, start, end in (
        (np.nonzero(inside[1:] & ~inside[:-1]), (1, 0), (0, 0), (0, 1)),  # the upper side, to the right
        (np.nonzero(inside[:-1] & ~inside[1:]), (0, 0), (1, 1), (1, 0)),  # the lower side, to the left
        (np.nonzero(inside[:, :-1] & ~inside[:, 1:]), (0, 0), (0, 1), (1, 1)),  # the right side, downwards
        (np.nonzero(inside[:, 1:] & ~inside[:, :-1]), (0, 1), (1, 0), (0, 0)),  # the left side, upwards
    ):
        y, x = rows + shift[0], columns + shift[1]
        cracks.append(np.stack([y * stride + x, *((y + c[0]) * stride + x + c[1] for c in (start, end))]))
    pixel, start, end = np.concatenate(cracks, axis=1)
    corners, times = np.unique(start, return_counts=True)
    touching = np.isin(start, corners[times > 1])
    # from a corner where outlines touch, the way goes on along the same pixel
    span = stride * (inside.shape[0] + 1)
    own = np.isin(end, corners[times > 1])
    keys = start * span + np.where(touching, pixel, 0)
    order = np.argsort(keys, kind="stable")
    follows = order[np.searchsorted(keys[order], end * span + np.where(own, pixel, 0))]
    x, y = (start % stride + end % stride) / 2, (start // stride + end // stride) / 2
    after = follows.copy()
    leads = np.flatnonzero(own)
    after[leads] = len(start) + np.arange(len(leads))
    nodes = np.stack([np.append(x, end[leads] % stride), np.append(y, end[leads] // stride)], axis=1)
    after = np.append(after, follows[leads])
    before = np.empty_like(after)
    before[after] = np.arange(len(after))
    outermost = (nodes <= 1) | (nodes >= (inside.shape[1] - 1, inside.shape[0] - 1))
    fixed = outermost.any(axis=1) | (np.arange(len(nodes)) >= len(start))
    area = _areas(*(np.stack([corner % stride, corner // stride], axis=1) for corner in (start, end)))
    return _Net(nodes, before, after, fixed, np.append(area, np.zeros(len(leads))))


def _areas(start: NDArray[Any], end: NDArray[Any]) -> Floats:
    """What each edge adds to the area that its outline encloses."""
    return np.asarray((start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1]) / 2, np.float64)


def _smoothed(net: _Net) -> Floats:
    """Where the nodes come to rest, float64 ``N x 2``."""
    position = net.nodes
    for _ in range(_ROUNDS):
        for share in (_SHRINK, _GROW):
            middle = (position[net.before] + position[net.after]) / 2
            position = _held(net, position + share * (middle - position))
    return position


def _with_its_area(net: _Net, position: Floats) -> Floats:
    """Every outline moved along its normals until it encloses as much as its pixels do, as far as nodes can."""
    outline = np.arange(len(net.after))
    jump = net.after
    for _ in range(len(jump).bit_length()):
        outline, jump = np.minimum(outline, outline[jump]), jump[jump]
    wanted = np.bincount(outline, net.area)
    for _ in range(_AREA_ROUNDS):
        along = (position[net.after] - position[net.before]) / 2
        missing = wanted - np.bincount(outline, _areas(position, position[net.after]))
        length = np.bincount(outline, np.where(net.fixed, 0, np.hypot(*along.T)))
        by = (missing / np.maximum(length, 1e-9))[outline]
        outwards = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        position = _held(net, position + by[:, None] * outwards)
    return position


def _held(net: _Net, position: Floats) -> Floats:
    return np.where(net.fixed[:, None], net.nodes, np.clip(position, net.nodes - _REACH_PX, net.nodes + _REACH_PX))
