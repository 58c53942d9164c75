"""OpenEXR images stored as luminance and subsampled chroma (Y, RY, BY), which OpenImageIO does not read."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from roto.errors import SourceError
from roto.frames import exr
from roto.frames.limits import check_size
from roto.frames.picture import Image, ImageInfo
from roto.image import finite

_CHANNELS = ("Y", "RY", "BY")
#: Rec. ITU-R BT.709 primaries and D65, which a file without chromaticities has: red, green, blue, white as x, y.
_REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
_HEADER_BYTES = 64 << 10


def is_subsampled(path: Path) -> bool:
    """Whether the file holds luminance and chroma; a look at the names in its header."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    return b"\0RY\0" in head and b"BY\0" in head


def read_info(path: Path) -> ImageInfo:
    """The header as values. SourceError when the channels are not Y, RY and BY."""
    header = _opened(path, header_only=True).header()
    names = [channel.name for channel in header["channels"]]
    if not all(name in names for name in _CHANNELS):
        raise SourceError(f"{path}: its channels {', '.join(names)} are subsampled in a way that is not read")
    (left, top), (right, bottom) = header["displayWindow"]
    check_size(path, int(right - left) + 1, int(bottom - top) + 1)
    return ImageInfo(
        codec="exr",
        width=int(right - left) + 1,
        height=int(bottom - top) + 1,
        bits=32,
        has_alpha="A" in names,
        linear=True,
        pixel_aspect=Fraction(float(header.get("pixelAspectRatio", 1.0))).limit_denominator(1000),
        notes=("luminance and chroma, turned into RGB",),
    )


def read(path: Path) -> Image:
    """The picture as scene-linear RGB, in its display window."""
    info = read_info(path)
    file = _opened(path, header_only=False)
    if not file.parts or any(name not in file.parts[0].channels for name in _CHANNELS):
        raise SourceError(f"{path}: damaged or cut short")
    header, channels = file.header(), file.channels()
    planes = {name: finite(np.asarray(channels[name].pixels, np.float32)) for name in channels}
    rgb = to_rgb(planes["Y"], planes["RY"], planes["BY"], luminance_weights(header.get("chromaticities", _REC709)))
    window = _windows(header)
    alpha = np.clip(planes["A"], 0, 1) if "A" in planes else None
    return Image(
        info,
        exr.in_display_window(finite(rgb), window),
        None if alpha is None else exr.in_display_window(alpha, window),
    )


def to_rgb(
    luminance: NDArray[np.float32], ry: NDArray[np.float32], by: NDArray[np.float32], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """R = (RY + 1) Y, B = (BY + 1) Y, and G from Y = w . RGB ("Technical Introduction to OpenEXR")."""
    red = (_at_luminance(ry, luminance) + 1) * luminance
    blue = (_at_luminance(by, luminance) + 1) * luminance
    green = (luminance - red * weights[0] - blue * weights[2]) / weights[1]
    return np.dstack([red, green, blue]).astype(np.float32)


def _at_luminance(chroma: NDArray[np.float32], luminance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bilinear upsampling; the samples lie on every other pixel of every other line, the first included."""
    height, width = luminance.shape
    down, across = chroma.shape[0] / height, chroma.shape[1] / width
    grown = cv2.warpAffine(
        chroma,
        np.array([[round(across, 1), 0.0, 0.0], [0.0, round(down, 1), 0.0]]),
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(grown, dtype=np.float32)


def luminance_weights(chromaticities: Any) -> NDArray[np.float64]:
    """What red, green and blue contribute to luminance, from the primaries' and white point's x, y."""
    points = np.asarray(chromaticities, np.float64).reshape(4, 2)
    xyz = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in points]).T
    return np.linalg.solve(xyz[:, :3], xyz[:, 3])


def _opened(path: Path, *, header_only: bool) -> Any:
    try:
        return OpenEXR.File(str(path), separate_channels=True, header_only=header_only)
    except RuntimeError as error:
        raise SourceError(f"{path}: damaged or not an OpenEXR image") from error


def _windows(header: dict[str, Any]) -> SimpleNamespace:
    (x, y), (right, bottom) = header["dataWindow"]
    (full_x, full_y), (full_right, full_bottom) = header["displayWindow"]
    return SimpleNamespace(
        x=int(x),
        y=int(y),
        width=int(right - x) + 1,
        height=int(bottom - y) + 1,
        full_x=int(full_x),
        full_y=int(full_y),
        full_width=int(full_right - full_x) + 1,
        full_height=int(full_bottom - full_y) + 1,
    )
