"""The learned propagator over a clip: what it carries, what it resumes from, whom it asks, and what it fits when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import roto.track.learned.appearance
import roto.track.learned.propagate
from roto.errors import BackendUnavailable
from roto.image import Box
from roto.models import Models
from roto.segment.prompt import Candidate, Prompt
from roto.solve import _key_state as key_state
from roto.solve import fit_span, passes, solve_pass, solve_span
from roto.temporal.options import SmoothOptions
from roto.track.guide import Guide
from roto.track.learned.appearance import fit
from roto.track.learned.nets import AppearanceNet, FusionNet, PropagationNet
from roto.track.learned.networks import Networks, Remembered
from roto.track.learned.planes import APPEARANCE_PLANE
from roto.track.learned.propagate import EFFORTS, Effort, LearnedPropagator, _region
from roto.track.options import TrackOptions
from roto.track.pace import EVERY_FRAME
from roto.track.propagators import PROPAGATORS, Parts
from roto.track.span import Key, Span
from roto.track.state import State, absent_state, crop_state
from roto.track.step import Told, begin
from roto.track.view import Detail, view_of

UNFITTED = Effort(Detail(), fit_steps=0)


class Journal:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], bytes] = {}

    def load(self, name: str, number: int) -> bytes | None:
        return self.kept.get((name, number))

    def save(self, name: str, number: int, data: bytes) -> None:
        self.kept[name, number] = data


class Says(Networks):
    """Answers by a rule, of the planes and the carried distance."""

    def __init__(self, rule: Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]) -> None:
        super().__init__(PropagationNet(), FusionNet(), AppearanceNet())
        self._rule = rule

    def propagate(
        self, planes: NDArray[np.float32], carried: NDArray[np.float32], memory: Remembered
    ) -> NDArray[np.float32]:
        return self._rule(planes, carried).astype(np.float32)


class Asked:
    """A segmenter that answers with a mask of its own for each frame, whatever the prompt."""

    name = identity = "asked"

    def __init__(self, disc: Any, answer: Callable[[int], NDArray[np.bool_]]) -> None:
        self._pictures = [disc.picture(number) for number in range(disc.count)]
        self._answer = answer
        self.seen: list[int] = []

    def embed(self, rgb: NDArray[np.uint8]) -> int:
        return next(number for number, picture in enumerate(self._pictures) if np.array_equal(picture, rgb))

    def pack(self, embedding: Any) -> bytes:
        return b""

    def unpack(self, data: bytes) -> Any:
        raise AssertionError("nothing was packed")

    def answer(self, embedding: int, prompt: Prompt) -> tuple[Candidate, ...]:
        self.seen.append(embedding)
        return (Candidate(self._answer(embedding).astype(np.float32), 0.9, 1.0),)


@pytest.fixture(scope="module")
def opinionated() -> Networks:
    """Networks with opinions of their own, all of them random."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(2)
        nets = PropagationNet(), FusionNet(), AppearanceNet()
        for net in nets:
            net.body.out.weight.normal_(0, 0.03)
        return Networks(*nets)


def carried(
    propagator: Any, disc: Any, numbers: tuple[int, int], state: State | None = None, fitted: bytes = b""
) -> list[State]:
    model = propagator.learn([disc.example(0)], fitted)
    start = key_state(Key(numbers[0], disc.matte(numbers[0]))) if state is None else state
    return list(propagator.carry(model, start, disc.read(*numbers)))


def inside(state: State, disc: Any) -> NDArray[np.bool_]:
    return np.asarray(state.distance(Box(0, 0, disc.width, disc.height)) > 0)


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.mark.parametrize("pixels", [100_000, 5_000])
def test_untrained_networks_leave_the_edge_to_flow(disc: Any, networks: Networks, pixels: int) -> None:
    """At full resolution and where the view is smaller than the frame."""
    found = carried(LearnedPropagator(networks, effort=Effort(Detail(pixels=pixels), 0)), disc, (0, 6))
    state = key_state(Key(0, disc.matte(0)))
    for number, ours in enumerate(found, 1):
        view = view_of(_region(state, 1, disc.width, disc.height), pixels)
        step = begin(state, disc.picture(number - 1), number, disc.picture(number), view, "medium")
        alone = step.settle(Told(step.carried, step.chained), None, 0.0)
        state = ours
        assert iou(inside(ours, disc), inside(alone, disc)) > 0.98
        assert np.array_equal(ours.chained(ours.box), alone.chained(ours.box))
        assert (ours.number, ours.age, ours.verdict, ours.agreement) == (number, number, "unasked", 1.0)
    assert iou(inside(state, disc), disc.truth(6)) > 0.5


