"""Solving a span: the two passes, their blend and its smoothing, streaming and resumable.

A pass is the unit of parallel work. Every frame of it goes to the journal as soon as it is known, and the next frame
is computed from what the journal holds and nothing else, so a run that was killed resumes where it stopped and ends
in the same bytes. OpenCV is held to one thread, since optical flow depends on their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
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
from roto.track.propagate import Propagator
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
) -> None:
    """Carry the key at one end through the whole span, ``direction`` "forward" or "backward", into the journal.
    ``on_frame`` is called with the number of each frame that is done, those of an earlier run included."""
    key = span.left if direction == "forward" else span.right
    if key is None or direction not in passes(span):
        raise ValueError(f"span {span.first}-{span.last} has no {direction} pass")
    missing = looked_at(span, propagator.every)
    through = list(range(span.first, span.last + 1))  # those that are still to be told of
    if direction == "backward":
        missing.reverse()
        through.reverse()

    def tell(number: int) -> None:
        while through:
            if on_frame:
                on_frame(through[0])
            if through.pop(0) == number:
                break

    state = _key_state(key)
    while missing and (data := journal.load(direction, missing[0])) is not None:
        state = State.decode(data)
        tell(missing.pop(0))
    if missing:
        if not propagator.resumes:
            state = _key_state(key)
        for known in _single_threaded(_carry(span, state, missing[-1], read, propagator, options.detect_cuts, journal)):
            if known.number in missing:
                journal.save(direction, known.number, known.encode())
                tell(known.number)
    if through:
        tell(through[-1])


def looked_at(span: Span, every: int) -> list[int]:
    """The frames of a span that its passes look at: each ``every``-th (1 or 2) from its left key, or its right one,
    where that is the only one beside it. A frame between two of them is found from both; so an end of the span without
    a key beside it is one of them."""
    keyed_left = span.left is not None and span.left.number == span.first - 1
    keyed_right = span.right is not None and span.right.number == span.last + 1
    numbers = range(span.first, span.last + 1)
    chosen = set(numbers[every - 1 :: every] if keyed_left or not keyed_right else numbers[-every::-every])
    if not keyed_left:
        chosen.add(span.first)
    if not keyed_right:
        chosen.add(span.last)
    if not chosen:
        chosen.add(span.first)
    return sorted(chosen)


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
    span: Span, state: State, end: int, read: Reader, propagator: Propagator, detect_cuts: bool, journal: Journal
) -> Iterator[State]:
    """States of the frames that are looked at from the one after ``state`` to frame ``end``, and of those between the
    span and its key."""
    step = 1 if end > state.number else -1
    number = state.number
    chosen = {state.number, *looked_at(span, propagator.every)}
    if not state.cut:
        fitted = fit_span(span, read, propagator, journal)
        model = propagator.learn([_example(key, read) for key in span.keys], fitted)
        frames = read(state.number, end)
        until_cut = _until_cut(frames) if detect_cuts else frames
        shown = (frame for frame in until_cut if frame[0] in chosen or not span.first <= frame[0] <= span.last)
        for known in propagator.carry(model, state, shown):
            number = known.number
            yield known
    for beyond in range(number + step, end + step, step):
        yield absent_state(beyond, cut=True)


def _until_cut(frames: Iterator[tuple[int, NDArray[np.uint8]]]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The frames up to the first scene cut."""
    shown: NDArray[np.uint8] | None = None
    for number, rgb in frames:
        small = thumbnail(rgb)
        if shown is not None and is_cut(shown, small):
            return
        shown = small
        yield number, rgb


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
    for direction in passes(span):
        solve_pass(span, direction, read, propagator, options, journal, on_frame)
    blended: dict[int, Blended] = {}
    entries = _entries(span, read, propagator, journal, blended)
    for result in _single_threaded(smooth(entries, smoothing, propagator.detail)):
        number = result.state.number
        source = blended.get(number)
        if source is None:
            beside = [blended[t] for t in (number - 1, number + 1) if t in blended]
            source = between(result.state, beside, _nearer(span, number), propagator.sure)
        blended.pop(number - 1, None)
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


def _entries(
    span: Span, read: Reader, propagator: Propagator, journal: Journal, blended: dict[int, Blended]
) -> Iterator[Entry]:
    """The span's frames, blended, and the keys beside them, pinned; ``blended`` gets what is known of each. Those that
    no pass has looked at are not known."""
    keys = {key.number: key for key in span.keys if key.number in (span.first - 1, span.last + 1)}
    chosen = looked_at(span, propagator.every)
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
    count = leaves_at([presence(_journalled(journal, direction, number), propagator.sure) for number in seen])
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
