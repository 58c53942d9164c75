"""What rolls or floats: cars, wagons, cycles, boats, boxes, built of flat faces so that they turn in earnest."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from .scene_curves import Rng
from .scene_figure import Figure, Points

_ROUND = np.linspace(0, 2 * math.pi, 24, endpoint=False)
CIRCLE: Points = np.stack([np.cos(_ROUND), np.sin(_ROUND)], axis=1)


def polygon(rng: Rng, rx: float, ry: float) -> Points:
    """An angular outline around the origin with 3 to 8 corners."""
    count = int(rng.integers(3, 9))
    angle = np.sort((np.arange(count) + rng.uniform(-0.35, 0.35, count)) * 2 * math.pi / count)
    radius = rng.uniform(0.6, 1.1, count)
    return np.stack([rx * radius * np.cos(angle), ry * radius * np.sin(angle)], axis=1)


def disc(fig: Figure, skin: int, at: tuple[float, float, float], radius: float, spin: float = 0.0) -> None:
    """A flat wheel that turns by ``spin`` radians a gait cycle."""
    fig.face(skin, [CIRCLE * radius], origin=at, spin=spin, density=2.0)


def spoked(fig: Figure, rng: Rng, skin: int, at: tuple[float, float, float], radius: float, spin: float) -> None:
    """A thin wheel that one sees through: tyre, spokes, hub."""
    rim = rng.uniform(0.8, 0.92)
    fig.face(skin, [CIRCLE * radius, CIRCLE * radius * rim], origin=at, bias=-0.001)
    hub = 0.12 * radius
    fig.face(skin + 1, [CIRCLE * hub], origin=at)
    for angle in np.linspace(0, math.pi, int(rng.integers(2, 7)), endpoint=False):
        along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        half = 0.012 * radius
        bar = np.stack([along * radius + across * half, -along * radius + across * half,
                        -along * radius - across * half, along * radius - across * half])  # fmt: skip
        fig.face(skin + 1, [bar], origin=at, spin=spin, bias=-0.0005)


def extrude(fig: Figure, profile: Points, half: float, side_skin: int, skins: list[int]) -> None:
    """A prism: ``profile`` (clockwise as seen, y down) at z = +half and -half, and a strip along every edge."""
    fig.face(side_skin, [profile], origin=(0, 0, half), cull=True)
    fig.face(side_skin, [profile[::-1] * (-1, 1)], origin=(0, 0, -half), axes=((-1, 0, 0), (0, 1, 0)), cull=True)
    for k, a in enumerate(profile):
        b = profile[(k + 1) % len(profile)]
        edge = b - a
        length = float(np.hypot(*edge)) + 1e-9
        middle = (a + b) / 2
        strip = np.array([[-length / 2, -half], [length / 2, -half], [length / 2, half], [-length / 2, half]])
        fig.face(
            skins[k % len(skins)],
            [strip[::-1]],
            origin=(float(middle[0]), float(middle[1]), 0.0),
            axes=((float(edge[0] / length), float(edge[1] / length), 0.0), (0.0, 0.0, 1.0)),
            cull=False,
            bias=-0.3 if edge[0] < 0 else 0.0,
        )


def _panel(fig: Figure, skin: int, outline: Points, half: float) -> None:
    """A window, door or plate on both sides of a prism."""
    fig.face(skin, [outline], origin=(0, 0, half), cull=True, bias=0.01)
    fig.face(skin, [outline[::-1] * (-1, 1)], origin=(0, 0, -half), axes=((-1, 0, 0), (0, 1, 0)), cull=True, bias=0.01)


def car(rng: Rng, fig: Figure) -> None:
    """A car or a van from a drawn profile: paint, glass, wheels."""
    long, tall, half = 0.5, rng.uniform(0.2, 0.34), rng.uniform(0.16, 0.24)
    bonnet, boot = rng.uniform(0.35, 0.9), rng.uniform(0.5, 1.0)
    waist = -tall * rng.uniform(0.05, 0.3)
    front, rear = rng.uniform(0.35, 0.8) * long, -rng.uniform(0.55, 0.98) * long
    roof_front, roof_rear = rng.uniform(0.0, 0.8) * front, rear * rng.uniform(0.6, 0.95)
    roof = -tall * 0.75
    profile = np.array([
        [rear, waist], [roof_rear, roof], [roof_front, roof], [front, waist], [long, waist * bonnet + 0.03],
        [long, tall * 0.35], [-long, tall * 0.35], [-long, waist * boot],
    ])  # fmt: skip
    paint, glass, tyre = 0, 6, 7
    extrude(fig, profile, half, paint, [glass, paint, glass, paint, 2, 3, 2, paint])
    pane = np.array([[rear, waist], [roof_rear, roof], [roof_front, roof], [front, waist]])
    middle = pane.mean(axis=0)
    pillars = np.linspace(0, 1, int(rng.integers(2, 5)))
    for a, b in pairwise(pillars):
        low = [pane[0] + (pane[3] - pane[0]) * s for s in (a + 0.03, b - 0.03)]
        high = [pane[1] + (pane[2] - pane[1]) * s for s in (a + 0.03, b - 0.03)]
        window = np.array([low[0], high[0], high[1], low[1]])
        _panel(fig, glass, window + (middle - window) * 0.12, half)
    for skin, x in ((5, 0.93), (3, -0.93)):  # lamps, and perhaps a stripe along the side
        lamp = np.array([[-0.03, -0.03], [0.03, -0.03], [0.03, 0.02], [-0.03, 0.02]]) + np.array(
            [x * long, tall * 0.02]
        )
        _panel(fig, skin, lamp, half)
    if rng.random() < 0.4:
        y, wide = rng.uniform(0.02, 0.25) * tall, rng.uniform(0.01, 0.04)
        _panel(fig, 4, np.array([[-0.48, y], [0.48, y], [0.48, y + wide], [-0.48, y + wide]]), half)
    radius = tall * rng.uniform(0.3, 0.42)
    spin = rng.uniform(2, 9)
    for x in (-0.62, 0.62):
        for side in (-1, 1):
            at = (x * long, tall * 0.38, side * half * 1.02)
            disc(fig, tyre, (at[0], at[1], at[2] * 0.75), radius)
            disc(fig, tyre, at, radius)
            fig.face(5, [CIRCLE * radius * 0.6], origin=at, spin=spin, bias=0.02)


def wagon(rng: Rng, fig: Figure) -> None:
    """Lorry, bus, train, cart: one or two boxes on wheels."""
    half, floor = rng.uniform(0.1, 0.2), 0.12
    cuts = np.cumsum(rng.uniform(0.3, 1, int(rng.integers(1, 4))))
    edges = np.concatenate([[0], cuts / cuts[-1]]) - 0.5
    for k, (a, b) in enumerate(pairwise(edges)):
        top = -rng.uniform(0.08, 0.32)
        gap = 0.01 * (len(edges) > 2)
        profile = np.array([[a + gap, top], [b - gap, top], [b - gap, floor], [a + gap, floor]])
        extrude(fig, profile, half, k, [k + 1, k, k + 2, k])
        for x in np.linspace(a, b, int(rng.integers(2, 7)))[:-1]:
            wide = (b - a) * rng.uniform(0.1, 0.2)
            window = np.array([[x, top * 0.8], [x + wide, top * 0.8], [x + wide, top * 0.2], [x, top * 0.2]])
            _panel(fig, 6, window + np.array([wide * 0.4, 0]), half)
    for x in rng.uniform(-0.45, 0.45, int(rng.integers(2, 5))):
        for side in (-1, 1):
            disc(fig, 7, (float(x), floor + 0.02, side * half * 1.02), rng.uniform(0.05, 0.08), 4.0)


def box(rng: Rng, fig: Figure) -> None:
    """A parcel, a tin, a wedge: any prism with its own skins."""
    if rng.random() < 0.4:
        profile = CIRCLE[::2] * (rng.uniform(0.15, 0.4), rng.uniform(0.15, 0.4))
    else:
        profile = polygon(rng, rng.uniform(0.2, 0.45), rng.uniform(0.2, 0.45))
    extrude(fig, profile, rng.uniform(0.1, 0.45), 0, [1, 2, 3][: int(rng.integers(1, 4))])


def boat(rng: Rng, fig: Figure) -> None:
    """A hull with a cabin, a mast or a sail."""
    half = rng.uniform(0.08, 0.16)
    profile = np.array([[-0.5, 0.05], [0.5, 0.02], [0.36, 0.2], [-0.42, 0.2]])
    extrude(fig, profile, half, 0, [1, 2, 0, 3])
    if rng.random() < 0.6:
        a, b, top = -rng.uniform(0.1, 0.4), rng.uniform(0, 0.25), -rng.uniform(0.05, 0.2)
        extrude(fig, np.array([[a, top], [b, top], [b, 0.06], [a, 0.06]]), half * 0.7, 4, [5])
    if rng.random() < 0.6:
        mast = fig.node(rng.uniform(-0.2, 0.2), 0.05)
        tip = fig.bone(mast, rng.uniform(0.3, 0.7), math.pi, loose=0.03)
        fig.limb(fig.group(6), mast, tip, 0.008, 0.005)
        if rng.random() < 0.6:
            cloth = np.array([[0, 0.02], [0.3, 0.5], [0.02, 0.5]]) * (rng.choice([-1, 1]), 1)
            fig.face(5, [cloth], anchor=tip, morph=[cloth * (0.7, 1)])


def sail(rng: Rng, fig: Figure) -> None:
    """A windsurfer's board, mast and banded sail; the mast foot is at the bottom."""
    fig.face(7, [CIRCLE * (rng.uniform(0.2, 0.35), 0.02)], origin=(0, 0.44, 0))
    foot = fig.node(0, 0.44)
    tip = fig.bone(foot, rng.uniform(0.7, 0.95), math.pi + rng.normal(0, 0.2), 0.1, loose=0.15)
    fig.limb(fig.group(6, bias=0.02), foot, tip, 0.008, 0.005)
    bulge = rng.uniform(0.15, 0.4)
    cloth = np.array([[0.0, 0.0], [-0.0, 0.3], [0.02, 0.72], [-bulge, 0.7], [-bulge * 0.95, 0.5], [-bulge * 0.6, 0.15]])
    bands = np.linspace(0, 1, int(rng.integers(1, 5)) + 1)
    for k, (a, b) in enumerate(pairwise(bands)):
        strip = cloth.copy()
        strip[:, 1] = np.clip(strip[:, 1], a * 0.72, b * 0.72)
        fig.face(k, [strip], anchor=tip, axes=((-1, 0, 0), (0, -1, 0)))


