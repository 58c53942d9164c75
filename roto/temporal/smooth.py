"""Smoothing along the motion: neighbouring edges, brought onto the frame by optical flow, are averaged in the
signed-distance domain, each as far as forward-backward error says that its flow holds. A frame whose edge is not known
gets it from its neighbours in the same way first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import Flow, dense_flow, grey
from roto.motion.warp import resize_flow, round_trip_error, warp
from roto.signed_distance import redistanced
from roto.temporal.options import SmoothOptions
from roto.track.state import BAND_PX, State, absent_state, crop_state
from roto.track.view import Detail, View, view_of

_MARGIN_PX = 16
_NEAR_EDGE_PX = 4.0  # flicker is measured this near to the edge
_LEAST_TRUST = 0.02  # of an edge that is needed
_RANGE_PX = 3.0  # neighbours that differ by more than about this say something else than flicker


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A frame on its way through the smoother. Pinned ones (keyframes) are seen but not changed. Of one that is not
    known, ``state`` says no more than the number; one that is known comes before it, and another one after it."""

    state: State
    rgb: NDArray[np.uint8]
    pinned: bool
    known: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Smoothed:
    """A frame's edge after smoothing and its flicker, in pixels, before and after: how much the edge jumps against
    the frame before once motion is taken out. None where there is no frame to compare with."""

    state: State
    flicker_before: float | None
    flicker_after: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """Flow between two neighbouring frames in a common region, the ``view``, at its working resolution: ``flows[i]``
    brings the other frame onto the i-th, ``gates[i]`` is how far that can be trusted, 0 to 1."""

    view: View
    flows: tuple[Flow, Flow]
    gates: tuple[NDArray[np.float32], NDArray[np.float32]]

    def step(self, side: int) -> _Step:
        """At full resolution: large, so it is made when it is needed and not kept."""
        box = self.view.box
        trust = cv2.resize(self.gates[side], (box.width, box.height), interpolation=cv2.INTER_LINEAR)
        return _Step(box, resize_flow(self.flows[side], box.width, box.height), np.asarray(trust, np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One side of a link at full resolution, for as long as a frame's turn lasts."""

    box: Box
    flow: Flow
    trust: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """What of an entry stays in the window: not its picture. ``state`` of one that was not known is found by then."""

    state: State
    pinned: bool
    known: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """An entry and its thumbnail."""

    entry: Entry
    small: NDArray[np.uint8]


def smooth(entries: Iterator[Entry], options: SmoothOptions, detail: Detail) -> Iterator[Smoothed]:
    """The entries that are not pinned, smoothed, in order. Only ``2 * radius_frames + 1`` of them are held, and those
    up to the next one that is known. To be run within :func:`roto.motion.flow.one_thread`; ``detail`` is that of the
    flow."""
    window: list[_Held] = []
    links: list[Link | None] = []  # links[i] joins window[i] and window[i + 1]
    put_out: State | None = None
    at = 0  # of the window, the entry whose turn it is
    radius = options.radius_frames
    for run in chain(_runs(entries), (None,)):
        if run is not None:
            _hold(run, window, links, detail)
        while at < len(window) and (run is None or len(window) - at > radius):
            result = _turn(window, links, at, put_out, options)
            put_out = result.state
            if not window[at].pinned:
                yield result
            if at == radius:
                del window[0], links[:1]
            else:
                at += 1


def _runs(entries: Iterator[Entry]) -> Iterator[list[_Shown]]:
    """The first entry, then from each one that is known to the next one."""
    run: list[_Shown] = []
    for entry in entries:
        run.append(_Shown(entry, thumbnail(entry.rgb)))
        if entry.known:
            yield run
            run = run[-1:]


def _hold(run: Sequence[_Shown], window: list[_Held], links: list[Link | None], detail: Detail) -> None:
    """Add a run to the window, whose last entry is the run's first, and find the edges that are not known."""
    links += _links(run, detail)
    start = len(window)
    window += [_Held(x.entry.state, x.entry.pinned, x.entry.known) for x in (run[1:] if window else run)]
    for at in range(start, len(window)):
        if not window[at].known:
            window[at] = replace(window[at], state=_between(window, links, at))


def _between(window: Sequence[_Held], links: Sequence[Link | None], at: int) -> State:
    """The state of entry ``at`` by the nearest ones before and after it that are known: their edges, brought onto it,
    as far as flow holds, and the less the farther they are."""
    number = window[at].state.number
    nearest: list[State] = []
    sides: list[tuple[State, list[_Step]]] = []
    for direction in (-1, 1):
        far = at + direction
        steps = [_step(links, far, direction)]
        while not window[far].known:
            far += direction
            steps.append(_step(links, far, direction))
        nearest.append(window[far].state)
        path = [step for step in steps if step is not None]
        if len(path) == len(steps):
            sides.append((window[far].state, path))
    if not sides:
        return absent_state(number, cut=all(state.cut or not state.empty for state in nearest))
    box = sides[0][1][0].box.union(sides[-1][1][0].box)
    total, weight = np.zeros((2, box.height, box.width), np.float32)
    for state, path in sides:
        carried, trust = _along(path, state)
        share = _placed(trust + np.float32(_LEAST_TRUST), path[0].box, box, _LEAST_TRUST) / np.float32(len(path))
        total += share * _placed(carried, path[0].box, box, -BAND_PX)
        weight += share
    motion_px = max(state.motion_px for state, _ in sides)
    return crop_state(number, redistanced(total / weight, outside_px=BAND_PX), box, motion_px=motion_px)


def _turn(
    window: Sequence[_Held], links: Sequence[Link | None], at: int, put_out: State | None, options: SmoothOptions
) -> Smoothed:
    """The entry whose turn it is; ``put_out`` is the state of the one before, as it left."""
    entry = window[at]
    state = entry.state if entry.pinned else _smoothed(window, links, at, options)
    link = links[at - 1] if at else None
    if link is None or put_out is None:
        return Smoothed(state, None, None)
    step = link.step(1)
    return Smoothed(state, _jump(step, window[at - 1].state, entry.state), _jump(step, put_out, state))


def _links(run: Sequence[_Shown], detail: Detail) -> list[Link | None]:
    """Of the neighbouring entries of a run, in a view of the subject as it is at both ends; None where there is nothing
    to compare."""
    ends = [run[0].entry.state, run[-1].entry.state]
    if all(state.empty for state in ends):
        return [None] * (len(run) - 1)
    height, width = run[0].entry.rgb.shape[:2]
    margin = _MARGIN_PX + round(max(state.motion_px for state in ends))
    boxes = [state.box for state in ends if not state.empty]
    view = view_of(boxes[0].union(boxes[-1]).padded(margin, width, height), detail.pixels)
    return [_link(a, b, view, detail) for a, b in pairwise(run)]


def _link(a: _Shown, b: _Shown, view: View, detail: Detail) -> Link | None:
    gone = any(entry.known and entry.state.empty for entry in (a.entry, b.entry))
    if gone or abs(a.entry.state.number - b.entry.state.number) != 1 or is_cut(a.small, b.small):
        return None
    grey_a, grey_b = grey(view.picture(a.entry.rgb)), grey(view.picture(b.entry.rgb))
    onto_a, onto_b = dense_flow(grey_a, grey_b, detail.preset), dense_flow(grey_b, grey_a, detail.preset)
    trust = tuple(np.exp(-np.square(round_trip_error(*pair))) for pair in ((onto_a, onto_b), (onto_b, onto_a)))
    return Link(view, (onto_a, onto_b), (trust[0], trust[1]))


def _smoothed(window: Sequence[_Held], links: Sequence[Link | None], at: int, options: SmoothOptions) -> State:
    state = window[at].state
    if state.empty or not options.enabled or options.strength == 0:
        return state
    own = np.clip(state.distance(state.box), -BAND_PX, BAND_PX)
    total, weight = own.copy(), np.ones_like(own)
    for direction in (-1, 1):
        for distance, trust in _neighbours(window, links, at, direction, options.radius_frames):
            share = options.strength * trust * np.exp(-np.square((distance - own) / np.float32(_RANGE_PX)))
            total += share * distance
            weight += share
    return crop_state(
        state.number, redistanced(total / weight, outside_px=BAND_PX), state.box, motion_px=state.motion_px
    )


def _neighbours(
    window: Sequence[_Held], links: Sequence[Link | None], at: int, direction: int, radius: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Edges of the frames to one side, brought onto frame ``at``, with their trust; nearest first."""
    box = window[at].state.box
    path: list[_Step] = []
    for far in range(at + direction, at + direction * (radius + 1), direction):
        step = _step(links, far, direction) if 0 <= far < len(window) else None
        if step is None:
            return
        path.append(step)
        carried, trust = _along(path, window[far].state)
        yield _placed(carried, path[0].box, box, -BAND_PX), _placed(trust, path[0].box, box, 0.0)


def _step(links: Sequence[Link | None], far: int, direction: int) -> _Step | None:
    """From entry ``far`` to the one before it in ``direction``; None where there is no link."""
    link = links[min(far, far - direction)]
    return None if link is None else link.step(0 if direction > 0 else 1)


def _along(path: Sequence[_Step], source: State) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The edge of ``source``, brought along the path, whose last step starts at it, and how far that can be
    trusted, in the box of the first step."""
    *nearer, first = path
    carried, trust, place = warp(source.distance(first.box), first.flow), first.trust, first.box
    for step in reversed(nearer):
        trust = step.trust * warp(_placed(trust, place, step.box, 1.0), step.flow)
        carried = warp(_placed(carried, place, step.box, -BAND_PX), step.flow)
        place = step.box
    return np.clip(carried, -BAND_PX, BAND_PX), trust


def _jump(step: _Step, before: State, now: State) -> float | None:
    """Mean difference in pixels between an edge and the one before, brought onto it, where flow holds."""
    if before.empty or now.empty:
        return None
    carried, here = warp(before.distance(step.box), step.flow), now.distance(step.box)
    near = np.abs(here) < _NEAR_EDGE_PX
    trust = step.trust[near]
    total = float(trust.sum(dtype=np.float64))
    if total < 1:
        return None
    jump = np.minimum(np.abs(carried[near] - here[near]), BAND_PX)
    return float((trust * jump).sum(dtype=np.float64) / total)


def _placed(values: NDArray[np.float32], box: Box, window: Box, outside: float) -> NDArray[np.float32]:
    """``values`` of ``box`` as they lie in ``window``, with ``outside`` around them."""
    out = np.full((window.height, window.width), outside, np.float32)
    x0, y0 = max(box.x0, window.x0), max(box.y0, window.y0)
    x1, y1 = min(box.x1, window.x1), min(box.y1, window.y1)
    if x0 < x1 and y0 < y1:
        inner = values[y0 - box.y0 : y1 - box.y0, x0 - box.x0 : x1 - box.x0]
        out[y0 - window.y0 : y1 - window.y0, x0 - window.x0 : x1 - window.x0] = inner
    return out