def test_a_pass_backwards_is_a_pass(disc: Any, networks: Networks) -> None:
    states = carried(LearnedPropagator(networks, effort=UNFITTED), disc, (6, 3))
    assert [state.number for state in states] == [5, 4, 3]
    assert iou(inside(states[-1], disc), disc.truth(3)) > 0.8


def test_a_pass_resumes_from_what_any_frame_kept(disc: Any, opinionated: Networks) -> None:
    propagator = LearnedPropagator(opinionated, effort=UNFITTED)
    whole = carried(propagator, disc, (0, 5))
    assert all(state.odds.shape == state.patch.shape for state in whole)
    expected = [state.encode() for state in whole]
    for at in (0, 2, 4):
        rest = carried(propagator, disc, (at + 1, 5), State.decode(expected[at]))
        assert [state.encode() for state in rest] == expected[at + 1 :]


def test_what_the_network_said_is_carried_to_the_next_frame(disc: Any, opinionated: Networks) -> None:
    propagator = LearnedPropagator(opinionated, effort=UNFITTED)
    first, expected = carried(propagator, disc, (0, 2))
    forgetful = crop_state(
        1,
        first.distance(first.box),
        first.box,
        chained=first.chained(first.box),
        age=first.age,
        motion_px=first.motion_px,
        drift_px=first.drift_px,
    )
    (without,) = carried(propagator, disc, (1, 2), forgetful)
    assert not np.array_equal(without.odds, expected.odds)


def test_the_same_clip_gives_the_same_bytes_on_any_number_of_threads(disc: Any, opinionated: Networks) -> None:
    propagator, threads = LearnedPropagator(opinionated, effort=UNFITTED), torch.get_num_threads()
    found = []
    for count in (1, 3):
        torch.set_num_threads(count)
        try:
            found.append([state.encode() for state in carried(propagator, disc, (0, 2))])
        finally:
            torch.set_num_threads(threads)
    assert found[0] == found[1]


def test_a_lost_subject_is_looked_for_everywhere(disc: Any, networks: Networks) -> None:
    views = []
    propagator = LearnedPropagator(networks, effort=UNFITTED, watch=lambda number, view, *_: views.append(view.box))
    states = carried(propagator, disc, (0, 3), absent_state(0, age=4))
    assert all(state.empty for state in states)
    assert [state.age for state in states] == [5, 6, 7]
    assert views == [Box(0, 0, disc.width, disc.height)] * 3


def test_a_lost_subject_is_found_again_where_the_network_sees_it(disc_that_leaves: Any) -> None:
    """It goes by redness alone; the subject is gone on two frames and comes back farther on."""
    propagator = LearnedPropagator(Says(lambda planes, _: 12 * planes[1] - 13.5), effort=UNFITTED)
    states = carried(propagator, disc_that_leaves, (0, 6))
    assert [state.empty for state in states] == [False, False, True, True, False, False]
    assert iou(inside(states[-1], disc_that_leaves), disc_that_leaves.truth(6)) > 0.6
    assert [state.age for state in states] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("odds", [-6.0, 6.0])
def test_a_network_that_sees_nothing_or_everything_is_believed(disc: Any, odds: float) -> None:
    (state,) = carried(LearnedPropagator(Says(lambda _, x: np.full_like(x, odds)), effort=UNFITTED), disc, (0, 1))
    assert state.empty == (odds < 0)
    if odds > 0:
        assert iou(inside(state, disc), disc.truth(1)) < 0.6


def test_the_edge_goes_where_the_log_odds_are_zero(disc: Any) -> None:
    """Two pixels outwards, at half resolution as at full one."""
    for pixels in (100_000, 3_000):
        grown: list[float] = []

        def outwards(planes: Any, small: Any, grown: list[float] = grown) -> Any:
            grown.append(small.shape[0])
            return np.clip((small + 2) / 1.5, -6, 6)

        effort = Effort(Detail(pixels=pixels), 0)
        (state,) = carried(LearnedPropagator(Says(outwards), effort=effort), disc, (0, 1))
        (plain,) = carried(LearnedPropagator(Says(lambda _, x: np.clip(x / 1.5, -6, 6)), effort=effort), disc, (0, 1))
        change = state.distance(state.box) - plain.distance(state.box)
        edge = np.abs(plain.distance(state.box)) < 1
        scale = 1 if pixels == 100_000 else np.sqrt(pixels / (state.box.width * state.box.height))
        assert np.median(change[edge]) == pytest.approx(2 / scale, rel=0.35)


