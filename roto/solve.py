"""Solving a span: the two passes, their blend and its smoothing, streaming and resumable.

A pass is the unit of parallel work. Every frame of it goes to the journal as soon as it is known, and the next frame
is computed from what the journal holds and nothing else, so a run that was killed resumes where it stopped and ends
in the same bytes. OpenCV is held to one thread, since optical flow depends on their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from roto.image import Box
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import one_thread
from roto.segment.resegment import Example
from roto.signed_distance import signed_distance
from roto.temporal.options import SmoothOptions
from roto.temporal.smooth import Entry, smooth
from roto.track.absence import leaves_at, presence, sure_of_absence
from roto.track.blend import Blended, between, blend, gone
from roto.track.confidence import Suggestion, suggest
from roto.track.options import TrackOptions
from roto.track.pace import EVERY_FRAME, Pace, next_look, with_motion
from roto.track.propagate import Frames, Propagator
from roto.track.solved import SolvedFrame
from roto.track.span import Key, Span
from roto.track.state import State, absent_state, crop_state

__all__ = ["Journal", "Reader", "SolvedFrame", "Suggestion", "passes", "solve_pass", "solve_span", "suggest"]

FITTED = "fitted"
T = TypeVar("T")
Reader = Callable[[int, int], Iterator[tuple[int, NDArray[np.uint8]]]]
"""``read(first, last)`` yields ``(number, rgb)``, uint8 ``H x W x 3``, both ends included, backwards when
``last < first``."""


class Journal(Protocol):
    """Durable scratch of one span. What is saved under a name and a frame is loaded again, after a crash too."""

    def load(self, name: str, number: int) -> bytes | None: ...

    def save(self, name: str, number: int, data: bytes) -> None: ...


def passes(span: Span) -> tuple[str, ...]:
    """The passes that a span has: "forward" from its left key, "backward" from its right one. From a key where the
    layer is absent there is nothing to carry."""
    names = []
    if span.left is not None and not span.left.absent:
        names.append("forward")
    if span.right is not None and not span.right.absent:
        names.append("backward")
    return tuple(names)


def solve_pass(
    span: Span,
    direction: str,
    read: Reader,
    propagator: Propagator,
    options: TrackOptions,
    journal: Journal,
    on_frame: Callable[[int], None] | None = None,
) -> list[int]:
    """Carry the key at one end through the whole span, ``direction`` "forward" or "backward", into the journal.
    Returns the frames of the span that were looked at, in order. ``on_frame`` is called with the number of each frame
    that is done, those of an earlier run and those that are not looked at included."""
    key = span.left if direction == "forward" else span.right
    if key is None or direction not in passes(span):
        raise ValueError(f"span {span.first}-{span.last} has no {direction} pass")
    forward = direction == "forward"
    untold = list(range(span.first, span.last + 1)) if forward else list(range(span.last, span.first - 1, -1))
    looked = []

    def tell(until: int) -> None:
        while until in untold:
            if on_frame:
                on_frame(untold[0])
            del untold[0]

    def note(number: int) -> None:
        if number in untold:
            looked.append(number)
            tell(number)

    start = _started(key, direction, read, propagator.pace, journal)
    state = start
    while (number := next_look(span, state, forward, propagator.pace)) is not None:
        data = journal.load(direction, number)
        if data is None:
            break
        state = State.decode(data)
        note(number)
    if number is not None:
        begun = state if propagator.resumes else start
        for known in _single_threaded(_carry(span, begun, direction, read, propagator, options.detect_cuts, journal)):
            journal.save(direction, known.number, known.encode())
            note(known.number)
    tell(span.last if forward else span.first)
    return sorted(looked)


def _started(key: Key, direction: str, read: Reader, pace: Pace, journal: Journal) -> State:
    """The state of a key, with how fast its subject leaves it where the pace of the pass follows from that."""
    if pace.fixed:
        return _key_state(key)
    data = journal.load(direction, key.number)
    if data is not None:
        return State.decode(data)
    step = 1 if direction == "forward" else -1
    (_, rgb), (_, following) = read(key.number, key.number + step)
    with one_thread():
        state = with_motion(_key_state(key), rgb, following)
    journal.save(direction, key.number, state.encode())
    return state


def _single_threaded(items: Iterator[T]) -> Iterator[T]:
    """The items, each computed with OpenCV on one thread; in between, the caller has its own number back."""
    while True:
        with one_thread():
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


def fit_span(span: Span, read: Reader, propagator: Propagator, journal: Journal) -> bytes:
    """What the propagator fits to the span's keyframes, from the journal where it is there already."""
    fitted = journal.load(FITTED, span.first)
    if fitted is None:
        with one_thread():
            fitted = propagator.fit([_example(key, read) for key in span.keys])
        journal.save(FITTED, span.first, fitted)
    return fitted


