"""OpenEXR sequences: the premultiplied plate with the matte as alpha, or every layer's matte in one file, as a channel
or as a part of its own.

EXR expects colour multiplied by alpha, so R, G, B hold plate x matte and A the matte. The plate keeps its own encoding:
scene-linear stays scene-linear, and a display-referred plate is not linearised by guess. Its primaries stand in
``chromaticities``, and a known transfer in ``cicp`` ("primaries/transfer/0/1", code points of ITU-T H.273).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.export.exporter import ExportFrame, ExportJob
from roto.export.naming import job_timecode, one_file, one_file_a_layer, still_path
from roto.export.staging import Staging
from roto.export.writer import StagedWriter
from roto.image import Frame, Matte, finite

Channels = Mapping[str, NDArray[Any]]

_D65 = (0.3127, 0.329)
_CHROMATICITIES = {  # H.273 table 2: x and y of red, green, blue and white
    1: (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65),
    7: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
}


@dataclass(frozen=True, slots=True, eq=False)
class ExrImage:
    """One file: its parts' channels by the parts' names, "" where there is one part that needs no name, and what its
    header says beside what every file says."""

    parts: Mapping[str, Channels]
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExrExporter:
    """``files`` gives the files of a frame, by the name that stands in their path, for the layers of a job; ``images``
    makes them of a frame, in that order."""

    name: str
    summary: str
    tag: str = ""
    needs_plate: bool = False
    files: Callable[[tuple[str, ...]], Sequence[str]]
    images: Callable[[ExportFrame], Sequence[ExrImage]]
    place: Callable[[int], Path] | None = None  # of a frame's file in the folder, where the user names it

    @property
    def extension(self) -> str:
        return "exr"

    @property
    def numbered(self) -> bool:
        return True

    def unavailable(self) -> str | None:
        return None

    def targets(self, job: ExportJob) -> tuple[Path, ...]:
        return tuple(job.folder / path for path in self._paths(job))

    def open(self, job: ExportJob) -> StagedWriter:
        return StagedWriter(
            self.name, job, self._paths(job), self.needs_plate, lambda staging: _ExrFiles(self, job, staging)
        )

    def path(self, job: ExportJob, name: str, number: int) -> Path:
        if self.place is not None:
            return self.place(number)
        return still_path(name, self.tag, number, "exr") if job.name is None else job.name(name, number)

    def _paths(self, job: ExportJob) -> list[Path]:
        return [
            self.path(job, name, number) for name in self.files(job.layers) for number in range(job.first, job.last + 1)
        ]


class _ExrFiles:
    """Writes a file at a time; nothing stays open between frames."""

    def __init__(self, exporter: ExrExporter, job: ExportJob, staging: Staging) -> None:
        self._exporter = exporter
        self._job = job
        self._staging = staging

    def add(self, frame: ExportFrame) -> None:
        names = self._exporter.files(self._job.layers)
        for name, image in zip(names, self._exporter.images(frame), strict=True):
            path = self._staging.path(self._exporter.path(self._job, name, frame.number))
            _write(path, _header(self._job, frame, self._exporter.needs_plate), image)

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def _write(path: Path, header: dict[str, Any], image: ExrImage) -> None:
    """OSError with the system's reason when the file cannot be written."""
    import OpenEXR

    header |= image.attributes
    parts = [OpenEXR.Part(dict(header), dict(channels), name) for name, channels in image.parts.items()]
    try:
        OpenEXR.File(parts).write(str(path))
    except RuntimeError as error:
        _, marked, reason = str(error).partition(f'image file "{path}". ')
        if not marked:
            raise
        raise OSError(reason.rstrip(".")) from error


def _header(job: ExportJob, frame: ExportFrame, colour: bool) -> dict[str, Any]:
    import OpenEXR

    header: dict[str, Any] = {
        "compression": OpenEXR.ZIPS_COMPRESSION,  # lossless, and a line at a time: what compositors read fastest
        "type": OpenEXR.scanlineimage,
        "pixelAspectRatio": float(job.clip.pixel_aspect),
        "framesPerSecond": job.clip.rate.limit_denominator(1 << 20),  # two 32-bit integers
    }
    timecode = job_timecode(job, frame.number)
    if timecode is not None:
        code = OpenEXR.TimeCode()
        code.hours, code.minutes, code.seconds, code.frame = (int(timecode[i : i + 2]) for i in (0, 3, 6, 9))
        code.dropFrame = int(timecode[8] == ";")
        header["timeCode"] = code
    if colour and frame.plate is not None:
        tags = job.clip.colour
        if tags.primaries in _CHROMATICITIES:
            header["chromaticities"] = _CHROMATICITIES[tags.primaries]
        if tags.transfer != 2 and not frame.plate.linear:
            header["cicp"] = f"{tags.primaries}/{tags.transfer}/0/1"
    return header


def as_half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Contiguous half floats. What half cannot hold becomes its largest number, not infinity."""
    return np.ascontiguousarray(np.clip(values, -65504, 65504), np.float16)


def as_float(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, np.float32)


Stored = Callable[[NDArray[np.float32]], NDArray[Any]]  # as_half or as_float


def premultiplied(stored: Stored, frame: ExportFrame) -> list[ExrImage]:
    """For every layer R, G, B of colour x matte, and A."""
    if frame.plate is None:
        raise ValueError("a premultiplied image needs the plate")
    return [
        ExrImage({"": _rgba(stored, frame.colours.get(layer, frame.plate), m)}) for layer, m in frame.mattes.items()
    ]


def _rgba(stored: Stored, plate: Frame, matte: Matte) -> Channels:
    colour_premultiplied = finite(plate.rgb_float()) * matte[..., None]
    return {**{name: stored(colour_premultiplied[..., i]) for i, name in enumerate("RGB")}, "A": stored(matte)}


def as_channels(stored: Stored, frame: ExportFrame) -> list[ExrImage]:
    """One image with a channel per layer, named after it."""
    return [ExrImage({"": {layer: stored(matte) for layer, matte in frame.mattes.items()}})]


def as_parts(stored: Stored, frame: ExportFrame) -> list[ExrImage]:
    """One image with a part per layer, named after it, whose only channel is the matte as alpha."""
    return [ExrImage({layer: {"A": stored(matte)} for layer, matte in frame.mattes.items()})]


EXR = ExrExporter(
    name="exr",
    summary="the layer's colour premultiplied by the matte, matte as alpha, a half EXR a frame",
    needs_plate=True,
    files=one_file_a_layer,
    images=partial(premultiplied, as_half),
)
EXR_FLOAT = replace(
    EXR, name="exr-float", summary="as exr in 32-bit float", tag="float", images=partial(premultiplied, as_float)
)
EXR_LAYERS = ExrExporter(
    name="exr-layers",
    summary="a matte channel per layer, one half EXR a frame in mattes/",
    files=one_file,
    images=partial(as_channels, as_half),
)
EXR_LAYERS_FLOAT = replace(
    EXR_LAYERS,
    name="exr-layers-float",
    summary="as exr-layers in 32-bit float",
    tag="float",
    images=partial(as_channels, as_float),
)
EXR_PARTS = ExrExporter(
    name="exr-parts",
    summary="a part per layer, its matte in A, one multi-part half EXR a frame in mattes.parts/",
    tag="parts",
    files=one_file,
    images=partial(as_parts, as_half),
)
EXR_PARTS_FLOAT = replace(
    EXR_PARTS,
    name="exr-parts-float",
    summary="as exr-parts in 32-bit float",
    tag="parts-float",
    images=partial(as_parts, as_float),
)
