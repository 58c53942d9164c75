"""What every kind of export promises of its files. What is in them: test_round_trip.py."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame, ExportJob

LAYERS = ("fg", "far away")

every_plate = pytest.mark.parametrize("kind", [name for name, kind in EXPORTERS.items() if kind.needs_plate])
every_kind = pytest.mark.parametrize("kind", EXPORTERS)


def files_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@every_kind
def test_a_kind_says_what_it_is(kind: str) -> None:
    exporter = EXPORTERS[kind]
    assert exporter.name == kind
    assert exporter.summary
    assert exporter.unavailable() is None


@every_kind
def test_targets_are_what_is_written_and_nothing_else(make_job, frames_of, export, kind) -> None:
    job = make_job(layers=LAYERS)
    targets = EXPORTERS[kind].targets(job)
    assert export(kind, job, frames_of(job)) == targets
    assert files_under(job.folder) == sorted(targets)


def test_all_kinds_fit_into_one_folder(make_job) -> None:
    targets = [path for exporter in EXPORTERS.values() for path in exporter.targets(make_job(layers=LAYERS))]
    assert len(targets) == len(set(targets))


@every_kind
def test_two_runs_give_the_same_bytes(make_job, frames_of, export, tmp_path, kind) -> None:
    jobs = [make_job(folder=tmp_path / name) for name in "ab"]
    first, second = (export(kind, job, frames_of(job)) for job in jobs)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@every_kind
def test_nothing_is_overwritten_unasked(make_job, frames_of, export, kind) -> None:
    job = make_job()
    last = EXPORTERS[kind].targets(job)[-1]
    last.parent.mkdir(parents=True)
    last.write_bytes(b"by hand")
    with pytest.raises(OutputError, match=r"exists already; pass --overwrite .* or choose another -o"):
        export(kind, job, frames_of(job))
    assert files_under(job.folder) == [last]
    assert last.read_bytes() == b"by hand"
    export(kind, make_job(overwrite=True), frames_of(job))
    assert last.read_bytes() != b"by hand"


def write_or_interrupt(kind: str, job: ExportJob, frames: list[ExportFrame | None]) -> None:
    """Write frames; None stands for Ctrl-C."""
    with EXPORTERS[kind].open(job) as writer:
        for frame in frames:
            if frame is None:
                raise KeyboardInterrupt
            writer.write(frame)


@every_kind
def test_an_interrupt_leaves_nothing(make_job, frames_of, kind) -> None:
    job = make_job()
    frames = [*frames_of(job)[:2], None]
    with pytest.raises(KeyboardInterrupt):
        write_or_interrupt(kind, job, frames)
    assert list(job.folder.iterdir()) == []


@every_kind
def test_an_incomplete_export_leaves_nothing(make_job, frames_of, kind) -> None:
    job = make_job()
    with pytest.raises(ValueError, match="before frame 1005 of 1005 came"):
        write_or_interrupt(kind, job, frames_of(job)[:2])
    assert list(job.folder.iterdir()) == []


@contextlib.contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Every file of this process ends at ``size`` bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@every_kind
def test_a_full_disk_is_one_line_and_leaves_nothing(make_job, frames_of, export, kind) -> None:
    job = make_job()
    with (
        no_room_beyond(1000),
        pytest.raises(OutputError, match=r"^cannot write to .*out: File too large; .* choose another -o$"),
    ):
        export(kind, job, frames_of(job))
    assert list(job.folder.iterdir()) == []


@every_kind
def test_an_output_folder_that_is_a_file_is_refused(make_job, frames_of, export, tmp_path, kind) -> None:
    (tmp_path / "out").write_bytes(b"")
    job = make_job()
    with pytest.raises(OutputError, match="out"):
        export(kind, job, frames_of(job))


@every_kind
def test_frames_out_of_order_are_a_mistake(make_job, frames_of, kind) -> None:
    job = make_job()
    with pytest.raises(ValueError, match="expects frame 1003 of 1005, got 1004"), EXPORTERS[kind].open(job) as writer:
        writer.write(frames_of(job)[1])


@every_kind
def test_a_matte_of_another_size_is_a_mistake(make_job, frames_of, kind) -> None:
    job: ExportJob = make_job()
    frame = frames_of(job)[0]
    small = ExportFrame(frame.number, {"fg": frame.mattes["fg"][1:]}, frame.plate)
    with pytest.raises(TypeError, match="a matte here is 120 x 160"), EXPORTERS[kind].open(job) as writer:
        writer.write(small)


@every_plate
def test_a_missing_plate_is_a_mistake(make_job, frames_of, kind) -> None:
    job = make_job()
    with (
        pytest.raises(ValueError, match="needs the plate 160 x 120 of frame 1003, got none"),
        EXPORTERS[kind].open(job) as writer,
    ):
        writer.write(ExportFrame(1003, frames_of(job)[0].mattes))


@every_plate
def test_a_plate_of_another_frame_is_a_mistake(make_job, frames_of, kind) -> None:
    job = make_job()
    first, second, _ = frames_of(job)
    with pytest.raises(ValueError, match="got frame 1004 of"), EXPORTERS[kind].open(job) as writer:
        writer.write(ExportFrame(1003, first.mattes, second.plate))


@every_kind
@pytest.mark.parametrize("layer", ["", "a/b", "..", ".hidden", "a:b", "new\nline"])
def test_a_layer_that_cannot_be_a_file_is_refused(make_job, kind, layer) -> None:
    if len(EXPORTERS[kind].targets(make_job(1, layers=LAYERS))) == 1:
        return  # layers are channels there, and name no file
    with pytest.raises(OutputError, match="cannot be a file's name"):
        EXPORTERS[kind].targets(make_job(layers=(layer,)))