def test_a_segmenter_is_asked_and_followed(disc: Any, networks: Networks) -> None:
    """It is right about the keyframe; later on it says that the subject is farther on than flow does."""
    asked = Asked(disc, lambda number: disc.truth(number + (number > 0)))
    guided = LearnedPropagator(networks, effort=UNFITTED, guide=Guide(asked, every=2))
    states = carried(guided, disc, (0, 2))
    unguided = carried(LearnedPropagator(networks, effort=UNFITTED), disc, (0, 2))
    assert asked.seen == [0, 2]
    assert states[0].verdict == "unasked"
    assert states[1].verdict in ("accepted", "partly")
    assert states[0].encode() == unguided[0].encode()
    alone, followed = (iou(inside(found[-1], disc), disc.truth(3)) for found in (unguided, states))
    assert followed > alone + 0.05
    assert guided.seconds["asked"] > 0
    assert LearnedPropagator(networks).seconds == {}


def test_a_refused_answer_changes_nothing(disc: Any, networks: Networks) -> None:
    states = [
        carried(LearnedPropagator(networks, effort=UNFITTED, guide=guide), disc, (0, 2))
        for guide in (Guide(Asked(disc, lambda _: np.zeros_like(disc.truth(0)))), None)
    ]
    for guided, alone in zip(*states, strict=True):
        assert (guided.verdict, alone.verdict) == ("refused", "unasked")
        assert np.array_equal(guided.patch, alone.patch)
        assert np.array_equal(guided.odds, alone.odds)


@pytest.mark.parametrize("right", [False, True])
def test_a_guided_span_is_solved_whole(disc: Any, networks: Networks, right: bool) -> None:
    """An edge that a segmenter has moved has no log-odds of its own; its confidence is told all the same."""
    guide = Guide(Asked(disc, disc.truth), every=2)
    propagator = LearnedPropagator(networks, effort=UNFITTED, guide=guide)
    journal = Journal()
    solved = list(solve_span(disc.span(right=right), disc.read, propagator, TrackOptions(), SmoothOptions(), journal))
    assert [frame.number for frame in solved] == list(range(1, 6 if right else 7))
    assert all(0 < frame.confidence < 1 for frame in solved)
    unsaid = [State.decode(data).odds.size for (name, _), data in journal.kept.items() if name in passes(disc.span())]
    assert 0 in unsaid


