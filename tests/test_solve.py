"""Solving a span end to end: resuming, independence of passes and threads, absence, cuts, pinned keyframes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.models import Models
from roto.segment import RESEGMENTERS
from roto.solve import SolvedFrame, passes, solve_pass, solve_span
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions
from roto.track.pace import Pace
from roto.track.propagate import ClassicalPropagator
from roto.track.span import Key, Span, split_spans

WIDTH, HEIGHT, COUNT = 200, 140, 9


class MemoryJournal:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], bytes] = {}

    def load(self, name: str, number: int) -> bytes | None:
        return self.kept.get((name, number))

    def save(self, name: str, number: int, data: bytes) -> None:
        self.kept[name, number] = data


class KilledError(Exception):
    pass


class KilledJournal(MemoryJournal):
    """Dies on the n-th save."""

    def __init__(self, saves: int) -> None:
        super().__init__()
        self.left = saves

    def save(self, name: str, number: int, data: bytes) -> None:
        if self.left == 0:
            raise KilledError
        self.left -= 1
        super().save(name, number, data)


def texture(seed: int, tint: tuple[float, float, float]) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).standard_normal((HEIGHT + 80, WIDTH + 80, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 5)
    return 120 + 500 * smooth + np.array(tint, np.float32)


BACKDROP, SKIN, OTHER = texture(1, (-60, -30, 10)), texture(2, (80, 30, 0)), texture(3, (0, 60, -60))


def disc(number: float, speed: float = 6.0) -> NDArray[np.float32]:
    """A disc of radius 24 that moves to the right; frame 0 has it at x = 50."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    distance = 24 - np.hypot(columns - 50 - speed * number, rows - 70)
    return np.clip(distance + 0.5, 0, 1).astype(np.float32)


def picture(number: int, speed: float = 6.0, backdrop: NDArray[np.float32] = BACKDROP) -> NDArray[np.uint8]:
    shift = round(speed * number)
    front = np.roll(SKIN, shift, axis=1)[:HEIGHT, :WIDTH]
    alpha = disc(number, speed)[..., None]
    back = backdrop[:HEIGHT, 20 : WIDTH + 20]
    return np.clip(alpha * front + (1 - alpha) * back, 0, 255).astype(np.uint8)


