"""The writer that all kinds share: order, staging, a thread to encode on, and errors in one line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np

from roto.errors import OutputError, RotoError
from roto.export.exporter import ExportFrame, ExportJob
from roto.export.staging import Staging
from roto.frames.source import ClipInfo
from roto.image import Frame, Matte, check_matte

_WAITING = 2  # frames that may wait for the encoder: memory stays bounded, and reading overlaps with encoding


class Recorder(Protocol):
    """What one kind does with frames. Its methods run on one thread, in order; they raise OSError or OutputError."""

    def add(self, frame: ExportFrame) -> None:
        """Encode a frame; every layer of the job has its matte."""

    def close(self) -> None:
        """Finish the files. Called once, after the last frame."""

    def abandon(self) -> None:
        """Let go of the files, whatever state they are in."""


class StagedWriter:
    """A Writer that lets a :class:`Recorder` write into a staging folder."""

    def __init__(
        self,
        kind: str,
        job: ExportJob,
        targets: Sequence[Path],
        needs_plate: bool,
        start: Callable[[Staging], Recorder],
    ) -> None:
        self._kind = kind
        self._job = job
        self._targets = targets
        self._needs_plate = needs_plate
        self._start = start
        self._next = job.first
        self._pending: deque[Future[None]] = deque()
        self._files: tuple[Path, ...] = ()

    def __enter__(self) -> StagedWriter:
        try:
            self._staging = Staging(self._job.folder, self._kind, self._targets, self._job.overwrite)
        except OSError as error:
            raise _cannot_write(self._job.folder, error) from error
        try:
            self._recorder = self._start(self._staging)
        except BaseException as error:
            self._staging.discard()
            if isinstance(error, OSError):
                raise _cannot_write(self._job.folder, error) from error
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"export-{self._kind}")
        return self

    def write(self, frame: ExportFrame) -> None:
        if frame.number != self._next or frame.number > self._job.last:
            raise ValueError(f"{self._kind} expects frame {self._next} of {self._job.last}, got {frame.number}")
        complete = self._checked(frame)
        while len(self._pending) >= _WAITING:
            self._wait_for_one()
        self._pending.append(self._thread.submit(self._recorder.add, complete))
        self._next += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        except BaseException:
            self._abandon()
            raise
        if error is not None:
            self._abandon()
        self._thread.shutdown()

    @property
    def files(self) -> tuple[Path, ...]:
        return self._files

    def _checked(self, frame: ExportFrame) -> ExportFrame:
        """The frame with an empty matte for every absent layer."""
        width, height = self._job.clip.width, self._job.clip.height
        mattes: dict[str, Matte] = {}
        for layer in self._job.layers:
            matte = frame.mattes.get(layer)
            if matte is None:
                matte = np.zeros((height, width), np.float32)
            mattes[layer] = check_matte(matte, width, height)
        plate = frame.plate
        if self._needs_plate:
            if plate is None and frame.number in self._job.clip.missing:
                plate = _black(self._job.clip, frame.number)
            if plate is None or (plate.number, plate.width, plate.height) != (frame.number, width, height):
                got = "none" if plate is None else f"frame {plate.number} of {plate.width} x {plate.height}"
                raise ValueError(f"{self._kind} needs the plate {width} x {height} of frame {frame.number}, got {got}")
        return ExportFrame(frame.number, mattes, plate, frame.colours)

    def _wait_for_one(self) -> None:
        try:
            self._pending.popleft().result()
        except OSError as error:
            raise _cannot_write(self._job.folder, error) from error

    def _finish(self) -> None:
        if self._next != self._job.last + 1:
            raise ValueError(f"{self._kind} was closed before frame {self._next} of {self._job.last} came")
        while self._pending:
            self._wait_for_one()
        try:
            self._thread.submit(self._recorder.close).result()
            if self._job.before_naming is not None:
                self._job.before_naming({self._job.folder / path: self._staging.root / path for path in self._targets})
            self._files = self._staging.commit()
        except OSError as error:
            raise _cannot_write(self._job.folder, error) from error

    def _abandon(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        try:
            self._recorder.abandon()
        finally:
            self._staging.discard()


def _black(clip: ClipInfo, number: int) -> Frame:
    """What stands for a plate that the source does not have, in the source's precision."""
    dtype = np.uint8 if clip.bits <= 8 else np.uint16 if clip.bits <= 16 else np.float32
    alpha = np.zeros((clip.height, clip.width), np.float32) if clip.has_alpha else None
    return Frame(number, np.zeros((clip.height, clip.width, 3), dtype), alpha, linear=clip.linear)


def _cannot_write(folder: Path, error: OSError) -> RotoError:
    reason = error.strerror or str(error)
    return OutputError(
        f"cannot write to {folder}: {reason}; nothing half-written is left there. Make room, or choose another -o"
    )
