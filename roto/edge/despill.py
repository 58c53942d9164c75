"""Despill: the light that a green or blue screen throws on a layer, taken out of its colours.

Spill is found as the compositors' classic formulas do: the screen's channel is limited by the two others, to their
average, their maximum or their minimum, or to a balance of the two (a third or two thirds are the "double" averages, 0
and 1 limit to one of them). For a screen of another hue the channels are turned about the grey axis until the screen's
hue lies on one. What is taken away is light of the screen's own colour, so that what a pure channel limits is exactly
the channel. All of it is linear in the colours: any encoding will do, and scene-linear values above 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import Matte, bounding_box, check_matte
from roto.options import option

Floats: TypeAlias = NDArray[np.float32]
Colour: TypeAlias = tuple[float, float, float]

SCREENS: dict[str, Colour] = {"green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0), "red": (1.0, 0.0, 0.0)}
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
_LEAST_HUE = 0.02

# What limits the screen's channel, as differences of the two others to it and the balance between them.
LIMITS: dict[str, Callable[[Floats, Floats, np.float32], Floats]] = {
    "average": lambda first, second, balance: first + balance * (second - first),
    "max": lambda first, second, balance: np.maximum(first, second),
    "min": lambda first, second, balance: np.minimum(first, second),
}


@dataclass(frozen=True, kw_only=True)
class DespillOptions:
    """How much of a screen's light is taken out, and what takes its place."""

    amount: float = option(1.0, "how much of the spill is taken out", minimum=0.0, maximum=1.0)
    limit: str = option(
        "average",
        "what limits the screen's channel: the average, maximum or minimum of the two others",
        choices=tuple(LIMITS),
    )
    balance: float = option(
        0.5,
        "weight of the second of the two other channels in the average (for green: of blue against red)",
        minimum=0.0,
        maximum=1.0,
    )
    restore: float = option(
        0.0,
        "how much of the luminance that is taken out is given back, as grey or as a colour",
        minimum=0.0,
        maximum=1.0,
    )


def despill(
    colours: Floats,
    screen: str | Colour = "green",
    options: DespillOptions | None = None,
    matte: Matte | None = None,
    restore_colour: Colour = (1.0, 1.0, 1.0),
) -> Floats:
    """Colours without the screen's spill.

    colours: float32 ``H x W x 3``, straight. screen: ``green``, ``blue`` or ``red``, or the screen's own colour, RGB
    in the encoding of the picture. matte: float32 ``H x W``; where it is 0 nothing changes. It does not weaken what is
    done at a soft edge, which is where most spill is. restore_colour: the colour in which ``options.restore`` gives
    luminance (BT.709) back, whatever its own brightness.

    Grey stays grey to the bit, and so does every colour whose screen channel is within the limit; no value is pushed
    below 0. NaN stays NaN. RotoError for a screen or a restore colour without hue or light; TypeError for arrays of
    another shape or type.
    """
    if colours.dtype != np.float32 or colours.ndim != 3 or colours.shape[2] != 3:
        raise TypeError(f"colours here are H x W x 3 float32, got {colours.shape} of {colours.dtype}")
    options = options or DespillOptions()
    height, width = colours.shape[:2]
    there = (slice(None), slice(None))
    if matte is not None:
        there = bounding_box(check_matte(matte, width, height) > 0).slices
    own = _screen_colour(screen)
    back = _restoring(restore_colour)
    region = colours[there]
    found = spill(region, own, options.limit, options.balance) * np.float32(options.amount)
    if matte is not None:
        found = np.where(matte[there] > 0, found, np.float32(0))
    clean = region - found[..., None] * own
    if options.restore:
        given = found * (own @ _LUMA) * np.float32(options.restore)
        clean += given[..., None] * back
    clean = np.maximum(clean, np.minimum(region, 0))
    out = colours.copy()
    out[there] = np.where(found[..., None] > 0, clean, region)
    return out


def spill(colours: Floats, screen: Floats, limit: str = "average", balance: float = 0.5) -> Floats:
    """How much of the screen's colour there is in each of the colours above the limit: ``...`` for ``... x 3``, at
    least 0. ``screen``: float32 RGB."""
    turn = _turned(screen)

    def excess(values: Floats) -> Floats:
        # of grey the differences are 0 to the bit, and so is all that is linear in them
        apart = np.stack([values[..., 0] - values[..., 1], values[..., 2] - values[..., 1]], axis=-1)
        first, second = (np.asarray(apart[..., 0] * way[0] + apart[..., 1] * way[1], np.float32) for way in turn)
        return np.asarray(-LIMITS[limit](first, second, np.float32(balance)), np.float32)

    found: Floats = np.maximum(excess(colours) / excess(screen), 0)
    return found


def _screen_colour(screen: str | Colour) -> Floats:
    if isinstance(screen, str):
        if screen not in SCREENS:
            raise RotoError(
                f"a screen called {screen!r} is not known: {', '.join(SCREENS)}, or the screen's RGB colour"
            )
        return np.array(SCREENS[screen], np.float32)
    colour = np.array(screen, np.float32)
    if colour.shape != (3,) or not np.isfinite(colour).all() or (colour < 0).any():
        raise RotoError(f"a screen's colour is three numbers of at least 0, got {screen!r}")
    if np.ptp(colour) <= _LEAST_HUE * colour.max():
        raise RotoError(f"a screen of the colour {screen!r} is grey: despill needs one with a hue")
    return colour


def _restoring(colour: Colour) -> Floats:
    """The colour at a luminance of 1."""
    given = np.array(colour, np.float32)
    if given.shape != (3,) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise RotoError(f"luminance is restored in a colour of three numbers of at least 0, not all 0; got {colour!r}")
    scaled: Floats = given / (given @ _LUMA)
    return scaled


def _turned(screen: Floats) -> tuple[tuple[np.float32, np.float32], tuple[np.float32, np.float32]]:
    """Weights of red - green and blue - green in the differences of the two other channels to the screen's, after a
    turn about the grey axis that brings the screen's hue onto a channel. Primaries only change places."""
    red, green, blue = (float(value) for value in screen)
    hue = math.atan2(math.sqrt(3) * (green - blue), 2 * red - green - blue)
    # a channel's axis lies at 0, 120 or 240 degrees; the others are seen from it a third of a turn away
    ways = []
    for third in (-1, 1):
        difference = [0.0, 0.0, 0.0]
        for channel in range(3):
            seen = 2 * math.pi * channel / 3 - hue
            difference[channel] = 2 / 3 * (math.cos(seen - third * 2 * math.pi / 3) - math.cos(seen))
        weights = [round(each, 12) for each in (difference[0], difference[2])]
        ways.append((np.float32(weights[0]), np.float32(weights[1])))
    # for green the first is red and the second blue
    return ways[0], ways[1]
