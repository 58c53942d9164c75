"""Chroma key: what stands before a screen of one colour, green, blue or any other with a hue.

The screen alone is modelled first, as it is lit in this very frame (or a clean plate is given). A colour difference
against that model tells what is certainly screen and what is certainly not; in between, pixels are unmixed into screen
and subject. Light mixes before it is encoded, so all of it happens in linear light unless asked otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from roto.errors import DocumentError
from roto.image import Matte, Pixels, check_matte
from roto.keying.colour import Colour, check_colour
from roto.keying.halved import has_halved_colour, whole_colour
from roto.keying.light import grain, linear_light
from roto.keying.picture import Values, check_picture, check_plate, over_strips, unit
from roto.keying.ramp import shaped
from roto.keying.screen import Hue, find_screen_colour, light_of_colour, lit_screen, refined_screen
from roto.keying.translucent import brightness, dense_veils
from roto.keying.unmix import suggestions, unmixed, unmixed_with, whole_subject
from roto.options import option

LIGHTS = ("linear", "display")
_CORE_SOFTNESS = 0.17
_FIRST, _SURE = 0.9, 0.97  # from which the subject counts as whole: by colour difference, and once unmixed
_SCREEN = (0.01, 0.05)  # a mean difference over some pixels that is all noise, and one that is not
_MIXED = 0.02  # a mean difference from which pixels are unmixed; noise alone is less
_WORK_PX = 500  # the longer side of the picture in which the subject's colours are sought
_NOISE_TO_VARIANCE = 2.2  # of the square of a median deviation
_LEAST_DIFFERENCE = np.float32(1e-4)


@dataclass(frozen=True, kw_only=True)
class ChromaKeyOptions:
    """How a screen is keyed. The screen's colour, a clean plate and further mattes are given beside them."""

    clip_black: float = option(0.02, "coverage that becomes 0, and all below it", minimum=0.0, maximum=1.0)
    clip_white: float = option(0.95, "coverage that becomes 1, and all above it", minimum=0.0, maximum=1.0)
    core: float = option(
        0.8,
        "core matte: where all coverage around is more than this it is filled up to 1; 1: no core matte, for glass "
        "and veils",
        minimum=0.0,
        maximum=1.0,
    )
    core_shrink_px: int = option(1, "how far the core matte stays away from what is less", minimum=0, maximum=100)
    acceptance_deg: float = option(
        80.0, "hues this far apart, half to each side, count as the screen's", minimum=10.0, maximum=170.0
    )
    denoise: float = option(0.5, "how much of the screen's noise is evened out in the matte", minimum=0.0, maximum=10.0)
    edge_px: float | None = option(
        None,
        "how wide soft edges and blur are at most: so deep inside the subject its pure colours are looked for; auto: "
        "by the picture's size",
        minimum=1.0,
        maximum=200.0,
        auto=True,
    )
    halved_colour: bool | None = option(
        None,
        "restore colour that the clip has at half its resolution, as most video does (4:2:0); auto: where it has",
        auto=True,
    )
    light: str = option(
        "linear", "in which light screen and subject mix: linear, as in a camera, or as displayed", choices=LIGHTS
    )

    def __post_init__(self) -> None:
        if self.clip_black >= self.clip_white:
            raise DocumentError(
                "clip_white", f"{self.clip_white:g}, but it has to be more than clip_black, {self.clip_black:g}"
            )


class Keyed(NamedTuple):
    """A matte, float32 ``H x W`` in [0, 1], and the share of the picture in which the screen was seen, 0 to 1."""

    matte: Matte
    screen_share: float


def chroma_key(
    picture: Pixels,
    screen: Colour | None = None,
    options: ChromaKeyOptions | None = None,
    *,
    plate: Pixels | None = None,
    subject: Sequence[Colour] = (),
    garbage: Matte | None = None,
    holdout: Matte | None = None,
) -> Matte:
    """The matte alone of :func:`keyed_screen`."""
    return keyed_screen(picture, screen, options, plate=plate, subject=subject, garbage=garbage, holdout=holdout).matte


