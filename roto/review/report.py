"""The report of a run: one HTML file that needs nothing else, for a person to look at and to keep beside the mattes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import jinja2

from roto.frames.source import ClipInfo
from roto.review.thumbnails import (
    Picture,
    contact_sheet_numbers,
    encode,
    layer_colour,
    overlay,
    thumbnail,
)
from roto.review.timeline import Timeline, draw_timeline
from roto.track.blend import GOOD_IOU

__all__ = [
    "Choice",
    "Fact",
    "LayerReport",
    "Report",
    "SuggestedKey",
    "Thumbnail",
    "Timing",
    "contact_sheet_numbers",
    "layer_colour",
    "overlay",
    "render_report",
    "source_facts",
    "thumbnail",
]

PICTURE_BUDGET = 2_200_000  # characters: all pictures of a report together
MOST_FILES = 60  # paths listed one by one
_ORIGINS = {
    "keyed": "keyframe",
    "forward": "carried forward",
    "backward": "carried backward",
    "both": "both passes blended",
    "absent": "absent",
    "cut": "beyond a scene cut",
    "stack": "not tracked, by its stack",
}


class Fact(NamedTuple):
    """A label and a value with its unit, ready to be read."""

    label: str
    value: str


class Choice(NamedTuple):
    """What was asked for, what was chosen, and why."""

    option: str
    asked: str
    chosen: str
    why: str


class Timing(NamedTuple):
    """Seconds that a stage took, and how many frames a second that is where it means something."""

    stage: str
    seconds: float
    frames_per_second: float | None = None


class SuggestedKey(NamedTuple):
    """The frame to key next, why, the rise in mean confidence over the clip that is expected of it, and, optionally,
    the command that does it."""

    number: int
    reason: str
    gain: float
    command: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A frame on the contact sheet. ``picture``: uint8 RGB, made by :func:`thumbnail` or :func:`overlay`."""

    number: int
    keyed: bool
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerReport:
    """One layer: per delivered frame its number (consecutive), confidence (0 to 1), the probability that it is good (0
    to 1) and origin (keyed, forward, backward, both, absent, cut or stack), as long as each other; flicker in pixels,
    and of coverage at soft edges, 0 to 1, None where nothing was measured; its stack in words."""

    name: str
    numbers: Sequence[int]
    confidences: Sequence[float]
    likely_good: Sequence[float]
    origins: Sequence[str]
    keyed: Sequence[int]
    flicker_before_px: float | None = None
    flicker_after_px: float | None = None
    coverage_flicker_before: float | None = None
    coverage_flicker_after: float | None = None
    stack: Sequence[str] = ()
    suggestion: SuggestedKey | None = None
    thumbnails: Sequence[Thumbnail] = ()

    def __post_init__(self) -> None:
        lengths = {len(each) for each in (self.numbers, self.confidences, self.likely_good, self.origins)}
        if len(lengths) != 1 or not self.numbers:
            raise ValueError(f"layer {self.name!r}: what is said of its frames differs in length or is empty")

    @property
    def mean_confidence(self) -> float:
        return sum(self.confidences) / len(self.confidences)

    @property
    def expected_good(self) -> int:
        """How many of the frames are expected to be good."""
        return round(sum(self.likely_good))

    @property
    def weakest(self) -> int:
        """The frame of the lowest confidence, the first of several."""
        return self.numbers[min(range(len(self.numbers)), key=lambda place: self.confidences[place])]

    @property
    def flicker_change(self) -> float | None:
        """How much smoothing changed the flicker, as a share: -0.4 is 40 % less."""
        return _change(self.flicker_before_px, self.flicker_after_px)

    @property
    def coverage_flicker_change(self) -> float | None:
        """How much the edge stage changed it, as a share."""
        return _change(self.coverage_flicker_before, self.coverage_flicker_after)


