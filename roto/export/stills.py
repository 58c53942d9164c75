"""Image sequences of PNG or TIFF: a file a frame and layer, as a grey matte or as straight RGBA, or several layers'
mattes in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.export.exporter import ExportFrame, ExportJob
from roto.export.naming import one_file_a_layer, still_path
from roto.export.pixels import Integers, display_rgb, plate_bits, quantised
from roto.export.staging import Staging
from roto.export.writer import StagedWriter
from roto.frames.source import ColourTags
from roto.image import Frame, Matte


@dataclass(frozen=True, slots=True, eq=False)
class StillImage:
    """Pixels as they are stored, and what else the encoder is told: ``tags`` of a picture, ``text`` of a PNG."""

    pixels: NDArray[Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StillExporter:
    """``files`` gives the files of a frame, by the name that stands in their path, for the layers of a job; ``images``
    makes them of a frame, in that order, given the tags of the source."""

    name: str
    summary: str
    tag: str = ""
    extension: str
    encode: Callable[..., bytes]  # png_bytes or tiff_bytes
    images: Callable[[ExportFrame, ColourTags], Iterable[StillImage]]
    needs_plate: bool = False
    files: Callable[[tuple[str, ...]], Sequence[str]] = one_file_a_layer
    place: Callable[[int], Path] | None = None  # of a frame's file in the folder, where the user names it

    @property
    def numbered(self) -> bool:
        return True

    def unavailable(self) -> str | None:
        return None

    def targets(self, job: ExportJob) -> tuple[Path, ...]:
        return tuple(job.folder / path for path in self._paths(job))

    def open(self, job: ExportJob) -> StagedWriter:
        return StagedWriter(
            self.name, job, self._paths(job), self.needs_plate, lambda staging: _Stills(self, job, staging)
        )

    def path(self, job: ExportJob, name: str, number: int) -> Path:
        if self.place is not None:
            return self.place(number)
        return still_path(name, self.tag, number, self.extension) if job.name is None else job.name(name, number)

    def _paths(self, job: ExportJob) -> list[Path]:
        return [
            self.path(job, name, number) for name in self.files(job.layers) for number in range(job.first, job.last + 1)
        ]


class _Stills:
    """Encodes and writes; nothing stays open between frames."""

    def __init__(self, exporter: StillExporter, job: ExportJob, staging: Staging) -> None:
        self._exporter = exporter
        self._job = job
        self._staging = staging

    def add(self, frame: ExportFrame) -> None:
        clip = self._job.clip
        names, images = self._exporter.files(self._job.layers), self._exporter.images(frame, clip.colour)
        for name, image in zip(names, images, strict=True):
            data = self._exporter.encode(image.pixels, pixel_aspect=clip.pixel_aspect, **image.facts)
            self._staging.path(self._exporter.path(self._job, name, frame.number)).write_bytes(data)

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def in_8_bits(frame: ExportFrame, tags: ColourTags) -> Iterator[StillImage]:
    return (StillImage(quantised(matte, 8)) for matte in frame.mattes.values())


def in_16_bits(frame: ExportFrame, tags: ColourTags) -> Iterator[StillImage]:
    return (StillImage(quantised(matte, 16)) for matte in frame.mattes.values())


def in_float(frame: ExportFrame, tags: ColourTags) -> Iterator[StillImage]:
    return (StillImage(matte) for matte in frame.mattes.values())


def with_plate(frame: ExportFrame, tags: ColourTags) -> Iterator[StillImage]:
    plate = frame.plate
    if plate is None:
        raise ValueError("straight RGBA needs the plate")
    tags = ColourTags(tags.primaries, 13) if plate.linear else tags
    for layer, matte in frame.mattes.items():
        yield StillImage(straight_rgba(frame.colours.get(layer, plate), matte), {"tags": tags})


def straight_rgba(plate: Frame, matte: Matte) -> Integers:
    """``H x W x 4`` at the plate's precision: its colour everywhere, and the matte as alpha."""
    return np.dstack([display_rgb(plate), quantised(matte, plate_bits(plate))])
