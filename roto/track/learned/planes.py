"""What the networks are shown: planes of about unit size, from pictures and signed distances at working resolution."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import Flow
from roto.segment.colour import Lab

PROPAGATION_PLANES = 16
FUSION_PLANES = 17
NEAR_PLANE, FAR_PLANE, GLOBAL_PLANE, ACROSS_PLANE, CHAIN_PLANE, APPEARANCE_PLANE, ODDS_PLANE = 6, 7, 8, 10, 13, 14, 15
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Carriage:
    """All that is known of one frame before the network is asked, at working resolution, ``H x W`` each.

    lab: the picture. warped: the neighbouring one, brought onto it. carried, chained: signed distances in working
    pixels, from the frame before and from the key by flow alone. odds: the frame before's log-odds, carried. doubt:
    forward-backward error in pixels. flow: to the neighbouring frame. global_odds, look_odds: of the keyframes' colours
    and of the span's appearance network. age: frames since the key.
    """

    lab: Lab
    warped: Lab
    carried: Plane
    chained: Plane
    odds: Plane
    doubt: Plane
    flow: Flow
    global_odds: Plane
    look_odds: Plane
    age: int


def lab_planes(lab: Lab) -> NDArray[np.float32]:
    """``3 x H x W``."""
    return np.ascontiguousarray(
        ((lab.astype(np.float32) - 128) / np.array([64, 32, 32], np.float32)).transpose(2, 0, 1)
    )


def propagation_planes(known: Carriage) -> NDArray[np.float32]:
    """``PROPAGATION_PLANES x H x W`` for the propagation network."""
    height, width = known.carried.shape
    planes = np.empty((PROPAGATION_PLANES, height, width), np.float32)
    planes[0:3] = lab_planes(known.lab)
    change = known.warped.astype(np.float32) - known.lab.astype(np.float32)
    planes[3:6] = (change / np.array([32, 16, 16], np.float32)).transpose(2, 0, 1)
    near_and_far(known.carried, planes)
    planes[GLOBAL_PLANE] = np.clip(known.global_odds / 3, -1, 1)
    planes[9] = np.minimum(known.doubt, 5) / 5
    inside = known.carried > 1
    usual = np.median(known.flow[inside], axis=0) if inside.any() else np.zeros(2, np.float32)
    planes[ACROSS_PLANE : ACROSS_PLANE + 2] = np.tanh((known.flow - usual).transpose(2, 0, 1) / 4)
    planes[12] = np.log1p(known.age) / 3
    planes[CHAIN_PLANE] = np.tanh(known.chained / 3)
    planes[APPEARANCE_PLANE] = np.clip(known.look_odds / 4, -2, 2)
    planes[ODDS_PLANE] = np.clip(known.odds / 4, -2, 2)
    return planes


def near_and_far(carried: Plane, planes: NDArray[np.float32]) -> None:
    """The planes that follow from the carried distance, written into ``planes``."""
    planes[NEAR_PLANE] = np.tanh(carried / 3)
    planes[FAR_PLANE] = np.clip(carried / 20, -2, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One pass's answer at a frame, at working resolution: signed distances of its edge and of its chain, its
    log-odds; the frames since its key and its drift in working pixels."""

    distance: Plane
    chain: Plane
    odds: Plane
    age: int
    drift: float


def fusion_planes(lab: Lab, forward: Side, backward: Side, mixed: Plane, share: float) -> NDArray[np.float32]:
    """``FUSION_PLANES x H x W`` for the fusion network. mixed: the two distances mixed by rule. share: how far the
    frame lies on the way from the left key to the right one."""
    planes = np.empty((FUSION_PLANES, *mixed.shape), np.float32)
    planes[0:3] = lab_planes(lab)
    planes[3] = np.tanh(mixed / 3)
    planes[4] = np.clip(mixed / 20, -2, 2)
    for at, side in ((5, forward), (10, backward)):
        planes[at] = np.tanh(side.distance / 3)
        planes[at + 1] = np.tanh(side.chain / 3)
        planes[at + 2] = np.clip(side.odds / 4, -2, 2)
        planes[at + 3] = np.log1p(side.age) / 3
        planes[at + 4] = np.log1p(side.drift) / 3
    planes[15] = np.clip((forward.chain - backward.chain) / 20, -2, 2)
    planes[16] = 2 * share - 1
    return planes


def padded(planes: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """Planes ``C x H x W``, their last rows and columns repeated up to a multiple of ``stride``."""
    height, width = planes.shape[-2:]
    down, right = -height % stride, -width % stride
    if not down and not right:
        return planes
    return np.pad(planes, ((0, 0), (0, down), (0, right)), mode="edge")


MEMORY_PX = 224  # a keyframe is remembered as a square picture of this size,
_MEMORY_ROOM = 1.5  # as large as the subject and this much
NOTHING = np.zeros((6, MEMORY_PX, MEMORY_PX), np.float32)  # what is remembered where no keyframe has an inside


def memory_planes(lab: Lab, distance: Plane) -> NDArray[np.float32]:
    """A keyframe as it is remembered, ``6 x MEMORY_PX x MEMORY_PX``: Lab, inside, squashed distance, and where the
    frame is. ``distance`` is float32 ``H x W`` in pixels, with a subject in it."""
    rows, columns = (np.flatnonzero((distance > 0).any(axis)) for axis in (1, 0))
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    side = max(_MEMORY_ROOM * extent, MEMORY_PX)
    scale = np.float32(MEMORY_PX / side)
    left = (columns[0] + columns[-1] + 1 - side) / 2
    top = (rows[0] + rows[-1] + 1 - side) / 2
    place = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float64)
    size, how = (MEMORY_PX, MEMORY_PX), cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    shown = np.empty((6, MEMORY_PX, MEMORY_PX), np.float32)
    small = cv2.GaussianBlur(lab, (0, 0), 0.4 / float(scale)) if scale < 0.75 else lab
    shown[:3] = lab_planes(np.asarray(cv2.warpAffine(small, place, size, flags=how, borderMode=cv2.BORDER_REPLICATE)))
    away = cv2.warpAffine(distance * scale, place, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    whole = np.ones(distance.shape, np.float32)
    shown[5] = cv2.warpAffine(whole, place, size, flags=cv2.INTER_LINEAR) > 0.5
    shown[3] = (away > 0) * shown[5]
    shown[4] = np.tanh(away / 6)
    return shown
