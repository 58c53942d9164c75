"""Small pictures for a person to judge a matte by: the plate with the matte over it, and which frames to show."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte

Picture: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]

LAYER_COLOURS: tuple[Colour, ...] = (
    (255, 176, 59),
    (70, 200, 230),
    (236, 112, 170),
    (150, 214, 90),
    (176, 150, 255),
    (255, 122, 92),
    (88, 220, 170),
    (228, 214, 96),
)
"""8-bit RGB, one a layer, told apart on dark and on light; the ninth layer starts again at the first."""

_DIM, _TINT = 0.52, 0.14
_OUTLINE = 2  # the matte is sampled this much finer to find its outline
_LADDER = ((520, 86), (440, 82), (360, 78), (280, 72), (220, 66), (160, 60))  # (width in px, JPEG quality)


def layer_colour(index: int) -> Colour:
    return LAYER_COLOURS[index % len(LAYER_COLOURS)]


def overlay(rgb8: Picture, matte: Matte, colour: Colour = LAYER_COLOURS[0]) -> Picture:
    """The plate with its matte over it: outside dimmed and greyed, inside lightly tinted, a crisp line at one half.

    rgb8: uint8 ``H x W x 3``. matte: float32 ``H x W`` in [0, 1]. Returns uint8 ``H x W x 3``. The line is one pixel
    wide whatever the size, so scale first (see :func:`thumbnail`) and overlay after.
    """
    plate = rgb8.astype(np.float32)
    grey = plate @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    outside = _DIM * (0.45 * plate + 0.55 * grey[..., None])
    inside = (1 - _TINT) * plate + _TINT * np.array(colour, np.float32)
    mixed = outside + (inside - outside) * matte[..., None]
    picture = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    fine = cv2.resize(matte, None, fx=_OUTLINE, fy=_OUTLINE, interpolation=cv2.INTER_LINEAR)
    lines, _ = cv2.findContours((fine >= 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    fixed = [np.round(((line + 0.5) / _OUTLINE - 0.5) * 16).astype(np.int32) for line in lines]
    cv2.polylines(picture, fixed, True, (12, 12, 12), 2, cv2.LINE_AA, 4)
    cv2.polylines(picture, fixed, True, colour, 1, cv2.LINE_AA, 4)
    return picture


def thumbnail(rgb8: Picture, matte: Matte, width: int = 520, colour: Colour = LAYER_COLOURS[0]) -> Picture:
    """Plate and matte scaled down to ``width`` columns at most, then overlaid, so that the line stays crisp."""
    height, full = matte.shape
    if full > width:
        size = (width, max(round(height * width / full), 1))
        rgb8 = np.asarray(cv2.resize(rgb8, size, interpolation=cv2.INTER_AREA), np.uint8)
        matte = np.clip(cv2.resize(matte, size, interpolation=cv2.INTER_AREA), 0, 1).astype(np.float32)
    return overlay(rgb8, matte, colour)


def contact_sheet_numbers(first: int, last: int, keyed: Sequence[int], count: int) -> tuple[int, ...]:
    """At most ``count`` frames of ``first`` to ``last`` that tell the most, in order.

    Keyed frames come first (evenly picked when there are too many), then the clip's two ends, then the middle of
    whatever gap is widest, until ``count`` are chosen or none is left.
    """
    if last < first or count < 1:
        return ()
    inside = sorted({number for number in keyed if first <= number <= last})
    if len(inside) >= count:
        places = np.linspace(0, len(inside) - 1, count).round().astype(int)
        return tuple(inside[place] for place in places)
    chosen = set(inside)
    for end in (first, last):
        if len(chosen) < count:
            chosen.add(end)
    while len(chosen) < min(count, last - first + 1):
        edges = [first - 1, *sorted(chosen), last + 1]
        left, right = max(itertools.pairwise(edges), key=lambda gap: (gap[1] - gap[0], -gap[0]))
        chosen.add((left + right) // 2)
    return tuple(sorted(chosen))


def encode(pictures: Sequence[Picture], budget: int) -> list[str]:
    """The pictures as JPEG data URIs, together at most ``budget`` characters, as large and as good as that allows.

    The last rung of the ladder is used even where it does not fit, since a report without pictures helps nobody.
    """
    uris: list[str] = []
    for width, quality in _LADDER:
        uris = [_data_uri(picture, width, quality) for picture in pictures]
        if sum(map(len, uris)) <= budget:
            break
    return uris


def _data_uri(picture: Picture, width: int, quality: int) -> str:
    height, full = picture.shape[:2]
    if full > width:
        size = (width, max(round(height * width / full), 1))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError(f"a picture of {picture.shape} could not be encoded as JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
