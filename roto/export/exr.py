"""OpenEXR sequences: the premultiplied plate with the matte as alpha, or every layer's matte as a channel of one file.

EXR expects colour multiplied by alpha, so R, G, B hold plate x matte and A the matte. The plate keeps its own encoding:
scene-linear stays scene-linear, and a display-referred plate is not linearised by guess. Its primaries stand in
``chromaticities``, and a known transfer in ``cicp`` ("primaries/transfer/0/1", code points of ITU-T H.273).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import OutputError
from roto.export.exporter import ExportFrame, ExportJob
from roto.export.naming import job_timecode, still_path
from roto.export.staging import Staging
from roto.export.writer import StagedWriter
from roto.image import Frame, Matte

Channels = dict[str, NDArray[Any]]

_LAYERS_NAME = "mattes"
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


@dataclass(frozen=True, slots=True)
class ExrExporter:
    """``images`` makes of a frame the files' channels, by the name that stands in the file's name."""

    name: str
    summary: str
    tag: str
    dtype: type[np.float16] | type[np.float32]
    needs_plate: bool
    images: Callable[[ExportFrame], dict[str, Channels]]

    def unavailable(self) -> str | None:
        return None

    def targets(self, job: ExportJob) -> tuple[Path, ...]:
        return tuple(job.folder / path for path in self._paths(job))

    def open(self, job: ExportJob) -> StagedWriter:
        return StagedWriter(
            self.name, job, self._paths(job), self.needs_plate, lambda staging: _ExrFiles(self, job, staging)
        )

    def path(self, name: str, number: int) -> Path:
        return still_path(name, self.tag, number, "exr")

    def _paths(self, job: ExportJob) -> list[Path]:
        names = job.layers if self.needs_plate else (_LAYERS_NAME,)
        if not self.needs_plate and _LAYERS_NAME in job.layers:
            raise OutputError(f"{self.name} writes all layers to {_LAYERS_NAME!r}: rename the layer of that name")
        return [self.path(name, number) for name in names for number in range(job.first, job.last + 1)]


class _ExrFiles:
    """Writes a file at a time; nothing stays open between frames."""

    def __init__(self, exporter: ExrExporter, job: ExportJob, staging: Staging) -> None:
        self._exporter = exporter
        self._job = job
        self._staging = staging

    def add(self, frame: ExportFrame) -> None:
        for name, channels in self._exporter.images(frame).items():
            path = self._staging.path(self._exporter.path(name, frame.number))
            stored = {channel: _stored(values, self._exporter.dtype) for channel, values in channels.items()}
            _write(path, _header(self._job, frame, self._exporter.needs_plate), stored)

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def _write(path: Path, header: dict[str, Any], channels: Channels) -> None:
    """OSError with the system's reason when the file cannot be written."""
    import OpenEXR

    try:
        OpenEXR.File(header, channels).write(str(path))
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


def _stored(values: NDArray[np.float32], dtype: type[np.float16] | type[np.float32]) -> NDArray[Any]:
    """Half or float, contiguous. What half cannot hold becomes its largest number, not infinity."""
    if dtype is np.float16:
        values = np.clip(values, -65504, 65504)
    return np.ascontiguousarray(values, dtype)


def premultiplied(frame: ExportFrame) -> dict[str, Channels]:
    """For every layer R, G, B of plate x matte, and A."""
    if frame.plate is None:
        raise ValueError("a premultiplied image needs the plate")
    return {layer: _rgba(frame.plate, matte) for layer, matte in frame.mattes.items()}


def _rgba(plate: Frame, matte: Matte) -> Channels:
    colour_premultiplied = plate.rgb_float() * matte[..., None]
    return {**{name: colour_premultiplied[..., i] for i, name in enumerate("RGB")}, "A": matte}


def all_layers(frame: ExportFrame) -> dict[str, Channels]:
    """One image with a channel per layer, named after it."""
    return {_LAYERS_NAME: dict(frame.mattes)}


EXR = ExrExporter(
    "exr", "plate premultiplied by the matte, matte as alpha, a half EXR a frame", "", np.float16, True, premultiplied
)
EXR_FLOAT = ExrExporter("exr-float", "as exr in 32-bit float", "float", np.float32, True, premultiplied)
EXR_LAYERS = ExrExporter(
    "exr-layers", "a matte channel per layer, one half EXR a frame in mattes/", "", np.float16, False, all_layers
)
EXR_LAYERS_FLOAT = ExrExporter(
    "exr-layers-float", "as exr-layers in 32-bit float", "float", np.float32, False, all_layers
)
