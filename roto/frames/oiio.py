"""The part of OpenImageIO that is used, with its traps avoided and its errors as SourceError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813 - its own documentation's name

from roto.errors import SourceError
from roto.image import Pixels

_DTYPES = {"uint8": oiio.UINT8, "uint16": oiio.UINT16, "uint32": oiio.UINT32, "float": oiio.FLOAT}


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An image opened by OpenImageIO; colours stay straight where the file has them straight."""
    config = oiio.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    image = oiio.ImageInput.open(str(path.absolute()), config)
    if image is None:
        raise SourceError(f"{path}: {_problem(oiio)}")
    try:
        yield image
    finally:
        image.close()


def pixels_of(path: Path, image: Any, first: int, last: int, kind: str, part: int = 0) -> Pixels:
    """Channels ``first`` up to ``last`` (excluded) as ``H x W x C`` of ``kind``: uint8, uint16, uint32 or float."""
    read = image.read_image(part, 0, first, last, _DTYPES[kind])
    if read is None or image.has_error:
        raise SourceError(f"{path}: damaged or cut short: {_problem(image)}")
    picture: Pixels = np.asarray(read)
    return picture.reshape(picture.shape[0], picture.shape[1], -1)


def is_float(spec: Any) -> bool:
    return spec.format.basetype in (oiio.HALF, oiio.FLOAT, oiio.DOUBLE)


def is_half(spec: Any) -> bool:
    return bool(spec.format.basetype == oiio.HALF)


def is_single_float(spec: Any, channel: int) -> bool:
    """Whether a channel is stored as 32-bit float."""
    return bool(spec.channelformat(channel).basetype == oiio.FLOAT)


def attributes(spec: Any) -> dict[str, Any]:
    return {attribute.name: attribute.value for attribute in spec.extra_attribs}


def forget_error(image: Any) -> None:
    _problem(image)


def _problem(place: Any) -> str:
    """The first line of what OpenImageIO has to say, which can quote damaged bytes."""
    try:
        lines = place.geterror().strip().splitlines()
    except UnicodeDecodeError:
        lines = []
    return lines[0].rstrip(".") if lines else "it cannot be read"
