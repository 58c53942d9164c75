"""One image file as pixels: PNG, JPEG, TIFF, EXR and DPX."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import SourceError
from roto.frames import exr, luminance_chroma, oiio
from roto.frames.cryptomatte import picture_channels
from roto.frames.files import kind_of
from roto.frames.limits import check_size
from roto.frames.orientation import UPRIGHT, Orientation, from_exif
from roto.frames.picture import Image, ImageInfo
from roto.frames.png import check_png
from roto.frames.rate import nearest_rate
from roto.image import Matte, Pixels, finite


def read_image(path: Path) -> Image:
    """Read a whole image. SourceError, one line, when it is no image, is damaged or cannot be opened."""
    kind = _image_kind(path)
    if kind == "png":
        check_png(path)
    if kind == "exr" and luminance_chroma.is_subsampled(path):
        return luminance_chroma.read(path)
    with oiio.opened(path) as image:
        layout = _layout(path, kind, image)
        spec, choice = layout.spec, layout.choice
        check_size(path, spec.width, spec.height)
        store = _stored_as(spec, layout.info)
        wanted = [*choice.colours, *([] if choice.alpha is None else [choice.alpha])]
        first = min(wanted)
        channels = oiio.pixels_of(path, image, first, max(wanted) + 1, store, choice.part)
    colours = channels[..., [at - first for at in choice.colours]]
    alpha = None if choice.alpha is None else channels[..., choice.alpha - first]
    return _finished(colours, alpha, layout)


def read_image_info(path: Path) -> ImageInfo:
    """Read an image's header alone. SourceError as :func:`read_image`, but damage further in goes unseen."""
    kind = _image_kind(path)
    if kind == "exr" and luminance_chroma.is_subsampled(path):
        return luminance_chroma.read_info(path)
    with oiio.opened(path) as image:
        return _layout(path, kind, image).info


@dataclass(frozen=True, slots=True)
class _Layout:
    info: ImageInfo
    choice: exr.Choice
    orientation: Orientation
    spec: Any


def _image_kind(path: Path) -> str:
    kind = kind_of(path)
    if kind is None:
        raise SourceError(f"{path}: not a PNG, JPEG, TIFF, EXR or DPX image")
    return kind


def _layout(path: Path, kind: str, image: Any) -> _Layout:
    """Where the picture lies in an opened file, and what its header says."""
    if kind == "exr":
        specs = exr.specs_of(image)
        choice = exr.choose(path, picture_channels(specs))
    else:
        specs = [image.spec()]
        choice = _first_channels(specs[0])
    spec = specs[choice.part]
    tags = oiio.attributes(spec)
    orientation = UPRIGHT if kind == "exr" else from_exif(int(tags.get("Orientation", 1)))
    if kind == "dpx" and orientation.transpose:  # OpenImageIO takes its columns for lines
        raise SourceError(f"{path}: a DPX whose lines run from top to bottom; write it with lines from left to right")
    shown = (spec.full_width, spec.full_height) if kind == "exr" else (spec.width, spec.height)
    check_size(path, *shown)
    width, height = orientation.size(*shown)
    info = ImageInfo(
        codec=kind,
        width=width,
        height=height,
        bits=_bits(spec, tags),
        half=oiio.is_half(spec),
        has_alpha=choice.alpha is not None,
        linear=oiio.is_float(spec),
        rotation=orientation.degrees,
        pixel_aspect=orientation.pixel_aspect(_aspect(tags)),
        rate=_rate(tags),
        timecode=_timecode(tags),
        notes=_notes(choice, tags),
    )
    return _Layout(info, choice, orientation, spec)


def _first_channels(spec: Any) -> exr.Choice:
    alpha = spec.alpha_channel if spec.alpha_channel >= 0 else None
    colours = [at for at in range(spec.nchannels) if at != alpha]
    return exr.Choice(0, tuple(colours[:3] if len(colours) >= 3 else colours[:1]), alpha)


