"""A frame with its proposed subjects, numbered, for a person to accept from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box
from roto.review.thumbnails import Colour, Picture, layer_colour
from roto.signed_distance import inner_distance

_WIDEST_PX = 1920
_NARROWEST_PX = 640  # smaller pictures are enlarged, so that the numbers stay within them
_TINT = 0.38
_DARK = (12, 12, 12)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_ROOMY = 1.3  # a subject is wider than its badge by this, or has it beside it
_BADGE = 0.022  # radius of a number's badge, as a share of the picture's longer side


def proposal_picture(rgb8: Picture, mattes: Sequence[Matte]) -> Picture:
    """The plate with every matte outlined and tinted in a colour of its own, and its number, from 1 on, inside it.

    rgb8: uint8 ``H x W x 3``. mattes: float32 ``H x W`` in [0, 1], the best first, which is drawn on top. Returns
    uint8 RGB, 640 to 1920 pixels along its longer side.
    """
    height, width = rgb8.shape[:2]
    scale = float(np.clip(1.0, _NARROWEST_PX / max(height, width), _WIDEST_PX / max(height, width)))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    picture = np.array(_resized(rgb8, size), np.uint8)
    insides = [np.asarray(_resized(matte, size) >= 0.5) for matte in mattes]
    line = max(round(max(size) / 480), 1)
    for index in reversed(range(len(insides))):
        tint = np.array(layer_colour(index), np.float32) * _TINT
        picture[insides[index]] = (picture[insides[index]] * np.float32(1 - _TINT) + tint + 0.5).astype(np.uint8)
    for index in reversed(range(len(insides))):
        _draw_outline(picture, insides[index], layer_colour(index), line)
    radius = max(round(_BADGE * max(size)), 9)
    badges, better = (np.zeros(picture.shape[:2], bool) for _ in range(2))
    for index, inside in enumerate(insides):
        # where it is not under a better one, if there is room
        centre = _place((inside & ~better & ~badges, inside & ~badges, inside), radius)
        badges |= _disc(badges.shape, centre, 2 * radius + 4)
        better |= inside
        _draw_badge(picture, centre, radius, str(index + 1), layer_colour(index))
    return picture


def _resized(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    shrinks = size[0] < picture.shape[1]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def _draw_outline(picture: Picture, inside: NDArray[np.bool_], colour: Colour, line: int) -> None:
    edges, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, edges, -1, _DARK, line + 2, cv2.LINE_AA)
    cv2.drawContours(picture, edges, -1, colour, line, cv2.LINE_AA)


def _place(rooms: Sequence[NDArray[np.bool_]], radius: int) -> tuple[int, int]:
    """The widest place in the first room that has one, or beside the last, which the badge would hide."""
    height, width = rooms[-1].shape
    for room in rooms:
        depth = inner_distance(np.pad(room.astype(np.uint8), 1), _WIDEST_PX / 2)
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        if depth[row, column] > _ROOMY * radius:
            return int(column) - 1, int(row) - 1
    box = bounding_box(rooms[-1])
    middle = (box.x0 + box.x1) // 2
    above, below = box.y0 - radius - 4, box.y1 + radius + 3
    return _within(middle, radius, width), _within(above if above > radius else below, radius, height)


def _within(place: int, radius: int, length: int) -> int:
    return min(max(place, radius + 2), max(length - radius - 3, 0))


def _disc(shape: tuple[int, ...], centre: tuple[int, int], radius: int) -> NDArray[np.bool_]:
    drawn = np.zeros(shape, np.uint8)
    cv2.circle(drawn, centre, radius, 1, -1)
    return drawn > 0


def _draw_badge(picture: Picture, centre: tuple[int, int], radius: int, text: str, colour: Colour) -> None:
    cv2.circle(picture, centre, radius + 2, _DARK, -1, cv2.LINE_AA)
    cv2.circle(picture, centre, radius, colour, -1, cv2.LINE_AA)
    scale = radius / (17.0 if len(text) == 1 else 23.0)
    thickness = max(round(scale * 1.6), 1)
    (width, height), _ = cv2.getTextSize(text, _FONT, scale, thickness)
    at = centre[0] - width // 2, centre[1] + height // 2
    cv2.putText(picture, text, at, _FONT, scale, _DARK, thickness, cv2.LINE_AA)
