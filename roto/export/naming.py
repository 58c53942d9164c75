"""Where files go, and the time code and times of what is in them.

``OUT/LAYER/LAYER.FRAME.EXT`` for stills, ``OUT/LAYER.EXT`` for videos. The first kind of an extension has the plain
name; every other kind of that extension puts its own tag behind the layer's name, so that no two kinds in one run
meet: ``OUT/LAYER.rgba/LAYER.rgba.FRAME.png``, ``OUT/LAYER.xq.mov``.

A :class:`Template` says it in the user's own words: ``{shot}/{layer}.{frame:04d}.png``.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from roto.errors import OutputError, RotoError
from roto.export.exporter import ExportJob, ExportName
from roto.options import unknown
from roto.timing import frame_to_timecode, padded, timecode_to_frame

LAYERS_NAME = "mattes"  # of files that hold several layers
# of the kinds that do not have the plain name
TAGS = ("8bit", "crypto", "float", "packed", "parts", "parts-float", "rgba", "xq")

_MOST_TICKS = 2**31


def video_path(layer: str, tag: str, extension: str) -> Path:
    """A layer's video, relative to the output folder."""
    return Path(f"{tagged(layer, tag)}.{extension}")


def still_path(layer: str, tag: str, number: int, extension: str) -> Path:
    """A layer's image of one frame, relative to the output folder."""
    name = tagged(layer, tag)
    return Path(name, f"{name}.{padded(number)}.{extension}")


def tagged(layer: str, tag: str) -> str:
    """The layer's name as a file name, with the kind's tag. OutputError when no file can have it."""
    if not layer or layer.startswith(".") or any(c in '/\\:*?"<>|' or ord(c) < 32 for c in layer):
        raise OutputError(
            f"layer {layer!r} cannot be a file's name: rename it without a leading dot and any of / \\ : * ? \" < > |"
        )
    if layer.endswith(tuple(f".{other}" for other in TAGS)):
        raise OutputError(f"layer {layer!r} is named like the files of another kind of export: rename it")
    return f"{layer}.{tag}" if tag else layer


FIELDS = ("shot", "layer", "kind", "ext", "frame")


@dataclass(frozen=True, slots=True)
class Template:
    """Names of files in the user's words: ``{shot}/{layer}.{frame:04d}.{ext}``, with forward slashes. ``frame`` may
    say how many digits it has at least. OutputError for what cannot be a name."""

    text: str

    def __post_init__(self) -> None:
        for _, name, spec, conversion in self._parts():
            if name is None:
                continue
            if name not in FIELDS:
                raise OutputError(f"name {self.text!r}: {{{name}}}: {unknown(name, FIELDS)}")
            if conversion or (spec and (name != "frame" or not re.fullmatch(r"0?[1-9]d?", spec))):
                raise OutputError(f"name {self.text!r}: {{{name}}} is written {{{name}}}, {{frame}} or {{frame:04d}}")
        parts = re.sub(r"\{.*?\}", "x", self.text).split("/")
        if any(
            part in ("", ".", "..") or part != part.strip() or re.search(r'[\\:*?"<>|\x00-\x1f]', part)
            for part in parts
        ):
            raise OutputError(
                f"name {self.text!r} is no path within the output folder, such as {{shot}}/{{layer}}.{{ext}}"
            )

    @property
    def fields(self) -> set[str]:
        return {name for _, name, _, _ in self._parts() if name}

    def of(self, *, shot: str, kind: str, extension: str, numbered: bool) -> ExportName:
        """What names the files of a kind for a shot; ``numbered``: it has a file a frame. OutputError when the kind
        cannot have such names."""
        written = self.text.rpartition("/")[2].rpartition(".")[2]
        if written not in ("{ext}", extension):
            raise OutputError(
                f"name {self.text!r}: {kind} is written as .{extension}: end the name in .{{ext}}, or give one by kind"
            )
        if numbered != ("frame" in self.fields):
            problem = "a file a frame, so that its name needs a {frame}" if numbered else "one file, without a {frame}"
            raise OutputError(f"name {self.text!r}: {kind} has {problem}; give a name by kind")
        if "layer" not in self.fields:
            raise OutputError(f"name {self.text!r} has no {{layer}}, which tells a shot's layers apart")

        def name(layer: str, number: int | None) -> Path:
            values = {"shot": shot, "layer": tagged(layer, ""), "kind": kind, "ext": extension}
            parts = (
                literal
                + ("" if field is None else values[field] if field != "frame" else _numbered(number, spec or ""))
                for literal, field, spec, _ in self._parts()
            )
            return Path("".join(parts))

        return name

    def _parts(self) -> list[tuple[str, str | None, str | None, str | None]]:
        try:
            return list(string.Formatter().parse(self.text))
        except ValueError as error:
            raise OutputError(f"name {self.text!r}: {error}") from None


def _numbered(number: int | None, spec: str) -> str:
    digits = int(spec.rstrip("d")) if spec else 4
    return padded(0 if number is None else number, digits)


def one_file_a_layer(layers: tuple[str, ...]) -> Sequence[str]:
    return layers


def one_file(layers: tuple[str, ...]) -> Sequence[str]:
    return not_taken([LAYERS_NAME], layers)


def not_taken(names: Sequence[str], layers: Sequence[str]) -> Sequence[str]:
    """The names of files that hold several layers. OutputError when one is a layer's, which other kinds write there."""
    for name in names:
        if name in layers:
            raise OutputError(f"files of several layers are named {name!r}: rename the layer of that name")
    return names


def job_timecode(job: ExportJob, number: int) -> str | None:
    """Time code of frame ``number``, counted from the source's first; a drop-frame source stays drop-frame.

    None where the source has none, or one that cannot be counted on from (a frame number that its rate does not have,
    less than a frame a second).
    """
    start, rate = job.clip.timecode, job.clip.rate
    if start is None or rate < 1:
        return None
    try:
        count = timecode_to_frame(start, rate) + number - job.clip.range.first
    except RotoError:
        return None
    return frame_to_timecode(count, rate, drop=";" in start or "." in start)


def job_times(job: ExportJob) -> tuple[Fraction, ...]:
    """Presentation times in seconds, one a frame, from 0. OutputError when they do not increase.

    A constant rate is exact here, whatever its container made of it (Matroska rounds to milliseconds).
    """
    count = job.last - job.first + 1
    if not job.times or not job.clip.variable_rate:
        return tuple(Fraction(i) / job.clip.rate for i in range(count))
    if len(job.times) != count:
        raise ValueError(f"{count} frames need {count} times, got {len(job.times)}")
    for i in range(1, count):
        if job.times[i] <= job.times[i - 1]:
            raise OutputError(
                f"frame {job.first + i} of {job.clip.path} is not later than the one before it; a video needs "
                "times that increase, export an image sequence instead"
            )
    return tuple(time - job.times[0] for time in job.times)


def time_base(times: tuple[Fraction, ...], rate: Fraction) -> Fraction:
    """The tick in which all ``times`` are whole: one frame at a constant rate, else 1/90000 s, else the coarsest
    that is exact. Times beyond a container's 31 bits of ticks a second are rounded to 1/90000 s."""
    if rate.numerator < _MOST_TICKS and all(time * rate == i for i, time in enumerate(times)):
        return 1 / rate
    ticks = 90000
    for time in times:
        ticks = math.lcm(ticks, time.denominator)
        if ticks >= _MOST_TICKS:
            return Fraction(1, 90000)
    return Fraction(1, ticks)
