"""The shutter angle that a clip was taken with, from how wide a layer's edges are for how fast they move.

An edge that moves by ``v`` pixels a frame along its normal is smeared over ``v`` times the share of the frame that the
shutter is open; one that moves along itself is as sharp as lens and sensor make it. What an open shutter makes of a
straight edge is fitted to profiles of the plate across the layer's outline, fast and slow ones, all at once; each may
lead from any colour to any other.

Measured on rendered clips of a textured layer over a textured background, with defocus, noise and exact velocities: for
edges that move by 11 px a frame, 180 degrees and more are told to 25; texture looks like some smear, so that short
ones are told too long, 90 by up to 40 and an open-and-shut 0 by up to 90. Slower edges are worse. Velocities that are
too small by a tenth, as those of flow on blurred plates are, make the angle too large by as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.layer_velocity import depth_inside, extended
from roto.image import Matte, bounding_box, check_matte
from roto.masks.edge_distance import edge_distance
from roto.motion.flow import Flow

Floats: TypeAlias = NDArray[np.float64]

LEAST_SPEED_PX = 3.0  # an edge that is slower says how sharp the picture is, and nothing of the shutter
LEAST_EDGES = 60  # of such pixels of outline in a frame
_MOST_SPEED_PX = 60.0
_STEPS = 33  # places on a profile
_MOST_PROFILES = 800
_OPEN = np.arange(0.0, 1.3, 0.05)
_SOFT_PX = np.array([0.4, 0.6, 0.8, 1.1, 1.5, 2.1, 3.0])
_MIDDLE = np.arange(-0.6, 0.61, 0.08)
_OFFSET_PX = np.arange(-2.0, 2.1, 0.5)
_NEAR = np.arange(-0.04, 0.041, 0.01)

_Shutter: TypeAlias = tuple[float, float, float, float]  # open, softness in px, middle, the outline's offset in px


@dataclass(frozen=True, slots=True)
class ShutterEstimate:
    """What the edges say, pooled over all frames that could tell. ``phase_deg`` is when the shutter opens, relative to
    the time that the mattes are of; ``spread_deg`` is how far the angle varies when each third of the frames is left
    out (NaN for fewer than three). All None where no frame could tell, and then ``reason`` says why. ``edges``: pixels
    of outline that moved enough."""

    shutter_deg: float | None
    phase_deg: float | None
    spread_deg: float | None
    frames: int
    edges: int
    reason: str | None = None


class _Profiles(NamedTuple):
    """Profiles of the plate across an outline. speed: ``N``, outwards positive; place: ``N x S``, pixels outwards from
    the outline; colours: ``N x S x 3``."""

    speed: Floats
    place: Floats
    colours: Floats


def estimate_shutter(
    plates: Iterable[NDArray[Any]], mattes: Iterable[Matte], velocities: Iterable[Flow]
) -> ShutterEstimate:
    """Estimate shutter angle and phase from frames of a clip.

    plates: ``H x W x 3``, uint8 or float, in linear light where it can be had: light adds up there, and a smear in an
    encoded plate is lopsided. mattes: float32 ``H x W``, sharp. velocities: float32 ``H x W x 2``, pixels a frame, of
    the layer inside the matte; half of forward minus backward flow is better than either. Frames are taken one at a
    time. Angles from 0 to 450 degrees are told apart.
    """
    frames, seen = [], 0
    for plate, matte, velocity in zip(plates, mattes, velocities, strict=True):
        seen += 1
        profiles = _profiles(plate, matte, velocity)
        if profiles is not None:
            frames.append(profiles)
    if not frames:
        return ShutterEstimate(None, None, None, 0, 0, _why(seen))
    opened, middle = _fitted(_together(frames))
    # what the frames say that are left when every third is put aside, as far apart as that is
    parts = [[each for n, each in enumerate(frames) if n % 3 != left] for left in range(3)] if len(frames) > 2 else []
    spread = np.ptp([_fitted(_together(some))[0] for some in parts]) if parts else math.nan
    edges = sum(int(np.count_nonzero(np.abs(each.speed) >= LEAST_SPEED_PX)) for each in frames)
    return ShutterEstimate(360 * opened, 360 * (middle - opened / 2), 360 * float(spread), len(frames), edges)


def _why(frames: int) -> str:
    if not frames:
        return "there are no frames"
    return (
        f"in none of {frames} frames do {LEAST_EDGES} pixels of the layer's outline move by {LEAST_SPEED_PX:g} px a"
        " frame or more, clear of other edges and of the picture's border"
    )


def _profiles(plate: NDArray[Any], matte: Matte, velocity: Flow) -> _Profiles | None:
    """None where too little moves enough."""
    height, width = matte.shape
    check_matte(matte, width, height)
    if plate.shape != (height, width, 3) or velocity.shape != (height, width, 2):
        raise TypeError(f"plate and velocity of {height} x {width} are needed, got {plate.shape} and {velocity.shape}")
    core = bounding_box(matte > 0)
    if core.empty:
        return None
    here = core.padded(4, width, height)
    depth = depth_inside(matte[here.slices], velocity[here.slices], None)
    if not depth.any():
        return None
    box = core.padded(int(1.2 * _MOST_SPEED_PX) + 8, width, height)
    whole = np.zeros_like(matte)
    whole[here.slices] = depth
    motion = extended(np.where(np.isfinite(velocity), velocity, np.float32(0))[box.slices], whole[box.slices])
    distance = edge_distance(matte[box.slices], float(box.width + box.height))
    slope_x, slope_y = (np.asarray(cv2.Sobel(distance, cv2.CV_32F, *d), np.float32) / 8 for d in ((1, 0), (0, 1)))
    length = np.sqrt(slope_x * slope_x + slope_y * slope_y)
    beside = (np.abs(distance) <= 0.5) & (length > 0.7)
    # an outline that the picture's border draws is none
    beside[[0, -1]] = beside[:, [0, -1]] = False
    rows, columns = np.nonzero(beside)
    out_x, out_y = -slope_x[beside] / length[beside], -slope_y[beside] / length[beside]
    speed = motion[beside][:, 0] * out_x + motion[beside][:, 1] * out_y
    usable = np.abs(speed) < _MOST_SPEED_PX
    if np.count_nonzero(usable & (np.abs(speed) >= LEAST_SPEED_PX)) < LEAST_EDGES:
        return None
    rows, columns, out_x, out_y, speed = rows[usable], columns[usable], out_x[usable], out_y[usable], speed[usable]
    inwards = distance[rows, columns]
    reach = 0.7 * np.abs(speed) + 3
    place = np.linspace(-1, 1, _STEPS)[None, :] * reach[:, None]
    at_x = (columns + inwards * out_x)[:, None] + place * out_x[:, None]
    at_y = (rows + inwards * out_y)[:, None] + place * out_y[:, None]
    at = at_x.astype(np.float32), at_y.astype(np.float32)
    inwards_at = _looked_up(distance, *at)
    middle = _STEPS // 2
    good = (inwards_at[:, : middle - 3] > 0).all(axis=1) & (inwards_at[:, middle + 4 :] < 0).all(axis=1)
    good &= (at_x >= 0).all(axis=1) & (at_x <= box.width - 1).all(axis=1)
    good &= (at_y >= 0).all(axis=1) & (at_y <= box.height - 1).all(axis=1)
    seen = _looked_up(plate[box.slices].astype(np.float32), *at)
    colours: Floats = seen - seen.mean(axis=1, keepdims=True)
    good &= np.square(colours).sum(axis=(1, 2)) > 0
    if np.count_nonzero(good & (np.abs(speed) >= LEAST_SPEED_PX)) < LEAST_EDGES:
        return None
    return _Profiles(speed[good], place[good], colours[good])


def _looked_up(picture: NDArray[np.float32], at_x: NDArray[np.float32], at_y: NDArray[np.float32]) -> Floats:
    parts = []
    # remap takes no more than 32767 rows
    for start in range(0, len(at_x), 16384):
        some = slice(start, start + 16384)
        parts.append(cv2.remap(picture, at_x[some], at_y[some], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    return np.concatenate(parts).astype(np.float64)


def _together(frames: list[_Profiles]) -> _Profiles:
    return _Profiles(*(np.concatenate(each) for each in zip(*frames, strict=True)))


def _fitted(profiles: _Profiles) -> tuple[float, float]:
    """How long the shutter is open and the middle of that time, in frames."""
    some = _Profiles(*(each[:: -(-len(profiles.speed) // _MOST_PROFILES)] for each in profiles))
    opened, soft, middle, offset = 0.5, 0.8, 0.0, 0.0
    for _ in range(3):
        opened, soft = _best(some, [(o, s, middle, offset) for o in _OPEN for s in _SOFT_PX])[:2]
        middle, offset = _best(some, [(opened, soft, m, p) for m in _MIDDLE for p in _OFFSET_PX])[2:]
    near = [(max(opened + o, 0.0), soft * s, middle, offset) for o in _NEAR for s in (0.85, 1.0, 1.15)]
    return float(_best(some, near)[0]), float(middle)


def _best(profiles: _Profiles, tried: list[_Shutter]) -> _Shutter:
    return tried[int(np.argmin([_unexplained(profiles, *each) for each in tried]))]


def _unexplained(profiles: _Profiles, opened: float, soft: float, middle: float, offset: float) -> float:
    """The share of each profile's variation that is no step of this smear from any colour to any other, summed: an
    edge that texture hides counts little, whatever is tried."""
    model = _smeared(profiles.place - offset, profiles.speed[:, None], opened, soft, middle)
    model -= model.mean(axis=1, keepdims=True)
    match = np.square(np.einsum("ns,nsc->nc", model, profiles.colours)).sum(axis=1)
    variation = np.square(model).sum(axis=1) * np.square(profiles.colours).sum(axis=(1, 2))
    return float((1 - match / np.maximum(variation, 1e-12)).sum())


def _smeared(place: Floats, speed: Floats, opened: float, soft: float, middle: float) -> Floats:
    """The share of the layer at places outwards of an edge of Gaussian softness that moves outwards."""
    width = np.maximum(np.abs(speed) * opened, 1e-3 * soft)
    centre = place - speed * middle
    seen: Floats = 1 - (_ramp((centre + width / 2) / soft) - _ramp((centre - width / 2) / soft)) * (soft / width)
    return seen


_RAMP_AT = np.linspace(-8, 8, 3201)
_RAMP = np.array(
    [x * (1 + math.erf(x / math.sqrt(2))) / 2 + math.exp(-x * x / 2) / math.sqrt(2 * math.pi) for x in _RAMP_AT]
)


def _ramp(x: Floats) -> Floats:
    """The integral of the Gaussian distribution function."""
    return np.where(x > 8, x, np.interp(x, _RAMP_AT, _RAMP))
