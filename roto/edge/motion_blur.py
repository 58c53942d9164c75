"""Motion blur of a sharp matte: the share of the open shutter's time for which the layer covers each pixel.

The matte is carried along the layer's own motion to many moments while the shutter is open, and averaged. Where a
point is between the frame and its neighbours follows from its velocities to both: a parabola through the three places,
so that a turning layer is blurred along arcs; two straight pieces where the motion reverses, as in a bounce.
What is seen at a pixel at a moment is found by looking for the point of the layer that has come there (a fixed point,
as in backward advection), not by smearing along the velocity that the pixel itself has.

Angle and phase are those of cameras and compositors: 360 degrees are the time from one frame to the next, the phase is
when the shutter opens, counted from the frame's own time. 180 degrees with a phase of -90 are centred on the frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.layer_velocity import Course, Courses, depth_inside, extended, layer_courses
from roto.edge.shutter import estimate_shutter
from roto.edge.spread import spread
from roto.edge.step import Around, EdgeStep
from roto.errors import RotoError
from roto.image import Box, Matte, bounding_box, check_matte
from roto.masks.edge_distance import edge_distance
from roto.masks.moving import Moving
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import Flow, dense_flow, grey
from roto.options import option
from roto.signed_distance import coverage

Floats: TypeAlias = NDArray[np.float32]

_STEP_PX = 0.5  # between two moments; an anti-aliased edge is a ramp of one pixel, so nothing shows of them
_MOST_MOMENTS = 1024
_STILL_PX = 1e-3
_FOLD = 512
_REACH_PX = 4.0
_HARD = np.float32(0.85)  # coverage changes by more within one pixel on either side
_ROUNDS = 2  # of the search for the point that is seen, a moment
_INSIDE_MARGIN_PX = 4
_FLOW_MARGIN_PX = 48
_MOST_SPREAD_DEG = 90.0  # between what parts of the frames say


@dataclass(frozen=True, kw_only=True)
class MotionBlur(EdgeStep):
    """A sharp matte gets the blur of an open shutter, along the motion that the plates show."""

    type: ClassVar[str] = "motion-blur"
    summary: ClassVar[str] = "blur a sharp matte along the layer's motion, as a camera's shutter does"
    costly: ClassVar[bool] = True

    shutter_deg: float | None = option(
        180.0,
        "shutter angle: 360 is open from one frame to the next, 0 is no blur; auto: that of the plate's own blur",
        minimum=0.0,
        maximum=720.0,
        auto=True,
    )
    phase_deg: float | None = option(
        None,
        "when the shutter opens, from the frame's own time: -90 is centred at 180; auto: centred",
        minimum=-720.0,
        maximum=720.0,
        auto=True,
    )

    motion: str = option(
        "plates",
        "where the motion is taken from: the plates, or the keyframes' own shapes, which need the same points then",
        choices=("plates", "shapes"),
    )

    @property
    def reach(self) -> int:
        return 1

    @property
    def follows_shapes(self) -> bool:
        return self.motion == "shapes"

    @property
    def settled(self) -> bool:
        return self.shutter_deg is not None

    def settle(self, frames: Iterable[Around]) -> tuple[MotionBlur, str]:
        """With the angle that :func:`roto.edge.shutter.estimate_shutter` finds: none where nothing moves fast enough to
        be blurred, 180 where the frames do not agree."""
        plates, mattes, velocities = [], [], []
        for around in frames:
            plate, matte = around.plate(0), around.matte(0)
            if plate is None or matte is None or not matte.any():
                continue
            forward, backward = plate_motion(around, matte)
            if forward is None or backward is None:
                continue
            plates.append(plate.rgb_display() if not plate.linear else plate.rgb_float())
            mattes.append(matte)
            velocities.append((forward - backward) / np.float32(2))
        found = estimate_shutter(plates, mattes, velocities)
        if found.shutter_deg is None:
            return replace(self, shutter_deg=0.0), f"shutter 0: {found.reason}"
        angle = float(round(found.shutter_deg))
        if not found.spread_deg or not found.spread_deg <= _MOST_SPREAD_DEG:
            return replace(self, shutter_deg=180.0), f"shutter 180: {found.frames} frames do not agree on one"
        return replace(self, shutter_deg=angle), f"shutter {angle:g}, give or take {found.spread_deg:.0f}"

    def apply(self, matte: Matte, around: Around) -> Matte:
        if not matte.any() or self.shutter_deg == 0:
            return matte
        forward, backward = (plate_motion if self.motion == "plates" else shape_motion)(around, matte)
        return matte if forward is None and backward is None else motion_blur(matte, forward, backward, self)


def shape_motion(around: Around, matte: Matte) -> tuple[Flow | None, Flow | None]:
    """As :func:`plate_motion`, of the keyframes' own shapes. Velocities are known on the outlines and spread from there
    so that what moves rigidly does so throughout. RotoError where the keyframes are not the same shapes."""
    ahead, behind = around.shapes(1), around.shapes(-1)
    if ahead is None and behind is None:
        raise RotoError(
            "motion-blur with motion=shapes: the keyframes beside a frame are not the same polygons or splines with as "
            "many points; draw them so, or take motion=plates"
        )
    height, width = matte.shape
    box = bounding_box(matte > 0).padded(_FLOW_MARGIN_PX, width, height)

    def field(shapes: Moving | None, sign: int) -> Flow | None:
        if shapes is None:
            return None
        flow = np.zeros((height, width, 2), np.float32)
        flow[box.slices] = spread(shapes.places - (box.x0, box.y0), sign * shapes.velocities, box.height, box.width)
        return flow

    return field(ahead, 1), field(behind, -1)


def plate_motion(around: Around, matte: Matte) -> tuple[Flow | None, Flow | None]:
    """Optical flow of the plates to the next frame and to the one before, float32 ``H x W x 2`` in pixels, in the
    layer's surroundings, 0 elsewhere; None beyond the ends of the range and scene cuts."""
    height, width = matte.shape
    box = bounding_box(matte > 0).padded(_FLOW_MARGIN_PX, width, height)
    here = around.plate(0)
    if here is None:
        return None, None
    rgb = here.rgb8()
    small = thumbnail(rgb)
    flows: list[Flow | None] = []
    for offset in (1, -1):
        beside = around.plate(offset)
        if beside is None or is_cut(small, thumbnail(beside.rgb8())):
            flows.append(None)
            continue
        flow = np.zeros((height, width, 2), np.float32)
        target, source = (grey(np.ascontiguousarray(each[box.slices])) for each in (rgb, beside.rgb8()))
        flow[box.slices] = dense_flow(target, source)
        flows.append(flow)
    return flows[0], flows[1]


