"""A plate as a generation tool sees it, and the tool's answer in the source's own encoding again.

8- and 16-bit hand-offs are display-referred: a scene-linear source is shown as sRGB, one with a view through that view,
any other as it is. Values that the display cannot show (below 0, above 1) are clipped there, so an answer cannot bring
them back. A hand-off in float is in the source's own encoding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import Frame, Pixels, finite

Floats: TypeAlias = NDArray[np.float32]
Undo: TypeAlias = Callable[[Floats], Floats]

DEPTHS = ("8", "16", "float")
_STEPS = 17  # values of a channel that a view's inverse is tried with
_MOST_OFF = 2 / 255  # of full scale; then an 8-bit answer comes back as another one
_MOST_LOST = 0.02  # share of the colours; the corners of a gamut are lost in many views


def handed(frame: Frame, depth: str) -> Pixels:
    """The pixels of a plate as they are written: uint8, uint16 or, in the source's encoding, float32."""
    if depth == "8":
        return frame.rgb8()
    if depth == "float":
        return frame.rgb_float()
    if frame.display is None and frame.pixels.dtype == np.uint16:
        return frame.pixels
    if frame.display is None and frame.pixels.dtype == np.uint8:
        return frame.pixels.astype(np.uint16) * np.uint16(257)
    return (finite(frame.rgb_display()) * np.float32(65535) + np.float32(0.5)).astype(np.uint16)


def taken_back(answer: Pixels, dtype: np.dtype[Any], undo: Undo | None) -> Pixels:
    """An answer in the source's encoding and precision. ``undo`` takes what a display shows, float32 in [0, 1], back to
    the source's encoding; None where the plate was handed in that encoding."""
    if undo is None and answer.dtype == dtype:
        return answer
    if answer.dtype == np.float32:
        values: NDArray[Any] = finite(answer)
    else:
        values = np.divide(answer, np.iinfo(answer.dtype).max, dtype=np.float64)
    if undo is not None:
        values = finite(undo(np.clip(values, 0, 1).astype(np.float32)))
    if dtype == np.float32:
        return values.astype(np.float32)
    top = np.iinfo(dtype).max
    rounded: Pixels = np.rint(np.clip(values, 0, 1).astype(np.float64) * top).astype(dtype)
    return rounded


def check_inverse(show: Callable[[Floats], Floats], undo: Undo, name: str) -> float:
    """The share of all colours that do not come back through the inverse of a view and the view again; they lie in the
    corners of its gamut. RotoError for more than a few."""
    steps = np.linspace(0, 1, _STEPS, dtype=np.float32)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    back = finite(show(finite(undo(colours))))
    lost = float((np.abs(back - colours).max(axis=-1) > _MOST_OFF).mean())
    if lost > _MOST_LOST:
        raise RotoError(
            f"the view {name} cannot be undone: {100 * lost:.0f} % of what it shows does not come back; choose another "
            "--view, or hand over in the source's own encoding with --depth float"
        )
    return lost
