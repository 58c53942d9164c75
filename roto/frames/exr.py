"""OpenEXR: which part and channels are the picture, and how they become an upright RGB frame.

Scan lines and tiles, half and float, multi-part files, luminance alone, and pictures larger or smaller than their
display window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import SourceError
from roto.frames import oiio

_NAMED = (("R", "G", "B"), ("red", "green", "blue"), ("r", "g", "b"))


class NoPictureError(SourceError):
    """The file has channels, and none that could be shown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Channels of one part: three or one for the picture, and perhaps one for alpha, by their place in the part."""

    part: int
    colours: tuple[int, ...]
    alpha: int | None
    note: str | None = None


def choose(path: Path, parts: Sequence[Sequence[str]]) -> Choice:
    """The picture in a file, given each part's channel names.

    R, G, B of the first part that has them; else Y; else the first layer's R, G, B; else a channel that stands
    alone in its file. A channel named "" is none of these. NoPictureError, naming the channels, when none of these is
    there.
    """
    for part, names in enumerate(parts):
        if all(name in names for name in "RGB"):
            return _choice(part, names, ["R", "G", "B"], "A")
    for part, names in enumerate(parts):
        if "Y" in names:
            return _choice(part, names, ["Y"], "A")
    for part, names in enumerate(parts):
        for layer in dict.fromkeys(name.rpartition(".")[0] for name in names):
            for triple in _NAMED:
                full = [f"{layer}.{name}" if layer else name for name in triple]
                if all(name in names for name in full):
                    alpha = f"{layer}.A" if triple[0] == "R" else f"{layer}.alpha"
                    note = f"no R, G, B of its own; layer {layer!r} is used" if layer else None
                    return _choice(part, names, full, alpha, note)
    if len(parts) == 1 and len(parts[0]) == 1 and parts[0][0]:
        return Choice(0, (0,), None, f"channel {parts[0][0]} alone, shown as grey")
    found = ", ".join(name for names in parts for name in names if name) or "ids of objects"
    raise NoPictureError(f"{path}: no R, G, B or Y channels to show; it has {found[:200]}")


def specs_of(image: Any) -> list[Any]:
    """The headers of all parts of an image that OpenImageIO has opened."""
    specs = [image.spec()]
    while image.seek_subimage(len(specs), 0):
        specs.append(image.spec())
    oiio.forget_error(image)  # there was no further part
    return specs


def in_display_window(picture: NDArray[np.float32], spec: Any) -> NDArray[np.float32]:
    """The data window placed in the display window: overscan is cut off and what is not covered stays 0."""
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    width, height = spec.full_width, spec.full_height
    if (left, top, spec.width, spec.height) == (0, 0, width, height):
        return picture
    placed = np.zeros((height, width, *picture.shape[2:]), np.float32)
    x0, x1 = max(left, 0), min(left + spec.width, width)
    y0, y1 = max(top, 0), min(top + spec.height, height)
    if x0 < x1 and y0 < y1:
        placed[y0:y1, x0:x1] = picture[y0 - top : y1 - top, x0 - left : x1 - left]
    return placed


def _choice(part: int, names: Sequence[str], colours: Sequence[str], alpha: str, note: str | None = None) -> Choice:
    at = {name: index for index, name in enumerate(names)}
    return Choice(part, tuple(at[name] for name in colours), at.get(alpha), note)
