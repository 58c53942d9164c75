"""A segmenter in the span: what good, bad and hostile answers do to the edges and to the confidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.segment.prompt import Candidate, Prompt
from roto.segment.resegment import Example
from roto.signed_distance import signed_distance
from roto.solve import SolvedFrame, passes, solve_pass, solve_span
from roto.temporal.options import SmoothOptions
from roto.track.guide import Guide
from roto.track.options import TrackOptions
from roto.track.propagators import PROPAGATORS, Parts
from roto.track.span import Key, Span
from roto.track.state import State

WIDTH, HEIGHT, COUNT, STEP = 200, 140, 11, 6
Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def truth(number: int) -> Mask:
    """A disc of radius 26 that goes right by six pixels a frame."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.asarray(np.hypot(columns - 55 - STEP * number, rows - 75) < 26, bool)


def beside(number: int) -> Mask:
    """A thing of the same shape that touches the subject from below."""
    return np.roll(truth(number), 34, axis=0)


def noise(seed: int, fine: float) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal((HEIGHT, WIDTH, 3)).astype(np.float32)
    return 6 * fine * cv2.GaussianBlur(values, (0, 0), fine)


@cache
def pictures() -> tuple[Picture, ...]:
    """The disc, of other colours than its background, but each frame with new grain, so that flow is poor."""
    backdrop = 40 * noise(1, 5) + (110, 120, 130)
    found = []
    for number in range(COUNT):
        front = 30 * noise(100 + number, 3) + (175, 110, 90)
        picture = np.where(truth(number)[..., None], front, backdrop) + 8 * noise(200 + number, 1)
        found.append(np.clip(picture, 0, 255).astype(np.uint8))
    return tuple(found)


def read(first: int, last: int) -> Iterator[tuple[int, Picture]]:
    for number in range(first, last + 1) if first <= last else range(first, last - 1, -1):
        yield number, pictures()[number]


class Told:
    """Answers what it is told, whatever it is asked; the clip is small enough to be seen whole."""

    name = identity = "told"

    def __init__(self, answer: Callable[[int], Mask], score: float = 0.9) -> None:
        self._answer, self._score = answer, score
        self.asked: list[tuple[int, Prompt]] = []

    def embed(self, rgb: Picture) -> int:
        return next(number for number, picture in enumerate(pictures()) if np.array_equal(picture, rgb))

    def pack(self, embedding: Any) -> bytes:
        return b""

    def unpack(self, data: bytes) -> Any:
        raise AssertionError("nothing was packed")

    def answer(self, embedding: int, prompt: Prompt) -> tuple[Candidate, ...]:
        self.asked.append((embedding, prompt))
        return (Candidate(self._answer(embedding).astype(np.float32), self._score, 1.0),)


class Journal:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], bytes] = {}

    def load(self, name: str, number: int) -> bytes | None:
        return self.kept.get((name, number))

    def save(self, name: str, number: int, data: bytes) -> None:
        self.kept[name, number] = data

    def states(self, name: str) -> list[State]:
        return [State.decode(data) for (of, _), data in sorted(self.kept.items()) if of == name]


SPAN = Span(Key(0, truth(0).astype(np.float32)), None, 1, COUNT - 1)
BETWEEN = Span(SPAN.left, Key(COUNT - 1, truth(COUNT - 1).astype(np.float32)), 1, COUNT - 2)


def solved(told: Told | None, span: Span = SPAN, journal: Journal | None = None, **options: Any) -> list[SolvedFrame]:
    track = TrackOptions(**options)
    propagator = PROPAGATORS["classical"](track, Parts(segmenter=told))
    return list(solve_span(span, read, propagator, track, SmoothOptions(), journal or Journal()))


def score(frames: list[SolvedFrame]) -> float:
    found = [(frame.signed_distance(WIDTH, HEIGHT) > 0, truth(frame.number)) for frame in frames]
    return float(np.mean([np.count_nonzero(a & b) / np.count_nonzero(a | b) for a, b in found]))


def confidence(frames: list[SolvedFrame]) -> float:
    return float(np.mean([frame.confidence for frame in frames]))


