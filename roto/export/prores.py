"""Apple ProRes 4444 and 4444 XQ: the plate in 10-bit Y'CbCr 4:4:4, the matte as its alpha.

The plate is straight, not multiplied by the matte: that is what FFmpeg and the editors take ProRes' alpha for unless
they are told otherwise. The range is ProRes' own, the limited one. Alpha is exact at 10 bits: stored with 16
(``alpha_bits``), because with 8 it is off by up to 12/4095.
"""

from __future__ import annotations

from roto.export.pixels import display_rgb, quantised, video_tags, ycbcr
from roto.export.video import Picture, VideoExporter
from roto.frames.source import ColourTags
from roto.image import Frame, Matte


def _paint(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    if plate is None:
        raise ValueError("ProRes with alpha needs the plate")
    tags = video_tags(tags, plate.linear, full_range=False)
    return Picture("yuva444p10le", [*ycbcr(display_rgb(plate), tags, 10), quantised(matte, 10)], tags)


PRORES_4444 = VideoExporter(
    name="prores4444",
    summary="ProRes 4444, the plate with the matte as straight alpha, a .mov a layer",
    extension="mov",
    container="mov",
    encoder="prores_ks",
    needs_plate=True,
    paint=_paint,
    options={"profile": "4444", "alpha_bits": "16", "vendor": "apl0"},
)
PRORES_4444_XQ = VideoExporter(
    name="prores4444xq",
    summary="ProRes 4444 XQ, as prores4444 with more bits for the plate, a .xq.mov a layer",
    tag="xq",
    extension="mov",
    container="mov",
    encoder="prores_ks",
    needs_plate=True,
    paint=_paint,
    options={"profile": "4444xq", "alpha_bits": "16", "vendor": "apl0"},
)
