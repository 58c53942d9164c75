"""Kinds of output. A new kind is one file and one line here; the contract test covers it at once."""

from __future__ import annotations

from roto.export.cryptomatte import CRYPTOMATTE
from roto.export.exporter import Exporter
from roto.export.exr import EXR, EXR_FLOAT, EXR_LAYERS, EXR_LAYERS_FLOAT, EXR_PARTS, EXR_PARTS_FLOAT
from roto.export.ffv1 import FFV1, FFV1_RGBA
from roto.export.h264 import H264
from roto.export.png import png_bytes
from roto.export.prores import PRORES_4444, PRORES_4444_XQ
from roto.export.stills import StillExporter
from roto.export.tiff import tiff_bytes
from roto.export.vp9 import VP9

_KINDS: tuple[Exporter, ...] = (
    StillExporter("png", "16-bit grey matte, a PNG a frame", "", "png", 16, png_bytes),
    StillExporter("png8", "8-bit grey matte, a PNG a frame", "8bit", "png", 8, png_bytes),
    StillExporter("png-rgba", "plate with the matte as straight alpha, a PNG a frame", "rgba", "png", None, png_bytes),
    StillExporter("tiff", "16-bit grey matte, a TIFF a frame", "", "tiff", 16, tiff_bytes),
    StillExporter(
        "tiff-rgba", "plate with the matte as straight alpha, a TIFF a frame", "rgba", "tiff", None, tiff_bytes
    ),
    EXR,
    EXR_FLOAT,
    EXR_LAYERS,
    EXR_LAYERS_FLOAT,
    EXR_PARTS,
    EXR_PARTS_FLOAT,
    CRYPTOMATTE,
    PRORES_4444,
    PRORES_4444_XQ,
    FFV1,
    FFV1_RGBA,
    H264,
    VP9,
)

EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in _KINDS}