def rough(number: int) -> Mask:
    """An answer of about 0.9: the truth with a wavy edge."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    dx, dy = columns - 55 - STEP * number, rows - 75
    wave = 2.0 * np.sin(5 * np.arctan2(dy, dx) + 1.7 * number)
    return np.asarray(np.hypot(dx, dy) < 26 + wave, bool)


def blob(number: int) -> Mask:
    return np.asarray(cv2.GaussianBlur(noise(300 + number, 3)[..., 0], (0, 0), 12) > 0.2, bool)


HOSTILE = {
    "neighbour": beside,
    "neighbour too": lambda number: truth(number) | beside(number),
    "blob": blob,
    "nothing": lambda number: np.zeros((HEIGHT, WIDTH), bool),
    "everything": lambda number: np.ones((HEIGHT, WIDTH), bool),
}


@cache
def alone(span: Span = SPAN) -> list[SolvedFrame]:
    return solved(None, span)


def test_rough_answers_help_where_flow_is_poor() -> None:
    assert score(solved(Told(rough))) > max(score(alone()) + 0.2, 0.8)


def test_they_help_without_colour_models_too() -> None:
    without = solved(None, segmenter="none")
    assert score(solved(Told(rough), segmenter="none")) > score(without) + 0.1


def test_answers_count_between_two_keys_too() -> None:
    assert score(solved(Told(rough), BETWEEN)) > score(alone(BETWEEN)) + 0.1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_do_no_harm_and_cost_confidence(name: str) -> None:
    guided = solved(Told(HOSTILE[name]))
    assert score(guided) > score(alone()) - 0.01
    assert confidence(guided) < confidence(alone())


def test_a_refused_answer_leaves_the_edge_as_it_was_to_the_bit() -> None:
    journals = Journal(), Journal()
    solved(Told(HOSTILE["nothing"]), journal=journals[0])
    solved(None, journal=journals[1])
    for refused, unasked in zip(*(journal.states("forward") for journal in journals), strict=True):
        assert (refused.verdict, unasked.verdict) == ("refused", "unasked")
        assert (refused.agreement, unasked.agreement) == (0.0, 1.0)
        assert np.array_equal(refused.patch, unasked.patch)
        assert np.array_equal(refused.chain, unasked.chain)
        assert (refused.drift_px, refused.support) == (unasked.drift_px, unasked.support)


def test_an_answer_that_the_segmenter_itself_does_not_believe_in_is_refused() -> None:
    journal = Journal()
    solved(Told(truth, score=0.1), journal=journal)
    assert {state.verdict for state in journal.states("forward")} == {"refused"}


def test_good_answers_raise_confidence() -> None:
    assert confidence(solved(Told(truth))) > confidence(alone()) + 0.02


@pytest.mark.parametrize("span", [SPAN, BETWEEN])
def test_every_nth_frame_is_asked_about_whichever_way_a_pass_runs(span: Span) -> None:
    told, journal = Told(rough), Journal()
    guided = solved(told, span, journal, resegment_every=3)
    keyed = {key.number for key in span.keys}
    assert {number for number, _ in told.asked} - keyed == {3, 6, 9}
    for name in passes(span):
        for state in journal.states(name):
            assert (state.verdict != "unasked") == (state.number % 3 == 0)
    assert score(guided) >= score(alone(span))


def test_a_resumed_pass_asks_as_the_whole_one_does() -> None:
    whole, again = Journal(), Journal()
    solved(Told(rough), journal=whole, resegment_every=2)
    again.kept = {key: data for key, data in whole.kept.items() if key[1] <= 5}
    told = Told(rough)
    options = TrackOptions(resegment_every=2)
    propagator = PROPAGATORS["classical"](options, Parts(segmenter=told))
    solve_pass(SPAN, "forward", read, propagator, options, again)
    assert again.kept == whole.kept
    assert [number for number, _ in told.asked] == [0, 6, 8, 10]  # the key is asked about first


def test_the_subject_is_where_the_prompt_says() -> None:
    told = Told(truth)
    solved(told)
    assert [number for number, _ in told.asked] == list(range(COUNT))
    for number, prompt in told.asked:
        inside = truth(number)
        assert prompt.box is not None
        assert all(inside[int(y), int(x)] for x, y in prompt.positive)
        assert not any(inside[int(y), int(x)] for x, y in prompt.negative)
        assert prompt.mask is not None
        assert prompt.mask.shape == (HEIGHT, WIDTH)


def test_the_segmenter_is_judged_on_the_keyframes() -> None:
    """Where its edge is off on the key itself, an answer moves a sure edge less."""
    distance = signed_distance(truth(0).astype(np.float32))
    keys = [Example(pictures()[0], distance)]
    errors = [Guide(Told(answer)).judge(keys) for answer in (truth, rough, HOSTILE["nothing"])]
    assert errors[0] == 0.5
    assert 1.5 < errors[1] < 3
    assert errors[2] > 20
    nothing = np.full((HEIGHT, WIDTH), -64, np.float32)
    assert Guide(Told(rough)).judge([*keys, Example(pictures()[1], nothing)]) == errors[1]


def test_time_with_the_segmenter_is_counted() -> None:
    track = TrackOptions()
    propagator = PROPAGATORS["classical"](track, Parts(segmenter=Told(rough)))
    solve_pass(SPAN, "forward", read, propagator, track, Journal())
    guide = propagator.guide  # type: ignore[attr-defined]
    assert guide.asked == COUNT
    assert guide.seconds > 0
