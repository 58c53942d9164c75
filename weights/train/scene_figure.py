"""A figure: bones, rounded limbs and flat faces in three dimensions, turned, projected and handed to the painter.

Axes of a figure's own space: x to the right, y down, z towards the viewer; its height or length is about 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .scene_curves import Rng
from .textures import Picture

Points = NDArray[np.float64]

_CAP = np.linspace(0.5 * math.pi, 1.5 * math.pi, 7)
_LIGHT = np.array([-0.4, -0.75, 0.53])


@dataclass
class Placement:
    """Where a figure is at one instant: centre in pixels, pixels per unit, angles in radians."""

    x: float
    y: float
    scale: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shear: float = 0.0
    aspect: float = 1.0
    perspective: float = 0.0
    ripple: float = 0.0  # amplitude of a smooth non-rigid warp, in units
    mirror: bool = False

    def plane(self) -> NDArray[np.float64]:
        """The 2 x 2 matrix from units after turning to pixels."""
        c, s = math.cos(self.roll), math.sin(self.roll)
        root = math.sqrt(self.aspect)
        shape = np.array([[-root if self.mirror else root, self.shear], [0.0, 1 / root]])
        return np.asarray(np.array([[c, -s], [s, c]]) @ shape * self.scale)

    def turn(self) -> NDArray[np.float64]:
        """The 3 x 3 rotation: yaw, then pitch."""
        cy, sy, cp, sp = math.cos(self.yaw), math.sin(self.yaw), math.cos(self.pitch), math.sin(self.pitch)
        return np.array([[cy, 0, sy], [sp * sy, cp, -sp * cy], [-cp * sy, sp, cp * cy]])


@dataclass
class Stroke:
    """One part as the painter wants it: outlines and a ``2 x 3`` matrix from texture to picture, both in pixels."""

    outlines: list[Points]
    skin: Picture
    matrix: NDArray[np.float64]
    depth: float
    gain: float = 1.0
    holes: bool = False
    part: int = 0  # which part of its figure it is, the same at every instant


@dataclass
class _Bone:
    parent: int
    above: int
    length: float
    rest: float
    z: float
    splay: float


@dataclass
class _Group:
    skin: int
    bias: float
    body: bool
    limbs: list[int] = field(default_factory=list)


@dataclass
class _Face:
    skin: int
    origin: Points
    axes: Points
    outlines: list[Points]
    morph: list[Points] | None
    anchor: int
    spin: float
    slide: float
    cull: bool
    bias: float
    density: float


def _facing(axes: Points, light: NDArray[np.float64]) -> float:
    """How squarely the plane of two axes meets the light, 0 to 1."""
    (ax, ay, az), (bx, by, bz) = axes.tolist()
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return float(abs(nx * light[0] + ny * light[1] + nz * light[2]) / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-12))


class Figure:
    """Built part by part; nodes are numbered, and bones, limbs and faces hang on nodes. Node 0 is the origin."""

    def __init__(self, rng: Rng, skins: list[Picture], density: float) -> None:
        """``density`` is how many texture pixels make one unit."""
        self.rng = rng
        self.skins = skins
        self.density = density
        self.fixed: list[tuple[int, tuple[float, float, float]]] = []
        self.bones: list[_Bone] = []
        self.swings: list[tuple[float, float, float, float, float, float, float]] = []
        self.order: list[tuple[bool, int]] = []  # (is a bone, its index), one entry a node
        self.limbs: list[tuple[int, int, float, float]] = []
        self.groups: list[_Group] = []
        self.faces: list[_Face] = []
        self.swims = 0.0
        self.middle = np.zeros(2)
        self.drift = rng.normal(0, 1, (2, 3)) * 4, rng.uniform(0, 6.3, 6)
        self.node(0, 0, 0, 0)

    def node(self, x: float, y: float, z: float = 0.0, on: int = -1) -> int:
        """A fixed point, in the figure's space or relative to node ``on``."""
        self.order.append((False, len(self.fixed)))
        self.fixed.append((on, (x, y, z)))
        return len(self.order) - 1

    def bone(
        self,
        on: int,
        length: float,
        rest: float,
        swing: float = 0.0,
        phase: float = 0.0,
        bend: float = 0.0,
        loose: float = 0.05,
        z: float = 0.0,
        splay: float = 0.0,
        harmonic: float = 1.0,
    ) -> int:
        """A bone from node ``on``; returns the node at its far end.

        rest: its angle from straight down (positive towards +x), relative to the bone that ends at ``on``; swing and
        phase: the sine of the gait; bend: a one-sided flexion such as a knee's; loose: how much it wanders besides.
        """
        moving, index = self.order[on]
        self.bones.append(_Bone(on, index if moving else -1, length, rest, z, splay))
        rate, start = self.rng.uniform(0.15, 0.6), self.rng.uniform(0, 6.3)
        self.swings.append((swing, phase, bend, harmonic, loose, rate, start))
        self.order.append((True, len(self.bones) - 1))
        return len(self.order) - 1

    def group(self, skin: int, bias: float = 0.0, body: bool = False) -> int:
        """A set of limbs that share one skin; a body's skin slides sideways as the figure turns."""
        self.groups.append(_Group(skin % len(self.skins), bias, body))
        return len(self.groups) - 1

    def limb(self, group: int, a: int, b: int, ra: float, rb: float) -> None:
        """A rounded limb between two nodes with radii in units."""
        self.groups[group].limbs.append(len(self.limbs))
        self.limbs.append((a, b, ra, rb))

    def face(
        self,
        skin: int,
        outlines: list[Points],
        origin: tuple[float, float, float] = (0, 0, 0),
        axes: tuple[tuple[float, float, float], tuple[float, float, float]] = ((1, 0, 0), (0, 1, 0)),
        morph: list[Points] | None = None,
        anchor: int = -1,
        spin: float = 0.0,
        slide: float = 0.0,
        cull: bool = False,
        bias: float = 0.0,
        density: float = 1.0,
    ) -> None:
        """A flat polygon (several outlines: even-odd) in the plane of ``axes`` at ``origin``, or on a bone's end.

        morph: outlines it breathes towards; spin: turns in its plane, radians per gait cycle; slide: how far the skin
        slides over it; cull: seen from its front alone (outline clockwise as seen by the viewer).
        """
        self.faces.append(
            _Face(skin % len(self.skins), np.array(origin, float), np.array(axes, float), outlines, morph, anchor, spin,
                  slide, cull, bias, density)
        )  # fmt: skip

    def pose(self, time: float) -> tuple[Points, list[float]]:
        """Nodes (``N x 3``) and the angle of the bone that ends in each, at ``time`` in gait cycles."""
        tau = 2 * math.pi * time
        nodes: list[tuple[float, float, float]] = []
        angles: list[float] = []
        for moving, index in self.order:
            if not moving:
                on, (x, y, z) = self.fixed[index]
                if 0 <= on < len(nodes):
                    a = angles[on]
                    c, s = math.cos(a), math.sin(a)
                    bx, by, bz = nodes[on]
                    nodes.append((bx + c * x + s * y, by - s * x + c * y, bz + z))
                    angles.append(a)
                else:
                    nodes.append((x, y, z))
                    angles.append(0.0)
                continue
            bone = self.bones[index]
            swing, phase, bend, harmonic, loose, rate, start = self.swings[index]
            wave = math.sin(harmonic * tau + phase)
            angle = angles[bone.parent] + bone.rest + swing * wave + loose * math.sin(rate * tau + start)
            if bend:
                angle += bend * max(0.0, math.sin(harmonic * tau + phase - 1.2))
            px, py, pz = nodes[bone.parent]
            nodes.append((px + bone.length * math.sin(angle), py + bone.length * math.cos(angle),
                          pz + bone.z + bone.length * bone.splay))  # fmt: skip
            angles.append(angle)
        return np.array(nodes), angles

    def marks(self, time: float, place: Placement) -> Points:
        """Where its nodes are in the picture (``N x 2`` pixels), to tell how fast its parts move."""
        return self._project(self.pose(time)[0], place, time)[0]

    def strokes(self, time: float, place: Placement) -> list[Stroke]:
        """Everything seen at ``time`` (gait cycles), farthest first."""
        nodes, angles = self.pose(time)
        spatial = [nodes]
        frames: list[tuple[Points, Points, list[Points]]] = []
        for face in self.faces:
            origin, axes, outlines = self._plane(face, time, nodes, angles)
            frames.append((origin, axes, outlines))
            spatial.extend(origin + outline @ axes for outline in outlines)
            spatial.append(origin + np.array([[0, 0], [0.1, 0], [0, 0.1]]) @ axes)
        flat, depth, zoom = self._project(np.concatenate(spatial), place, time)
        out = self._limb_strokes(flat[: len(nodes)], depth, zoom, place)
        first = len(nodes)
        light = place.turn().T @ _LIGHT
        for part, (face, (_, axes, outlines)) in enumerate(zip(self.faces, frames, strict=True), len(self.groups)):
            cuts = []
            for outline in outlines:
                cuts.append(flat[first : first + len(outline)])
                first += len(outline)
            base = flat[first : first + 3]
            middle = float(depth[first])
            first += 3
            e1, e2 = (base[1] - base[0]) * 10, (base[2] - base[0]) * 10
            if face.cull and (e1[0] * e2[1] - e1[1] * e2[0]) * (-1 if place.mirror else 1) <= 0:
                continue
            density = self.density * face.density
            skin = self.skins[face.skin]
            shift = face.slide * (place.yaw + 0.2 * time) * self.density
            matrix = np.array([e1 / density, e2 / density, base[0]]).T
            matrix[:, 2] -= matrix[:, 0] * (skin.shape[1] / 2 + shift) + matrix[:, 1] * (skin.shape[0] / 2)
            gain = 0.8 + 0.35 * _facing(axes, light)
            out.append(Stroke(cuts, skin, matrix, middle + face.bias, gain, len(cuts) > 1, part))
        out.sort(key=lambda stroke: stroke.depth)
        return out

    def _plane(
        self, face: _Face, time: float, nodes: Points, angles: list[float]
    ) -> tuple[Points, Points, list[Points]]:
        outlines, origin, axes = face.outlines, face.origin, face.axes
        if face.morph is not None:
            share = 0.5 + 0.5 * math.sin(2 * math.pi * time * 0.7 + face.bias)
            outlines = [a + (b - a) * share for a, b in zip(outlines, face.morph, strict=True)]
        angle = face.spin * time
        if face.anchor >= 0:
            c, s = math.cos(angles[face.anchor]), math.sin(angles[face.anchor])
            swing = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
            origin, axes = nodes[face.anchor] + origin @ swing, axes @ swing
        if angle:
            c, s = math.cos(angle), math.sin(angle)
            axes = np.array([[c, s], [-s, c]]) @ axes
        return origin, axes, outlines

    def _project(self, points: Points, place: Placement, time: float) -> tuple[Points, Points, Points]:
        turned = (points - [*self.middle, 0.0]) @ place.turn().T
        zoom = 1 / np.clip(1 - place.perspective * turned[:, 2], 0.4, 2.5)
        flat = turned[:, :2] * zoom[:, None]
        if self.swims:
            flat[:, 1] += self.swims * np.sin(5 * flat[:, 0] - 2 * math.pi * time) * (0.4 + np.abs(flat[:, 0]))
        if place.ripple:
            waves, phases = self.drift
            for axis in (0, 1):
                k = waves[axis]
                flat[:, axis] += place.ripple * np.sin(
                    flat[:, 0] * k[0] + flat[:, 1] * k[1] + phases[axis] + time * k[2]
                )
        return flat @ place.plane().T + [place.x, place.y], turned[:, 2], zoom

    def _limb_strokes(self, flat: Points, depth: Points, zoom: Points, place: Placement) -> list[Stroke]:
        if not self.limbs:
            return []
        table = np.array(self.limbs)
        ia, ib = table[:, 0].astype(int), table[:, 1].astype(int)
        a, b = flat[ia], flat[ib]
        ra = np.maximum(table[:, 2] * zoom[ia] * place.scale, 0.5)
        rb = np.maximum(table[:, 3] * zoom[ib] * place.scale, 0.5)
        along = b - a
        length = np.hypot(along[:, 0], along[:, 1])
        theta = np.arctan2(along[:, 1], along[:, 0])
        near = theta[:, None] + _CAP[None]
        far = near + math.pi
        outline = np.concatenate(
            [
                np.stack([a[:, :1] + ra[:, None] * np.cos(near), a[:, 1:] + ra[:, None] * np.sin(near)], axis=2),
                np.stack([b[:, :1] + rb[:, None] * np.cos(far), b[:, 1:] + rb[:, None] * np.sin(far)], axis=2),
            ],
            axis=1,
        )
        out = []
        plane = place.plane() / self.density
        middles = (0.5 * (depth[ia] + depth[ib])).tolist()
        for part, group in enumerate(self.groups):
            if not group.limbs:
                continue
            lead = group.limbs[0]
            skin = self.skins[group.skin]
            middle = sum(middles[i] for i in group.limbs) / len(group.limbs)
            if group.body:
                u, v, at = plane[:, 0], plane[:, 1], (a[lead] + b[lead]) / 2
                shift = place.yaw * 0.5 * (table[lead, 2] + table[lead, 3]) * self.density
            else:
                c, s = math.cos(theta[lead]), math.sin(theta[lead])
                true = place.scale / self.density
                v = np.array([c, s]) * true * max(0.3, min(1.0, length[lead] / (2 * ra[lead] + 1e-6)))
                u, at, shift = np.array([-s, c]) * true, (a[lead] + b[lead]) / 2, 0.0
            matrix = np.array([u, v, at - u * (skin.shape[1] / 2 + shift) - v * (skin.shape[0] / 2)]).T
            out.append(Stroke([outline[i] for i in group.limbs], skin, matrix, middle + group.bias, part=part))
        return out