def _carry(
    span: Span, state: State, direction: str, read: Reader, propagator: Propagator, detect_cuts: bool, journal: Journal
) -> Iterator[State]:
    """States of the frames that the pass looks at after that of ``state``."""
    forward = direction == "forward"
    following = next_look(span, state, forward, propagator.pace)

    def looks() -> Frames:
        """The frame of ``state``, then the one that follows each state once that is known."""
        yield from read(state.number, state.number)
        while following is not None:
            yield from read(following, following)

    if not state.cut and following is not None:
        fitted = fit_span(span, read, propagator, journal)
        model = propagator.learn([_example(key, read) for key in span.keys], fitted)
        far, end = span.absent_beside, span.last if forward else span.first
        every = propagator.pace == EVERY_FRAME
        frames = read(state.number, end if far is None else far.number) if every else looks()
        begun = state if state.age else replace(state, motion_px=0.0)  # a key's motion is for the pace alone
        for known in propagator.carry(model, begun, _until_cut(frames, read) if detect_cuts else frames):
            state = known
            following = next_look(span, state, forward, propagator.pace)
            yield state
            if following is None:
                return
    while following is not None:
        state = absent_state(following, cut=True)
        yield state
        following = next_look(span, state, forward, propagator.pace)


def _until_cut(frames: Frames, read: Reader) -> Frames:
    """The frames up to the first scene cut. Of frames that are not neighbours, those between are only read where the
    two look like different shots."""
    last: tuple[int, NDArray[np.uint8]] | None = None
    for number, rgb in frames:
        small = thumbnail(rgb)
        if last is not None and is_cut(last[1], small) and _cut_within(last[0], number, read):
            return
        last = number, small
        yield number, rgb


def _cut_within(first: int, last: int, read: Reader) -> bool:
    """Whether a cut lies between two frames that look like different shots."""
    return abs(last - first) == 1 or any(
        is_cut(a, b) for a, b in pairwise(thumbnail(rgb) for _, rgb in read(first, last))
    )


def _example(key: Key, read: Reader) -> Example:
    ((_, rgb),) = read(key.number, key.number)
    return Example(rgb, signed_distance(key.matte), key.number)


def _key_state(key: Key) -> State:
    height, width = key.matte.shape
    return crop_state(key.number, signed_distance(key.matte), Box(0, 0, width, height))


def solve_span(
    span: Span,
    read: Reader,
    propagator: Propagator,
    options: TrackOptions,
    smoothing: SmoothOptions,
    journal: Journal,
    on_frame: Callable[[int], None] | None = None,
) -> Iterator[SolvedFrame]:
    """The frames of a span, in order. Passes that the journal does not hold whole are run first; ``on_frame`` is
    told of their frames."""
    looked = {
        direction: solve_pass(span, direction, read, propagator, options, journal, on_frame)
        for direction in passes(span)
    }
    blended: dict[int, Blended] = {}
    entries = _entries(span, looked, read, propagator, journal, blended)
    for result in _single_threaded(smooth(entries, smoothing, propagator.detail)):
        number = result.state.number
        source = blended.get(number)
        if source is None:
            beside = _beside(blended, number)
            source = between(result.state, beside, _nearer(span, number), propagator.sure, result.agreement)
        else:
            for past in [t for t in blended if t < number]:
                del blended[past]
        yield _solved(result.state, source, result.flicker_before, result.flicker_after)


