"""FFV1 version 3 (RFC 9043) in Matroska: lossless, a checksum a slice, every frame a keyframe.

As a 16-bit grey matte, or as RGB with straight alpha at the plate's precision. Matroska counts time in milliseconds:
frames are told apart exactly, but their times are rounded to that.
"""

from __future__ import annotations

import numpy as np

from roto.export.matroska import set_pixel_aspect
from roto.export.pixels import display_rgb, matte_tags, plate_bits, quantised
from roto.export.video import Codec, Picture, VideoExporter
from roto.frames.source import ColourTags
from roto.image import Frame, Matte

_RGB = 0  # H.273 matrix coefficients: none, the planes are G, B, R
_CODEC = Codec("ffv1", {"level": "3", "slicecrc": "1", "g": "1"})


def _grey(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    return Picture("gray16le", [quantised(matte, 16)], matte_tags(tags, matte, full_range=True))


def _rgba(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    if plate is None:
        raise ValueError("FFV1 with colour needs the plate")
    bits = plate_bits(plate)
    rgb, alpha = display_rgb(plate), quantised(matte, bits)
    red, green, blue = (rgb[..., i] for i in range(3))
    tags = ColourTags(tags.primaries, 13 if plate.linear else tags.transfer, _RGB, True)
    if bits == 8:
        return Picture("bgra", [np.dstack([blue, green, red, alpha])], tags)
    return Picture("gbrap16le", [green, blue, red, alpha], tags)


FFV1 = VideoExporter(
    name="ffv1",
    summary="lossless FFV1, 16-bit grey matte, a .mkv a layer",
    extension="mkv",
    container="matroska",
    codecs=(_CODEC,),
    needs_plate=False,
    paint=_grey,
    set_pixel_aspect=set_pixel_aspect,
)
FFV1_RGBA = VideoExporter(
    name="ffv1-rgba",
    summary="lossless FFV1, the layer's colour with the matte as straight alpha, a .rgba.mkv a layer",
    tag="rgba",
    extension="mkv",
    container="matroska",
    codecs=(_CODEC,),
    needs_plate=True,
    paint=_rgba,
    set_pixel_aspect=set_pixel_aspect,
)
