"""Apple ProRes 4444 and 4444 XQ: the plate in 10-bit Y'CbCr 4:4:4, the matte as its alpha.

The plate is straight, not multiplied by the matte: that is what FFmpeg and the editors take ProRes' alpha for unless
they are told otherwise. The range is ProRes' own, the limited one. Alpha is stored with 16 bits and exact at 10.

FFmpeg has two encoders. ``prores_aw`` is four times as fast for the same error but refuses odd widths; those go to
``prores_ks``, with its data rate limited to what the other takes: by itself it lifts the limit when there is alpha.
"""

from __future__ import annotations

from dataclasses import replace

from roto.export.pixels import display_rgb, quantised, video_tags, ycbcr
from roto.export.video import Codec, Picture, VideoExporter
from roto.frames.pixels import assumed_matrix
from roto.frames.source import ColourTags
from roto.image import Frame, Matte

# What a ProRes frame's header has codes for (SMPTE RDD 36), as H.273 counts them.
_PRIMARIES, _TRANSFERS, _MATRICES = (1, 5, 6, 9, 11, 12), (1, 16, 18), (1, 6, 9)
_SMPTE170M, _BT470BG = 6, 5


def _paint(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    if plate is None:
        raise ValueError("ProRes with alpha needs the plate")
    tags, coded = prores_tags(plate, tags)
    return Picture("yuva444p10le", [*ycbcr(display_rgb(plate), tags, 10), quantised(matte, 10)], tags, coded)


def prores_tags(plate: Frame, tags: ColourTags) -> tuple[ColourTags, ColourTags]:
    """What a ProRes video of a plate is encoded with, given the tags of its source, and what its frames say of it."""
    if tags.matrix not in (*_MATRICES, _BT470BG):
        tags = replace(tags, matrix=2)  # no file could say it: that of the primaries or the size is taken
    tags = video_tags(tags, plate.width, plate.height, linear=plate.linear, full_range=False)
    if tags.matrix not in (*_MATRICES, _BT470BG):
        tags = replace(tags, matrix=assumed_matrix(ColourTags(), plate.width, plate.height))
    return tags, _coded(tags)


def _coded(tags: ColourTags) -> ColourTags:
    """The tags as a frame's header can have them. What it cannot is left unspecified there and stands in the container
    alone: FFmpeg's encoders would write it as reserved, and its decoders then refuse to show the picture."""
    return ColourTags(
        tags.primaries if tags.primaries in _PRIMARIES else 2,
        tags.transfer if tags.transfer in _TRANSFERS else 2,
        tags.matrix if tags.matrix in _MATRICES else _SMPTE170M,  # the same numbers as BT.470BG
        tags.full_range,
    )


PRORES_4444 = VideoExporter(
    name="prores4444",
    summary="ProRes 4444, the layer's colour with the matte as straight alpha, a .mov a layer",
    extension="mov",
    container="mov",
    codecs=(
        Codec("prores_aw", {"profile": "4", "vendor": "apl0"}, even_width=True),
        Codec("prores_ks", {"profile": "4444", "vendor": "apl0", "alpha_bits": "16", "bits_per_mb": "2350"}),
    ),
    needs_plate=True,
    paint=_paint,
)
PRORES_4444_XQ = replace(
    PRORES_4444,
    name="prores4444xq",
    summary="ProRes 4444 XQ, as prores4444 with more bits for the plate, a .xq.mov a layer",
    tag="xq",
    codecs=(
        Codec("prores_aw", {"profile": "5", "vendor": "apl0"}, even_width=True),
        Codec("prores_ks", {"profile": "4444xq", "vendor": "apl0", "alpha_bits": "16", "bits_per_mb": "3525"}),
    ),
)
