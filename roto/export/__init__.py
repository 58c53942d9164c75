"""Kinds of output. A new kind is one file and one line here; the contract test covers it at once."""

from __future__ import annotations

from roto.export.cryptomatte import CRYPTOMATTE
from roto.export.exporter import Exporter
from roto.export.exr import EXR, EXR_FLOAT, EXR_LAYERS, EXR_LAYERS_FLOAT, EXR_PARTS, EXR_PARTS_FLOAT
from roto.export.ffv1 import FFV1, FFV1_RGBA
from roto.export.h264 import H264
from roto.export.packed import EXR_PACKED, PNG_PACKED
from roto.export.png import png_bytes
from roto.export.prores import PRORES_4444, PRORES_4444_XQ
from roto.export.stills import StillExporter, in_8_bits, in_16_bits, in_float, with_plate
from roto.export.tiff import tiff_bytes
from roto.export.vp9 import VP9

_KINDS: tuple[Exporter, ...] = (
    StillExporter(
        name="png",
        summary="16-bit grey matte, a PNG a frame",
        extension="png",
        encode=png_bytes,
        images=in_16_bits,
    ),
    StillExporter(
        name="png8",
        summary="8-bit grey matte, a PNG a frame",
        tag="8bit",
        extension="png",
        encode=png_bytes,
        images=in_8_bits,
    ),
    StillExporter(
        name="png-rgba",
        summary="the layer's colour with the matte as straight alpha, a PNG a frame",
        tag="rgba",
        extension="png",
        encode=png_bytes,
        images=with_plate,
        needs_plate=True,
    ),
    PNG_PACKED,
    StillExporter(
        name="tiff",
        summary="16-bit grey matte, a TIFF a frame",
        extension="tiff",
        encode=tiff_bytes,
        images=in_16_bits,
    ),
    StillExporter(
        name="tiff8",
        summary="8-bit grey matte, a TIFF a frame",
        tag="8bit",
        extension="tiff",
        encode=tiff_bytes,
        images=in_8_bits,
    ),
    StillExporter(
        name="tiff-float",
        summary="matte in 32-bit float, a TIFF a frame",
        tag="float",
        extension="tiff",
        encode=tiff_bytes,
        images=in_float,
    ),
    StillExporter(
        name="tiff-rgba",
        summary="the layer's colour with the matte as straight alpha, a TIFF a frame",
        tag="rgba",
        extension="tiff",
        encode=tiff_bytes,
        images=with_plate,
        needs_plate=True,
    ),
    EXR,
    EXR_FLOAT,
    EXR_LAYERS,
    EXR_LAYERS_FLOAT,
    EXR_PARTS,
    EXR_PARTS_FLOAT,
    EXR_PACKED,
    CRYPTOMATTE,
    PRORES_4444,
    PRORES_4444_XQ,
    FFV1,
    FFV1_RGBA,
    H264,
    VP9,
)

EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in _KINDS}
