"""Smoothing along the motion: neighbouring edges, brought onto the frame by optical flow, are averaged in the
signed-distance domain, each as far as forward-backward error says that its flow holds. A frame whose edge is not known
gets it from its neighbours in the same way first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

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
    known, ``state`` says no more than the number, and those before and after it are known."""

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
    """What of an entry stays in the window: not its picture."""

    state: State
    pinned: bool
    known: bool


def smooth(entries: Iterator[Entry], options: SmoothOptions, detail: Detail) -> Iterator[Smoothed]:
    """The entries that are not pinned, smoothed, in order. Only ``2 * radius_frames + 1`` of them are held, one more
    where not all are known. To be run within :func:`roto.motion.flow.one_thread`; ``detail`` is that of the flow."""
    window: list[_Held] = []
    links: list[Link | None] = []  # links[i] joins window[i] and window[i + 1]
    put_out: State | None = None
    at = 0  # of the window, the entry whose turn it is
    before: tuple[Entry, NDArray[np.uint8]] | None = None
    radius = options.radius_frames
    for entry in chain(entries, (None,)):
        if entry is not None:
            small = thumbnail(entry.rgb)
            if before is not None:
                links.append(None if is_cut(before[1], small) else _link(before[0], entry, detail))
            window.append(_Held(entry.state, entry.pinned, entry.known))
            before = entry, small
        _find_unknown(window, links, at, entry is None)
        while at < len(window) and (entry is None or (len(window) - at > radius and window[at + radius].known)):
            result = _turn(window, links, at, put_out, options)
            put_out = result.state
            if not window[at].pinned:
                yield result
            if at == radius:
                del window[0], links[:1]
            else:
                at += 1


def _find_unknown(window: list[_Held], links: Sequence[Link | None], start: int, ended: bool) -> None:
    """Find the edge of an entry of the window, from ``start`` on, that is not known and whose neighbours are there."""
    for at in range(start, len(window) if ended else len(window) - 1):
        if not window[at].known:
            window[at] = replace(window[at], state=_between(window, links, at), known=True)


def _between(window: Sequence[_Held], links: Sequence[Link | None], at: int) -> State:
    """The state of entry ``at`` by those before and after it: their edges, brought onto it, as far as flow holds."""
    number = window[at].state.number
    sides: list[tuple[State, _Step]] = []
    if at and (link := links[at - 1]) is not None:
        sides.append((window[at - 1].state, link.step(1)))
    if at < len(links) and (link := links[at]) is not None:
        sides.append((window[at + 1].state, link.step(0)))
    if not sides:
        near = [held.state for held in window[max(at - 1, 0) : at + 2] if held.known]
        return absent_state(number, cut=all(state.cut or not state.empty for state in near))
    box = sides[0][1].box.union(sides[-1][1].box)
    total, weight = np.zeros((2, box.height, box.width), np.float32)
    for state, step in sides:
        carried = warp(np.clip(state.distance(step.box), -BAND_PX, BAND_PX), step.flow)
        trust = _placed(step.trust + np.float32(_LEAST_TRUST), step.box, box, _LEAST_TRUST)
        total += trust * _placed(carried, step.box, box, -BAND_PX)
        weight += trust
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


def _link(a: Entry, b: Entry, detail: Detail) -> Link | None:
    """None where there is nothing to compare."""
    known = [entry.state for entry in (a, b) if entry.known]
    if any(state.empty for state in known) or abs(a.state.number - b.state.number) != 1:
        return None
    height, width = a.rgb.shape[:2]
    margin = _MARGIN_PX + round(max(state.motion_px for state in known))
    view = view_of(known[0].box.union(known[-1].box).padded(margin, width, height), detail.pixels)
    grey_a, grey_b = grey(view.picture(a.rgb)), grey(view.picture(b.rgb))
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
    box, side = window[at].state.box, 0 if direction > 0 else 1
    path: list[_Step] = []
    for far in range(at + direction, at + direction * (radius + 1), direction):
        between = min(far, far - direction)
        link = links[between] if 0 <= far < len(window) and between < len(links) else None
        if link is None:
            return
        path.append(link.step(side))
        source = window[far].state
        carried, trust, place = source.distance(source.box), np.ones(source.patch.shape, np.float32), source.box
        for step in reversed(path):
            trust = step.trust * warp(_placed(trust, place, step.box, 1.0), step.flow)
            carried = warp(_placed(carried, place, step.box, -BAND_PX), step.flow)
            place = step.box
        yield np.clip(_placed(carried, place, box, -BAND_PX), -BAND_PX, BAND_PX), _placed(trust, place, box, 0.0)


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
