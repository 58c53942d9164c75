"""What moves: people, animals, chains, blobs, flocks, each drawn anew; see ``subjects_vehicles`` for what rolls.

Every builder fills a ``Figure`` of height or length about 1 around the origin.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .scene_curves import Rng, pick
from .scene_figure import Figure, Points
from .subjects_vehicles import CIRCLE, boat, box, car, cycle, disc, extrude, polygon, sail, wagon

PI = math.pi


def blob(rng: Rng, rx: float, ry: float, rough: float, count: int = 40) -> Points:
    """A smooth closed outline around the origin (``count x 2``)."""
    angle = np.linspace(0, 2 * PI, count, endpoint=False)
    radius = np.ones(count)
    for k in range(2, 8):
        radius += rough / k**0.8 * rng.normal() * np.cos(k * angle + rng.uniform(0, 2 * PI))
    radius = np.clip(radius, 0.35, 1.9)
    return np.stack([rx * radius * np.cos(angle), ry * radius * np.sin(angle)], axis=1)


def person(
    rng: Rng, fig: Figure, at: tuple[float, float] = (0.0, 0.02), size: float = 1.0, pose: str | None = None
) -> int:
    """A human figure with its pelvis at ``at``; returns the node of one hand."""
    pose = pose or pick(rng, {"walk": 3, "run": 3, "dance": 2, "idle": 1})
    loose = {"walk": 0.06, "run": 0.1, "dance": 0.6, "idle": 0.12, "sit": 0.08, "stand": 0.15}[pose]
    stride = {"walk": 0.45, "run": 0.85, "dance": 0.5, "idle": 0.03, "sit": 0.3, "stand": 0.06}[pose] * rng.uniform(
        0.7, 1.2
    )
    lean = {"run": 0.2, "sit": 0.5, "stand": 0.25}.get(pose, 0.0) * rng.uniform(0, 1.4) + rng.normal(0, 0.05)
    torso, leg, arm = size * rng.uniform(0.27, 0.33), size * rng.uniform(0.42, 0.5), size * rng.uniform(0.32, 0.4)
    broad, stout = size * rng.uniform(0.07, 0.12), rng.uniform(0.8, 1.5)
    cloth, trousers = int(rng.integers(3)), int(rng.integers(3))
    flesh, hair, shoes = 3, 4, int(rng.choice([1, 5, 7]))
    hips = fig.node(at[0], at[1])
    chest = fig.bone(hips, torso, PI - lean, loose=loose * 0.3, swing=0.05, harmonic=2)
    thick = size * 0.062 * stout
    body = fig.group(cloth, body=True)
    for side in (-1, 1):
        low, high = fig.node(0, 0, side * broad * 0.5, on=hips), fig.node(0, -torso * 0.06, side * broad, on=chest)
        fig.limb(body, high, low, thick, thick * rng.uniform(0.85, 1.2))
    fig.limb(body, chest, hips, thick * 1.1, thick)
    if rng.random() < 0.25:  # a skirt or a coat
        hem = fig.bone(hips, size * rng.uniform(0.12, 0.35), 0.0, swing=0.12, loose=0.1)
        skirt = fig.group(int(rng.integers(8)), bias=0.004, body=True)
        fig.limb(skirt, hips, hem, thick * 1.2, size * rng.uniform(0.08, 0.2))
    if rng.random() < 0.2:  # a rucksack
        pack = fig.group(int(rng.integers(8)), bias=-0.005)
        strap = fig.node(size * 0.09, 0, 0, on=chest)
        fig.limb(
            pack, strap, fig.node(size * 0.1, -size * 0.15, 0, on=chest), size * 0.06, size * rng.uniform(0.05, 0.09)
        )
    if rng.random() < 0.3:  # a number, a badge, a stripe
        badge = blob(rng, size * rng.uniform(0.02, 0.05), size * rng.uniform(0.02, 0.08), 0.1, 12)
        fig.face(int(rng.integers(8)), [badge], origin=(0, -size * 0.12, thick), anchor=chest, bias=0.01)
    neck = fig.bone(chest, size * 0.05, rng.normal(0, 0.1), loose=0.1)
    crown = fig.bone(neck, size * 0.07, 0.0, loose=0.12)
    head = fig.group(flesh, body=True, bias=0.01)
    fig.limb(head, chest, neck, size * 0.03, size * 0.03)
    fig.limb(head, neck, crown, size * 0.045, size * 0.052)
    top = fig.group(hair, body=True, bias=0.012)
    back = fig.node(-size * 0.015 * rng.normal(1, 1), size * 0.02, 0, on=crown)
    fig.limb(top, crown, back, size * 0.05, size * rng.uniform(0.045, 0.06))
    if rng.random() < 0.3:
        tail = fig.bone(back, size * rng.uniform(0.08, 0.22), PI + 0.3, loose=0.3, swing=0.2)
        fig.limb(top, back, tail, size * 0.03, size * 0.015)
    hand = hips
    for side, phase in ((-1, 0.0), (1, PI)):
        long_trousers = rng.random() < 0.7
        rest = {"sit": rng.uniform(0.7, 1.3), "stand": 0.3 * side}.get(pose, 0.0)
        knee = fig.bone(hips, leg * 0.5, rest, stride, phase, loose=loose * 0.5, z=side * broad * 0.55)
        shin_rest = -rng.uniform(0.8, 1.4) if pose == "sit" else (-0.4 if pose == "stand" else -0.05)
        foot = fig.bone(knee, leg * 0.48, shin_rest, stride * 0.3, phase - 1, bend=-stride * 1.1, loose=loose * 0.4)
        toe = fig.bone(foot, size * 0.07, 1.4, loose=0.1)
        upper = fig.group(trousers, bias=0.002 * side)
        fig.limb(upper, fig.node(0, 0, side * broad * 0.55, on=hips), knee, thick * 0.95, thick * 0.68)
        lower = fig.group(trousers if long_trousers else flesh, bias=0.001 * side)
        fig.limb(lower, knee, foot, thick * 0.64, thick * 0.42)
        fig.limb(fig.group(shoes), foot, toe, size * 0.024, size * 0.018)
        reach = {"sit": lean + rng.uniform(0.7, 1.1), "dance": rng.normal(0, 1), "stand": rng.normal(0, 0.8)}.get(
            pose, 0.0
        )
        swing = 0.05 if pose == "sit" else stride * 0.9
        elbow = fig.bone(chest, arm * 0.48, PI + reach, swing, phase + PI, loose=loose, z=side * (broad + thick * 0.6))
        hand = fig.bone(elbow, arm * 0.46, rng.uniform(0.1, 0.9), swing * 0.4, phase + PI, loose=loose)
        sleeve = fig.group(cloth, bias=0.02 * side)
        fig.limb(sleeve, fig.node(0, 0, side * (broad + thick * 0.5), on=chest), elbow, thick * 0.6, thick * 0.42)
        bare = fig.group(cloth if rng.random() < 0.5 else flesh, bias=0.021 * side)
        fig.limb(bare, elbow, hand, thick * 0.42, thick * 0.3)
        fig.limb(fig.group(flesh, bias=0.022 * side), hand, fig.bone(hand, size * 0.03, 0.0), thick * 0.36, thick * 0.3)
    _held(rng, fig, hand, size)
    return hand


def _held(rng: Rng, fig: Figure, hand: int, size: float) -> None:
    """Perhaps a stick, a racket, a bag, an umbrella or a string with something on it."""
    kind = pick(rng, {"none": 5, "stick": 1.2, "racket": 0.8, "bag": 0.8, "umbrella": 0.5, "string": 0.5})
    if kind == "none":
        return
    length = size * rng.uniform(0.15, 0.7)
    tip = fig.bone(hand, length, rng.uniform(-1, 2.5), 0.2, loose=0.3)
    thin = size * rng.uniform(0.003, 0.012)
    if kind in ("stick", "string", "racket", "umbrella"):
        fig.limb(fig.group(int(rng.integers(8)), bias=0.03), hand, tip, thin, thin)
    if kind == "racket":
        ring = blob(rng, size * 0.07, size * 0.09, 0.0, 20)
        fig.face(int(rng.integers(8)), [ring, ring * 0.82], anchor=tip, bias=0.03)
    if kind == "bag":
        fig.face(int(rng.integers(8)), [blob(rng, size * 0.09, size * 0.08, 0.2)], anchor=hand, bias=0.03)
    if kind == "umbrella":
        half = blob(rng, size * 0.3, size * 0.16, 0.0)
        fig.face(int(rng.integers(8)), [half[half[:, 1] <= 0.01]], anchor=tip, bias=0.03)
    if kind == "string":
        fig.face(int(rng.integers(8)), [blob(rng, size * 0.1, size * 0.1, rng.uniform(0, 0.4))], anchor=tip, bias=0.03)


def animal(rng: Rng, fig: Figure, at: tuple[float, float] = (0.0, -0.1), size: float = 1.0) -> None:
    """A four-legged animal: dog to giraffe."""
    length, girth = size * rng.uniform(0.35, 0.62), size * rng.uniform(0.06, 0.14)
    leg, thin = size * rng.uniform(0.2, 0.5), girth * rng.uniform(0.18, 0.4)
    stride, coat = rng.uniform(0.15, 0.8), int(rng.integers(8))
    other = coat if rng.random() < 0.6 else int(rng.integers(8))
    rump = fig.node(at[0] - length / 2, at[1])
    belly = fig.bone(rump, length * 0.5, PI / 2 + rng.normal(0, 0.08), 0.06, loose=0.04, harmonic=2)
    shoulder = fig.bone(belly, length * 0.5, rng.normal(0, 0.1), 0.06, 1.0, loose=0.04, harmonic=2)
    body = fig.group(coat, body=True)
    fig.limb(body, rump, belly, girth * rng.uniform(0.85, 1.1), girth)
    fig.limb(body, belly, shoulder, girth, girth * rng.uniform(0.9, 1.2))
    raise_neck = rng.uniform(-0.3, 1.4)
    neck = fig.bone(shoulder, size * rng.uniform(0.1, 0.4), raise_neck, 0.1, loose=0.25)
    skull = fig.bone(neck, size * rng.uniform(0.05, 0.1), -raise_neck * rng.uniform(0.5, 1.2), 0.05, loose=0.3)
    snout = fig.bone(skull, size * rng.uniform(0.04, 0.12), -rng.uniform(0, 0.5), loose=0.05)
    throat = fig.group(coat, body=True, bias=0.002)
    fig.limb(throat, shoulder, neck, girth * 0.75, girth * rng.uniform(0.3, 0.55))
    head = fig.group(other, bias=0.004, body=True)
    fig.limb(head, neck, skull, girth * 0.5, girth * 0.5)
    fig.limb(head, skull, snout, girth * 0.45, girth * 0.25)
    for side in (-1, 1):
        ear = fig.bone(skull, size * rng.uniform(0.03, 0.1), rng.uniform(1.3, 2.4), loose=0.2, z=side * girth * 0.4)
        fig.limb(fig.group(other, bias=0.003 * side), skull, ear, girth * 0.15, girth * 0.08)
    end = rump
    for _ in range(int(rng.integers(1, 4))):
        last, end = end, fig.bone(end, size * rng.uniform(0.05, 0.15), -0.9 if end == rump else 0.1, 0.3, 1, loose=0.4)
        fig.limb(fig.group(coat), last, end, thin * 0.7, thin * 0.45)
    for joint, lag in ((rump, 0.0), (shoulder, rng.uniform(1, 4))):
        for side in (-1, 1):
            phase = lag + (PI if side < 0 else 0.0)
            z = side * girth * 0.6
            turn = -PI / 2
            hock = fig.bone(joint, leg * 0.5, turn if joint == shoulder else 0.0, stride, phase, loose=0.05, z=z)
            paw = fig.bone(hock, leg * 0.5, 0.1, stride * 0.3, phase - 1, bend=-stride, loose=0.03)
            top = fig.group(coat, bias=0.002 * side)
            fig.limb(top, fig.node(0, 0, z, on=joint), hock, girth * rng.uniform(0.5, 0.8), thin * 1.3)
            fig.limb(fig.group(other, bias=0.001 * side), hock, paw, thin * 1.2, thin * 0.8)


def bird(rng: Rng, fig: Figure) -> None:
    """Wading or flying: an egg of a body, a long neck, thin legs, flapping wings."""
    girth, coat = rng.uniform(0.08, 0.16), int(rng.integers(8))
    rump = fig.node(-0.15, 0)
    breast = fig.bone(rump, 0.3, PI / 2 + rng.uniform(-0.4, 0.4), loose=0.1)
    fig.limb(fig.group(coat, body=True), rump, breast, girth * 0.6, girth)
    joint, width = breast, girth * 0.45
    for k in range(int(rng.integers(1, 5))):
        last, joint = (
            joint,
            fig.bone(joint, rng.uniform(0.06, 0.16), rng.normal(1.1 if k == 0 else 0, 0.6), 0.1, k, loose=0.3),
        )
        fig.limb(fig.group(coat, bias=0.002), last, joint, width, width * 0.8)
        width *= 0.8
    beak = fig.bone(joint, 0.1, -0.4, loose=0.1)
    fig.limb(fig.group(coat, bias=0.003), joint, joint, width * 1.5, width * 1.5)
    fig.limb(fig.group(int(rng.integers(8)), bias=0.002), joint, beak, width * 0.7, 0.008)
    flap = rng.uniform(0, 1.2) if rng.random() < 0.5 else 0.0
    for side in (-1, 1):
        if flap or rng.random() < 0.4:
            wing = fig.bone(rump, 0.2, PI / 2, flap, 0, loose=0.1, z=side * girth)
            fan = np.array([[0, 0.05], [0.1, -0.35 - flap * 0.2], [-0.25, -0.3], [-0.2, 0.0]]) * rng.uniform(0.6, 1.3)
            fig.face(coat + 1, [fan], axes=((1, 0, 0), (0, 0.8, 0.5 * side)), anchor=wing, bias=0.02 * side)
        knee = fig.bone(rump, rng.uniform(0.1, 0.3), rng.normal(-0.1, 0.2), 0.3, PI * (side > 0), z=side * girth * 0.4)
        knee_at = fig.node(0.1, 0, side * girth * 0.4, on=rump)
        toe = fig.bone(knee, rng.uniform(0.1, 0.3), rng.normal(0, 0.2), 0.2, PI * (side > 0))
        leg = fig.group(int(rng.integers(8)), bias=-0.01)
        fig.limb(leg, knee_at, knee, 0.014, 0.009)
        fig.limb(leg, knee, toe, 0.009, 0.009)


def chain(rng: Rng, fig: Figure) -> None:
    """Fish, snakes, ropes, cloth bands: segments in a row, swimming or swinging."""
    joint, width = fig.node(rng.uniform(-0.5, 0), rng.normal(0, 0.1)), rng.uniform(0.01, 0.14)
    heading, count = rng.uniform(0, 2 * PI), int(rng.integers(2, 8))
    shared = rng.random() < 0.5
    group = fig.group(0, body=True)
    for k in range(count):
        turn = heading if k == 0 else rng.normal(0, 0.5)
        last, joint = (
            joint,
            fig.bone(joint, rng.uniform(0.5, 1.2) / count, turn, rng.uniform(0, 0.8), k * 1.1, loose=0.3),
        )
        narrow = width * rng.uniform(0.5, 1.2)
        fig.limb(group if shared else fig.group(k, bias=0.01 * k), last, joint, width, narrow)
        width = narrow
    if rng.random() < 0.6:
        fig.face(1, [blob(rng, 0.15, 0.1, 0.3)], anchor=joint, bias=0.05 * rng.normal(), spin=rng.normal(0, 1))
    fig.swims = float(rng.choice([0.0, 0.05]))


def lump(rng: Rng, fig: Figure) -> None:
    """A blob or a polygon that morphs, perhaps with a hole, a handle, satellites and thin parts."""
    round_one = rng.random() < 0.6
    rx, ry, rough = rng.uniform(0.25, 0.5), rng.uniform(0.2, 0.5), rng.uniform(0, 0.35)
    outlines = [blob(rng, rx, ry, rough) if round_one else polygon(rng, rx, ry)]
    morph = [blob(rng, rx, ry, rough) * rng.uniform(0.6, 1.2)] if round_one and rng.random() < 0.6 else None
    if rng.random() < 0.2:
        hole = blob(rng, rx * rng.uniform(0.2, 0.6), ry * rng.uniform(0.2, 0.6), 0.1)
        outlines.append(hole)
        morph = [*morph, hole * rng.uniform(0.5, 1.3)] if morph else None
    slide = float(rng.choice([0.0, 0.3, 1.0]))
    fig.face(0, outlines, morph=morph, slide=slide)
    for k in range(int(rng.integers(0, 5))):
        angle = rng.uniform(0, 2 * PI)
        spot = fig.node(rx * 0.8 * math.cos(angle), ry * 0.8 * math.sin(angle), rng.normal(0, 0.15))
        if rng.random() < 0.5:
            end = fig.bone(spot, rng.uniform(0.15, 0.5), angle + PI / 2, 0.5, k, loose=0.3)
            width = rng.choice([0.006, 0.02, 0.05])
            fig.limb(fig.group(k + 1, bias=rng.normal(0, 0.1)), spot, end, width, width * rng.uniform(0.4, 1.2))
        else:
            shape = blob(rng, rng.uniform(0.05, 0.2), rng.uniform(0.05, 0.2), 0.2)
            fig.face(k + 1, [shape], anchor=spot, bias=rng.normal(0, 0.1), slide=slide)


def ball(rng: Rng, fig: Figure) -> None:
    """A ball: its skin turns in the plane and slides across."""
    fig.face(int(rng.integers(8)), [blob(rng, 0.5, 0.5 * rng.uniform(0.85, 1), 0.0)], spin=rng.normal(0, 3),
             slide=rng.normal(0, 1))  # fmt: skip


def flock(rng: Rng, fig: Figure) -> None:
    """Two to six parts that part and join again: a pair, a herd, a juggler's balls."""
    shapes = [blob(rng, 0.12, 0.15, rng.uniform(0, 0.3)) * rng.uniform(0.6, 1.4) for _ in range(2)]
    for k in range(int(rng.integers(2, 7))):
        hub = fig.node(rng.normal(0, 0.12), rng.normal(0, 0.12), rng.normal(0, 0.2))
        arm = fig.bone(
            hub, rng.uniform(0.05, 0.4), rng.uniform(0, 2 * PI), rng.uniform(0, 1), k, loose=rng.uniform(0, 1.5)
        )
        fig.face(int(rng.integers(3)), [shapes[k % 2]], anchor=arm, spin=rng.normal(0, 0.5))


