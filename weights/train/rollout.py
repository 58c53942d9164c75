"""Errors like those of the real propagator: it is run over a clip, and what its networks saw is kept with the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from roto.image import Box
from roto.motion.flow import one_thread
from roto.segment.colour import to_lab
from roto.segment.resegment import Example
from roto.signed_distance import signed_distance
from roto.track.blend import agreement_of
from roto.track.learned.appearance import fit
from roto.track.learned.certainty import facts
from roto.track.learned.fuse import Watch, fuse
from roto.track.learned.networks import Networks
from roto.track.learned.planes import memory_planes
from roto.track.learned.propagate import NORMAL, LearnedPropagator, Lesson
from roto.track.learned.propagate import Effort as Cost
from roto.track.pace import EVERY_FRAME, Pace, next_look, with_motion
from roto.track.span import Key, Span
from roto.track.state import State, crop_state
from roto.track.view import Detail, View

CROP_PX = 176  # larger than what a training step sees, so that it can be cut at random
_NEAR_PX = 4.0
_SHORT_GAP = 16  # frames


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """rgb: uint8 ``T x H x W x 3``. inside: boolean ``T x H x W``."""

    rgb: NDArray[np.uint8]
    inside: NDArray[np.bool_]

    def example(self, number: int) -> Example:
        return Example(self.rgb[number], signed_distance(self.inside[number].astype(np.float32)), number)

    def state(self, number: int) -> State:
        height, width = self.inside.shape[1:]
        return crop_state(number, self.example(number).distance, Box(0, 0, width, height))

    def key(self, number: int) -> Key:
        return Key(number, self.inside[number].astype(np.float32))


@dataclass(slots=True, eq=False)
class Samples:
    """Crops of what a network saw: planes float16 ``N x C x S x S``, prior float16 ``N x S x S``, truth uint8 (255:
    inside) likewise, and which memory belongs to each."""

    planes: list[NDArray[np.float16]]
    prior: list[NDArray[np.float16]]
    truth: list[NDArray[np.uint8]]
    memory: list[int]

    @classmethod
    def none(cls) -> Samples:
        return cls([], [], [], [])

    def add(
        self,
        rng: np.random.Generator,
        clip: Clip,
        number: int,
        view: View,
        planes: NDArray[np.float32],
        prior: NDArray[np.float32],
        memory: int,
    ) -> None:
        truth = view.shrink(clip.inside[number].astype(np.float32)[view.box.slices])
        at = _corner(rng, prior, truth)
        self.planes.append(_cut(planes, at).astype(np.float16))
        self.prior.append(_cut(prior[None], at)[0].astype(np.float16))
        self.truth.append(np.rint(_cut(truth[None], at)[0] * 255).astype(np.uint8))
        self.memory.append(memory)


def _corner(rng: np.random.Generator, prior: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[int, int]:
    """Where to cut: near the edge, carried or true, most of the time, and where they differ above all."""
    height, width = prior.shape
    wrong = np.argwhere((prior > 0) != (truth >= 0.5))
    near = np.argwhere(np.abs(prior) < _NEAR_PX)
    which = rng.random()
    among = wrong if which < 0.4 and len(wrong) else near if which < 0.85 else np.zeros((0, 2), int)
    row, column = among[rng.integers(len(among))] if len(among) else (rng.integers(height), rng.integers(width))
    shift = rng.integers(-CROP_PX // 4, CROP_PX // 4 + 1, 2)
    row, column = row + shift[0] - CROP_PX // 2, column + shift[1] - CROP_PX // 2
    return int(np.clip(row, 0, max(height - CROP_PX, 0))), int(np.clip(column, 0, max(width - CROP_PX, 0)))


def _cut(planes: NDArray[np.float32], at: tuple[int, int]) -> NDArray[np.float32]:
    """A square of ``CROP_PX``; where the picture ends before, its last rows and columns are repeated."""
    part = planes[:, at[0] : at[0] + CROP_PX, at[1] : at[1] + CROP_PX]
    down, right = CROP_PX - part.shape[1], CROP_PX - part.shape[2]
    return np.pad(part, ((0, 0), (0, down), (0, right)), mode="edge") if down or right else part


@dataclass(slots=True, eq=False)
class Harvest:
    """What a clip gives: samples of both networks, remembered keyframes, float16 ``2 x 6 x M x M`` each (twice the
    same where there is one key alone), fitted appearance networks' weights, and the overlaps of the passes with the
    truth."""

    propagation: Samples
    fusion: Samples
    memories: list[NDArray[np.float16]]
    looks: list[dict]
    overlap: list[float]
    fused_overlap: list[float]
    facts: list[NDArray[np.float32]]  # of each frame, and last its true overlap


@dataclass(frozen=True, slots=True)
class Effort:
    """reach: frames after which a pass starts from the truth again. fit_steps: of the appearance network; without any
    there is none. keep: share of the looks that become samples. detail: how closely pictures are looked at. pace: how
    far the passes go from one look to the next."""

    reach: int = 1000
    fit_steps: int = 40
    keep: float = 0.5
    detail: Detail = NORMAL.detail
    pace: Pace = EVERY_FRAME

    def propagator(self, networks: Networks, watch: Watch | None = None) -> LearnedPropagator:
        return LearnedPropagator(networks, Cost(self.detail, self.fit_steps), watch=watch)


def harvest(clip: Clip, networks: Networks, rng: np.random.Generator, effort: Effort) -> Harvest:
    """One pass from a single keyframe, and two spans between two: one short, one of any length."""
    out = Harvest(Samples.none(), Samples.none(), [], [], [], [], [])
    with one_thread():
        _single(clip, networks, rng, effort, out)
        for longest in (_SHORT_GAP, len(clip.rgb) - 1):
            _span(clip, networks, rng, effort, out, longest)
    return out


def _lesson(clip: Clip, networks: Networks, keys: list[int], effort: Effort, seed: int, out: Harvest) -> Lesson:
    examples, net = [clip.example(key) for key in keys], None
    if effort.fit_steps:
        net = fit(networks.appearance, examples, effort.fit_steps, effort.detail.pixels, seed)
        out.looks.append({name: value.detach().clone() for name, value in net.state_dict().items()})
    planes = np.stack([memory_planes(to_lab(example.rgb), example.distance) for example in examples])
    out.memories.append(np.stack([planes[0], planes[-1]]).astype(np.float16))
    return effort.propagator(networks).lesson(examples, net)


def _keyable(clip: Clip) -> NDArray[np.int64]:
    return np.flatnonzero(clip.inside.mean((1, 2)) > 0.002)


def _single(clip: Clip, networks: Networks, rng: np.random.Generator, effort: Effort, out: Harvest) -> None:
    keyable = _keyable(clip)
    last = len(clip.rgb) - 1
    outer = keyable[(keyable < last // 3) | (keyable > 2 * last // 3)]
    start = int(rng.choice(outer if len(outer) else keyable))
    end = last if start < last / 2 else 0
    lesson = _lesson(clip, networks, [start], effort, int(rng.integers(1 << 30)), out)
    step = 1 if end > start else -1
    while start != end:
        reached = start + step * min(effort.reach, abs(end - start))
        if clip.inside[start].any():
            key, first, last = clip.key(start), min(start + step, reached), max(start + step, reached)
            span = Span(key, None, first, last) if step > 0 else Span(None, key, first, last)
            _run(clip, networks, rng, lesson, span, step > 0, out, effort)
        start = reached


def _span(clip: Clip, networks: Networks, rng: np.random.Generator, effort: Effort, out: Harvest, longest: int) -> None:
    keyable = _keyable(clip)
    last = len(clip.rgb) - 1
    gap = int(np.exp(rng.uniform(np.log(4), np.log(min(last, longest, 2 * effort.reach)))))
    left = int(rng.integers(0, last - gap + 1))
    right = left + gap
    left, right = (int(keyable[np.argmin(np.abs(keyable - x))]) for x in (left, right))
    if right - left < 2:
        return
    lesson = _lesson(clip, networks, [left, right], effort, int(rng.integers(1 << 30)), out)
    span = Span(clip.key(left), clip.key(right), left + 1, right - 1)
    forward, backward = (_run(clip, networks, rng, lesson, span, way, out, effort) for way in (True, False))
    memory = len(out.memories) - 1

    def watch(number: int, view: View, planes: NDArray[np.float32], prior: NDArray[np.float32]) -> None:
        if rng.random() < effort.keep:
            out.fusion.add(rng, clip, number, view, planes, prior, memory)

    for number in sorted(forward.keys() & backward.keys()):
        a, b = forward[number], backward[number]
        if a.empty and b.empty:
            continue
        share = (number - left) / (right - left)
        joined = fuse(networks, a, b, share, clip.rgb[number], effort.detail.pixels, watch)
        reached = overlap(joined, clip.inside[number])
        out.fused_overlap.append(reached)
        near = a if share < 0.5 else b
        out.facts.append(np.append(facts(joined, near, agreement_of(a, b)), np.float32(reached)))


def _run(
    clip: Clip,
    networks: Networks,
    rng: np.random.Generator,
    lesson: Lesson,
    span: Span,
    forward: bool,
    out: Harvest,
    effort: Effort,
) -> dict[int, State]:
    """The states of a pass through a span, by frame."""
    memory = len(out.memories) - 1

    def watch(number: int, view: View, planes: NDArray[np.float32], prior: NDArray[np.float32]) -> None:
        if rng.random() < effort.keep:
            out.propagation.add(rng, clip, number, view, planes, prior, memory)

    state, states = _begun(clip, span, forward, effort), {}

    def looks() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        yield state.number, clip.rgb[state.number]
        while (number := next_look(span, state, forward, effort.pace)) is not None:
            yield number, clip.rgb[number]

    begun = replace(state, motion_px=0.0)  # a key's motion is for the pace alone
    for state in effort.propagator(networks, watch).carry(lesson, begun, looks()):
        states[state.number] = state
        reached = overlap(state, clip.inside[state.number])
        out.overlap.append(reached)
        if len(span.keys) == 1:
            out.facts.append(np.append(facts(state, state, None), np.float32(reached)))
    return states


def _begun(clip: Clip, span: Span, forward: bool, effort: Effort) -> State:
    key = span.left if forward else span.right
    assert key is not None
    state = clip.state(key.number)
    if effort.pace.fixed:
        return state
    return with_motion(state, clip.rgb[key.number], clip.rgb[key.number + (1 if forward else -1)])


def overlap(state: State, inside: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty."""
    height, width = inside.shape
    found = state.distance(Box(0, 0, width, height)) > 0
    either = np.count_nonzero(found | inside)
    return np.count_nonzero(found & inside) / either if either else 1.0