class Shutter(NamedTuple):
    """When it opens and closes, in frames from the frame's own time."""

    opens: float
    closes: float


def shutter_times(options: MotionBlur) -> Shutter:
    if options.shutter_deg is None:
        raise ValueError("the shutter is not settled")
    phase = -options.shutter_deg / 2 if options.phase_deg is None else options.phase_deg
    return Shutter(phase / 360, (phase + options.shutter_deg) / 360)


def motion_blur(matte: Matte, forward: Flow | None, backward: Flow | None, options: MotionBlur | None = None) -> Matte:
    """The coverage of a layer while the shutter is open.

    matte: float32 ``H x W`` in [0, 1], sharp, at the frame's own time. forward, backward: float32 ``H x W x 2``, pixels
    a frame: the point at ``x`` is at ``x + forward[x]`` in the next frame and was at ``x + backward[x]`` in the one
    before, as :func:`roto.motion.flow.dense_flow` gives it with this frame as its target. Where one is None (the first
    and the last frame) the motion is steady. Velocities inside the matte count, those that are not finite do not.

    Returned unchanged, the same array, where nothing moves or the shutter has no width; what lies farther from the edge
    than anything goes keeps its bytes. A layer that the picture cuts off is taken to go on outside. For rigid motion
    that is known exactly, coverage is right to 0.065 (0.11 where the blur is less than a pixel wide), to 0.015 in the
    mean over the edge, and area to two in a thousand.
    TypeError for arrays of another shape or type, and without any velocity.
    """
    height, width = matte.shape
    check_matte(matte, width, height)
    for flow in (forward, backward):
        if flow is not None and (flow.dtype != np.float32 or flow.shape != (height, width, 2)):
            raise TypeError(f"a velocity here is {height} x {width} x 2 float32, got {flow.shape} of {flow.dtype}")
    shutter = shutter_times(options or MotionBlur())
    core = bounding_box(matte > 0)
    if shutter.opens == shutter.closes or core.empty:
        return matte
    here = core.padded(_INSIDE_MARGIN_PX, width, height)
    depth = depth_inside(*_cut(here, matte, forward, backward))
    if not depth.any():
        raise TypeError("no velocity inside the matte is finite")
    travel = _travel(layer_courses(*_cut(here, forward, backward)), depth > 0, shutter)
    if travel.reach < _STILL_PX:
        return matte
    box = core.padded(math.ceil(travel.reach) + 2, width, height)
    whole = np.zeros_like(matte)
    whole[here.slices] = depth
    depth = whole[box.slices]
    courses = layer_courses(*_cut(box, forward, backward))
    courses = Courses(*(Course(extended(course.values, depth)) for course in courses))
    blurred = matte.copy()
    blurred[box.slices] = _mean_coverage(matte[box.slices], courses, shutter, travel)
    return blurred


