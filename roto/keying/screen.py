"""A screen: its colour found in the picture, how much of it a pixel shows, and how it is lit.

How much is told in the plane of differences of colour, without brightness: what lies along the screen's hue, less what
lies across, so that only hues near the screen's count (K. Jack, "Video Demystified", chroma keying with an acceptance
angle; with one of 120 degrees and a green primary it is green less the larger of red and blue, P. Vlahos' difference).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, Self

import cv2
import numpy as np

from roto.errors import RotoError
from roto.image import Pixels
from roto.keying.colour import Colour
from roto.keying.fill import filled
from roto.keying.light import linear_light, oklab
from roto.keying.picture import Values, check_picture, unit

_LEAST_HUE = 0.02
_FINDING_PX = 160  # the side of a picture in which a screen's colour is looked for
_LEAST_CHROMA = 0.06  # in OKLab: less is no screen's colour
_LEAST_SHARE = 0.02  # of the pictures
_HUES = 72
_CELLS = 160  # along the picture's longer side
_LEAST_CELLS = 6
_BRIGHTNESS, _RATIO = 0.1, 0.008  # how far a cell may be off at least: in log brightness, in ratios of channels
_RATIO_AT_FIRST = 0.06
_SHADE = 0.3  # how much brighter or darker, in log, a cell of the right ratios may be than the fit: corners, shadows
# how far ratios may be off where the screen goes over into a cell gently, and how much farther the darker it is there
_CAST, _CAST_IN_THE_DARK = 0.025, 0.2
_GENTLE = 0.06  # how much a colour changes at most from cell to cell there
_GROWTH = 24  # cells
_ROUNDS, _WIDE_ROUNDS = 8, 3


class Hue(NamedTuple):
    """The screen's hue, as two directions in RGB across the grey axis, float32: along it, and across it by as much as
    the acceptance angle lets through."""

    along: Values
    across: Values

    @classmethod
    def of(cls, colour: Values, acceptance_deg: float) -> Self:
        """``colour``: RGB of the screen, in the light that pixels are given in. RotoError for one without a hue."""
        own = np.asarray(colour, np.float64)
        if np.ptp(own) <= _LEAST_HUE * max(float(own.max()), 1e-9):
            raise RotoError("the screen's colour is grey, and a chroma key needs one with a hue; try a luma key")
        along = own - own.mean()
        along /= np.linalg.norm(along)
        across = np.cross(along, np.full(3, 1 / math.sqrt(3))) / math.tan(math.radians(acceptance_deg / 2))
        return cls(along.astype(np.float32), across.astype(np.float32))

    def shown(self, light: Values) -> Values:
        """How much of the screen's light there is, ``...`` of ``... x 3``; 0 and less where there is none."""
        rows = light.reshape(1, -1, 3)
        apart = cv2.transform(rows, np.stack([self.along, self.across])).reshape(*light.shape[:-1], 2)
        much: Values = apart[..., 0] - np.abs(apart[..., 1])
        return much


