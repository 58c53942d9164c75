"""What one image file holds, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from roto.frames.source import ColourTags
from roto.image import Matte, Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """What an image's header says. Width and height are those of the picture as shown."""

    codec: str
    width: int
    height: int
    bits: int  # significant bits of a channel: 8, 10, 12, 16 or 32
    half: bool = False  # stored as 16-bit float, delivered as 32
    has_alpha: bool = False
    linear: bool = False
    rotation: int = 0
    pixel_aspect: Fraction = Fraction(1)
    rate: Fraction | None = None
    timecode: str | None = None
    colour: ColourTags = field(default_factory=ColourTags)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """pixels: ``H x W x 3`` uint8, uint16 (full range) or float32, upright. alpha: float32 in [0, 1] or None."""

    info: ImageInfo
    pixels: Pixels
    alpha: Matte | None = None
