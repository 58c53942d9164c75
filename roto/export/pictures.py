"""Whole pictures out, rather than mattes: what a plate became, at its own precision and with its own facts.

A kind here is an exporter like those of mattes, for a job of one "layer" that is the name of the pictures. It writes
the plate of each :class:`ExportFrame` (see :func:`picture`) and its alpha where the clip has one: straight, but for
EXR, which is premultiplied, whatever the clip is. PNG and TIFF have the source's 8 or 16 bits,
TIFF and EXR hold float, and FFV1 holds RGB of 8 or 16 bits: roto reads the very same pixels from them. ProRes and
H.264 are Y'CbCr, and lossy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from roto.export.exporter import ExportFrame
from roto.export.exr import ExrExporter, ExrImage, Stored, as_float, as_half
from roto.export.ffv1 import FFV1
from roto.export.h264 import H264
from roto.export.pixels import Integers, display_rgb, plate_bits, quantised, video_tags, ycbcr
from roto.export.png import png_bytes
from roto.export.prores import PRORES_4444, PRORES_4444_XQ, prores_tags
from roto.export.stills import StillExporter, StillImage
from roto.export.tiff import tiff_bytes
from roto.export.video import Codec, Picture, VideoExporter
from roto.frames.source import ColourTags
from roto.image import Frame, Matte, finite, premultiplied, straight

PictureExporter = StillExporter | ExrExporter | VideoExporter

_RGB = 0  # H.273 matrix coefficients: none, the planes are G, B, R
_SRGB = 13  # H.273 transfer characteristics


def picture(frame: Frame) -> ExportFrame:
    """A frame as the kinds of pictures take it. The arrays must not change any more."""
    return ExportFrame(frame.number, {}, frame)


def _plate(frame: ExportFrame) -> Frame:
    if frame.plate is None:
        raise ValueError("a picture has no plate")
    return frame.plate


def _whole_numbers(frame: ExportFrame, tags: ColourTags) -> Iterator[StillImage]:
    """8 or 16 bits; a float plate, encoded as sRGB where it is linear, in 16."""
    plate = straight(_plate(frame))
    yield StillImage(_with_alpha(plate), {"tags": _encoded(tags, plate)})


def _as_stored(frame: ExportFrame, tags: ColourTags) -> Iterator[StillImage]:
    """8 or 16 bits or float, as the plate is."""
    plate = straight(_plate(frame))
    if plate.pixels.dtype != np.float32:
        yield StillImage(_with_alpha(plate))
    elif plate.alpha is None:
        yield StillImage(finite(plate.pixels))
    else:
        yield StillImage(np.dstack([finite(plate.pixels), plate.alpha]))


def _with_alpha(plate: Frame) -> Integers:
    rgb = display_rgb(plate)
    return rgb if plate.alpha is None else np.dstack([rgb, quantised(plate.alpha, plate_bits(plate))])


def _encoded(tags: ColourTags, plate: Frame) -> ColourTags:
    return ColourTags(tags.primaries, _SRGB) if plate.linear else tags


def _exr(stored: Stored, frame: ExportFrame) -> list[ExrImage]:
    plate = premultiplied(_plate(frame))
    rgb = finite(plate.rgb_float())
    channels = {name: stored(rgb[..., i]) for i, name in enumerate("RGB")}
    if plate.alpha is not None:
        channels["A"] = stored(plate.alpha)
    return [ExrImage({"": channels})]


def _ffv1(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    """Anything deeper than 8 bits in 16: pixels that came from Y'CbCr lie on no coarser grid."""
    plate = straight(_there(plate))
    rgb, alpha, bits = display_rgb(plate), plate.alpha, plate_bits(plate)
    red, green, blue = (rgb[..., i] for i in range(3))
    tags = ColourTags(tags.primaries, _SRGB if plate.linear else tags.transfer, _RGB, True)
    if bits == 8:
        last = np.full_like(red, 255) if alpha is None else quantised(alpha, 8)
        return Picture("bgr0" if alpha is None else "bgra", [np.dstack([blue, green, red, last])], tags)
    if alpha is None:
        return Picture("gbrp16le", [green, blue, red], tags)
    return Picture("gbrap16le", [green, blue, red, quantised(alpha, 16)], tags)


def _prores(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    plate = straight(_there(plate))
    tags, coded = prores_tags(plate, tags)
    planes = ycbcr(display_rgb(plate), tags, 10)
    if plate.alpha is None:
        return Picture("yuv444p10le", planes, tags, coded)
    return Picture("yuva444p10le", [*planes, quantised(plate.alpha, 10)], tags, coded)


def _h264(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    """4:2:0, chroma on the left column as H.264 has it by default; 4:4:4 where the size is odd. Alpha is not shown."""
    plate = _there(plate)
    tags = video_tags(tags, plate.width, plate.height, linear=plate.linear, full_range=False)
    luma, *chroma = ycbcr(display_rgb(plate), tags, 8)
    if plate.height % 2 or plate.width % 2:
        return Picture("yuv444p", [luma, *chroma], tags)
    return Picture("yuv420p", [luma, *(_halved(plane) for plane in chroma)], tags)


def _halved(plane: Integers) -> Integers:
    """Every other column, each with half of its neighbours, over the mean of two rows."""
    rows: NDArray[np.float32] = plane[::2].astype(np.float32) + plane[1::2]
    padded = np.pad(rows, ((0, 0), (1, 0)), mode="edge")
    mixed = padded[:, :-1:2] + 2 * padded[:, 1::2] + padded[:, 2::2]
    return np.rint(mixed / 8).astype(np.uint8)


def _there(plate: Frame | None) -> Frame:
    if plate is None:
        raise ValueError("a picture has no plate")
    return plate


_PNG = StillExporter(
    name="png",
    summary="PNG, 8 or 16 bits as the source",
    extension="png",
    encode=png_bytes,
    images=_whole_numbers,
    needs_plate=True,
)
_EXR = ExrExporter(
    name="exr",
    summary="half EXR, scene-linear where the source is",
    needs_plate=True,
    files=lambda names: names,
    images=partial(_exr, as_half),
)
_KINDS: tuple[PictureExporter, ...] = (
    _PNG,
    replace(
        _PNG,
        name="tiff",
        summary="TIFF, 8 or 16 bits or float as the source",
        extension="tiff",
        encode=tiff_bytes,
        images=_as_stored,
    ),
    _EXR,
    replace(_EXR, name="exr-float", summary="as exr in 32-bit float", tag="float", images=partial(_exr, as_float)),
    replace(FFV1, summary="lossless FFV1, RGB of 8 or 16 bits, a .mkv", needs_plate=True, paint=_ffv1),
    replace(PRORES_4444, summary="ProRes 4444, a .mov", paint=_prores),
    replace(PRORES_4444_XQ, summary="ProRes 4444 XQ, a .xq.mov", paint=_prores),
    replace(
        H264,
        summary="H.264 to look at, without alpha, a .mp4",
        needs_plate=True,
        paint=_h264,
        codecs=(Codec("libx264", {"crf": "16", "preset": "medium"}),),
    ),
)

PICTURES: dict[str, PictureExporter] = {exporter.name: exporter for exporter in _KINDS}
