"""A dancer in a back street: a hand-held pan, a brick wall in the lamp's light, a skirt that swings out in the turn."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from functools import cached_property

import cv2
import numpy as np
from film import HEIGHT, OVERSAMPLE, WIDTH, Sample, eased, handheld
from numpy.typing import NDArray
from solid import Colour, Point, canvas, facet, limb
from texture import Array, brick_wall, fractal, paving, smoothstep, tint

_HORIZON, _WALL_FOOT = 172.0, 262.0  # rows, seen straight on
_NEAR = 1.45  # how much faster than the wall the dancer's plane passes
_METRE = 154.0  # pixels a metre at the dancer
_FLOOR = _HORIZON + (_WALL_FOOT - _HORIZON) * _NEAR + 42  # row where the dancer stands

_SKIN: Colour = (0.30, 0.145, 0.088)
_TOP: Colour = (0.42, 0.40, 0.345)
_TIGHTS: Colour = (0.028, 0.028, 0.036)
_HAIR: Colour = (0.020, 0.012, 0.008)
_LIPS: Colour = (0.19, 0.066, 0.05)
_SOCKET: Colour = (0.115, 0.055, 0.036)
_SHOE: Colour = (0.030, 0.016, 0.014)
_WAISTBAND: Colour = (0.26, 0.016, 0.023)
_SKIRT = np.array([0.30, 0.018, 0.026])
_ON_THE_HEAD = {  # metres from the crown's centre
    "scalp": (0.0, 0.026, -0.018),
    "nape": (0.0, -0.09, -0.055),
    "bun": (0.0, 0.055, -0.125),
    "fringe_l": (-0.062, 0.045, 0.045),
    "fringe_r": (0.055, 0.058, 0.045),
    "eye_l": (-0.034, -0.028, 0.082),
    "eye_r": (0.034, -0.028, 0.082),
    "brow_l": (-0.052, -0.026, 0.075),
    "brow_r": (0.052, -0.026, 0.075),
    "mouth_l": (-0.018, -0.105, 0.082),
    "mouth_r": (0.018, -0.105, 0.082),
}


class Dancer:
    name = "dancer"
    seed = 11
    rate = Fraction(24)
    frames = 48
    timecode: str | None = None
    keys = (0, 24, 47)
    exposure = 1.35
    saturation = 0.8
    grain = 3.0
    crf = 19

    # The set

    @cached_property
    def _wall(self) -> Array:
        """The wall with what hangs on it, in the lamp's light: 2 texels a pixel of the wall's own plane."""
        height, width = 720, 1920
        wall = brick_wall(self.seed, height, width)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        door = (np.abs(x - 1240) < 118) & (y > 110)
        wood = 1 + 0.22 * fractal(self.seed + 20, height, width, 0.9, stretch=0.06)
        planks = 1 - 0.55 * np.exp(-((((x - 1122) % 59 - 3) / 2.2) ** 2))
        wall[door] = tint(wood * planks, 0.035, 0.085, 0.088)[door]
        frame = (np.abs(x - 1240) < 136) & (y > 92) & ~door
        wall[frame] = tint(1 + 0.1 * wood, 0.23, 0.22, 0.19)[frame]
        pipe = np.abs(x - 430)
        tube = np.sqrt(np.clip(1 - (pipe / 13) ** 2, 0, 1))
        wall *= (1 - 0.5 * np.exp(-(((x - 449) / 12) ** 2)))[..., None]
        collar = 1 + 0.3 * (((y + 60) % 260) < 14)
        wall = np.where((pipe < 13)[..., None], tint((0.25 + tube) * collar * wood, 0.085, 0.09, 0.085), wall)
        for left, top, paint in ((700, 210, (0.30, 0.25, 0.15)), (786, 226, (0.13, 0.2, 0.23))):
            bill = (x > left) & (x < left + 76) & (y > top) & (y < top + 112)
            ink = 0.35 + 0.65 * (fractal(left, height, width, 1.6, coarsest=24) > -0.2)
            wall[bill] = tint(ink * (1 + 0.08 * wood), *paint)[bill]
        lamp = np.exp(-(((x - 760) / 520) ** 2 + ((y - 60) / 420) ** 2))
        soot = 1 - 0.45 * smoothstep(430, 540, y + 14 * fractal(self.seed + 5, height, width, 1.4, coarsest=6))
        wall = wall * (soot * (0.16 + 0.95 * lamp))[..., None] * np.array([1.12, 0.98, 0.82], np.float32)
        return cv2.GaussianBlur(wall.astype(np.float32), (0, 0), 1.9)

    @cached_property
    def _ground(self) -> Array:
        return cv2.GaussianBlur(paving(self.seed + 40, 1024), (0, 0), 0.8) * np.array([1.0, 0.93, 0.8], np.float32)

    @cached_property
    def _leaves(self) -> Array:
        """A branch close to the lens, far out of focus: premultiplied RGBA."""
        height, width = 520, 900
        rng = np.random.default_rng(self.seed + 60)
        branch = np.zeros((height, width, 4), np.float32)
        for _ in range(150):
            x, y = rng.uniform(0, width), rng.normal(90, 62)
            angle, length = rng.uniform(0, 180), rng.uniform(26, 52)
            tone = rng.uniform(0.4, 1.4)
            colour = (0.030 * tone, 0.050 * tone, 0.016 * tone, 1.0)
            cv2.ellipse(branch, (int(x), int(y)), (int(length), int(length * 0.4)), angle, 0, 360, colour, -1)
        return cv2.GaussianBlur(branch, (0, 0), 8.0)

    @cached_property
    def _weave(self) -> Array:
        return fractal(self.seed + 70, 256, 256, 0.55, coarsest=8) * 0.5

    def _camera(self, time: float) -> tuple[float, NDArray[np.float64]]:
        """How far the camera has travelled (pixels at the wall), and its unrest as a 2 x 3 matrix on final pixels."""
        travel = 70.0 * eased((time + 6) / (self.frames + 12))
        dx, dy, roll = handheld(self.seed, time, 2.2)
        shake = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), roll, 1.02)
        shake[:, 2] += (dx, dy)
        return travel, shake

    def _set(self, travel: float, shake: NDArray[np.float64]) -> Array:
        """Wall and pavement as the camera sees them."""
        size, scale = (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE), float(OVERSAMPLE)
        large = np.diag([scale, scale, 1.0])
        full = np.vstack([shake, [0, 0, 1]])
        wall = large @ full @ np.array([[0.5, 0, -60 - travel], [0, 0.5, _WALL_FOOT - 330], [0, 0, 1]])
        light = cv2.warpPerspective(self._wall, wall, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        # The pavement: a plane below the horizon. Depth 1 is the wall's foot; the texture counts from there.
        drop = _WALL_FOOT - _HORIZON
        y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
        back = np.linalg.inv(large @ full).astype(np.float32)
        px, py = back[0, 0] * x + back[0, 1] * y + back[0, 2], back[1, 0] * x + back[1, 1] * y + back[1, 2]
        depth = drop / np.maximum(py - _HORIZON, 1)
        u = ((px - WIDTH / 2) * depth + travel + 300) * 1.9
        v = (1 - depth) * 900
        ground = cv2.remap(self._ground, u % 1024, v % 1024, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        pool = np.exp(-((((px - WIDTH / 2) * depth + travel + WIDTH / 2 - 415) / 260) ** 2))
        ground *= ((0.22 + 0.9 * pool) * (0.45 + 0.55 * smoothstep(0, 26, py - _WALL_FOOT)))[..., None]
        edge = smoothstep(-0.8, 0.8, py - _WALL_FOOT)[..., None]
        return light * (1 - edge) + ground * edge

    # The dancer

    def _pose(self, time: float) -> dict[str, NDArray[np.float64]]:
        """Joints in metres around the point on the floor below her: x to the right, y up, z towards the camera."""
        p = time / (self.frames - 1)
        beat = math.sin(2 * math.pi * (p * 1.0 - 0.1))
        rise = 0.035 * math.sin(math.pi * p) ** 2 + 0.012 * math.sin(4 * math.pi * p)
        lean = 0.06 * beat
        joints = {
            "pelvis": (0.03 * beat, 0.97 + rise, 0),
            "waist": (0.03 * beat + lean * 0.3, 1.09 + rise, 0),
            "chest": (lean * 0.8, 1.30 + rise, 0),
            "neck": (lean, 1.45 + rise, 0),
            "head": (lean * 1.25, 1.585 + rise, 0.02),
            "crown": (lean * 1.4, 1.655 + rise, -0.01),
        }
        crown = np.array(joints["crown"])
        for name, offset in _ON_THE_HEAD.items():
            joints[name] = tuple(crown + offset)
        lift = eased((p - 0.1) / 0.75)
        for side, name, raise_deg, bend_deg in (
            (-1, "l", 28 + 104 * lift, 22 + 26 * math.sin(2.6 * p + 0.4)),
            (1, "r", 74 + 26 * math.sin(3.6 * p + 0.3), 18 + 40 * (1 - lift)),
        ):
            shoulder = np.add(joints["chest"], (0.175 * side, 0.085, 0))
            up, more = math.radians(raise_deg), math.radians(raise_deg + bend_deg)
            elbow = shoulder + 0.285 * np.array([side * math.sin(up), -math.cos(up), 0.22])
            wrist = elbow + 0.255 * np.array([side * math.sin(more), -math.cos(more), 0.30])
            tip = wrist + 0.12 * np.array([side * math.sin(more + 0.25), -math.cos(more + 0.25), 0.1])
            joints |= {
                f"shoulder_{name}": shoulder,
                f"elbow_{name}": elbow,
                f"wrist_{name}": wrist,
                f"hand_{name}": tip,
            }
        swing = 0.30 * math.sin(math.pi * p * 1.15)
        for side, name, out, forward in ((-1, "l", 0.05, 0.0), (1, "r", 0.10 + swing, 0.16 * swing)):
            hip = np.add(joints["pelvis"], (0.085 * side, -0.04, 0))
            knee = np.array([hip[0] + side * out * 0.55, 0.50 + rise, 0.05 + forward])
            ankle = np.array([hip[0] + side * out, 0.085 + 0.25 * max(swing, 0) * (side > 0), forward - 0.03])
            toe = np.add(ankle, (side * 0.06, -0.055, 0.13))
            joints |= {f"hip_{name}": hip, f"knee_{name}": knee, f"ankle_{name}": ankle, f"toe_{name}": toe}
        return {name: np.array(place, float) for name, place in joints.items()}

    def _turn(self, time: float) -> float:
        return -0.75 + 2.0 * eased(time / (self.frames - 1))

    def _parts(self) -> list[tuple[str, str, float, float, Colour, float]]:
        """Limbs as (from, to, radius, radius, colour, roughness); metres."""
        parts = [
            ("pelvis", "waist", 0.115, 0.105, _WAISTBAND, 0.25),
            ("waist", "chest", 0.105, 0.128, _TOP, 0.25),
            ("shoulder_l", "shoulder_r", 0.058, 0.058, _TOP, 0.25),
            ("chest", "neck", 0.075, 0.046, _SKIN, 0.08),
            ("neck", "head", 0.046, 0.05, _SKIN, 0.08),
            ("head", "crown", 0.082, 0.088, _SKIN, 0.10),
            ("scalp", "nape", 0.104, 0.080, _HAIR, 0.9),
            ("fringe_l", "fringe_r", 0.038, 0.038, _HAIR, 0.9),
            ("bun", "bun", 0.062, 0.062, _HAIR, 0.9),
            ("eye_l", "brow_l", 0.012, 0.009, _SOCKET, 0.0),
            ("eye_r", "brow_r", 0.012, 0.009, _SOCKET, 0.0),
            ("mouth_l", "mouth_r", 0.008, 0.008, _LIPS, 0.0),
        ]
        for side in "lr":
            parts += [
                (f"shoulder_{side}", f"elbow_{side}", 0.058, 0.047, _TOP, 0.25),
                (f"elbow_{side}", f"wrist_{side}", 0.047, 0.039, _TOP, 0.25),
                (f"wrist_{side}", f"hand_{side}", 0.032, 0.018, _SKIN, 0.08),
                (f"hip_{side}", f"knee_{side}", 0.082, 0.058, _TIGHTS, 0.12),
                (f"knee_{side}", f"ankle_{side}", 0.056, 0.035, _TIGHTS, 0.12),
                (f"ankle_{side}", f"toe_{side}", 0.037, 0.026, _SHOE, 0.15),
            ]
        return parts

    def _skirt(self, time: float, turn: float) -> NDArray[np.float64]:
        """The skirt's mesh in metres, ``rings x spokes x 3``: it flies out with the turn and trails behind it."""
        before = self._turn(max(time - 2, 0.0))
        spin = (turn - before) / 2
        rings, spokes = 9, 72
        s = np.linspace(0, 1, rings)[:, None]
        angle = np.linspace(0, 2 * np.pi, spokes, endpoint=False)[None, :] + turn - 1.6 * spin * s * 6
        flare = 0.20 + 3.6 * abs(spin)
        folds = 0.045 * np.sin(11 * angle + 0.05 * time) + 0.03 * np.sin(5 * angle - 0.22 * time + 1.3)
        wave = 0.05 * np.sin(2 * angle - 0.35 * time) + 0.03 * np.sin(3 * angle + 0.21 * time)
        radius = 0.112 + (flare + 0.02) * s**0.8 + folds * s**1.2
        drop = (0.52 - 1.1 * abs(spin)) * s + wave * s**1.6
        return np.stack([radius * np.sin(angle), 1.09 - drop, radius * np.cos(angle) * 0.85], axis=-1)

    def _figure(self, time: float, travel: float, shake: NDArray[np.float64]) -> Array:
        turn = self._turn(time)
        x = WIDTH / 2 - 30 + 74 * eased(time / self.frames) + (24 - travel) * 0.55
        spin = np.array([[math.cos(turn), 0, math.sin(turn)], [0, 1, 0], [-math.sin(turn), 0, math.cos(turn)]])
        joints = self._pose(time)
        placed = {name: spin @ joint for name, joint in joints.items()}

        def screen(points: NDArray[np.float64]) -> NDArray[np.float64]:
            flat = np.stack(
                [x + points[..., 0] * _METRE, _FLOOR - (points[..., 1] - 0.05 * points[..., 2]) * _METRE], -1
            )
            return flat @ shake[:, :2].T + shake[:, 2]

        layer = canvas()
        items: list[tuple[float, tuple[str, int, int]]] = []
        parts = self._parts()
        for number, (a, b, ra, rb, _, _) in enumerate(parts):
            depth = float(placed[a][2] + placed[b][2]) / 2 + (-0.12 if a[:3] in ("hip", "kne") else 0.25 * (ra + rb))
            items.append((depth, ("limb", number, 0)))
        mesh = self._skirt(time, turn)
        mesh += placed["waist"] - (0, 1.09, 0)
        rings, spokes = mesh.shape[:2]
        following = np.roll(mesh, -1, axis=1)
        flat, flat_next = screen(mesh), screen(following)
        normal = np.cross(following[:-1] - mesh[:-1], mesh[1:] - mesh[:-1])
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
        normal *= np.where(normal[..., 2:] < 0, -1, 1)  # cloth is lit on the side that is seen
        light = 0.30 + 0.14 * normal[..., 1] + 0.85 * np.clip(normal @ (-0.46, 0.62, 0.64), 0, 1)
        inside = np.where((mesh[:-1, :, 2] - placed["waist"][2]) < 0, 0.45, 1.0)
        cloth = itertools.product(range(rings - 1), range(spokes))
        items += [(float(mesh[ring, spoke, 2]), ("cloth", ring, spoke)) for ring, spoke in cloth]
        for _, (kind, i, j) in sorted(items):
            if kind == "limb":
                a, b, ra, rb, colour, rough = parts[i]
                start, end = screen(placed[a]), screen(placed[b])
                limb(layer, _pair(start), _pair(end), ra * _METRE, rb * _METRE, colour, self._weave, rough)
            else:
                corners = np.stack([flat[i, j], flat_next[i, j], flat_next[i + 1, j], flat[i + 1, j]])
                hem = 0.55 if i == rings - 2 else 1.0
                facet(layer, corners, _SKIRT * light[i, j] * inside[i, j] * hem)
        return layer

    def sample(self, time: float) -> Sample:
        travel, shake = self._camera(time)
        light = self._set(travel, shake)
        figure = self._figure(time, travel, shake)
        alpha = figure[..., 3]
        light = light * self._shadow(alpha)[..., None]
        light = light * (1 - alpha)[..., None] + figure[..., :3]
        size = (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE)
        near = np.array([[1.0, 0, 700 - travel * 2 * 2.6 + shake[0, 2] * 4], [0, 1, -150 + shake[1, 2] * 4]])
        leaves = cv2.warpAffine(self._leaves, near, size, flags=cv2.INTER_LINEAR)
        light = light * (1 - leaves[..., 3:]) + leaves[..., :3]
        return Sample(light, alpha * (1 - leaves[..., 3]))

    def _shadow(self, alpha: Array) -> Array:
        """What she takes from the light: a soft shape on the wall, a darker pool around her feet."""
        small = cv2.resize(alpha, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
        shift = np.array([[1.0, 0, 17], [0, 1.0, -3]])
        cast = cv2.GaussianBlur(cv2.warpAffine(small, shift, (WIDTH // 4, HEIGHT // 4)), (0, 0), 4.5)
        cast[int(_WALL_FOOT / 4) :] *= 0.4
        columns = small[int(_FLOOR / 4) - 14 :].sum(axis=0)
        total = float(columns.sum()) + 1e-6
        middle = float((columns * np.arange(columns.size)).sum()) / total
        y, x = np.mgrid[0 : HEIGHT // 4, 0 : WIDTH // 4].astype(np.float32)
        feet = np.exp(-(((x - middle - 3) / 17) ** 2 + ((y - _FLOOR / 4) / 4.2) ** 2))
        soft = cv2.resize(1 - 0.5 * cast, (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE), interpolation=cv2.INTER_CUBIC)
        pool = cv2.resize(1 - 0.72 * feet, (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE), interpolation=cv2.INTER_LINEAR)
        return soft * pool


def _pair(point: NDArray[np.float64]) -> Point:
    return float(point[0]), float(point[1])
