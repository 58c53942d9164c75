"""What is applied inside a matte, as a user asks for it, and that with its files open, ready for one frame after the
other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from roto.composite.blend import blend, stored, unit
from roto.composite.colours import Colour, read_colour
from roto.composite.corner_pin import CornerPin, Insert
from roto.composite.corners import Corners, Quad
from roto.composite.effect import Effect
from roto.composite.fit import FITS, fitted
from roto.composite.light import light_of, srgb_to_linear
from roto.composite.light_wrap import LightWrap
from roto.composite.treat import treat
from roto.edge.colour import ColourOptions, by_its_alpha, straight_colour
from roto.errors import DocumentError, RotoError, SourceError
from roto.frames.files import unreadable
from roto.frames.source import ClipInfo
from roto.image import Box, Frame, Matte, Pixels, finite
from roto.job.beside import ERROR, BesideClip, shot_dtype, size_of
from roto.job.corners import LayerCorners, layer_corners
from roto.pipeline import PlannedLayer, Shot

LIGHTS = ("source", "linear")
_FIT_FLAG, _TIME_FLAG, _PIN_FLAG = "--background-fit", "--background-time", "--corner-pin-time"
_LARGEST_CUBE = 1 << 29  # bytes; 256 x 256 x 256 rows of three numbers take less


@dataclass(frozen=True, kw_only=True)
class Background:
    """What stands behind the layer instead of the plate: a colour or a clip, and what is done where the clip's size or
    length is another."""

    what: str
    fit: str = ERROR
    time: str = ERROR
    wrap: LightWrap = field(default_factory=LightWrap)


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A clip between four corners: given by keyed frame, or None for the layer's own four-point polygons."""

    file: Path
    corners: Mapping[int, Quad] | None = None
    time: str = ERROR


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is done, in order, where, and in which light. background: None: the plate stays where the matte is not."""

    steps: tuple[Effect | Pin, ...] = ()
    background: Background | None = None
    invert: bool = False
    blend_in: str = "source"

    def __post_init__(self) -> None:
        if not self.steps and self.background is None:
            raise RotoError("nothing to apply: give --grade, --lut, --effect, --background or --corner-pin")
        if self.blend_in not in LIGHTS:
            raise RotoError(f"--blend-in {self.blend_in}: it is one of {', '.join(LIGHTS)}")
        if sum(isinstance(step, Pin) for step in self.steps) > 1:
            raise RotoError("--corner-pin stands twice; apply one, and the next to what comes out")
        if self.background is not None and self.background.fit not in (ERROR, *FITS):
            raise RotoError(f"{_FIT_FLAG} {self.background.fit}: it is one of {', '.join((ERROR, *FITS))}")


class Stencil:
    """A recipe with its files open, checked against a shot."""

    def __init__(self, shot: Shot, inside: Sequence[PlannedLayer], recipe: Recipe, stack: ExitStack) -> None:
        info = shot.source.info
        self._recipe, self._inside = recipe, inside
        self._light = light_of(linear=info.linear, transfer=info.colour.transfer, blend_in=recipe.blend_in)
        self._notes: list[str] = []
        if shot.document.source.colour_space is not None and not info.linear:
            self._notes.append("exposure, white balance and linear light take the plate's encoding for sRGB")
        self._clips: list[ClipInfo] = []
        self._effects = tuple(self._effect(shot, step, stack) for step in recipe.steps)
        self._behind = None if recipe.background is None else self._background(shot, recipe.background, stack)
        colours = {planned.colour for planned in inside}
        self._colour = colours.pop() if len(colours) == 1 else shot.document.colour

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    @property
    def clips(self) -> tuple[ClipInfo, ...]:
        """What is read beside the source."""
        return tuple(self._clips)

    def applied(self, plate: Frame, matte: Matte) -> Frame:
        """One frame, treated."""
        if self._recipe.invert:
            matte = 1 - matte
        if self._behind is None or self._recipe.background is None:
            return treat(plate, matte, self._effects, self._light)
        colour = self._own_colour(plate, matte, self._colour)
        wrap = self._recipe.background.wrap
        behind = self._behind(plate)
        done = treat(plate, matte, self._effects, self._light, colour=colour, behind=behind, wrap=wrap)
        return replace(done, alpha=None)

    def _own_colour(self, plate: Frame, matte: Matte, options: ColourOptions) -> Pixels:
        """The layer's colour, freed of what is behind it in the light in which it is going to be blended."""
        original, own = by_its_alpha(plate, matte)
        if own is None and options.foreground == "plate" and options.despill == "none":
            return plate.pixels
        light = self._light
        return light.leaving(straight_colour(light.entering(finite(original)), matte, options, own))

    def _effect(self, shot: Shot, step: Effect | Pin, stack: ExitStack) -> Effect:
        if isinstance(step, Effect):
            return step.loaded(_text_of)
        clip = self._beside(shot, step.file, step.time, _PIN_FLAG, stack)
        if step.corners is None and self._recipe.invert:
            raise RotoError("--corner-pin with --invert: corners are not those of what is outside; give --corners")
        corners = layer_corners(shot, self._inside) if step.corners is None else _keyed(step.corners, shot)

        def insert(number: int) -> Insert:
            beside = clip.frame(number)
            values = self._light.entering(unit(beside.pixels))
            if beside.coverage is None:
                return Insert(values, None)
            return Insert(values * beside.coverage[..., None], beside.coverage)

        return CornerPin(insert=insert, corners=corners)

    def _background(self, shot: Shot, background: Background, stack: ExitStack) -> Callable[[Frame], Pixels]:
        info = shot.source.info
        colour = read_colour(background.what)
        if colour is not None:
            flat = _flat(colour, info)
            return lambda plate: flat
        try:
            clip = self._beside(shot, Path(background.what), background.time, _TIME_FLAG, stack)
        except SourceError as error:
            if Path(background.what).suffix or Path(background.what).exists():
                raise
            raise SourceError(f"{error}, nor is that a colour's name") from None
        own, frame = size_of(clip.info), size_of(info)
        if own != frame and background.fit == ERROR:
            raise RotoError(
                f"{background.what} is {_size_told(clip.info)}, the clip {_size_told(info)}; "
                f"say {_FIT_FLAG} {' or '.join(FITS)}"
            )
        last: list[tuple[int | None, Pixels]] = []

        def behind(plate: Frame) -> Pixels:
            number = clip.number(plate.number)
            if last and last[0][0] == number:
                return last[0][1]
            beside = clip.frame(plate.number)
            pixels = fitted(beside.pixels, own, frame, background.fit)
            if beside.coverage is not None:  # what it leaves open shows the plate, so it cannot be kept
                coverage = fitted(beside.coverage[..., None], own, frame, background.fit)[..., 0]
                return blend(plate.pixels, pixels, coverage, Box(0, 0, frame.width, frame.height), self._light)
            last[:] = [(number, pixels)]
            return pixels

        return behind

    def _beside(self, shot: Shot, path: Path, beyond: str, flag: str, stack: ExitStack) -> BesideClip:
        clip = BesideClip(path, shot, beyond=beyond, flag=flag)
        stack.callback(clip.close)
        self._notes += clip.notes
        self._clips.append(clip.info)
        return clip


def _keyed(keys: Mapping[int, Quad], shot: Shot) -> LayerCorners:
    """Corners that are given. RotoError for any frame on which they make no sense."""
    corners = Corners(keys)
    for number in shot.range.numbers():
        corners.at(number)
    return lambda number, matte, box: corners.at(number)


def _flat(colour: Colour, info: ClipInfo) -> Pixels:
    """A frame of one display-encoded colour, in a clip's own encoding."""
    values = np.array(colour, np.float32)
    values = srgb_to_linear(values) if info.linear else values
    return np.broadcast_to(stored(values, shot_dtype(info)), (info.height, info.width, 3))


def _size_told(info: ClipInfo) -> str:
    aspect = "" if info.pixel_aspect == 1 else f" of pixels {float(info.pixel_aspect):.4g} wide"
    return f"{info.width} x {info.height}{aspect}"


def _text_of(file: str) -> str:
    path = Path(file)
    try:
        if path.stat().st_size > _LARGEST_CUBE:
            raise DocumentError(file, "larger than any .cube file")
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise DocumentError(file, "not a text; it is no .cube file") from None
    except OSError as error:
        raise unreadable(path, error) from error
