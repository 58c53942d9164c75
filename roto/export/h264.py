"""H.264 with the matte in luma, in MP4: for review, and for editors that take a luma matte.

Limited range, 4:2:0 and the High profile, which everything plays. 4:2:0 has even sizes only; a matte of an odd size is
coded 4:4:4 instead (High 4:4:4 Predictive, fewer players) rather than padded or cropped, which would shift it.

A matte is flat but for its edge, so nothing is spent on its looks: one fine quantiser for every block keeps the edge
within 5/255 at a few kilobytes a frame, where the encoder's own psychovisual choices would be off by 20.
"""

from __future__ import annotations

import numpy as np

from roto.export.pixels import matte_tags, quantised
from roto.export.video import Codec, Picture, VideoExporter
from roto.frames.source import ColourTags
from roto.image import Frame, Matte


def _luma(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    height, width = matte.shape
    even = height % 2 == 0 and width % 2 == 0
    grey = np.full((height // 2, width // 2) if even else (height, width), 128, np.uint8)
    planes = [quantised(matte, 8, low=16, high=235), grey, grey]
    return Picture("yuv420p" if even else "yuv444p", planes, matte_tags(tags, matte, full_range=False))


H264 = VideoExporter(
    name="h264",
    summary="H.264 with the matte in luma, a .mp4 a layer",
    extension="mp4",
    container="mp4",
    codecs=(Codec("libx264", {"qp": "4", "psy": "0", "preset": "medium"}),),
    needs_plate=False,
    paint=_luma,
)
