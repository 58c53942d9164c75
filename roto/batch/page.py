"""What a batch says of itself when it is over, and while it runs: its page, its metrics."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from roto.batch.events import write_metrics
from roto.batch.finish import picture_of
from roto.batch.run import DONE, FAILED, RUNNING, WAITING, BatchRun, ShotState
from roto.batch.work import fingerprint
from roto.files import write_atomically
from roto.review.batch import BatchPage, LayerRow, ShotRow, render_batch
from roto.review.report import Fact, Timing

PAGE = "batch.html"
_PICTURES = 400  # on a page, of the weakest shots


def write_page(run: BatchRun, path: Path, title: str, command: Sequence[str] = ()) -> None:
    """Write the page of a run that is over."""
    done = [state for state in run.states if state.summary is not None]
    weakest = sorted(done, key=lambda state: state.summary.weakest.weakest_confidence if state.summary else 0.0)
    shown = set(weakest[:_PICTURES])
    page = BatchPage(
        title=title,
        shots=[
            _row(state, path.parent, picture_of(state.found.shot) if state in shown else "") for state in run.states
        ],
        elapsed_s=time.monotonic() - run.started,
        timings=[Timing(stage, spent) for stage, spent in sorted(run.seconds.items(), key=lambda each: -each[1])],
        versions=[Fact(name, value) for name, value in fingerprint().items()],
        command=shlex.join(command),
    )
    write_atomically(path, render_batch(page).encode())


def _row(state: ShotState, folder: Path, picture: str) -> ShotRow:
    summary = state.summary
    if summary is None:
        return ShotRow(name=state.name, status=state.status, error=state.error)
    return ShotRow(
        name=state.name,
        status=state.status,
        frames=summary.frames,
        layers=[
            LayerRow(
                name=layer.name,
                mean_confidence=layer.mean_confidence,
                weakest=layer.weakest,
                weakest_confidence=layer.weakest_confidence,
                flicker_px=layer.flicker_px,
                coverage_flicker=layer.coverage_flicker,
                suggestions=layer.suggestions,
            )
            for layer in summary.layers
        ],
        picture=picture,
        report=Path(os.path.relpath(summary.report, folder)).as_posix(),
        work_s=sum(state.seconds.values()),
        current=state.current,
        notes=summary.notes,
    )


def write_run_metrics(run: BatchRun, path: Path) -> None:
    """Write the figures of a run as a Prometheus text file, for node_exporter's textfile collector."""
    counts = {
        status: sum(state.status == status for state in run.states) for status in (WAITING, RUNNING, DONE, FAILED)
    }
    elapsed = time.monotonic() - run.started
    write_metrics(
        path,
        {
            "roto_batch_shots": (
                "gauge",
                "Shots by how they stand.",
                {f'state="{status}"': float(count) for status, count in counts.items()},
            ),
            "roto_batch_frames_total": ("counter", "Frames that tasks have done.", {"": float(run.frames)}),
            "roto_batch_frames_left": ("gauge", "Frames that are left, about.", {"": float(run.left)}),
            "roto_batch_retries_total": ("counter", "Tasks that were started again.", {"": float(run.retried)}),
            "roto_batch_elapsed_seconds": ("gauge", "Seconds since the batch was started.", {"": elapsed}),
            "roto_batch_stage_seconds_total": (
                "counter",
                "Seconds by stage, summed over workers.",
                {f'stage="{stage}"': spent for stage, spent in sorted(run.seconds.items())},
            ),
        },
    )