def keyed_screen(
    picture: Pixels,
    screen: Colour | None = None,
    options: ChromaKeyOptions | None = None,
    *,
    plate: Pixels | None = None,
    subject: Sequence[Colour] = (),
    garbage: Matte | None = None,
    holdout: Matte | None = None,
) -> Keyed:
    """Coverage of what stands before a screen.

    picture: ``H x W x 3`` display-referred RGB, uint8, uint16 or float32 in [0, 1]. screen: its colour, RGB in [0, 1];
    None finds it in this picture, see :func:`roto.keying.screen.find_screen_colour` to find it once for a clip. plate:
    the screen without the subject, in place of a model of it. subject: colours of the subject, for what is nowhere
    whole, such as smoke. garbage: what is not to be seen and not to be learned from, holdout: what is to be kept
    whatever its colour, both float32 ``H x W`` in [0, 1].

    Without the screen's colour anywhere in the picture the matte is whole, and the share 0. RotoError for a screen
    without hue, none to be found, or a plate of another size; TypeError for an array of another kind.
    """
    options = options or ChromaKeyOptions()
    height, width = check_picture(picture).shape[:2]
    for matte in (garbage, holdout):
        if matte is not None:
            check_matte(matte, width, height)
    linear = options.light == "linear"
    if screen is None:
        screen = find_screen_colour([picture if plate is None else plate])
    own = light_of_colour(check_colour(screen, "screen"), linear)
    picked = [light_of_colour(check_colour(colour, f"subject[{i}]"), linear) for i, colour in enumerate(subject)]
    halved = has_halved_colour([picture]) if options.halved_colour is None else options.halved_colour
    light = _light(whole_colour(picture) if halved else picture, linear)
    clean = None if plate is None else _light(check_plate(plate, picture), linear)
    coverage, share = _coverage(light, clean, own, picked, options, None if garbage is None else garbage > 0.5)
    if garbage is not None:
        coverage *= 1 - garbage
    if holdout is not None:
        np.maximum(coverage, holdout, out=coverage)
    return Keyed(np.clip(coverage, 0, 1, out=coverage), share)


