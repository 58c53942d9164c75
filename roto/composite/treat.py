"""One frame through a list of effects inside its matte, over its own plate or over another picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from roto.composite.blend import blend, unit
from roto.composite.effect import Effect, Region
from roto.composite.light import Floats, Light
from roto.composite.light_wrap import LightWrap, wrap_needs, wrapped
from roto.image import Box, Frame, Matte, Pixels, bounding_box, check_matte, finite, straight


def treat(
    plate: Frame,
    matte: Matte,
    effects: Sequence[Effect],
    light: Light,
    *,
    colour: Pixels | None = None,
    behind: Pixels | None = None,
    wrap: LightWrap | None = None,
) -> Frame:
    """The plate with ``effects``, in order, inside the matte: ``base + matte * (treated - base)``.

    matte: float32 ``H x W`` in [0, 1]. colour: what is treated, such as a layer's own colour, ``H x W x 3`` in the
    plate's encoding, of its type or float32; None: the plate. behind: the base, of the plate's type and encoding; None:
    the plate. wrap: light of the base that falls around
    the edge. Where the matte is 0 every number is the base's, and where it is 1 the treated one. Effects see straight
    colour; that of a premultiplied plate is multiplied by its alpha again, and where that is 0 taken as it is.
    """
    check_matte(matte, plate.width, plate.height)
    base = plate.pixels if behind is None else behind
    if base.shape != plate.pixels.shape or base.dtype != plate.pixels.dtype:
        raise TypeError(
            f"what is behind is {plate.pixels.shape} of {plate.pixels.dtype}, got {base.shape} {base.dtype}"
        )
    box = bounding_box(matte > 0)
    if box.empty:
        return replace(plate, pixels=base)
    above = colour
    if above is None:
        above = straight(plate).pixels if effects else plate.pixels
    if wrap is not None and not (wrap.px and wrap.amount):
        wrap = None
    if not effects and wrap is None:
        return replace(plate, pixels=blend(base, above[box.slices], matte, box, light))
    treated = treated_region(above, matte, effects, light, box, plate.number)
    if colour is None and plate.premultiplied and plate.alpha is not None:
        alpha = plate.alpha[box.slices]
        treated = treated * np.where(alpha > 0, alpha, np.float32(1))[..., None]
    if wrap is not None:
        around = wrap_needs(box, plate.width, plate.height, wrap)
        behind_there, matte_there = (np.ascontiguousarray(each[around.slices]) for each in (base, matte))
        treated = wrapped(treated, box, light.entering(finite(unit(behind_there))), matte_there, around, wrap)
    return replace(plate, pixels=blend(base, light.leaving(treated), matte, box, light))


def treated_region(
    pixels: Pixels, matte: Matte, effects: Sequence[Effect], light: Light, box: Box, number: int
) -> Floats:
    """The pixels of ``box`` after all effects, float32 in the light that is worked in. Only what they need is worked
    on."""
    height, width = matte.shape
    needed = box
    for effect in reversed(effects):
        needed = effect.needs(needed, width, height)
    picture = light.entering(finite(unit(np.ascontiguousarray(pixels[needed.slices]))))
    region = Region(needed, width, height, number, np.ascontiguousarray(matte[needed.slices]), light)
    for effect in effects:
        picture = finite(np.ascontiguousarray(effect.apply(picture, region), np.float32))
    return picture[box.within(needed).slices]
