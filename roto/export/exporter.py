"""What every exporter can do. Exporters take arrays and a target path; they know no document and no span."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol

from roto.frames.source import ClipInfo
from roto.image import Frame, Matte


@dataclass(frozen=True, slots=True, eq=False)
class ExportFrame:
    """What is written for one frame: its number, every layer's matte, and the plate where the kind needs it.

    A layer of the job without a matte is absent in this frame and written as an empty one. The exported alpha is
    the matte alone; an alpha of the plate's own is not multiplied in. A frame that ``clip.missing`` lists may come
    without a plate and is written black. ``colours`` is what layers are written with in place of the plate, straight,
    by layer.
    """

    number: int
    mattes: Mapping[str, Matte]
    plate: Frame | None = None
    colours: Mapping[str, Frame] = field(default_factory=dict)


ExportName = Callable[[str, int | None], Path]
"""``name(layer, number)``: where a file goes, relative to the output folder; no number for a video. Where a file holds
several layers, ``layer`` is what such files are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """Where and what: ``folder`` is the output folder, ``layers`` the layers' names in order, ``clip`` describes the
    source, ``first`` and ``last`` the frames that will come, in order and complete. ``times`` are presentation times
    in seconds from the source's first frame, one a frame of the job; they count where ``clip.variable_rate`` says so,
    and a constant rate is exact by itself. ``before_naming`` is told ``{final name: finished file}`` when all of a
    writer's files are complete, just before they get their names. ``name``: what the files are called, None for roto's
    own names."""

    folder: Path
    clip: ClipInfo
    layers: tuple[str, ...]
    first: int
    last: int
    times: tuple[Fraction, ...] = ()
    overwrite: bool = False
    before_naming: Callable[[Mapping[Path, Path]], None] | None = None
    name: ExportName | None = None


class Writer(Protocol):
    """An open export. Files get their final names only on a clean exit; after an exception nothing that looks
    finished is left behind."""

    def __enter__(self) -> Writer: ...

    def write(self, frame: ExportFrame) -> None:
        """Take the next frame. Encoding may go on in the background: the arrays must not change any more.
        OutputError when the disk is full, or anything else keeps the file from being written."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def files(self) -> tuple[Path, ...]:
        """The finished files, in order."""


class Exporter(Protocol):
    """One kind of output."""

    @property
    def name(self) -> str:
        """As on the command line: "png", "prores4444"."""

    @property
    def summary(self) -> str:
        """One line of help."""

    @property
    def needs_plate(self) -> bool: ...

    @property
    def extension(self) -> str:
        """Of its files, without a dot."""

    @property
    def numbered(self) -> bool:
        """Whether it has a file a frame."""

    def unavailable(self) -> str | None:
        """Why this kind cannot be written here, or None."""

    def targets(self, job: ExportJob) -> tuple[Path, ...]:
        """Every file that :meth:`open` would write, in order, to check before any work starts. OutputError when this
        kind cannot hold the job."""

    def open(self, job: ExportJob) -> Writer: ...
