"""A colour as a user writes it."""

from __future__ import annotations

import math

from roto.errors import RotoError

Colour = tuple[float, float, float]


def read_colour(text: str) -> Colour | None:
    """A CSS name, ``#RRGGBB`` or ``r,g,b`` from 0 to 1, as display-encoded R, G, B; None for anything else.

    RotoError for three numbers or a ``#`` that are no colour.
    """
    from PIL import ImageColor

    words = text.split(",")
    if len(words) == 3:
        try:
            red, green, blue = (float(word) for word in words)
        except ValueError:
            return None
        if not all(math.isfinite(each) and 0 <= each <= 1 for each in (red, green, blue)):
            raise RotoError(f"{text}: the parts of a colour are numbers from 0 to 1, as in 0.1,0.2,0.8")
        return red, green, blue
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        if text.startswith("#"):
            raise RotoError(f"{text}: a colour is written #RRGGBB") from None
        return None
    return red / 255, green / 255, blue / 255