# -- what is fitted, and when ---------------------------------------------------------------------------------------


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps of each fit that was made; one is taken."""
    made: list[int] = []
    monkeypatch.setattr(roto.track.learned.appearance, "_CROP_PX", 64)

    def counted(start: AppearanceNet, examples: Any, steps: int, pixels: int) -> AppearanceNet:
        made.append(steps)
        return fit(start, examples, 1, pixels)

    monkeypatch.setattr(roto.track.learned.propagate, "fit", counted)
    return made


def solved(disc: Any, networks: Networks, journal: Journal, span: Span | None = None) -> list[bytes]:
    span = span or disc.span()
    frames = solve_span(span, disc.read, LearnedPropagator(networks), TrackOptions(), SmoothOptions(), journal)
    return [frame.encode() for frame in frames]


def test_a_span_is_fitted_once_for_both_passes(disc: Any, networks: Networks, fits: list[int]) -> None:
    journal = Journal()
    solved(disc, networks, journal)
    assert fits == [30]
    assert [number for name, number in journal.kept if name == "fitted"] == [1]
    assert list(journal.kept)[:2] == [("forward", 0), ("fitted", 1)]  # the key first, with its motion


def test_a_run_that_was_killed_uses_what_it_had_fitted(disc: Any, opinionated: Networks, fits: list[int]) -> None:
    whole = Journal()
    expected = solved(disc, opinionated, whole)
    for kept in (2, 9):
        again = Journal()
        again.kept = dict(list(whole.kept.items())[:kept])
        assert solved(disc, opinionated, again) == expected
        assert again.kept == whole.kept
    assert len(fits) == 1


def test_a_fit_made_ahead_is_what_the_passes_use(disc: Any, opinionated: Networks, fits: list[int]) -> None:
    """As the work is divided among processes: the fit first, then each pass by itself, then the rest."""
    journal, span = Journal(), disc.span()
    fit_span(span, disc.read, LearnedPropagator(opinionated), journal)
    for direction in reversed(passes(span)):
        solve_pass(span, direction, disc.read, LearnedPropagator(opinionated), TrackOptions(), journal)
    assert solved(disc, opinionated, journal) == solved(disc, opinionated, Journal())
    assert len(fits) == 2


def test_what_was_fitted_is_shown_to_the_network(disc: Any, networks: Networks, fits: list[int]) -> None:
    shown = []
    propagator = LearnedPropagator(networks, watch=lambda _, __, planes, ___: shown.append(planes[APPEARANCE_PLANE]))
    for fitted in (b"", propagator.fit([disc.example(0)])):
        carried(propagator, disc, (0, 1), fitted=fitted)
    assert not shown[0].any()
    assert shown[1].any()


def test_a_better_quality_sees_more_and_fits_longer() -> None:
    efforts = [EFFORTS[quality] for quality in ("fast", "normal", "best")]
    assert sorted(efforts, key=lambda effort: effort.detail.pixels) == efforts
    assert sorted(efforts, key=lambda effort: effort.fit_steps) == efforts


def test_every_frame_is_looked_at_where_a_segmenter_is_asked(disc: Any, networks: Networks) -> None:
    guide = Guide(Asked(disc, disc.truth), 2)
    assert LearnedPropagator(networks, EFFORTS["fast"]).pace.least == 2
    assert LearnedPropagator(networks, EFFORTS["fast"], guide).pace == EVERY_FRAME
    assert LearnedPropagator(networks, EFFORTS["best"]).pace == EVERY_FRAME


def test_without_steps_nothing_is_fitted(disc: Any, networks: Networks, fits: list[int]) -> None:
    propagator = LearnedPropagator(networks, effort=Effort(Detail(), fit_steps=0))
    assert propagator.fit([disc.example(0)]) == b""
    assert fits == []


@pytest.mark.parametrize(("keyed", "steps"), [([7], 100), ([0, 80], 100), ([10, 30], 50), ([30, 10], 50), ([4, 6], 30)])
def test_spans_between_close_keys_are_fitted_for_less_long(keyed: list[int], steps: int) -> None:
    assert Effort(Detail(), fit_steps=100).steps(keyed) == steps


@pytest.mark.parametrize("quality", EFFORTS)
def test_who_plans_the_work_knows_what_is_fitted(monkeypatch: pytest.MonkeyPatch, quality: str) -> None:
    monkeypatch.setattr("roto.models.own_weights", lambda: {"learned": None})
    options = TrackOptions(propagator="learned", quality=quality)
    assert Models("cpu").fits(options) == bool(EFFORTS[quality].fit_steps)
    assert not Models("cpu").fits(TrackOptions(propagator="classical", quality=quality))


# -- keys ----------------------------------------------------------------------------------------------------------


def test_a_key_that_says_absent_teaches_the_background_alone(
    disc_that_leaves: Any, networks: Networks, fits: list[int]
) -> None:
    disc = disc_that_leaves
    span = Span(Key(0, disc.matte(0)), Key(4, np.zeros_like(disc.matte(0))), 1, 3)
    journal = Journal()
    assert len(solved(disc, networks, journal, span)) == 3
    assert {name for name, _ in journal.kept} == {"fitted", "forward"}


def test_a_key_with_hardly_anything_in_it_is_carried_as_absent(disc: Any, networks: Networks, fits: list[int]) -> None:
    """Half covered everywhere, it is no absent key, but it has no inside either."""
    faint = np.zeros_like(disc.matte(0))
    faint[50, 40:60] = 0.5
    key = Key(0, faint)
    assert not key.absent
    journal = Journal()
    assert len(solved(disc, networks, journal, Span(key, None, 1, 2))) == 2
    assert all(State.decode(data).empty for (name, _), data in journal.kept.items() if name == "forward")


def test_without_weights_it_says_so(networks: Networks) -> None:
    with pytest.raises(BackendUnavailable, match="learned is not available: its weights were not read"):
        PROPAGATORS["learned"](TrackOptions(), Parts())
