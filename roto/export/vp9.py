"""VP9 with alpha in WebM, for browsers: the plate straight in 8-bit 4:2:0, the matte as the second, full-range stream.

Decoders must know: FFmpeg's own ``vp9`` drops the alpha, its ``libvpx-vp9`` keeps it. The range follows the source's.
"""

from __future__ import annotations

import cv2
import numpy as np

from roto.export.matroska import set_pixel_aspect
from roto.export.pixels import Integers, display_rgb, quantised, video_tags, ycbcr
from roto.export.video import Codec, Picture, VideoExporter
from roto.frames.source import ColourTags
from roto.image import Frame, Matte


def _paint(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    if plate is None:
        raise ValueError("VP9 with alpha needs the plate")
    full_range = tags.full_range is True and tags.matrix != 0
    tags = video_tags(tags, plate.width, plate.height, linear=plate.linear, full_range=full_range)
    luma, blue, red = ycbcr(display_rgb(plate), tags, 8)
    return Picture("yuva420p", [luma, _halved(blue), _halved(red), quantised(matte, 8)], tags)


def _halved(chroma: Integers) -> Integers:
    """Chroma at half the size, rounded up, sited as MPEG-2 has it: on the left column, between two lines."""
    across, down = np.array([0.25, 0.5, 0.25]), np.array([0.5, 0.5])
    return cv2.sepFilter2D(chroma, -1, across, down, anchor=(1, 0), borderType=cv2.BORDER_REPLICATE)[::2, ::2]


_CODEC = Codec(
    "libvpx-vp9",
    {
        "crf": "2",  # a hard edge of the alpha stays within 6/255
        "b": "0",
        "deadline": "good",
        "cpu-used": "4",
        "auto-alt-ref": "0",  # alpha rules out hidden frames
        "row-mt": "1",
        "tile-columns": "2",
    },
)
VP9 = VideoExporter(
    name="vp9",
    summary="VP9 with the matte as straight alpha, a .webm a layer",
    extension="webm",
    container="webm",
    codecs=(_CODEC,),
    needs_plate=True,
    paint=_paint,
    set_pixel_aspect=set_pixel_aspect,
)