def rider(rng: Rng, fig: Figure) -> None:
    """Somebody on something: bicycle, motorbike, board, horse, boat or sail."""
    kind = pick(rng, {"cycle": 5, "board": 2.5, "horse": 1.2, "sail": 1.2, "boat": 0.6, "kite": 0.6})
    if kind == "cycle":
        saddle = cycle(rng, fig)
        person(rng, fig, saddle, rng.uniform(0.62, 0.85), "sit")
    elif kind == "board":
        length = rng.uniform(0.2, 0.45)
        fig.face(7, [blob(rng, length, 0.03, 0.05)], origin=(0, 0.46, 0), bias=-0.01)
        if rng.random() < 0.5:
            for x in (-0.6, 0.6):
                disc(fig, 6, (x * length, 0.49, 0.02), 0.025)
        person(rng, fig, (0, -0.02), rng.uniform(0.85, 1), "stand")
    elif kind == "horse":
        animal(rng, fig, (0, 0.1), 1.0)
        person(rng, fig, (-0.02, -0.05), rng.uniform(0.4, 0.55), "sit")
    elif kind == "sail":
        sail(rng, fig)
        person(rng, fig, (-0.08, 0.2), rng.uniform(0.35, 0.5), "stand")
    elif kind == "boat":
        boat(rng, fig)
        person(rng, fig, (rng.normal(0, 0.1), 0.05), rng.uniform(0.3, 0.5), "sit")
    else:
        hand = person(rng, fig, (0, 0.25), rng.uniform(0.3, 0.5), "stand")
        end = fig.bone(hand, rng.uniform(0.3, 0.7), rng.uniform(1.8, 3.6), loose=0.15)
        fig.limb(fig.group(1), hand, end, 0.002, 0.002)
        fig.face(2, [blob(rng, 0.25, 0.08, 0.2)], anchor=end)


