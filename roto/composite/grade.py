"""Colour grading: exposure, white balance, lift, gamma and gain, contrast, saturation and hue, in this order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.composite.effect import Effect, Region
from roto.composite.light import Floats
from roto.errors import DocumentError
from roto.options import option

_LUMA = np.array([0.2126, 0.7152, 0.0722])  # Rec. 709
_MIDDLE_GREY = 0.18
_PARTS = "one number, or red/green/blue as in 1.1/1/0.9"


@dataclass(frozen=True, kw_only=True)
class Grade(Effect):
    type: ClassVar[str] = "grade"
    summary: ClassVar[str] = "exposure, white balance, lift, gamma, gain, contrast, saturation, hue"

    exposure: float = option(0.0, "stops, in linear light", minimum=-20.0, maximum=20.0)
    temperature: float = option(
        0.0, "stops by which red is raised over blue: more is warmer; in linear light", minimum=-4.0, maximum=4.0
    )
    tint: float = option(
        0.0,
        "stops by which red and blue are raised over green: more is pinker; in linear light",
        minimum=-4.0,
        maximum=4.0,
    )
    lift: str = option("0", f"what black becomes; {_PARTS}")
    gamma: str = option("1", f"more than 1 raises what lies between black and white; {_PARTS}")
    gain: str = option("1", f"what white becomes; {_PARTS}")
    contrast: float = option(1.0, "slope about the pivot", minimum=0.0, maximum=10.0)
    pivot: float | None = option(
        None,
        "what contrast leaves as it is; auto: 0.18 in linear light, else 0.5",
        minimum=-100.0,
        maximum=100.0,
        auto=True,
    )
    saturation: float = option(1.0, "distance from grey of the same luma; 0 is grey", minimum=0.0, maximum=10.0)
    hue: float = option(0.0, "degrees by which colours turn, from red towards green", minimum=-360.0, maximum=360.0)

    def __post_init__(self) -> None:
        parts(self.lift, "grade.lift", -10, 10)
        parts(self.gamma, "grade.gamma", 0.05, 20)
        parts(self.gain, "grade.gain", -100, 100)

    def apply(self, picture: Floats, region: Region) -> Floats:
        return grade(picture, self, region)


def grade(picture: Floats, options: Grade, region: Region) -> Floats:
    """The picture, graded. Exposure and white balance are of light, the rest is of the numbers that are worked on, as
    ``(x * (gain - lift) + lift) ** (1 / gamma)``, then about the pivot; numbers below 0 are not raised to a power.
    """
    red, green, blue = _balance(options.temperature, options.tint)
    scale = np.array([red, green, blue]) * 2.0**options.exposure
    if not np.array_equal(scale, np.ones(3)):
        picture = region.light.in_linear(picture, lambda light: _times(light, scale))
    lift = parts(options.lift, "grade.lift", -10, 10)
    gain = parts(options.gain, "grade.gain", -100, 100)
    gamma = parts(options.gamma, "grade.gamma", 0.05, 20)
    if (lift, gain) != ((0.0,) * 3, (1.0,) * 3):
        picture = _mixed(picture, np.diag(np.subtract(gain, lift)), np.array(lift))
    if gamma != (1.0,) * 3:
        powers = (1 / np.array(gamma)).astype(np.float32)
        picture = np.where(picture > 0, np.power(np.maximum(picture, 0), powers), picture)
    if options.contrast != 1.0:
        auto = _MIDDLE_GREY if region.light.working_linear else 0.5
        pivot = auto if options.pivot is None else options.pivot
        picture = _mixed(picture, np.eye(3) * options.contrast, np.full(3, pivot * (1 - options.contrast)))
    if options.saturation != 1.0 or options.hue % 360.0 != 0.0:
        picture = _mixed(picture, _saturated(options.saturation) @ _turned(options.hue), np.zeros(3))
    return picture


def parts(text: str, place: str, least: float, most: float) -> tuple[float, float, float]:
    """``"1.1"`` or ``"1.1/1/0.9"``. DocumentError for anything else and for numbers out of range."""
    words = text.split("/")
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise DocumentError(place, f"{text!r}, but {_PARTS}, is needed")
    if not all(least <= number <= most for number in numbers):
        raise DocumentError(place, f"{text!r}, but numbers from {least:g} to {most:g} are allowed")
    red, green, blue = numbers * (3 // len(numbers))
    return red, green, blue


def _balance(temperature: float, tint: float) -> tuple[float, float, float]:
    """Factors of red, green and blue that leave the luminance of grey as it is."""
    stops = np.array([temperature / 2 + tint / 2, -tint / 2, -temperature / 2 + tint / 2])
    if not stops.any():
        return 1.0, 1.0, 1.0
    factors = 2.0**stops
    red, green, blue = (float(factor) for factor in factors / (factors @ _LUMA))
    return red, green, blue


def _saturated(amount: float) -> NDArray[np.float64]:
    return np.eye(3) * amount + (1 - amount) * np.tile(_LUMA, (3, 1))


def _turned(degrees: float) -> NDArray[np.float64]:
    """Rotation of the chroma plane: colours keep their Rec. 709 luma, grey stays grey."""
    angle = math.radians(degrees)
    third = math.sqrt(1 / 3)
    around_grey = (
        np.eye(3) * math.cos(angle)
        + (1 - math.cos(angle)) / 3
        + math.sin(angle) * third * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    )
    shift = _LUMA - _LUMA @ around_grey  # luma that the rotation takes, given back as grey
    return around_grey + np.tile(shift, (3, 1))


def _times(picture: Floats, scale: NDArray[np.float64]) -> Floats:
    return _mixed(picture, np.diag(scale), np.zeros(3))


def _mixed(picture: Floats, matrix: NDArray[np.float64], offset: NDArray[np.float64]) -> Floats:
    return np.asarray(cv2.transform(picture, np.column_stack([matrix, offset])), np.float32)