def cycle(rng: Rng, fig: Figure) -> tuple[float, float]:
    """A bicycle, motorbike or scooter; returns where the saddle is."""
    motor = rng.random() < 0.45
    radius = rng.uniform(0.14, 0.2)
    base = rng.uniform(0.2, 0.3)
    axle = 0.48 - radius
    spin = rng.uniform(2, 8)
    for x in (-base, base):
        if motor or rng.random() < 0.15:
            disc(fig, 7, (x, axle, 0), radius * 0.9)
            fig.face(5, [CIRCLE * radius * 0.55], origin=(x, axle, 0), spin=spin, bias=0.004)
        else:
            spoked(fig, rng, 6, (x, axle, 0.0), radius, spin)
    thick = rng.uniform(0.006, 0.014) * (1.6 if motor else 1)
    rear, front = fig.node(-base, axle, -0.01), fig.node(base, axle, -0.01)
    crank, seat = fig.node(-0.02, axle), fig.node(-base * 0.45, axle - rng.uniform(0.13, 0.24))
    head, bar = fig.node(base * 0.7, axle - 0.2), fig.node(base * 0.62, axle - 0.28)
    frame = fig.group(0, bias=0.002)
    for a, b in ((rear, crank), (rear, seat), (crank, seat), (seat, head), (crank, head), (head, front), (head, bar)):
        fig.limb(frame, a, b, thick, thick)
    grip = fig.group(6, bias=0.004)
    fig.limb(grip, fig.node(base * 0.6, axle - 0.28, -0.09), fig.node(base * 0.6, axle - 0.28, 0.09), thick, thick)
    if motor:
        for side in (-1, 1):
            tank = polygon(rng, rng.uniform(0.12, 0.26), rng.uniform(0.06, 0.12))
            fig.face(1, [tank], origin=(rng.normal(0, 0.04), axle - 0.1, side * 0.05), slide=0.2)
            fig.face(2, [polygon(rng, 0.1, 0.08)], origin=(base * 0.6, axle - 0.18, side * 0.04))
        engine = fig.group(4)
        fig.limb(engine, fig.node(-base * 0.4, axle - 0.03), fig.node(base * 0.3, axle - 0.03), 0.06, 0.07)
        if rng.random() < 0.4:
            extrude(
                fig,
                np.array([[-0.1, -0.1], [0.1, -0.1], [0.1, 0.06], [-0.1, 0.06]])
                + np.array([-base - 0.02, axle - 0.25]),
                0.07,
                3,
                [2],
            )
    return -base * 0.45, axle - 0.26
