"""What keys have in common: the plate that they look at, colours and clean plates as options name them."""

from __future__ import annotations

import re
from typing import NamedTuple

from roto.errors import DocumentError
from roto.image import Pixels
from roto.keying.colour import Colour, sample_colour
from roto.keying.picture import picture_of
from roto.stack.entry import Seen

_COLOUR = re.compile(r"#?[0-9a-fA-F]{6}")


def plate_of(seen: Seen) -> Pixels:
    """The frame's picture, as keys look at it."""
    plate = seen.plate()
    if plate is None:
        raise DocumentError("", f"frame {seen.number} has no picture to key")
    return picture_of(plate)


def colours_of(text: str, place: str) -> tuple[Colour, ...]:
    """``#1e8c3c #2a9d4f``, as many as there are. DocumentError for another text."""
    return tuple(_colour(word, place) for word in text.split())


def is_one_colour(text: str) -> bool:
    return _COLOUR.fullmatch(text.strip()) is not None


def _colour(word: str, place: str) -> Colour:
    if not _COLOUR.fullmatch(word):
        raise DocumentError(
            place, f"{word!r}, but a colour is #RRGGBB, such as #1e8c3c; several have spaces between them"
        )
    red, green, blue = (int(word[-6:][i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


class Point(NamedTuple):
    """Where a colour is picked: pixels, and the number of a frame, the first where there is none."""

    x: float
    y: float
    frame: int | None


def points_of(text: str, place: str) -> tuple[Point, ...]:
    """``320:180:12 410.5:96:12``, X:Y:FRAME, as many as there are. DocumentError for another text."""
    found = []
    for word in text.split():
        match = re.fullmatch(r"(-?\d+(?:\.\d+)?):(-?\d+(?:\.\d+)?)(?::(-?\d+))?", word)
        if match is None:
            raise DocumentError(place, f"{word!r}, but a point is X:Y:FRAME; several have spaces between them")
        found.append(Point(float(match[1]), float(match[2]), None if match[3] is None else int(match[3])))
    return tuple(found)


def picked_colours(seen: Seen, file: str, points: tuple[Point, ...], size_px: int, place: str) -> tuple[Colour, ...]:
    """The colours of a clip at points of its frames, means of squares. RotoError for a point outside the picture."""
    return tuple(
        sample_colour(clean_plate(seen, file, point.frame, place), point.x, point.y, size_px) for point in points
    )


def clean_plate(seen: Seen, file: str, number: int | None, place: str = "plate_frame") -> Pixels:
    """The picture of a file: a still, or frame ``number`` of a sequence or a video, the clip itself included."""
    pictures = seen.pictures(file)
    within = pictures.info.range
    if number is None:
        number = within.first
    elif number not in within:
        raise DocumentError(place, f"{number}, but {file} has frames {within}")
    return picture_of(pictures.frame(number))
