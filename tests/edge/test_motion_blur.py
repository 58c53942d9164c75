"""Motion-blurred mattes against the mean of many exact renders within the open shutter."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.edge.motion_blur import MotionBlur, motion_blur, plate_motion, shutter_times
from roto.edge.read import parse_step
from roto.errors import DocumentError, RotoError
from roto.image import Frame
from roto.kinds import told
from roto.masks import BSpline, Ellipse, Polygon
from roto.masks.mask import Canvas
from roto.masks.moving import moving
from roto.motion.flow import one_thread
from roto.options import read_options

WIDTH, HEIGHT, FINE, RENDERS = 150, 130, 5, 64


class Pose(NamedTuple):
    x: float
    y: float
    turn: float = 0.0
    scale: float = 1.0


def local(pose: Pose, x, y):
    """Coordinates of a shape that is placed by ``pose``."""
    dx, dy, c, s = x - pose.x, y - pose.y, np.cos(pose.turn), np.sin(pose.turn)
    return (c * dx + s * dy) / pose.scale, (c * dy - s * dx) / pose.scale


def star(u, v):
    return u * u + v * v < (30 + 8 * np.cos(5 * np.arctan2(v, u))) ** 2


def bar(u, v):
    return (np.abs(u) < 38) & (np.abs(v) < 9)


MOTIONS: dict[str, Callable[[float], Pose]] = {
    "shift": lambda t: Pose(75 + 13.3 * t, 65 + 7.1 * t),
    "slow": lambda t: Pose(75 + 0.8 * t, 65 - 0.5 * t),
    "speeding up": lambda t: Pose(75 + 14 * t + 6 * t * t, 65 - 3 * t * t),
    "turn": lambda t: Pose(75, 65, np.radians(15) * t),
    "turn and shift": lambda t: Pose(75 + 12 * t, 65 + 4 * t, -np.radians(12) * t),
    "growth": lambda t: Pose(75, 65, 0.0, 1.18**t),
    "bounce": lambda t: Pose(75 + 9 * t, 68 - 12 * abs(t)),
}


def rendered(shape, pose: Pose) -> NDArray[np.float32]:
    y, x = (np.indices((HEIGHT * FINE, WIDTH * FINE), np.float32) + np.float32(0.5)) / np.float32(FINE)
    inside = shape(*local(pose, x, y))
    return inside.reshape(HEIGHT, FINE, WIDTH, FINE).mean(axis=(1, 3)).astype(np.float32)


def exposed(shape, motion, shutter_deg: float, phase_deg: float) -> NDArray[np.float32]:
    """The mean of exact renders in the middle of equal parts of the open shutter."""
    times = (phase_deg + shutter_deg * (np.arange(RENDERS) + 0.5) / RENDERS) / 360
    return np.mean([rendered(shape, motion(time)) for time in times], axis=0)


def velocity(motion, time: float) -> NDArray[np.float32]:
    """Where every point that moves with the shape goes until ``time``."""
    y, x = np.indices((HEIGHT, WIDTH)) + 0.5
    pose = motion(time)
    u, v = local(motion(0), x, y)
    c, s = np.cos(pose.turn), np.sin(pose.turn)
    there = pose.x + pose.scale * (c * u - s * v), pose.y + pose.scale * (s * u + c * v)
    return np.stack([there[0] - x, there[1] - y], axis=2).astype(np.float32)


def only_inside(flow, matte):
    """Flow as it is in footage: what is around the layer moves another way."""
    return np.where(matte[..., None] > 0.5, flow, np.float32([-7, 3])).astype(np.float32)


@pytest.mark.parametrize(("shape", "shutter_deg", "phase_deg"), [(star, 180, -90), (bar, 360, -180), (star, 180, 0)])
@pytest.mark.parametrize("name", MOTIONS)
def test_coverage_is_that_of_many_exact_renders(name, shape, shutter_deg, phase_deg):
    """Within 0.065 anywhere and 0.015 in the mean over the edge, a tenth of the sharp matte's error; within 0.11 where
    the blur is less than a pixel wide. Area within two in a thousand."""
    motion = MOTIONS[name]
    matte, truth = rendered(shape, motion(0)), exposed(shape, motion, shutter_deg, phase_deg)
    flows = (only_inside(velocity(motion, time), matte) for time in (1, -1))
    options = MotionBlur(shutter_deg=shutter_deg, phase_deg=phase_deg)
    blurred = motion_blur(matte, *flows, options)
    edge = (truth > 0) & (truth < 1)
    error, plain = (np.abs(each - truth)[edge].mean() for each in (blurred, matte))
    assert np.abs(blurred - truth).max() < (0.11 if name == "slow" else 0.065)
    assert error < (0.02 if name == "slow" else 0.015)
    assert error < (1.0 if name == "slow" else 0.1) * plain
    assert blurred.sum(dtype=float) == pytest.approx(truth.sum(), rel=2e-3)


def test_a_long_smear_has_no_bands():
    """A narrow bar that moves 90 px is a flat plateau between two straight ramps."""
    matte = np.zeros((40, 220), np.float32)
    matte[10:30, 100:112] = 1
    flow = np.full((40, 220, 2), (90, 0), np.float32)
    row = motion_blur(matte, flow, -flow, MotionBlur(shutter_deg=360))[20]
    centres = np.arange(220) + 0.5
    exact = np.clip(np.minimum(centres - 55, 157 - centres), 0, 12) / 90
    assert np.abs(row - exact).max() < 0.003
    assert np.ptp(row[72:140]) < 1e-3


def test_one_velocity_is_enough_for_steady_motion():
    motion = MOTIONS["shift"]
    matte = rendered(star, motion(0))
    both = motion_blur(matte, velocity(motion, 1), velocity(motion, -1))
    for one in ((velocity(motion, 1), None), (None, velocity(motion, -1))):
        assert np.abs(motion_blur(matte, *one) - both).max() < 1e-5


def test_the_shutter_is_centred_unless_a_phase_is_given():
    assert shutter_times(MotionBlur()) == (-0.25, 0.25)
    assert shutter_times(MotionBlur(shutter_deg=180, phase_deg=-90)) == (-0.25, 0.25)
    assert shutter_times(MotionBlur(shutter_deg=720, phase_deg=0)) == (0, 2)


@pytest.mark.parametrize("matte", [np.zeros((30, 40), np.float32), np.ones((30, 40), np.float32)])
def test_empty_and_full_mattes_stay(matte):
    flow = np.full((30, 40, 2), (6, -3), np.float32)
    assert np.array_equal(motion_blur(matte, flow, -flow), matte)


def test_without_motion_or_without_a_shutter_the_bytes_are_the_same():
    matte = rendered(star, Pose(75, 65))
    still = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    assert motion_blur(matte, still, still) is matte
    moving = np.full((HEIGHT, WIDTH, 2), 5, np.float32)
    assert motion_blur(matte, moving, -moving, MotionBlur(shutter_deg=0)) is matte
    around = np.where(matte[..., None] > 0, still, moving)
    assert motion_blur(matte, around, -around) is matte


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (2, 3)])
def test_pictures_of_one_pixel_width(shape):
    matte = np.zeros(shape, np.float32)
    matte[..., : max(shape[1] // 2, 1)] = 1
    flow = np.full((*shape, 2), (8, 0), np.float32)
    blurred = motion_blur(matte, flow, -flow)
    assert blurred.shape == shape
    assert blurred.dtype == np.float32
    if shape == (1, 60):
        assert np.abs(blurred[0] - np.clip((32 - np.arange(60) - 0.5) / 4, 0, 1)).max() < 0.03


def test_a_layer_that_the_picture_cuts_off_goes_on_outside():
    matte = np.zeros((60, 80), np.float32)
    matte[20:60, 30:50] = 1
    flow = np.full((60, 80, 2), (0, -12), np.float32)
    blurred = motion_blur(matte, flow, -flow)
    assert (blurred[40:, 31:49] == 1).all()
    assert 0 < blurred[19, 40] < 1


def test_a_soft_matte_is_blurred_as_it_is():
    """Half a shutter of 10 px a frame is a mean over 5 px."""
    y, x = np.indices((60, 120), np.float32)
    matte = (0.6 * np.exp(-(((x - 60) / 14) ** 2) - ((y - 30) / 9) ** 2)).astype(np.float32)
    flow = np.full((60, 120, 2), (10, 0), np.float32)
    expected = cv2.blur(matte, (5, 1))
    assert np.abs(motion_blur(matte, flow, -flow) - expected).max() < 0.004


def test_parts_of_a_layer_move_on_their_own():
    """A fast bar beside a still disc."""
    y, x = np.indices((HEIGHT, WIDTH), np.float32) + np.float32(0.5)
    disc, post = np.hypot(x - 40, y - 65) < 25, (np.abs(x - 110) < 8) & (np.abs(y - 65) < 30)
    matte = (disc | post).astype(np.float32)
    flow = np.where(post[..., None], np.float32([20, 0]), np.float32(0))
    blurred = motion_blur(matte, flow, -flow)
    assert np.array_equal(blurred[:, :80], matte[:, :80])
    assert np.abs(blurred[65, 96:124] - np.clip((13 - np.abs(x[65, 96:124] - 110)) / 10, 0, 1)).max() < 0.02


def test_velocities_that_are_not_finite_do_not_count():
    motion = MOTIONS["shift"]
    matte, flow = rendered(star, motion(0)), velocity(motion, 1)
    holed = flow.copy()
    holed[60:68, 50:100] = np.nan
    holed[:20] = np.inf
    assert np.abs(motion_blur(matte, holed, None) - motion_blur(matte, flow, None)).max() < 1e-3
    with pytest.raises(TypeError, match="finite"):
        motion_blur(matte, np.full_like(flow, np.nan), None)


def test_the_arguments_are_left_alone_and_wrong_ones_refused():
    motion = MOTIONS["turn"]
    matte, flow = rendered(star, motion(0)), velocity(motion, 1)
    kept = matte.copy(), flow.copy()
    first = motion_blur(matte, flow, None)
    assert np.array_equal(matte, kept[0])
    assert np.array_equal(flow, kept[1])
    assert np.array_equal(motion_blur(matte, flow, None), first)
    with pytest.raises(TypeError, match="velocity"):
        motion_blur(matte, None, None)
    with pytest.raises(TypeError, match="130 x 150 x 2"):
        motion_blur(matte, flow[:-1], None)
    with pytest.raises(TypeError, match="float32"):
        motion_blur(matte.astype(np.float64), flow, None)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_changes_nothing(threads):
    motion = MOTIONS["turn and shift"]
    matte, flow = rendered(bar, motion(0)), velocity(motion, 1)
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        expected = motion_blur(matte, flow, None)
        cv2.setNumThreads(threads)
        assert np.array_equal(motion_blur(matte, flow, None), expected)
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("bad", [{"shutter_deg": 721}, {"shutter_deg": -1}, {"phase_deg": 900}, {"shutter": 180}])
def test_options_are_checked(bad):
    with pytest.raises(DocumentError):
        read_options(MotionBlur, bad, "x")


class Around:
    """A textured disc that glides to the right by 8 px a frame over a still background, blurred by a shutter."""

    def __init__(self, at: int, shutter: float = 0.5) -> None:
        self.at, self.shutter = at, shutter

    def matte(self, offset: int):
        return disc_at(self.at + offset)

    def plate(self, offset: int):
        if not 0 <= self.at + offset < 9:
            return None
        times = self.at + offset + (np.arange(48) + 0.5) / 48 * self.shutter - self.shutter / 2
        mattes = [disc_at(time)[..., None] for time in times]
        seen = [m * moved_texture(8 * time) + (1 - m) * BACK for m, time in zip(mattes, times, strict=True)]
        return Frame(self.at + offset, np.rint(np.mean(seen, axis=0) * 255).astype(np.uint8))


def noise(seed: int):
    rng = np.random.default_rng(seed)
    parts = [cv2.resize(rng.random((150 // n, 400 // n, 3)).astype(np.float32), (400, 150)) for n in (4, 12, 40)]
    return sum(parts) / 3


FORE, BACK = noise(1) * 0.5 + np.float32([0.45, 0.2, 0.0]), (noise(2) * 0.5)[:, :240]


def disc_at(time: float):
    y, x = np.mgrid[:150, :240] + 0.5
    return np.clip(38.5 - np.hypot(x - 70 - 8 * time, y - 75), 0, 1).astype(np.float32)


def moved_texture(by: float):
    return cv2.warpAffine(FORE, np.float64([[1, 0, by - 100], [0, 1, 0]]), (240, 150))


def test_the_step_blurs_along_the_motion_of_the_plates():
    with one_thread():
        blurred = MotionBlur().apply(disc_at(4), Around(4))
    exact = np.mean([disc_at(4 + (i + 0.5) / 64 / 2 - 0.25) for i in range(64)], axis=0)
    edge = (exact > 0) & (exact < 1)
    errors = [float(np.abs(matte - exact)[edge].mean()) for matte in (blurred, disc_at(4))]
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.parametrize(("at", "none"), [(0, 1), (8, 0)])
def test_there_is_no_motion_beyond_the_ends(at, none):
    with one_thread():
        flows = plate_motion(Around(at), disc_at(at))
    assert flows[none] is None
    assert flows[1 - none] is not None
    assert MotionBlur().reach == 1


def test_auto_finds_the_shutter_of_the_plates():
    with one_thread():
        step, why = MotionBlur(shutter_deg=None).settle(Around(at, 0.75) for at in (2, 4, 6))
    assert step.settled
    assert step.shutter_deg == pytest.approx(270, abs=70)
    assert why.startswith(f"shutter {step.shutter_deg:g}, give or take ")


def test_auto_where_nothing_moves_is_no_blur():
    class Still(Around):
        def plate(self, offset: int):
            return Frame(self.at + offset, np.rint(BACK * 255).astype(np.uint8))

    with one_thread():
        step, why = MotionBlur(shutter_deg=None).settle(Still(at) for at in (2, 4))
    assert step.shutter_deg == 0
    assert why.startswith("shutter 0: in none of 2 frames")
    assert step.apply(disc_at(4), Still(4)) is not None


class OfShapes(Around):
    """A long bar between two keyframes ten frames apart, which moves and turns."""

    LEFT = Polygon(points=((40, 60), (110, 60), (110, 90), (40, 90)))
    RIGHT = Polygon(points=((130, 40), (190, 76), (175, 102), (115, 66)))

    def shapes(self, direction: int):
        return moving([self.LEFT], [self.RIGHT], self.at / 10, 10)

    def bar(self, time: float):
        points = np.array(self.LEFT.points) * (1 - time / 10) + np.array(self.RIGHT.points) * time / 10
        return Polygon(points=tuple(map(tuple, points))).coverage(Canvas(240, 150))


def test_the_keyframes_shapes_say_how_they_move():
    around = OfShapes(4)
    sharp = around.bar(4)
    exact = np.mean([around.bar(4 + (i + 0.5) / 64 - 0.5) for i in range(64)], axis=0)
    with one_thread():
        blurred = MotionBlur(shutter_deg=360, motion="shapes").apply(sharp, around)
    edge = (exact > 0) & (exact < 1)
    assert np.abs(blurred - exact)[edge].mean() < 0.02
    assert np.abs(sharp - exact)[edge].mean() > 0.15


@pytest.mark.parametrize(
    "other", [[], [Ellipse(center=(9, 9), radii=(3, 3))], [BSpline(points=((1, 1), (9, 1), (5, 8)))]]
)
def test_other_shapes_say_nothing(other):
    around = OfShapes(4)
    assert moving([OfShapes.LEFT], other, 0.5, 10) is None
    around.shapes = lambda direction: None
    with pytest.raises(RotoError, match="not the same polygons or splines with as many points"):
        MotionBlur(motion="shapes").apply(around.bar(4), around)


@pytest.mark.parametrize("kind", [Polygon, BSpline])
def test_places_lie_on_the_outline_and_go_straight(kind):
    start, end = (kind(points=((x, 10), (x + 50, 12), (x + 30, 50))) for x in (10, 20))
    found = moving([start], [end], 0.25, 5)
    assert np.abs(found.velocities - np.array([2, 0])).max() < 1e-9
    between = kind(points=((12.5, 10), (62.5, 12), (42.5, 50)))
    np.testing.assert_allclose(found.places, between.at(np.arange(3 * 64) / 64))
    np.testing.assert_allclose(between.at(between.along()), between.outline())


def test_the_words_of_the_step():
    assert parse_step("motion-blur=auto") == MotionBlur(shutter_deg=None)
    assert parse_step("motion-blur=180,phase_deg=-90").to_json() == {"type": "motion-blur", "phase_deg": -90}
    assert told(MotionBlur(shutter_deg=None)) == "motion-blur=auto"
