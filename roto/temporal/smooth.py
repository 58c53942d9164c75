"""Smoothing along the motion: neighbouring edges, brought onto the frame by optical flow, are averaged in the
signed-distance domain, each as far as forward-backward error says that its flow holds. A frame whose edge is not known
gets it from its neighbours in the same way first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import grey
from roto.signed_distance import coverage, redistanced
from roto.temporal.link import Edge, Link, Places, link, places_in
from roto.temporal.options import SmoothOptions
from roto.track.state import BAND_PX, State, absent_state, crop_state
from roto.track.view import Detail, view_of

_MARGIN_PX = 16
_NEAR_EDGE_PX = 4.0  # flicker is measured this near to the edge
_LEAST_TRUST, _NO_TRUST = 0.02, 1e-5  # of an edge that is needed, by doubtful flow and by none
_RANGE_PX = 3.0  # neighbours that differ by more than about this say something else than flicker
_CHANGED_PX = 8.0  # nothing that neighbours say moves an edge farther than this
_GRID_PX = 4  # apart are the places at which it is first looked where an edge is,
_AROUND_PX = 6.0  # and it lies no farther than this from where they say


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
    the frame before once motion is taken out. None where there is no frame to compare with.

    agreement: of a frame that was not known, intersection over union of the edges that it was found from, once flow has
    brought them onto it; None where it was known, or found from one alone.
    """

    state: State
    flicker_before: float | None
    flicker_after: float | None
    agreement: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """What of an entry stays in the window: not its picture. The edge of one that was not known is found by then."""

    edge: Edge
    pinned: bool
    known: bool
    agreement: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Brought:
    """An edge as flow brings it to places of another frame: signed distances, how much each counts, and whether flow
    leads anywhere."""

    distance: NDArray[np.float32]
    weight: NDArray[np.float32]
    seen: NDArray[np.bool_]


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
    put_out: Edge | None = None
    at = 0  # of the window, the entry whose turn it is
    radius = options.radius_frames
    for run in chain(_runs(entries), (None,)):
        if run is not None:
            _hold(run, window, links, detail)
        while at < len(window) and (run is None or len(window) - at > radius):
            put_out, result = _turn(window, links, at, put_out, options)
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
    window += [_Held(Edge(x.entry.state), x.entry.pinned, x.entry.known) for x in (run[1:] if window else run)]
    for at in range(start, len(window)):
        if not window[at].known:
            state, agreement = _between(window, links, at)
            window[at] = replace(window[at], edge=Edge(state), agreement=agreement)


def _between(window: Sequence[_Held], links: Sequence[Link | None], at: int) -> tuple[State, float | None]:
    """The state of entry ``at`` by the nearest ones before and after it that are known: their edges, brought onto it,
    as far as flow holds, and the less the farther they are; and how well these agree, None where there is one alone."""
    number = window[at].edge.state.number
    nearest = [next(n for n in numbers if window[n].known) for numbers in (range(at, -1, -1), range(at, len(window)))]
    linked = [far for far in nearest if all(links[n] is not None for n in range(min(at, far), max(at, far)))]
    states = [window[far].edge.state for far in nearest]
    if not linked:
        return absent_state(number, cut=all(state.cut or not state.empty for state in states)), None

    def brought(places: Places) -> list[_Brought]:
        return [_bring(window, links, at, far, places) for far in linked]

    boxes = [joint.view.box for far in linked if (joint := links[at - 1 if far < at else at]) is not None]
    box = boxes[0].union(boxes[-1])
    motion_px = max(window[far].edge.state.motion_px for far in linked)
    level, agreement = _sought(brought, box)
    return crop_state(number, redistanced(level, outside_px=BAND_PX), box, motion_px=motion_px), agreement


