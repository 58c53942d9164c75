"""What of a frame a tool may change: a defect's matte, grown by a margin, with a soft border."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from roto.edge.fill_holes import fill_holes
from roto.image import Matte, bounding_box
from roto.options import option
from roto.signed_distance import inner_distance

Core: TypeAlias = NDArray[np.bool_]

SEEN = np.float32(0.5 / 255)  # coverage of a defect that an 8-bit picture can show
UNIONS = ("motion", "still")
WHOLE_CLIP = -1
_TOP = 65535


@dataclass(frozen=True, kw_only=True)
class DefectOptions:
    """How a layer's matte becomes the mask of what is to be replaced."""

    margin_px: float = option(
        6.0, "the defect and so many pixels around it are replaced as a whole", minimum=0.0, maximum=500.0
    )
    blend_px: float = option(
        6.0,
        "width of the soft border around that, where the answer fades into the source",
        minimum=0.0,
        maximum=500.0,
    )
    over_time: int = option(
        0, "replace also what is masked on so many frames before and after; -1: on any frame", minimum=-1, maximum=100
    )
    union: str = option(
        "motion",
        "those masks are brought along the plates' motion, or taken where they are: a logo that stands still",
        choices=UNIONS,
    )
    fill_holes_px: float = option(
        0.0, "largest area of a hole in the defect that is replaced too, in square pixels", minimum=0.0, maximum=1e9
    )


def core_of(matte: Matte, fill_holes_px: float = 0.0) -> Core:
    """Where a defect can be seen at all, bool ``H x W``: soft edges belong to it to their end. Holes up to an area are
    filled."""
    core: Core = matte >= SEEN
    if fill_holes_px > 0:
        core = fill_holes(core.astype(np.float32), fill_holes_px) >= 0.5
    return core


def blend_around(core: Core, margin_px: float, blend_px: float) -> NDArray[np.uint16]:
    """The blend of a defect, ``H x W`` from 0 to 65535: whole up to ``margin_px`` from it, 0 from ``margin_px +
    blend_px`` on. Distances are those between the centres of pixels. Empty where the core is."""
    blend = np.zeros(core.shape, np.uint16)
    height, width = core.shape
    reach = margin_px + blend_px
    box = bounding_box(core).padded(math.ceil(reach) + 1, width, height)
    if box.empty:
        return blend
    outside = (~core[box.slices]).astype(np.uint8)
    # a box that is nothing but defect has no pixel to measure from
    distance = inner_distance(outside, reach + 1) if outside.any() else np.zeros(outside.shape, np.float32)
    blend[box.slices] = faded(distance - np.float32(margin_px), blend_px)
    return blend


def faded(beyond: NDArray[np.float32], over_px: float) -> NDArray[np.uint16]:
    """65535 up to a distance of 0, smoothly down to 0 at ``over_px``; a hard edge without it."""
    if over_px <= 0:
        return np.where(beyond <= 0, _TOP, 0).astype(np.uint16)
    left = np.clip(1 - beyond / np.float32(over_px), 0, 1)
    return np.asarray(np.rint(left * left * (3 - 2 * left) * _TOP), np.uint16)


def mask_of(blend: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """The hard mask of a blend: 255 wherever the answer counts at all, so that a tool may change no less."""
    return np.where(blend > 0, np.uint8(255), np.uint8(0))


def as_8_bits(blend: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """The blend as a soft mask."""
    return np.asarray((blend.astype(np.uint32) * 255 + _TOP // 2) // _TOP, np.uint8)


def told(options: DefectOptions) -> str:
    """In words, for a summary: what is replaced."""
    words = f"{options.margin_px:g} px around the defect, fading over {options.blend_px:g} px"
    if options.over_time:
        frames = "all frames" if options.over_time == WHOLE_CLIP else f"{options.over_time} frames before and after"
        words += f", of {frames}" + (" along the motion" if options.union == "motion" else "")
    return words
