"""The colour that a layer is exported with: its own, freed of what is behind it, without the screen's spill."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from roto.edge.despill import LIMITS, SCREENS, DespillOptions, despill
from roto.edge.foreground import ForegroundOptions, separate
from roto.image import Frame, Matte
from roto.options import option

_ROUNDED = 1 / 65535  # mattes that were worked are kept in 16 bits


@dataclass(frozen=True, kw_only=True)
class ColourOptions:
    """The colour of exports that have one. Mattes are the same whatever stands here."""

    foreground: str = option(
        "estimated",
        "colour of exports that have one: the layer's own, freed of what is behind it at soft edges, or the plate's",
        choices=("estimated", "plate"),
    )
    outside: str = option(
        "extend",
        "the estimated colour where the matte is 0: extended from the layer, or black",
        choices=("extend", "black"),
    )
    despill: str = option("none", "take this screen's spill out of the colour", choices=("none", *SCREENS))
    despill_amount: float = option(1.0, "how much of the spill is taken out", minimum=0.0, maximum=1.0)
    despill_limit: str = option(
        "average", "what limits the screen's channel: the average, max or min of the two others", choices=tuple(LIMITS)
    )
    despill_restore: float = option(
        0.0, "how much of the luminance that is taken out is given back as grey", minimum=0.0, maximum=1.0
    )


def layer_colour(plate: Frame, matte: Matte, options: ColourOptions) -> Frame:
    """The plate with the layer's straight colour, at the plate's own precision and encoding.

    Where the matte is 1 and there is no spill, every pixel is the plate's, to the bit. matte: float32 ``H x W``.
    """
    original, own = by_its_alpha(plate, matte)
    if own is None and options.foreground == "plate" and options.despill == "none":
        return plate
    return replace(plate, pixels=_stored(straight_colour(original, matte, options, own), plate), premultiplied=False)


def by_its_alpha(plate: Frame, matte: Matte) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """The plate's colour, float32 ``H x W x 3``, straight where its own alpha is less than 1 and a matte is no more
    than that, and where that is; None: nowhere. Nothing is behind the layer there, so that its colour is known."""
    colour = plate.rgb_float()
    if plate.alpha is None:
        return colour, None
    own = (plate.alpha > 0) & (plate.alpha < 1) & (matte <= plate.alpha + np.float32(_ROUNDED))
    if not own.any():
        return colour, None
    if plate.premultiplied:
        colour = colour.copy()
        colour[own] /= plate.alpha[own][:, None]
    return colour, own


def straight_colour(
    original: NDArray[np.float32], matte: Matte, options: ColourOptions, own: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """:func:`layer_colour` of float32 ``H x W x 3`` in any encoding, before it is rounded. own: where the original is
    the layer's own colour already, bool ``H x W``."""
    colour = original
    if options.foreground == "estimated":
        colour = separate(original, matte, ForegroundOptions(outside=options.outside)).foreground
        if own is not None:
            colour = np.where(own[..., None], original, colour)
    if options.despill != "none":
        how = DespillOptions(
            amount=options.despill_amount, limit=options.despill_limit, restore=options.despill_restore
        )
        colour = despill(colour, options.despill, how)
    return colour


def _stored(colour: NDArray[np.float32], plate: Frame) -> NDArray[np.generic]:
    """In the plate's own numbers."""
    if plate.pixels.dtype == np.float32:
        return colour
    largest = 255 if plate.pixels.dtype == np.uint8 else 65535
    return np.rint(np.clip(colour, 0, 1) * np.float64(largest)).astype(plate.pixels.dtype)
