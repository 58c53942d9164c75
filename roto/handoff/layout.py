"""How plates and masks lie in a hand-off's folder: what common generation tools read.

``pairs`` suits what takes a folder or a file of each, with equal names: ProPainter, IOPaint, diffusers' pipelines, the
batch tab of AUTOMATIC1111 with its mask folder, ComfyUI by two loaders. ``rgba`` suits ComfyUI's Load Image, whose mask
is one minus alpha, and AUTOMATIC1111, which paints where a picture is transparent. ``beside`` suits LaMa, which looks
for ``NAME_mask001`` beside ``NAME``. ``video`` suits whatever reads clips.
"""

from __future__ import annotations

from dataclasses import dataclass

from roto.errors import RotoError
from roto.handoff.colour import DEPTHS
from roto.handoff.window import MULTIPLES
from roto.options import option
from roto.timing import padded

BLENDS = "blends"
CODECS = ("ffv1", "h264")
EXTENSIONS = {"ffv1": "mkv", "h264": "mp4"}
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """plates, masks: names without their extension, ``#`` for the frame's number. No masks: the plates' alpha is."""

    summary: str
    plates: str
    masks: str | None


LAYOUTS = {
    "pairs": Layout("plates and masks in a folder each, by equal names", "plates/frame.#", "masks/frame.#"),
    "rgba": Layout("one folder; transparent is to change", "frames/frame.#", None),
    "beside": Layout("one folder; NAME_mask001 is the mask of NAME", "frames/frame.#", "frames/frame.#_mask001"),
    "video": Layout("a video of the plates and one of the masks", "plates", "masks"),
}


@dataclass(frozen=True, kw_only=True)
class LayoutOptions:
    """In which form a tool gets its plates and masks."""

    layout: str = option("pairs", "how plates and masks lie in the folder", choices=tuple(LAYOUTS))
    depth: str = option(
        "8",
        "bits of a channel, display-referred, or float: EXR in the source's own encoding, for pairs",
        choices=DEPTHS,
    )
    codec: str = option("ffv1", "of videos: lossless, or what everything plays", choices=CODECS)
    multiple: int = option(1, "round the plates' sides up to a multiple of this many pixels", minimum=1, maximum=128)
    soft_masks: bool = option(False, "give the soft border to the tool too, where its masks may be grey")


def check_layout(options: LayoutOptions) -> None:
    """RotoError for what does not go together."""
    if options.multiple not in MULTIPLES:
        allowed = ", ".join(str(each) for each in MULTIPLES[:-1])
        raise RotoError(f"a multiple of {options.multiple} pixels: {allowed} or {MULTIPLES[-1]} is needed")
    if options.depth == "float" and options.layout != "pairs":
        raise RotoError(f"the layout {options.layout} holds no float; take --layout pairs, or --depth 16")
    if options.layout == "video" and options.codec == "h264" and options.depth != "8":
        raise RotoError("H.264 holds 8 bits here; take --codec ffv1, or --depth 8")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a hand-off's files, relative to its folder, with ``#`` for each digit of a frame's number."""

    plates: str
    masks: str | None
    blends: str


def names_of(options: LayoutOptions, first: int, last: int) -> Names:
    """Numbers are so wide that names sort as their frames do."""
    digits = "#" * max(DIGITS, len(str(abs(first))), len(str(abs(last))))
    layout = LAYOUTS[options.layout]
    if options.layout == "video":
        extension = masks = EXTENSIONS[options.codec]
    else:
        extension, masks = "exr" if options.depth == "float" else "png", "png"
    return Names(
        f"{layout.plates.replace('#', digits)}.{extension}",
        None if layout.masks is None else f"{layout.masks.replace('#', digits)}.{masks}",
        f"{BLENDS}/frame.{digits}.png",
    )


def name_at(pattern: str, number: int) -> str:
    """The name of a frame's file."""
    head, digits, tail = pattern.partition("#" * pattern.count("#")) if "#" in pattern else (pattern, "", "")
    return f"{head}{padded(number, len(digits))}{tail}" if digits else pattern
