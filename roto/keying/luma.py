"""Luma key: what is as bright as asked, with soft shoulders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from roto.image import Matte, Pixels
from roto.keying.light import linear_light
from roto.keying.picture import Values, combined, keyed
from roto.keying.ramp import FALLOFFS, check_range, falling, rising, shaped
from roto.options import option

_REC709 = ((0.2126, 0.7152, 0.0722),)
_REC601 = ((0.299, 0.587, 0.114),)
_ERROR = 5e-7  # of float32, more than twice what was measured


def _largest(values: Values) -> Values:
    return np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2])


def _smallest(values: Values) -> Values:
    return np.minimum(np.minimum(values[..., 0], values[..., 1]), values[..., 2])


def _lightness(values: Values) -> Values:
    """CIE 1976 L* of sRGB (IEC 61966-2-1, CIE 15), over 100."""
    luminance = combined(linear_light(values), _REC709)
    real = values.dtype.type
    root = real(1.16) * np.cbrt(luminance) - real(0.16)
    lightness: Values = np.where(luminance > (6 / 29) ** 3, root, luminance * real(29**3 / 27 / 100))
    return lightness


def _saturation(values: Values) -> Values:
    """HSV's: how far the smallest channel is below the largest, as a share of it; 0 for black."""
    highest = _largest(values)
    share: Values = np.zeros_like(highest)
    np.divide(highest - _smallest(values), highest, out=share, where=highest > 0)
    return share


MEASURES: dict[str, Callable[[Values], Values]] = {
    "rec709": lambda values: combined(values, _REC709),
    "rec601": lambda values: combined(values, _REC601),
    "lightness": _lightness,
    "red": lambda values: values[..., 0],
    "green": lambda values: values[..., 1],
    "blue": lambda values: values[..., 2],
    "max": _largest,
    "min": _smallest,
    "saturation": _saturation,
}


@dataclass(frozen=True, kw_only=True)
class LumaKeyOptions:
    """Which brightness, and how softly it begins and ends. The softness lies outside ``low`` and ``high``."""

    low: float = option(0.5, "brightness from which the matte is whole", minimum=0.0, maximum=1.0)
    high: float = option(1.0, "brightness up to which the matte is whole", minimum=0.0, maximum=1.0)
    low_softness: float = option(0.1, "how far below low the matte reaches", minimum=0.0, maximum=1.0)
    high_softness: float = option(0.1, "how far above high the matte reaches", minimum=0.0, maximum=1.0)
    measure: str = option(
        "rec709",
        "what brightness is: luma with the weights of Rec. 709 or Rec. 601, CIE lightness L*, a channel, the largest "
        "or smallest of them, or saturation",
        choices=tuple(MEASURES),
    )
    falloff: str = option("linear", "shape of the shoulders", choices=FALLOFFS)

    def __post_init__(self) -> None:
        check_range(self.low, self.high, "low", "high")


# The three share out every brightness among them: their sum is 1.
PRESETS: dict[str, LumaKeyOptions] = {
    "shadows": LumaKeyOptions(low=0.0, high=0.2, low_softness=0.0, high_softness=0.25),
    "midtones": LumaKeyOptions(low=0.45, high=0.55, low_softness=0.25, high_softness=0.25),
    "highlights": LumaKeyOptions(low=0.8, high=1.0, low_softness=0.25, high_softness=0.0),
}


def luma_key(picture: Pixels, options: LumaKeyOptions | None = None) -> Matte:
    """Coverage by brightness: 1 from ``low`` to ``high``, 0 from ``low - low_softness`` down and from ``high +
    high_softness`` up, and a slope in between.

    picture: ``H x W x 3`` display-referred RGB, uint8, uint16 or float32 in [0, 1]. Brightness is that of the encoded
    values, as video's luma is (ITU-R BT.709, BT.601). Exact to 1/65535 by this definition, whatever the softness; one
    of 0 is a step, with ``low`` and ``high`` inside. Returns float32 ``H x W``. TypeError for an array of another kind.
    """
    options = options or LumaKeyOptions()
    measure = MEASURES[options.measure]
    return keyed(picture, lambda values: soft_range(measure(values), options))


def soft_range(bright: Values, options: LumaKeyOptions) -> Values:
    """The range and its shoulders over brightness in [0, 1]."""
    sides = []
    if options.low > 0:
        sides.append(rising(bright, options.low, options.low_softness, _ERROR))
    if options.high < 1:
        sides.append(falling(bright, options.high, options.high_softness, _ERROR))
    whole = sides[0] if sides else np.ones_like(bright)
    for side in sides[1:]:
        np.minimum(whole, side, out=whole)
    return shaped(whole, options.falloff)


def preset(name: str, measure: str = "rec709", falloff: str = "linear") -> LumaKeyOptions:
    """A named range: ``shadows``, ``midtones`` or ``highlights``."""
    return replace(PRESETS[name], measure=measure, falloff=falloff)