def reader(pictures: dict[int, NDArray[np.uint8]]):
    def read(first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for number in range(first, last + 1) if first <= last else range(first, last - 1, -1):
            yield number, pictures[number]

    return read


PICTURES = {n: picture(n) for n in range(COUNT)}
READ = reader(PICTURES)
PROPAGATOR = Models().propagator(TrackOptions())


def the_span(left: bool = True, right: bool = True) -> Span:
    return Span(
        Key(0, disc(0)) if left else None,
        Key(COUNT - 1, disc(COUNT - 1)) if right else None,
        1 if left else 0,
        COUNT - 2 if right else COUNT - 1,
    )


def solved(span: Span, read=READ, journal=None, **options) -> list[SolvedFrame]:
    smoothing = options.pop("smoothing", SmoothOptions())
    track = TrackOptions(**options)
    return list(solve_span(span, read, Models().propagator(track), track, smoothing, journal or MemoryJournal()))


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@cache
def expected() -> list[bytes]:
    """The span of both keys, solved without interruption."""
    return [frame.encode() for frame in solved(the_span())]


@pytest.mark.parametrize(("left", "right"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize(("segmenter", "least"), [("local", 0.93), ("none", 0.7)])
def test_a_moving_disc_is_followed(left: bool, right: bool, segmenter: str, least: float) -> None:
    span = the_span(left, right)
    frames = solved(span, segmenter=segmenter)
    assert [frame.number for frame in frames] == list(range(span.first, span.last + 1))
    for frame in frames:
        assert iou(frame.signed_distance(WIDTH, HEIGHT) > 0, disc(frame.number) > 0.5) > least
        assert frame.origin == ("both" if left and right else "forward" if left else "backward")
        assert 0.5 < frame.confidence <= 1


@pytest.mark.parametrize("saves", [0, 4, 7, 10])
def test_a_killed_run_resumes_and_ends_in_the_same_bytes(saves: int) -> None:
    journal = KilledJournal(saves)
    with pytest.raises(KilledError):
        solved(the_span(), journal=journal)
    journal.left = -1
    assert [frame.encode() for frame in solved(the_span(), journal=journal)] == expected()


def test_passes_in_any_order_and_any_number_of_threads_give_the_same_bytes() -> None:
    journal, threads = MemoryJournal(), cv2.getNumThreads()
    cv2.setNumThreads(4)
    try:
        for direction in reversed(passes(the_span())):
            solve_pass(the_span(), direction, READ, PROPAGATOR, TrackOptions(), journal)
        assert [frame.encode() for frame in solved(the_span(), journal=journal)] == expected()
        assert cv2.getNumThreads() == 4
    finally:
        cv2.setNumThreads(threads)


def no_frames(first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    raise AssertionError("nothing needs to be read")


def test_a_journalled_pass_is_not_run_again() -> None:
    journal, told = MemoryJournal(), []
    solve_pass(the_span(), "forward", READ, PROPAGATOR, TrackOptions(), journal)
    solve_pass(the_span(), "forward", no_frames, PROPAGATOR, TrackOptions(), journal, told.append)
    assert told == list(range(1, COUNT - 1))


def test_a_span_that_ends_in_an_empty_key_takes_the_other_pass() -> None:
    last = 30
    pictures = {n: picture(n) for n in range(last + 1)}  # the disc has left the picture by frame 29
    empty = np.zeros((HEIGHT, WIDTH), np.float32)
    span = Span(Key(0, disc(0)), Key(last, empty), 1, last - 1)
    assert passes(span) == ("forward",)
    frames = solved(span, reader(pictures))
    for frame in frames[:20]:
        assert iou(frame.signed_distance(WIDTH, HEIGHT) > 0, disc(frame.number) > 0.5) > 0.85


def test_nothing_is_there_between_two_empty_keys() -> None:
    empty = np.zeros((HEIGHT, WIDTH), np.float32)
    frames = solved(Span(Key(0, empty), Key(4, empty), 1, 3))
    assert [frame.origin for frame in frames] == ["absent"] * 3
    assert all(frame.confidence == 1 and frame.box.empty for frame in frames)


def test_nothing_is_carried_across_a_cut() -> None:
    other = {n: picture(n, backdrop=OTHER + 60) for n in range(COUNT)}
    cuts = {n: PICTURES[n] if n < 3 or n > 5 else np.roll(255 - other[n], 60, axis=0) for n in range(COUNT)}
    frames = solved(the_span(), reader(cuts))
    assert [frame.origin for frame in frames] == ["forward"] * 2 + ["cut"] * 3 + ["backward"] * 2
    assert all(frame.box.empty and frame.confidence == 0 for frame in frames[2:5])


def test_smoothing_changes_no_frame_where_it_is_off() -> None:
    off = solved(the_span(), smoothing=SmoothOptions(enabled=False))
    assert any(a != b.encode() for a, b in zip(expected(), off, strict=True))
    assert all(frame.flicker_before == frame.flicker_after for frame in off)


def test_frames_survive_their_bytes() -> None:
    for frame in solved(the_span(right=False))[:3]:
        again = SolvedFrame.decode(frame.encode())
        assert again.encode() == frame.encode()
        assert np.array_equal(again.distance, frame.distance)
        assert (again.number, again.origin, again.box) == (frame.number, frame.origin, frame.box)
        assert again.confidence == frame.confidence


def test_a_range_that_starts_away_from_the_key() -> None:
    whole = solved(the_span(right=False), smoothing=SmoothOptions(enabled=False))
    (span,) = split_spans([Key(0, disc(0))], 4, COUNT - 1)
    part = solved(span, smoothing=SmoothOptions(enabled=False))
    assert [frame.number for frame in part] == [4, 5, 6, 7, 8]
    assert [f.patch.tobytes() for f in part] == [f.patch.tobytes() for f in whole[3:]]


class Paced(ClassicalPropagator):
    """Looks at every ``least``-th to ``most``-th frame, and keeps their numbers."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(RESEGMENTERS["local"]())
        self.pace = Pace(least, most)
        self.seen: set[int] = set()

    def carry(self, model, state, frames):
        for known in super().carry(model, state, frames):
            self.seen.add(known.number)
            yield known


PACES = [(2, 2), (1, 2), (2, 4)]


class Deceived(Paced):
    """Sees the disc on every frame, less like it from the fifth on, and on the far key where it is gone."""

    def carry(self, model, state, frames):
        for known in super().carry(model, state, frames):
            yield replace(known, support=0.9 if known.age <= 4 else 0.3 + 0.01 * known.age)

    def sure(self, state, near, agreement):
        return 0.9


@pytest.mark.parametrize("pace", [(1, 1), (1, 2)])
@pytest.mark.parametrize("leaves", [True, False])
def test_what_a_pass_finds_like_on_the_empty_key_is_not_the_subject(leaves: bool, pace: tuple[int, int]) -> None:
    empty, last = np.zeros((HEIGHT, WIDTH), np.float32), COUNT + 3
    pictures = {n: picture(n, 3) for n in range(last + 1)}
    keys = (Key(0, disc(0, 3)), Key(last, empty)) if leaves else (Key(0, empty), Key(last, disc(last, 3)))
    span, propagator = Span(*keys, 1, last - 1), Deceived(*pace)
    frames = list(solve_span(span, reader(pictures), propagator, TrackOptions(), SmoothOptions(), MemoryJournal()))
    there = [frame.number for frame in frames if frame.origin != "absent"]
    assert there == list(range(1, 5) if leaves else range(last - 4, last))
    assert keys[leaves].number in propagator.seen


def paced(pace: tuple[int, int], span: Span, read=READ, journal=None) -> list[SolvedFrame]:
    return list(solve_span(span, read, Paced(*pace), TrackOptions(), SmoothOptions(), journal or MemoryJournal()))


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize(("left", "right"), [(True, True), (True, False), (False, True)])
def test_frames_between_those_that_are_looked_at_are_found(left: bool, right: bool, pace: tuple[int, int]) -> None:
    span, propagator = the_span(left, right), Paced(*pace)
    frames = list(solve_span(span, READ, propagator, TrackOptions(), SmoothOptions(), MemoryJournal()))
    assert (propagator.seen == set(range(span.first, span.last + 1))) == (pace[0] == 1)  # it is fast
    assert [frame.number for frame in frames] == list(range(span.first, span.last + 1))
    for frame in frames:
        assert iou(frame.signed_distance(WIDTH, HEIGHT) > 0, disc(frame.number) > 0.5) > 0.93
        assert frame.origin == ("both" if left and right else "forward" if left else "backward")
        assert 0.5 < frame.confidence <= 1


def test_a_subject_that_slows_down_is_looked_at_less_often() -> None:
    places = [*range(0, 84, 14), *range(71, 91)]
    pictures = {n: picture(1, place) for n, place in enumerate(places)}
    span = Span(Key(0, disc(1, 0)), Key(25, disc(1, 90)), 1, 24)
    journal = MemoryJournal()
    fast = solve_pass(span, "forward", reader(pictures), Paced(1, 4), TrackOptions(), journal)
    assert fast == [1, 2, 3, 4, 5, 6, 8, 12, 16, 20, 24]
    back = solve_pass(span, "backward", reader(pictures), Paced(1, 4), TrackOptions(), journal)
    assert back[-5:] == [8, 12, 16, 20, 24]


SLOW = Span(Key(0, disc(0, 1)), None, 1, 24)


def test_a_frame_that_is_not_looked_at_is_not_read() -> None:
    pictures, seen = {n: picture(n, 1) for n in range(25)}, set()

    def watched(first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for number, rgb in reader(pictures)(first, last):
            seen.add(number)
            yield number, rgb

    looked = solve_pass(SLOW, "forward", watched, Paced(4, 4), TrackOptions(), MemoryJournal())
    assert looked == [4, 8, 12, 16, 20, 24]
    assert seen == {0, *looked}


@pytest.mark.parametrize("first", [13, 14, 15, 16])
def test_a_cut_between_two_looks_is_found(first: int) -> None:
    after = {n: np.roll(255 - picture(n, 1, OTHER + 60), 60, axis=0) for n in range(first, 25)}
    frames = paced((4, 4), SLOW, reader({n: picture(n, 1) for n in range(first)} | after))
    assert [frame.origin for frame in frames] == ["forward"] * (first - 1) + ["cut"] * (25 - first)


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("saves", [0, 1, 2, 3, 5])
def test_a_killed_run_at_a_pace_resumes_and_tells_of_every_frame(saves: int, pace: tuple[int, int]) -> None:
    journal, told = KilledJournal(saves), []
    with pytest.raises(KilledError):
        paced(pace, the_span(), journal=journal)
    journal.left = -1
    for direction in passes(the_span()):
        solve_pass(the_span(), direction, READ, Paced(*pace), TrackOptions(), journal, told.append)
    numbers = list(range(1, COUNT - 1))
    assert told == [*numbers, *reversed(numbers)]
    again = [frame.encode() for frame in paced(pace, the_span(), journal=journal)]
    assert again == [frame.encode() for frame in paced(pace, the_span())]


@pytest.mark.parametrize("pace", PACES)
def test_a_journalled_pass_at_a_pace_reads_no_frame(pace: tuple[int, int]) -> None:
    journal = MemoryJournal()
    looked = solve_pass(the_span(), "backward", READ, Paced(*pace), TrackOptions(), journal)
    assert solve_pass(the_span(), "backward", no_frames, Paced(*pace), TrackOptions(), journal) == looked


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("start", [1, 2, 3, 4])
def test_nothing_is_found_across_a_cut(start: int, pace: tuple[int, int]) -> None:
    """Whether the frames beside the cut are looked at or not."""
    other = {n: picture(n, backdrop=OTHER + 60) for n in range(COUNT)}
    cuts = {n: np.roll(255 - other[n], 60, axis=0) if start <= n <= start + 2 else PICTURES[n] for n in range(COUNT)}
    frames = paced(pace, the_span(), reader(cuts))
    origins = ["forward"] * (start - 1) + ["cut"] * 3 + ["backward"] * (COUNT - 4 - start)
    assert [frame.origin for frame in frames] == origins
    for frame in frames:
        assert frame.box.empty == (frame.origin == "cut")
        if frame.origin != "cut":
            assert iou(frame.signed_distance(WIDTH, HEIGHT) > 0, disc(frame.number) > 0.5) > 0.9


@pytest.mark.parametrize("pace", PACES)
def test_a_subject_that_leaves_between_two_frames_that_are_looked_at_is_there_to_the_first_without_it(
    pace: tuple[int, int],
) -> None:
    last = 30
    pictures = {n: picture(n) for n in range(last + 1)}
    span = Span(Key(0, disc(0)), Key(last, np.zeros((HEIGHT, WIDTH), np.float32)), 1, last - 1)
    every, some = solved(span, reader(pictures), segmenter="local"), paced(pace, span, reader(pictures))
    for a, b in zip(every[:20], some[:20], strict=True):
        assert iou(a.signed_distance(WIDTH, HEIGHT) > 0, b.signed_distance(WIDTH, HEIGHT) > 0) > 0.9
    present = [frame.number for frame in some if frame.origin != "absent"]
    assert present == list(range(1, present[-1] + 1))


def test_a_flat_subject_is_told_by_its_colour_where_flow_knows_nothing() -> None:
    count, speed = 16, 4.0
    flat = np.array((220, 60, 40), np.float32)
    pictures = {}
    for number in range(count):
        alpha = disc(number, speed)[..., None]
        back = np.minimum(BACKDROP[:HEIGHT, 20 + number : WIDTH + 20 + number], 150)
        pictures[number] = np.clip(alpha * flat + (1 - alpha) * back, 0, 255).astype(np.uint8)
    span = Span(Key(0, disc(0, speed)), Key(count - 1, disc(count - 1, speed)), 1, count - 2)
    for frame in solve_span(span, reader(pictures), PROPAGATOR, TrackOptions(), SmoothOptions(), MemoryJournal()):
        found = frame.signed_distance(WIDTH, HEIGHT) > 0
        truth = disc(frame.number, speed) >= 0.5
        assert np.count_nonzero(found & truth) > 0.92 * np.count_nonzero(found | truth), frame.number