class _Travel(NamedTuple):
    """In pixels: how far anything comes from its place, and the longest way while the shutter is open."""

    reach: float
    length: float


def _travel(courses: Courses, inside: NDArray[np.bool_], shutter: Shutter) -> _Travel:
    ends = [Course(course.values[inside]) for course in courses]
    opens, closes = (np.hypot(*_moved(ends, time).T) for time in shutter)
    between = np.hypot(*(_moved(ends, shutter.closes) - _moved(ends, shutter.opens)).T)
    length = opens + closes if shutter.opens < 0 < shutter.closes else between
    return _Travel(float(max(opens.max(), closes.max())), float(length.max()))


def _moved(courses: Sequence[Course], time: float) -> Floats:
    return courses[0].moved(time) if time >= 0 else courses[1].moved(-time)


def _mean_coverage(matte: Matte, courses: Courses, shutter: Shutter, travel: _Travel) -> Matte:
    count = min(max(math.ceil(travel.length / _STEP_PX), 2), _MOST_MOMENTS)
    moments = shutter.opens + (np.arange(count) + 0.5) * ((shutter.closes - shutter.opens) / count)
    # farther from the edge than anything goes, nothing changes
    square = np.ones((2 * math.ceil(travel.reach) + 3,) * 2, np.uint8)
    rows, columns = np.nonzero(cv2.dilate(matte, square) != cv2.erode(matte, square))
    if not rows.size:
        return matte
    here = _folded(np.stack([columns, rows], axis=1).astype(np.float32))
    total, prepared = np.zeros(here.shape[:2]), _prepared(matte)
    for course, times in ((courses.after, moments[moments >= 0]), (courses.before, -moments[moments < 0][::-1])):
        there = here
        # outwards from the frame's own time, so that each search starts where the one before ended
        for time in times:
            for _ in range(_ROUNDS):
                there = here - course.moved(float(time), there)
            total += _sampled(prepared, there)
    blurred = matte.copy()
    blurred[rows, columns] = np.clip(total.ravel()[: len(rows)] / count, 0, 1)
    return blurred


def _folded(places: Floats) -> Floats:
    """A list ``N x 2`` as a picture, filled up at its end: remap takes no more than 32767 rows."""
    rows = -(-len(places) // _FOLD)
    return np.pad(places, ((0, rows * _FOLD - len(places)), (0, 0))).reshape(rows, _FOLD, 2)


def _prepared(matte: Matte) -> Floats:
    """What a matte is sampled from between its pixels, ``H x W x 3``: its signed distance, whether its edge is hard
    there, and what a hard edge at that distance leaves over.

    A linear look-up makes a hard edge softer, by up to a quarter of coverage; its distance is linear there. Where the
    edge is soft the matte itself is looked up.
    """
    square = np.ones((3, 3), np.uint8)
    change = cv2.dilate(matte, square) - cv2.erode(matte, square)
    hard = np.asarray(cv2.dilate((change > _HARD).astype(np.float32), square), np.float32)
    distance = edge_distance(matte, _REACH_PX) if hard.any() else np.zeros_like(matte)
    return np.stack([distance, hard, matte - hard * coverage(distance)], axis=2)


def _sampled(prepared: Floats, at: Floats) -> Matte:
    found = cv2.remap(prepared, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    distance, hard, rest = (np.asarray(each, np.float32) for each in cv2.split(found))
    return np.asarray(rest + hard * coverage(distance), np.float32)


def _cut(box: Box, *arrays: Any) -> list[Any]:
    return [None if array is None else array[box.slices] for array in arrays]
