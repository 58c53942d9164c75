"""What every source of frames can do, and what is known about a clip before a pixel is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from roto.image import Frame
from roto.timing import FrameRange

LINEAR_NOTE = "scene-linear, tracked and shown as sRGB; --colour-space and --view choose otherwise"


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Colour description as ITU-T H.273 code points (2 = unspecified), carried from source to output."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipInfo:
    """A clip as it will be delivered: size and pixel aspect are those after display rotation."""

    path: str
    kind: str  # "video", "sequence" or "still"
    codec: str
    width: int
    height: int
    range: FrameRange
    rate: Fraction
    bits: int  # significant bits of a channel: 8, 10, 12, 16 or 32 (float)
    half: bool = False  # a float source that stores 16 bits of them
    has_alpha: bool = False
    linear: bool = False
    pixel_aspect: Fraction = Fraction(1)
    rotation: int = 0  # degrees that were applied, clockwise
    field_order: str = "progressive"  # or "tff" / "bff"; fields are reported, never separated
    timecode: str | None = None  # of the first frame of the source
    colour: ColourTags = field(default_factory=ColourTags)
    variable_rate: bool = False
    missing: tuple[int, ...] = ()  # frames within the range that the source cannot deliver
    notes: tuple[str, ...] = ()  # what a user should know: "interlaced", "two video streams, the first is used", ...


class FrameSource(Protocol):
    """A clip with random access by frame number. Reading is exact: frame N is the same picture however reached."""

    @property
    def info(self) -> ClipInfo: ...

    def frame(self, number: int) -> Frame:
        """One frame. SourceError when it is outside ``info.range`` or cannot be read."""

    def frames(self, first: int, last: int) -> Iterator[Frame]:
        """Frames ``first`` to ``last``, both included, streaming; backwards when ``last < first``. Memory stays
        bounded by a small window whatever the clip's length."""

    def time(self, number: int) -> Fraction:
        """Presentation time of a frame in seconds from the first frame."""

    def fingerprint(self) -> str:
        """Hex digest that changes when the source's pixels can have changed; cheap (no full decode)."""

    def close(self) -> None: ...