def pair(rng: Rng, fig: Figure) -> None:
    """Two that belong together: dancers, a dog and its owner, a player and a ball, one pushing the other's cart."""
    gap = rng.uniform(0.12, 0.5)
    person(rng, fig, (-gap / 2, 0.02), rng.uniform(0.8, 1))
    other = pick(rng, {"person": 3, "animal": 2, "ball": 1, "cart": 1})
    if other == "person":
        person(rng, fig, (gap / 2, 0.02 + rng.uniform(0, 0.1)), rng.uniform(0.6, 1))
    elif other == "animal":
        size = rng.uniform(0.35, 0.7)
        animal(rng, fig, (gap, 0.45 - 0.3 * size), size)
    elif other == "ball":
        spot = fig.node(gap, 0.3, 0.05)
        fig.face(6, [CIRCLE * rng.uniform(0.05, 0.12)], anchor=fig.bone(spot, 0.15, 0.0, rng.uniform(0, 1.5)), spin=2)
    else:
        wide, top = rng.uniform(0.12, 0.2), rng.uniform(0.05, 0.2)
        profile = np.array([[gap - wide, top], [gap + wide, top], [gap + wide, 0.38], [gap - wide, 0.38]])
        extrude(fig, profile, 0.12, 5, [6, 5])
        for x in (gap - wide, gap + wide):
            disc(fig, 7, (x, 0.43, 0.12), 0.05, 3.0)


def vehicle(rng: Rng, fig: Figure) -> None:
    """Cars, lorries, carts, boxes, boats."""
    {"car": car, "wagon": wagon, "box": box, "boat": boat}[pick(rng, {"car": 5, "wagon": 2.5, "box": 1.2, "boat": 1})](
        rng, fig
    )


KINDS: dict[str, tuple[float, Callable[[Rng, Figure], object]]] = {
    "person": (0.2, person),
    "animal": (0.14, animal),
    "bird": (0.05, bird),
    "pair": (0.06, pair),
    "rider": (0.18, rider),
    "vehicle": (0.2, vehicle),
    "chain": (0.06, chain),
    "lump": (0.09, lump),
    "ball": (0.03, ball),
    "flock": (0.05, flock),
}
TURNING = {"vehicle": 0.8, "rider": 0.6, "person": 0.5, "animal": 0.5}
