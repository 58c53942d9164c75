"""From a trimap to a matte, by any method: checks before, what is known exactly as known after."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.edge.matting import METHODS
from roto.edge.matting.problem import Problem, at_least_three, checked_plate, read_trimap
from roto.errors import RotoError
from roto.image import Matte, bounding_box
from roto.motion.flow import one_thread

_MARGIN_PX = 96  # known pixels that a method may look at beside the unknown ones


def refine(rgb: NDArray[np.float32], trimap: NDArray[Any], method: str = "linked-lines") -> Matte:
    """The matte of a frame, float32 ``H x W`` in [0, 1], from where it is known.

    rgb: the plate, float32 ``H x W x 3``, display-referred; what lies outside [0, 1] is clipped. Alpha is taken to
        mix these values linearly.
    trimap: uint8 ``H x W``, 0 background, 255 foreground, the rest unknown; or floating point with 0, 1 and the rest.
    method: a name in :data:`roto.edge.matting.METHODS`.

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