def find_screen_colour(pictures: Iterable[Pixels]) -> Colour:
    """The colour of the screen in these frames, RGB in [0, 1]: the median of the hue that colours most of their area,
    the borders counting double. A key that is given it stays the same over a whole clip.

    RotoError where no saturated hue takes up a fiftieth of the pictures, or there are none.
    """
    small = [_small(unit(check_picture(picture))) for picture in pictures]
    if not small:
        raise RotoError("a screen's colour is found in frames, and none were given")
    rgb = np.concatenate([picture.reshape(-1, 3) for picture in small])
    weight = np.concatenate([_borders(picture).ravel() for picture in small])
    lab = oklab(rgb)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    weight = np.where(chroma >= _LEAST_CHROMA, weight * chroma, 0)
    hue = (np.arctan2(lab[:, 2], lab[:, 1]) / (2 * np.pi) % 1 * _HUES).astype(int) % _HUES
    counts = np.bincount(hue, weights=weight, minlength=_HUES)
    near = counts + np.roll(counts, 1) + np.roll(counts, -1)
    peak = int(near.argmax())
    there = (np.abs((hue - peak + _HUES // 2) % _HUES - _HUES // 2) <= 1) & (weight > 0)
    if there.mean() < _LEAST_SHARE:
        raise RotoError(
            "no screen was found: no saturated colour takes up a fiftieth of the picture; say the screen's colour"
        )
    red, green, blue = (float(value) for value in np.median(rgb[there], axis=0))
    return red, green, blue


def _small(rgb: Values) -> Values:
    height, width = rgb.shape[:2]
    scale = min(_FINDING_PX / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _borders(rgb: Values) -> Values:
    """2 in the outer eighth, 1 inside."""
    height, width = rgb.shape[:2]
    weight = np.full((height, width), 2.0)
    weight[height // 8 : height - height // 8, width // 8 : width - width // 8] = 1
    return weight


class Lit(NamedTuple):
    """How a screen is lit. light: float32 ``H x W x 3``, the screen alone, everywhere. share: how much of the picture
    it was seen in, 0 to 1."""

    light: Values
    share: float


def lit_screen(light: Values, colour: Values, hue: Hue, cells: int = _CELLS) -> Lit:
    """A smooth model of the screen behind the subject, fitted to the pixels of the screen.

    light: float32 ``H x W x 3``; colour: the screen's, in the same light. Brightness and the ratios of the channels are
    first fitted by a quadratic in x and y, robustly (iteratively reweighted least squares with Tukey's biweight: J. W.
    Tukey and A. E. Beaton, Technometrics 1974): what is in front of the screen is an outlier in one of them, and so is
    what is half transparent, whose ratios are not the screen's. What the screen's own cells show beyond that fit, folds
    for instance, is then added and continued smoothly behind the subject. Where no screen is seen it is ``colour``
    everywhere, and the share is 0.
    """
    height, width = light.shape[:2]
    side = max(-(-max(height, width) // cells), 1)
    size = max(width // side, 1), max(height // side, 1)
    cell = cv2.resize(light, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], 3)
    brightest = np.maximum(cell.max(axis=2), np.float32(1e-4))
    own = hue.shown(np.asarray(colour, np.float32)[None])[0]
    much = hue.shown(cell)
    grey = cell.mean(axis=2, keepdims=True)
    candidate = (much > 0.15 * own) & (much > 0.5 * np.linalg.norm(cell - grey, axis=2))
    if int(candidate.sum()) < _LEAST_CELLS:
        return Lit(np.broadcast_to(np.asarray(colour, np.float32), light.shape), 0.0)
    strongest = int(np.argmax(colour))
    others = [channel for channel in range(3) if channel != strongest]
    seen = np.stack([np.log(brightest), *(cell[..., channel] / brightest for channel in others)], axis=2)
    ratios = np.array([colour[channel] / max(colour[strongest], 1e-4) for channel in others])
    fit, weight = _quadratic(seen.astype(np.float64), candidate, ratios)
    model = np.empty_like(cell)
    model[..., strongest] = np.exp(fit[..., 0])
    for i, channel in enumerate(others, 1):
        model[..., channel] = model[..., strongest] * np.maximum(fit[..., i], 0)
    off = seen - fit
    darker = np.clip(1 - np.exp(off[..., 0]), 0, 1)
    near = candidate & (np.abs(off[..., 1:]).max(axis=2) < _CAST + _CAST_IN_THE_DARK * darker)
    near &= off[..., 0] < _BRIGHTNESS
    own_cells = _grown(weight > 0.1, near, cell)
    whole = cv2.morphologyEx(own_cells.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    whole = cv2.erode(whole, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    share = float(whole.mean())
    return Lit(_with_rest(model, cell, whole.astype(np.float32), (width, height)), share)


def _grown(start: Values, allowed: Values, cell: Values) -> Values:
    """Cells that are allowed and go over gently into those of the start: into dark corners, over no edge."""
    grown: Values = start.copy()
    steps = []
    for axis in (0, 1):
        change = np.abs(np.diff(cell, axis=axis)).max(axis=2)
        steps.append(change < _GENTLE * np.minimum(*_beside(cell.max(axis=2), axis)))
    for _ in range(_GROWTH):
        before = int(grown.sum())
        for axis, gentle in enumerate(steps):
            for here, there in (_beside(grown, axis), _beside(grown, axis)[::-1]):
                here |= there & gentle
        grown &= allowed | start
        if int(grown.sum()) == before:
            break
    return grown


def _beside(values: Values, axis: int) -> tuple[Values, Values]:
    """Views of all that have a neighbour after them, and of those neighbours."""
    length = values.shape[axis]
    first, second = [slice(None)] * 2, [slice(None)] * 2
    first[axis], second[axis] = slice(0, length - 1), slice(1, length)
    return values[tuple(first)], values[tuple(second)]


def refined_screen(light: Values, screen: Values, matte: Values, cells: int = _CELLS) -> Values:
    """The model once more, by every pixel in which a first matte sees the screen alone, between strands too."""
    height, width = matte.shape
    clear = (cv2.blur(np.abs(matte), (3, 3), borderType=cv2.BORDER_REPLICATE) < 0.06).astype(np.float32)
    side = max(-(-max(height, width) // cells), 1)
    size = max(width // side, 1), max(height // side, 1)
    known = cv2.resize(clear, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0])
    known = np.where(known > 0.15, known, np.float32(0))

    def mean(values: Values) -> Values:
        small = cv2.resize(values * clear[..., None], size, interpolation=cv2.INTER_AREA)
        return small.reshape(size[1], size[0], 3) / np.maximum(known, np.float32(1e-3))[..., None]

    own = cv2.resize(screen, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], 3)
    here = np.where(known[..., None] > 0, mean(light), own)
    before = np.where(known[..., None] > 0, mean(screen), own)
    # what is as bright and of another cast is haze before the screen
    brightest = [np.maximum(each.max(axis=2), np.float32(1e-4)) for each in (here, before)]
    cast = np.abs(here / brightest[0][..., None] - before / brightest[1][..., None]).max(axis=2)
    darker = np.clip(1 - brightest[0] / brightest[1], 0, 1)
    known = np.where(cast < _CAST + _CAST_IN_THE_DARK * darker, known, np.float32(0))
    rest = here / np.maximum(before, np.float32(1e-3)) - 1
    smooth = _smooth(filled(rest, np.minimum(known * 2, np.float32(1))))
    refined: Values = screen * (1 + cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR))
    return refined


def _with_rest(model: Values, cell: Values, whole: Values, size: tuple[int, int]) -> Values:
    rest = filled(cell / np.maximum(model, np.float32(1e-4)) - 1, whole)
    whole_picture: Values = cv2.resize(np.maximum(model * (1 + _smooth(rest)), 0), size, interpolation=cv2.INTER_LINEAR)
    return whole_picture


def _smooth(values: Values) -> Values:
    return cv2.GaussianBlur(values, (5, 5), 1.0, borderType=cv2.BORDER_REPLICATE).reshape(values.shape)


def _quadratic(seen: Values, candidate: Values, ratios: Values) -> tuple[Values, Values]:
    """``H x W x 3`` fitted where ``candidate``, beginning about the screen's own ratios, and how well each cell suits
    the fit, 0 to 1."""
    height, width = candidate.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2).reshape(-1, 6)
    values, allowed = seen.reshape(-1, 3), candidate.ravel().astype(np.float64)
    weight = allowed * _like(values[:, 1:] - ratios, np.full(2, _RATIO_AT_FIRST))
    if weight.sum() < _LEAST_CELLS:
        weight = allowed.copy()
    least = np.array([_BRIGHTNESS, _RATIO, _RATIO])
    for turn in range(_ROUNDS):
        weighted = terms * weight[:, None]
        # a little of nothing in every direction, for screens of which only a strip is seen
        solution = np.linalg.solve(weighted.T @ terms + 1e-3 * np.eye(6), weighted.T @ values)
        off = values - terms @ solution
        near = weight > 0.01
        spread = 1.4826 * np.median(np.abs(off[near]), axis=0) if near.any() else least
        spread = np.maximum(spread, least) * (3 if turn < _WIDE_ROUNDS else 1)
        weight = allowed * _like(off, spread)
    spread[0] = max(spread[0], _SHADE)
    return (terms @ solution).reshape(height, width, 3), (allowed * _like(off, spread)).reshape(height, width)


def _like(off: Values, spread: Values) -> Values:
    """Tukey's biweight of all deviations, ``N`` of ``N x 3``."""
    like: Values = np.prod(np.clip(1 - (off / spread) ** 2 / 9, 0, 1) ** 2, axis=1)
    return like


def light_of_colour(colour: Colour, linear: bool) -> Values:
    encoded = np.array(colour, np.float64)
    return np.asarray(linear_light(encoded) if linear else encoded, np.float32)
