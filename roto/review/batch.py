"""The page of a batch: a row a shot, for the morning after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2

from roto.review.report import Fact, Timing, duration, percentage
from roto.track.blend import GOOD_IOU


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """A layer of a shot: its mean confidence and its weakest frame, 0 to 1, flicker in pixels and of coverage, 0 to 1,
    None where nothing was measured, and the frames to key next with their reasons."""

    name: str
    mean_confidence: float
    weakest: int
    weakest_confidence: float
    flicker_px: float | None = None
    coverage_flicker: float | None = None
    suggestions: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotRow:
    """A shot. ``error`` is why it failed, "" where it did not; ``picture`` a data URI, ``report`` relative to the page,
    either may be "". ``work_s``: seconds of its tasks, summed over workers. ``current``: nothing of it was missing."""

    name: str
    status: str  # done, failed, waiting, running
    frames: int = 0
    layers: Sequence[LayerRow] = ()
    picture: str = ""
    report: str = ""
    error: str = ""
    work_s: float = 0.0
    current: bool = False
    notes: Sequence[str] = ()

    @property
    def is_weak(self) -> bool:
        """Whether a person should look at it first."""
        return any(layer.weakest_confidence < GOOD_IOU for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPage:
    """Everything that the page says. ``timings`` are summed over workers."""

    title: str
    shots: Sequence[ShotRow]
    elapsed_s: float
    timings: Sequence[Timing] = ()
    versions: Sequence[Fact] = ()
    command: str = ""


def render_batch(page: BatchPage) -> str:
    """One HTML document: no script, nothing loaded from anywhere; a shot's report is linked. Shots that failed come
    first, then by how weak their weakest frame is."""
    shots = sorted(
        page.shots,
        key=lambda shot: (
            shot.status == "done",
            min((layer.weakest_confidence for layer in shot.layers), default=0.0),
            shot.name,
        ),
    )
    return _template().render(
        page=page,
        shots=shots,
        css=files("roto.review").joinpath("report.css").read_text("utf-8"),
        failed=sum(shot.status == "failed" for shot in shots),
        done=sum(shot.status == "done" for shot in shots),
        weak=sum(shot.is_weak for shot in shots),
        frames=sum(shot.frames for shot in shots),
        good_iou=GOOD_IOU,
        longest=max((timing.seconds for timing in page.timings), default=0.0),
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"duration": duration, "percentage": percentage}
    return environment.from_string(files("roto.review").joinpath("batch.html.j2").read_text("utf-8"))