def _work_size(width: int, height: int) -> tuple[int, int]:
    scale = max(-(-max(height, width) // _WORK_PX), 1)
    return max(width // scale, 1), max(height // scale, 1)


def _coverage(
    light: Values,
    clean: Values | None,
    own: Values,
    picked: Sequence[Values],
    options: ChromaKeyOptions,
    garbage: Values | None,
) -> tuple[Matte, float]:
    """In two sizes: the subject's colours, which are smooth, are sought in a small picture; every pixel of the large
    one is then unmixed with them."""
    height, width = light.shape[:2]
    hue = Hue.of(own, options.acceptance_deg)
    scale = max(-(-max(height, width) // _WORK_PX), 1)
    size = _work_size(width, height)
    reach = options.edge_px or max(max(width, height) / 90, 7.0)
    small = _resized(light, size)
    unseen = None if garbage is None else cv2.resize(garbage.astype(np.uint8), size) > 0
    if clean is None:
        # what is garbage is no screen
        seen = small if unseen is None else np.where(unseen[..., None], np.float32(0), small)
        behind, share = lit_screen(seen, own, hue)
    else:
        behind, share = _resized(clean, size), 1.0
    first = _seek(small, behind, hue, reach / scale, picked, unseen, refit=clean is None and share > 0)
    linear = options.light == "linear"
    if first.mixed.any():
        alone = first.certain & ~first.mixed
        shades = brightness(small, first.behind, first.colours, first.mixed, alone, linear)
        first.colours[first.mixed] = np.minimum(first.colours[first.mixed] * shades[first.mixed][:, None], 1)
    if clean is None:
        clean = _resized(first.behind, (width, height))
        much = _resized(hue.shown(first.behind), (width, height))
    else:
        much = hue.shown(clean)
    colours = first.colours if scale == 1 else _resized(first.colours, (width, height))
    mixed = first.mixed if scale == 1 else cv2.resize(first.mixed.astype(np.uint8), (width, height)) > 0
    matte = first.alpha if scale == 1 else np.empty((height, width), np.float32)

    def unmix(rows: slice) -> None:
        there = _difference(light[rows], much[rows], hue, first.offset)
        if scale > 1:
            np.minimum(there, 1, out=matte[rows])
        where = np.flatnonzero(mixed[rows])
        own, told, screen = (each[rows].reshape(-1, 3).take(where, axis=0) for each in (light, colours, clean))
        matte[rows].reshape(-1)[where] = unmixed_with(told, own, screen, there.ravel()[where], grain(own, linear))

    over_strips(height, width, unmix)
    return _finished(matte, first.certain, options), share


class _First(NamedTuple):
    """What the small picture tells: the first matte, not clipped at 0; the subject's colours, ``H x W x 3``, where it
    is mixed with the screen; where that is; the screen's light; the mean difference where there is screen alone, and
    where that is for certain."""

    alpha: Matte
    colours: Values
    mixed: Values
    behind: Values
    offset: np.float32
    certain: Values


def _seek(
    light: Values,
    behind: Values,
    hue: Hue,
    reach: float,
    picked: Sequence[Values],
    unseen: Values | None,
    refit: bool,
) -> _First:
    """Two rounds: what seems whole by colour difference alone may be mixed, and what is whole after the first round
    gives purer colours, of the screen too."""
    difference = _difference(light, hue.shown(behind), hue, np.float32(0))
    certain = _certain(difference)
    offset = np.float32(np.median(difference[certain])) if certain.any() else np.float32(0)
    alpha, enough = _without(difference, offset), _FIRST
    for turn in range(2):
        if turn and refit:
            behind = refined_screen(light, behind, alpha)
        plain = _difference(light, hue.shown(behind), hue, offset)
        seen = alpha if unseen is None else np.where(unseen, np.float32(0), alpha)
        veils = dense_veils(light, behind, seen, enough)
        # whole pixels are told by means over 3 x 3
        seen = np.where(cv2.dilate(veils.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, np.float32(0), seen)
        subject = whole_subject(light, seen, enough)
        mixed = (_mean(np.clip(plain, 0, 1)) > _MIXED) & (subject.depth < 2 * reach)
        told = suggestions(subject, reach, mixed, picked)
        colours = light.copy()
        alpha = np.minimum(plain, np.float32(1))
        alpha[mixed], colours[mixed], explained = unmixed(light[mixed], behind[mixed], plain[mixed], told)
        mixed[mixed] = explained
        alpha[subject.depth >= 2 * reach] = 1
        enough = _SURE
    return _First(alpha, colours, mixed, behind, offset, certain)


def _certain(difference: Values) -> Values:
    """Where there is screen alone, some pixels around included."""
    clear = (_mean(np.clip(difference, 0, 1)) < 0.12).astype(np.uint8)
    return cv2.erode(clear, np.ones((5, 5), np.uint8)) > 0


def _difference(light: Values, screen: Values, hue: Hue, offset: np.float32) -> Values:
    """How much of the screen's light is gone, ``H x W``: 0 for the screen alone, 1 and more without any of it. screen:
    how much of it there is where it is alone, ``H x W``."""
    gone = 1 - hue.shown(light) / np.maximum(screen, _LEAST_DIFFERENCE)
    return _without(gone, offset)


def _without(difference: Values, offset: np.float32) -> Values:
    """Noise across the screen's hue counts as difference whatever its sign: its mean is taken out."""
    left: Values = (difference - offset) / (1 - offset)
    return left


def _finished(matte: Matte, certain: Values, options: ChromaKeyOptions) -> Matte:
    """Noise evened out, the core filled, clipped."""
    height, width = matte.shape
    noise = np.float32(0)
    if certain.any() and options.denoise > 0:
        few = cv2.resize(matte, certain.shape[::-1], interpolation=cv2.INTER_NEAREST)
        noise = np.float32(np.median(np.abs(few[certain])) ** 2 * _NOISE_TO_VARIANCE * 2 * options.denoise)
    out = np.empty_like(matte)
    halo = 5 + options.core_shrink_px
    brush = np.ones((2 * options.core_shrink_px + 1,) * 2, np.uint8)

    def finish(rows: slice) -> None:
        around = slice(max(rows.start - halo, 0), min(rows.stop + halo, height))
        own = slice(rows.start - around.start, rows.stop - around.start)
        here = _evened(matte[around], noise)
        here *= _eased(_mean(np.clip(matte[around], 0, 1)), *_SCREEN)
        if options.core < 1:
            least = cv2.erode(_mean(np.clip(here, 0, 1), 3), brush)
            here += (1 - here) * _eased(least, options.core, min(options.core + _CORE_SOFTNESS, 1.0))
        span = np.float32(options.clip_white - options.clip_black)
        out[rows] = np.clip((here[own] - np.float32(options.clip_black)) / span, 0, 1)

    over_strips(height, width, finish)
    return out


def _evened(matte: Values, noise: np.float32) -> Values:
    """Local means where the matte varies no more than its noise does: J.-S. Lee, "Digital image enhancement and noise
    filtering by use of local statistics" (PAMI 1980). ``noise``: its variance."""
    if noise == 0:
        return matte.copy()
    mean = _mean(matte)
    varies = np.maximum(_mean(matte * matte) - mean * mean, np.float32(1e-8))
    gain = np.maximum(varies - noise, 0) / varies
    even: Values = mean + (matte - mean) * gain
    return even


def _eased(values: Values, low: float, high: float) -> Values:
    return shaped(np.clip((values - np.float32(low)) / np.float32(max(high - low, 1e-6)), 0, 1), "smooth")


def _mean(values: Values, size: int = 5) -> Values:
    return cv2.blur(values, (size, size), borderType=cv2.BORDER_REPLICATE)


def _resized(values: Values, size: tuple[int, int]) -> Values:
    """``H x W`` or ``H x W x 3``, smaller by means or larger by interpolation."""
    if (values.shape[1], values.shape[0]) == size:
        return values
    way = cv2.INTER_AREA if size[0] < values.shape[1] else cv2.INTER_LINEAR
    return cv2.resize(values, size, interpolation=way)


def _light(picture: Pixels, linear: bool) -> Values:
    """float32 ``H x W x 3``, linear light or as displayed."""
    if picture.dtype == np.uint8:
        levels = np.arange(256) / 255
        return cv2.LUT(picture, (linear_light(levels) if linear else levels).astype(np.float32))
    light = np.empty(picture.shape, np.float32)

    def work(rows: slice) -> None:
        values = unit(picture[rows])
        light[rows] = linear_light(values) if linear else values

    over_strips(picture.shape[0], picture.shape[1], work)
    return light