def _stored_as(spec: Any, info: ImageInfo) -> str:
    """The type to read: the stored one, or float for what numpy's integers of 8 and 16 bits don't hold."""
    if info.bits == 32:
        return "float"
    return "uint8" if info.bits <= 8 else "uint16"


def _bits(spec: Any, tags: dict[str, Any]) -> int:
    """Significant bits as delivered. A palette is delivered as 8 bits, whatever its entries had."""
    stored = {1: 8, 2: 16}.get(spec.format.size(), 32)
    if oiio.is_float(spec):
        return 32
    if stored == 16:
        claimed = int(tags.get("oiio:BitsPerSample", 16))
        return claimed if 8 < claimed < 16 else 16
    return stored


def _finished(colours: Pixels, alpha: Pixels | None, layout: _Layout) -> Image:
    """Upright RGB of three channels, and alpha as float in [0, 1]."""
    info = layout.info
    if info.codec == "exr":
        colours = exr.in_display_window(finite(colours), layout.spec)
        alpha = None if alpha is None else exr.in_display_window(alpha, layout.spec)
    elif colours.dtype == np.float32:
        colours = finite(colours)
    if colours.dtype == np.uint16 and info.bits < 16:
        colours = _exact_16(colours, info.bits)
        alpha = None if alpha is None else _exact_16(alpha, info.bits)
    if colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    turned = layout.orientation.apply(colours)
    return Image(info, turned, None if alpha is None else layout.orientation.apply(_unit(alpha)))


def _exact_16(values: NDArray[np.uint16], bits: int) -> NDArray[np.uint16]:
    """``n / (2^bits - 1)`` of full scale, rounded, from samples that were widened by repeating their bits."""
    top = 2**bits - 1
    code = values.astype(np.uint32) >> np.uint32(16 - bits)
    widened: NDArray[np.uint16] = ((code * 65535 + top // 2) // top).astype(np.uint16)
    return widened


def _unit(alpha: Pixels) -> Matte:
    if alpha.dtype == np.float32:
        return np.clip(finite(alpha), 0.0, 1.0)
    return np.divide(alpha, np.float32(np.iinfo(alpha.dtype).max), dtype=np.float32)


def _notes(choice: exr.Choice, tags: dict[str, Any]) -> tuple[str, ...]:
    notes = [choice.note] if choice.note else []
    if tags.get("tiff:ColorSpace") == "CMYK":
        notes.append("CMYK, turned into RGB without a colour profile")
    if tags.get("dpx:Transfer") in ("Printing density", "Logarithmic"):
        notes.append("logarithmic code values (film density), delivered as they are")
    return tuple(notes)


def _aspect(tags: dict[str, Any]) -> Fraction:
    value = float(tags.get("PixelAspectRatio", 1.0))
    return Fraction(value).limit_denominator(1000) if 0.01 < value < 100 else Fraction(1)


def _rate(tags: dict[str, Any]) -> Fraction | None:
    """Frames a second from an EXR or DPX header; DPX writers leave 0 where they don't know."""
    for name in ("framesPerSecond", "FramesPerSecond", "dpx:TemporalFrameRate", "dpx:FrameRate"):
        value = tags.get(name)
        if isinstance(value, tuple):
            return Fraction(int(value[0]), int(value[1])) if value[1] else None
        if isinstance(value, int | float) and 0 < value < 1000:
            return nearest_rate(value)
    return None


def _timecode(tags: dict[str, Any]) -> str | None:
    """SMPTE ST 12-1 time code as OpenImageIO passes it on: two 32-bit words, the first with the digits in BCD."""
    words = tags.get("smpte:TimeCode")
    if words is None or ("dpx:Version" in tags and int(words[0]) == 0):
        return None
    word = int(words[0]) & 0xFFFFFFFF
    frames, seconds, minutes, hours = (
        (word >> shift & 0xF) + 10 * (word >> shift + 4 & mask) for shift, mask in ((0, 3), (8, 7), (16, 7), (24, 3))
    )
    separator = ";" if word >> 6 & 1 else ":"
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{frames:02d}"