def _bring(window: Sequence[_Held], links: Sequence[Link | None], at: int, far: int, places: Places) -> _Brought:
    """The edge of entry ``far`` at places of entry ``at``."""
    frames = abs(far - at)
    *_, (_, there, trust) = islice(_along(links, at, (far - at) // frames, places), frames)
    least = np.where(trust > 0, np.float32(_LEAST_TRUST), np.float32(_NO_TRUST))
    return _Brought(window[far].edge.at(there), (trust + least) / np.float32(frames), trust > 0)


def _sought(brought: Callable[[Places], Sequence[_Brought]], box: Box) -> tuple[NDArray[np.float32], float | None]:
    """The mean of what is brought to all pixels of ``box``, about a signed distance and exact near its edge, and how
    well it agrees."""
    rows, columns = -(-box.height // _GRID_PX), -(-box.width // _GRID_PX)
    y, x = (np.mgrid[:rows, :columns] + np.float32(0.5)) * _GRID_PX - np.float32(0.5)
    first = brought(places_in(box, y.ravel(), x.ravel()))
    coarse = _mean(first).reshape(rows, columns)
    size = (columns * _GRID_PX, rows * _GRID_PX)
    rough = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), np.float32)
    out = np.ascontiguousarray(rough[: box.height, : box.width])
    near = np.nonzero(np.abs(out) < _AROUND_PX)
    out[near] = _mean(brought(places_in(box, *near)))
    return out, _agreement(first)


def _mean(brought: Sequence[_Brought]) -> NDArray[np.float32]:
    weight = sum((each.weight for each in brought), np.float32(0))
    return np.asarray(sum((each.weight * each.distance for each in brought), np.float32(0)) / weight, np.float32)


def _agreement(brought: Sequence[_Brought]) -> float | None:
    """Intersection over union at places ``_GRID_PX`` apart, where flow leads somewhere on both sides."""
    if len(brought) < 2:
        return None
    seen = np.logical_and.reduce([each.seen for each in brought])
    shares = [coverage(each.distance[seen] / np.float32(_GRID_PX)) for each in brought]
    either = float(np.maximum.reduce(shares).sum(dtype=np.float64))
    return float(np.minimum.reduce(shares).sum(dtype=np.float64)) / either if either else 1.0


def _turn(
    window: Sequence[_Held], links: Sequence[Link | None], at: int, put_out: Edge | None, options: SmoothOptions
) -> tuple[Edge, Smoothed]:
    """The entry whose turn it is, with its edge; ``put_out`` is that of the one before, as it left."""
    entry = window[at]
    edge = entry.edge if entry.pinned else _smoothed(window, links, at, options)
    joint = links[at - 1] if at else None
    if joint is None or put_out is None:
        return edge, Smoothed(edge.state, None, None, entry.agreement)
    flicker = _jump(joint, window[at - 1].edge, entry.edge), _jump(joint, put_out, edge)
    return edge, Smoothed(edge.state, *flicker, entry.agreement)


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
    pictures = [grey(view.picture(shown.entry.rgb)) for shown in run]
    return [
        link(*seen, view, detail.preset) if _joined(*pair) else None
        for pair, seen in zip(pairwise(run), pairwise(pictures), strict=True)
    ]


def _joined(a: _Shown, b: _Shown) -> bool:
    """Whether the subject goes on from one entry to the next."""
    gone = any(entry.known and entry.state.empty for entry in (a.entry, b.entry))
    return not gone and abs(a.entry.state.number - b.entry.state.number) == 1 and not is_cut(a.small, b.small)


def _smoothed(window: Sequence[_Held], links: Sequence[Link | None], at: int, options: SmoothOptions) -> Edge:
    edge = window[at].edge
    state = edge.state
    if state.empty or not options.enabled or options.strength == 0:
        return edge
    level = np.clip(edge.distance, -BAND_PX, BAND_PX)
    near = np.nonzero(np.abs(level) < _CHANGED_PX)
    own = level[near]
    total, weight = own.copy(), np.ones_like(own)
    for direction in (-1, 1):
        around = islice(_along(links, at, direction, places_in(state.box, *near)), options.radius_frames)
        for far, there, trust in around:
            other = window[far].edge.at(there)
            share = options.strength * trust * np.exp(-np.square((other - own) / np.float32(_RANGE_PX)))
            total += share * other
            weight += share
    level[near] = total / weight
    smoothed = redistanced(level, outside_px=BAND_PX)
    return Edge(crop_state(state.number, smoothed, state.box, motion_px=state.motion_px))


def _along(
    links: Sequence[Link | None], at: int, direction: int, places: Places
) -> Iterator[tuple[int, Places, NDArray[np.float32]]]:
    """The entries to one side of entry ``at``, nearest first and up to where there is no link: where its places are in
    them, and how far that can be trusted."""
    trust = np.ones_like(places[0])
    for far in range(at + direction, len(links) + 1 if direction > 0 else -1, direction):
        joint = links[min(far, far - direction)]
        if joint is None:
            return
        places, more = joint.follow(0 if direction > 0 else 1, places)
        trust = trust * more
        yield far, places, trust


def _jump(joint: Link, before: Edge, now: Edge) -> float | None:
    """Mean difference in pixels between an edge and the one before, brought onto it, where flow holds."""
    if before.state.empty or now.state.empty:
        return None
    here = now.distance
    near = np.nonzero(np.abs(here) < _NEAR_EDGE_PX)
    places, trust = joint.follow(1, places_in(now.state.box, *near))
    total = float(trust.sum(dtype=np.float64))
    if total < 1:
        return None
    jump = np.minimum(np.abs(before.at(places) - here[near]), BAND_PX)
    return float((trust * jump).sum(dtype=np.float64) / total)
