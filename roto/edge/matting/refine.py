"""From a trimap to a matte, by any method: checks before, what is known exactly as known after."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.matting import METHODS
from roto.edge.matting.problem import Floats, Problem, at_least_three, checked_plate, read_trimap
from roto.errors import RotoError
from roto.image import Matte, bounding_box, check_matte
from roto.masks.edge_distance import edge_distance
from roto.motion.flow import one_thread

_MARGIN_PX = 96  # known pixels that a method may look at beside the unknown ones
_TRUST, _SURE_PX = 1e-2, 24.0  # a mask's weight so far from its edge, beside that of a window
_FAR_PX = 96.0  # from here on it does not grow
_MIDDLE = np.float32(5)  # times that, in the middle of what is thin
_AROUND_PX, _LEAST_PX = 8, 2.5  # the middle is deepest of what lies so near, and so deep at least


def refine(
    rgb: NDArray[np.float32],
    trimap: NDArray[Any],
    method: str = "linked-lines",
    mask: Matte | None = None,
    mask_weight: float = 1.0,
) -> Matte:
    """The matte of a frame, float32 ``H x W`` in [0, 1], from where it is known.

    rgb: the plate, float32 ``H x W x 3``, display-referred; what lies outside [0, 1] is clipped. Alpha is taken to
        mix these values linearly.
    trimap: uint8 ``H x W``, 0 background, 255 foreground, the rest unknown; or floating point with 0, 1 and the rest.
    method: a name in :data:`roto.edge.matting.METHODS`.
    mask: what the trimap was made of, float32 ``H x W`` in [0, 1]. Where the picture does not tell foreground and
        background apart, alpha keeps to it, the more so the farther from its edge. ``linked-lines`` alone looks at it.
    mask_weight: how much that counts; less for what is half transparent far from any edge, a veil or smoke.

    Alpha is exactly 1 and 0 in the known foreground and background. Raises RotoError for a plate or a trimap that is
    not as said, for NaN or Inf in the plate, and for unknown pixels without any known foreground or background;
    BackendUnavailable for a method whose extra is not installed.
    """
    if method not in METHODS:
        raise RotoError(f"there is no matting method {method!r}, choose from {', '.join(METHODS)}")
    known, unknown = read_trimap(trimap)
    colour = checked_plate(rgb, unknown.shape)
    if not unknown.any():
        return known
    problem = Problem(colour, known, unknown)
    if mask is not None:
        check_matte(mask, unknown.shape[1], unknown.shape[0])
        problem = Problem(colour, known, unknown, mask, _trust(mask) * np.float32(mask_weight))
    if not problem.has_both:
        missing = "foreground" if not (known[~unknown] > 0).any() else "background"
        raise RotoError(
            f"the trimap has unknown pixels and no {missing}, so there is nothing to tell them apart by; "
            f"mark some {missing} ({'255' if missing == 'foreground' else '0'}), or make its band narrower"
        )
    height, width = unknown.shape
    box = bounding_box(unknown).padded(_MARGIN_PX, width, height)
    part = problem.within(box)
    if not part.has_both:
        box, part = bounding_box(np.ones_like(unknown)), problem
    with one_thread():
        solved = METHODS[method](at_least_three(part))[: box.height, : box.width]
    known[box.slices] = np.where(part.unknown, np.clip(solved, 0, 1), part.known)
    return known


def _trust(mask: Matte) -> Floats:
    """How far a mask is believed: not at all at its edge, more and more away from it, and in the middle of a part that
    is thin, a leg or a stem, which the band would leave nothing of."""
    distance = edge_distance(mask, _FAR_PX)
    depth = np.maximum(distance, 0)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _AROUND_PX + 1,) * 2)
    thickest = np.asarray(cv2.dilate(depth, around), np.float32)
    middle = np.where(thickest >= _LEAST_PX, depth / np.maximum(thickest, 1), 0)
    away = distance / np.float32(_SURE_PX)
    return np.asarray(np.float32(_TRUST) * np.maximum(away * away, _MIDDLE * middle * middle), np.float32)