def _change(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None or before <= 0 else after / before - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """Everything that a report says. ``figures`` are headline numbers of the caller's own, a score for instance;
    ``cuts`` are the frames that begin a new shot; ``elapsed_s`` is wall-clock time, ``timings`` may add up to more
    where workers ran side by side."""

    title: str
    layers: Sequence[LayerReport]
    source: Sequence[Fact] = ()
    figures: Sequence[Fact] = ()
    cuts: Sequence[int] = ()
    choices: Sequence[Choice] = ()
    timings: Sequence[Timing] = ()
    elapsed_s: float | None = None
    frames_per_second: float | None = None
    files: Sequence[str] = ()
    notes: Sequence[str] = ()
    versions: Sequence[Fact] = ()
    command: str = ""


class _Sheet(NamedTuple):
    """A layer as the template wants it."""

    layer: LayerReport
    colour: str
    timeline: Timeline
    thumbnails: list[tuple[Thumbnail, str, tuple[float, float] | None]]


def render_report(report: Report) -> str:
    """The report as one HTML document: no script, nothing loaded from anywhere; under 3 MB whatever the clip."""
    uris = iter(encode([each.picture for layer in report.layers for each in layer.thumbnails], PICTURE_BUDGET))
    sheets = []
    for index, layer in enumerate(report.layers):
        suggested = None if layer.suggestion is None else layer.suggestion.number
        timeline = draw_timeline(
            layer.numbers, layer.confidences, layer.likely_good, layer.origins, layer.keyed, report.cuts, suggested
        )
        known = dict(zip(layer.numbers, zip(layer.confidences, layer.likely_good, strict=True), strict=True))
        pictures = [(each, next(uris), known.get(each.number)) for each in layer.thumbnails]
        sheets.append(_Sheet(layer, "#{:02x}{:02x}{:02x}".format(*layer_colour(index)), timeline, pictures))
    return _template().render(
        report=report,
        sheets=sheets,
        css=_resource("report.css"),
        files_shown=list(report.files)[:MOST_FILES],
        files_more=max(len(report.files) - MOST_FILES, 0),
        frames=max((len(layer.numbers) for layer in report.layers), default=0),
        origins=_ORIGINS,
        good_iou=GOOD_IOU,
        keyframes=sum(len(layer.keyed) for layer in report.layers),
        longest=max((timing.seconds for timing in report.timings), default=0.0),
        side_by_side=report.elapsed_s is not None
        and sum(timing.seconds for timing in report.timings) > 1.05 * report.elapsed_s,
    )


def source_facts(info: ClipInfo) -> tuple[Fact, ...]:
    """What a person wants to know of a clip, most asked first."""
    rate = f"{float(info.rate):.3f}".rstrip("0").rstrip(".")
    facts = [
        Fact("Clip", info.path),
        Fact("Size", f"{info.width} x {info.height} px"),
        Fact("Rate", f"{rate} fps" + (", variable" if info.variable_rate else "")),
        Fact("Frames", f"{len(info.range)} ({info.range})"),
        Fact("Codec", f"{info.codec}, {info.bits} bits" + (", alpha" if info.has_alpha else "")),
    ]
    if info.timecode is not None:
        facts.append(Fact("Time code", info.timecode))
    if info.pixel_aspect != 1:
        facts.append(Fact("Pixel aspect", f"{float(info.pixel_aspect):.4g}"))
    if info.rotation:
        facts.append(Fact("Rotation", f"{info.rotation}° applied"))
    if info.field_order != "progressive":
        facts.append(Fact("Fields", f"interlaced, {info.field_order}"))
    if info.missing:
        facts.append(Fact("Missing", f"{len(info.missing)} frame{'s' if len(info.missing) > 1 else ''}"))
    return tuple(facts)


def duration(seconds: float) -> str:
    """``0.042`` as "42 ms", ``7.5`` as "7.5 s", ``125`` as "2 min 05 s", ``7384`` as "2 h 03 min"."""
    if seconds < 0.995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    if seconds < 3599.5:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02d} s"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest:02d} min"


def percentage(share: float, signed: bool = False) -> str:
    """``0.934`` as "93 %"; with ``signed`` ``-0.4`` as a minus sign in front of 40, and what rounds to 0 in words."""
    if signed and round(share * 100) == 0:
        return "no change"
    text = f"{share * 100:+.0f} %" if signed else f"{share * 100:.0f} %"
    return text.replace("-", "\N{MINUS SIGN}")


def _resource(name: str) -> str:
    return files("roto.review").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"duration": duration, "percentage": percentage}
    return environment.from_string(_resource("report.html.j2"))
