"""Image sequences: a file a frame and layer, PNG or TIFF, as a grey matte or as straight RGBA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from roto.export.exporter import ExportFrame, ExportJob
from roto.export.naming import still_path
from roto.export.pixels import Integers, display_rgb, plate_bits, quantised
from roto.export.staging import Staging
from roto.export.writer import StagedWriter
from roto.frames.source import ColourTags
from roto.image import Frame, Matte


@dataclass(frozen=True, slots=True)
class StillExporter:
    """A sequence of whole-number images. ``bits`` of the matte, or None for the plate's own and RGBA."""

    name: str
    summary: str
    tag: str
    extension: str
    bits: int | None
    encode: Callable[..., bytes]  # png_bytes or tiff_bytes

    @property
    def needs_plate(self) -> bool:
        return self.bits is None

    def unavailable(self) -> str | None:
        return None

    def targets(self, job: ExportJob) -> tuple[Path, ...]:
        return tuple(job.folder / path for path in self._paths(job))

    def open(self, job: ExportJob) -> StagedWriter:
        return StagedWriter(
            self.name, job, self._paths(job), self.needs_plate, lambda staging: _Stills(self, job, staging)
        )

    def path(self, layer: str, number: int) -> Path:
        return still_path(layer, self.tag, number, self.extension)

    def _paths(self, job: ExportJob) -> list[Path]:
        numbers = range(job.first, job.last + 1)
        return [self.path(layer, number) for layer in job.layers for number in numbers]


class _Stills:
    """Encodes and writes; nothing stays open between frames."""

    def __init__(self, exporter: StillExporter, job: ExportJob, staging: Staging) -> None:
        self._exporter = exporter
        self._pixel_aspect: Fraction = job.clip.pixel_aspect
        self._tags = job.clip.colour
        self._staging = staging

    def add(self, frame: ExportFrame) -> None:
        bits, plate = self._exporter.bits, frame.plate
        for layer, matte in frame.mattes.items():
            tags: ColourTags | None = None
            if bits is not None:
                pixels = quantised(matte, bits)
            elif plate is not None:
                pixels = straight_rgba(plate, matte)
                tags = ColourTags(self._tags.primaries, 13) if plate.linear else self._tags
            data = self._exporter.encode(pixels, pixel_aspect=self._pixel_aspect, tags=tags)
            self._staging.path(self._exporter.path(layer, frame.number)).write_bytes(data)

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def straight_rgba(plate: Frame, matte: Matte) -> Integers:
    """``H x W x 4`` at the plate's precision: its colour everywhere, and the matte as alpha."""
    return np.dstack([display_rgb(plate), quantised(matte, plate_bits(plate))])
