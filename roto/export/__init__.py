"""Kinds of output. A new kind is one file and one line here; the contract test covers it at once."""

from __future__ import annotations

from roto.export.exporter import Exporter
from roto.export.png import png_bytes
from roto.export.prores import PRORES_4444, PRORES_4444_XQ
from roto.export.stills import StillExporter

_KINDS: tuple[Exporter, ...] = (
    StillExporter("png", "16-bit grey matte, a PNG a frame", "", "png", 16, png_bytes),
    StillExporter("png8", "8-bit grey matte, a PNG a frame", "8bit", "png", 8, png_bytes),
    StillExporter("png-rgba", "plate with the matte as straight alpha, a PNG a frame", "rgba", "png", None, png_bytes),
    PRORES_4444,
    PRORES_4444_XQ,
)

EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in _KINDS}
