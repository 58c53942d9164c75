"""What keys have in common: the plate that they look at, colours and clean plates as options name them."""

from __future__ import annotations

import re

from roto.errors import DocumentError
from roto.image import Pixels
from roto.keying.colour import Colour
from roto.keying.picture import picture_of
from roto.stack.entry import Seen


def plate_of(seen: Seen) -> Pixels:
    """The frame's picture, as keys look at it."""
    plate = seen.plate()
    if plate is None:
        raise DocumentError("", f"frame {seen.number} has no picture to key")
    return picture_of(plate)


def colours_of(text: str, place: str) -> tuple[Colour, ...]:
    """``#1e8c3c #2a9d4f``, as many as there are. DocumentError for another text."""
    return tuple(_colour(word, place) for word in text.split())


def _colour(word: str, place: str) -> Colour:
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", word):
        raise DocumentError(
            place, f"{word!r}, but a colour is #RRGGBB, such as #1e8c3c; several have spaces between them"
        )
    red, green, blue = (int(word[-6:][i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def clean_plate(seen: Seen, file: str, number: int | None) -> Pixels:
    """The picture of a file: a still, or frame ``number`` of a sequence or a video, the clip itself included."""
    pictures = seen.pictures(file)
    within = pictures.info.range
    if number is None:
        number = within.first
    elif number not in within:
        raise DocumentError("plate_frame", f"{number}, but {file} has frames {within}")
    return picture_of(pictures.frame(number))