def _solved(state: State, source: Blended, before: float | None, after: float | None) -> SolvedFrame:
    return SolvedFrame(
        number=state.number,
        box=state.box,
        patch=state.patch,
        confidence=source.confidence,
        origin=source.origin,
        disagreement=1 - source.agreement,
        flicker_before=before,
        flicker_after=after,
    )


def _beside(blended: dict[int, Blended], number: int) -> list[Blended]:
    """What is known of the nearest frames before and after ``number``; next to a key there is one alone."""
    before, after = [t for t in blended if t < number], [t for t in blended if t > number]
    return [blended[t] for t in (*before[-1:], *after[:1])]


def _entries(
    span: Span,
    looked: Mapping[str, list[int]],
    read: Reader,
    propagator: Propagator,
    journal: Journal,
    blended: dict[int, Blended],
) -> Iterator[Entry]:
    """The span's frames, blended, and the keys beside them, pinned; ``blended`` gets what is known of each. Those that
    not every pass has looked at are not known."""
    keys = {key.number: key for key in span.keys if key.number in (span.first - 1, span.last + 1)}
    chosen = sorted(set.intersection(*(set(numbers) for numbers in looked.values()))) if looked else []
    present = _present(span, chosen, propagator, journal)
    for number, rgb in read(min((span.first, *keys)), max((span.last, *keys))):
        if number in keys:
            yield Entry(_key_state(keys[number]), rgb, True)
        elif number in present and number not in chosen:
            yield Entry(absent_state(number), rgb, pinned=False, known=False)
        else:
            if number in present:
                blended[number] = _joined(span, number, rgb, propagator, journal)
            else:
                blended[number] = gone(number, _sure_of_absence(span, number, present))
            yield Entry(blended[number].state, rgb, False)


def _joined(span: Span, number: int, rgb: NDArray[np.uint8], propagator: Propagator, journal: Journal) -> Blended:
    """A frame that the passes have looked at, by what they found."""
    forward, backward = (
        _journalled(journal, name, number) if name in passes(span) else None for name in ("forward", "backward")
    )
    join = partial(propagator.join, share=_share(span, number), rgb=rgb)
    return blend(forward, backward, number, _nearer(span, number), join, propagator.sure)


def _present(span: Span, chosen: list[int], propagator: Propagator, journal: Journal) -> range:
    """The frames on which the subject can be: all of them, unless one key says that it is absent. Then only those up
    to where it leaves, or from where it enters: the first frame without it of those that were looked at."""
    numbers = range(span.first, span.last + 1)
    if len(passes(span)) == len(span.keys):
        return numbers
    if not passes(span):
        return numbers[:0]
    (direction,) = passes(span)
    ordered = numbers if direction == "forward" else numbers[::-1]
    seen = chosen if direction == "forward" else chosen[::-1]

    def shown(number: int) -> float:
        return presence(_journalled(journal, direction, number), propagator.sure)

    far = span.absent_beside
    count = leaves_at([shown(number) for number in seen], 0.0 if far is None else shown(far.number))
    return ordered[: ordered.index(seen[count])] if count < len(seen) else ordered


def _sure_of_absence(span: Span, number: int, present: range) -> float:
    """How sure it is that frame ``number`` is without the subject: wholly, where both keys say so."""
    there = (present[0], present[-1]) if present else [key.number for key in span.keys if not key.absent]
    return sure_of_absence(min(abs(number - other) for other in there)) if there else 1.0


def _journalled(journal: Journal, name: str, number: int) -> State:
    data = journal.load(name, number)
    if data is None:
        raise RuntimeError(f"the journal lost frame {number} of the {name} pass")
    return State.decode(data)


def _nearer(span: Span, number: int) -> str:
    """The pass from the nearer key."""
    return "forward" if _share(span, number) < 0.5 else "backward"


def _share(span: Span, number: int) -> float:
    """How far a frame lies on the way from the left key (0) to the right one (1)."""
    if span.left is None:
        return 1.0
    if span.right is None:
        return 0.0
    return (number - span.left.number) / (span.right.number - span.left.number)
