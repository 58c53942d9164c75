"""The benchmarks' measures, against plain restatements of their definitions, and their stand-ins for segmenters."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.image import bounding_box
from roto.segment.prompt import Prompt
from roto.track.span import Span
from roto.track.windows import window_around

BENCH = Path(__file__).parent / "bench"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


measures = load(BENCH / "measures.py")
resegment = load(BENCH / "resegment.py")
sequences = load(BENCH / "sequences.py")
baselines = load(BENCH / "baselines.py")
confidence = load(BENCH / "confidence.py")
placing = load(BENCH / "suggest.py")


def blobs(seed: int, level: float) -> NDArray[np.bool_]:
    noise = np.random.default_rng(seed).standard_normal((240, 427)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 9) > level


PAIRS = [
    (blobs(0, 0.0), blobs(0, 0.005)),
    (blobs(1, 0.02), blobs(2, 0.0)),
    (blobs(3, 0.05), np.zeros((240, 427), bool)),
    (np.zeros((240, 427), bool), np.zeros((240, 427), bool)),
    (np.ones((240, 427), bool), blobs(4, 0.0)),
]


@pytest.mark.parametrize(("found", "truth"), PAIRS)
def test_contour_accuracy_is_the_share_of_matched_contour(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    """By dilation with a disc, pixel sets written out."""
    rows, columns = np.mgrid[-4:5, -4:5]
    element = (rows**2 + columns**2 <= 16).astype(np.uint8)  # ceil(0.008 * diagonal) = 4
    a, b = measures.contour(found), measures.contour(truth)
    if not a.any() or not b.any():
        expected = float(a.any() == b.any())
    else:
        precision = (a & (cv2.dilate(b.astype(np.uint8), element) > 0)).sum() / a.sum()
        recall = (b & (cv2.dilate(a.astype(np.uint8), element) > 0)).sum() / b.sum()
        expected = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert measures.contour_accuracy(found, truth) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("found", "truth"), PAIRS)
def test_measures_equal_those_of_the_reference(test_data: Path, found: NDArray, truth: NDArray) -> None:
    path = test_data.parent / "score" / "davis_eval.py"
    if not path.is_file():
        pytest.skip(f"no reference at {path}")
    reference = load(path)
    assert measures.region_similarity(found, truth) == reference.jaccard(found, truth)
    assert measures.contour_accuracy(found, truth) == reference.f_measure(found, truth)
    assert np.array_equal(measures.contour(found), reference.boundary(found))


def test_error_flicker_is_the_mean_change_near_the_edge() -> None:
    truth = np.tile(np.arange(-20, 20, dtype=np.float32), (5, 1))
    assert measures.error_flicker(truth + 2, truth - 1, truth) == pytest.approx(3)
    assert measures.error_flicker(truth, truth, np.full((5, 5), 30, np.float32)) is None


def test_rank_correlation_sees_order_alone_and_shares_ranks_among_equals() -> None:
    values = [3.0, 1.0, 2.0, 10.0]
    assert measures.spearman(values, np.exp(values)) == pytest.approx(1)
    assert measures.spearman(values, [-v for v in values]) == pytest.approx(-1)
    # the ranks are 1, 2.5, 2.5, 4 and 1, 2, 3, 4
    assert measures.spearman([0, 5, 5, 9], [0, 1, 2, 3]) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert np.isnan(measures.spearman([1, 1, 1], [1, 2, 3]))


def test_deciles_set_what_is_reported_beside_what_is_so() -> None:
    frames = [confidence.Judged(t, 0.5, t / 40, 0.9 if t % 4 else 0.1) for t in range(40)]
    found = confidence.deciles(frames[::-1])
    assert [d.frames for d in found] == [4] * 10
    assert found[0].reported == pytest.approx(1.5 / 40)
    assert {d.observed for d in found} == {0.75}


class FadingSolver(placing.Solver):
    """A stand-in whose frames lose a tenth for each frame to the nearest key, ten times as much on frame 30."""

    def __init__(self, frames: int) -> None:
        mask = disc(60, 20)
        super().__init__(sequences.Clip("fading", [mask] * frames, [mask] * frames), None, None)
        self.solved = 0

    def _solved(self, span: Span) -> Iterator[placing.Found]:
        for n in range(span.first, span.last + 1):
            self.solved += 1
            j = 1 - min(abs(n - key.number) for key in span.keys) * (0.1 if n == 30 else 0.01)
            frame = SimpleNamespace(number=n, confidence=j, origin="both", disagreement=0.0)
            yield placing.Found(frame, j)


def test_keyframes_are_placed_until_every_frame_is_right() -> None:
    solver = FadingSolver(64)
    oracle = placing.one_at_a_time(solver, "oracle", placing.truly_worst, 0.9, 25)
    solved = solver.solved
    ours = placing.one_at_a_time(solver, "roto", placing.as_suggested, 0.9, 25)
    assert (oracle.reached, ours.reached) == (True, True)
    assert min(oracle.worst, ours.worst) >= 0.9
    assert set(oracle.keyed[:2]) == {0, 30}
    assert ours.count == oracle.count
    assert solver.solved - solved < 64, "spans between the same keys are solved once"
    few = placing.one_at_a_time(solver, "oracle", placing.truly_worst, 0.9, 2)
    assert (few.reached, few.count) == (False, 2)


def test_equal_spacing_gets_the_least_number_that_is_enough() -> None:
    solver = FadingSolver(64)
    found = placing.equally_spaced(solver, 0.9, 25)
    assert found.reached
    assert all(each.j >= 0.9 for each in solver.solve(found.keyed))
    for count in range(1, found.count):
        assert min(each.j for each in solver.solve(sequences.keyframes(count, 64))) < 0.9


def test_numbers_that_were_not_reached_are_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    def placed(name: str, *counts: int) -> list[placing.Placed]:
        return [
            placing.Placed(name, 70, way, list(range(n)), 0.9, n < 25)
            for way, n in zip(placing.WAYS, counts, strict=True)
        ]

    placing.print_table({"a": placed("a", 10, 12, 25), "b": placed("b", 25, 25, 25)})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["a", "70", "10", "12", "25+", "1.20", "<0.48"]
    assert lines[2] == ["b", "70", "25+", "25+", "25+", "-", "-"]
    assert lines[3] == ["all,", "1", "compared", "70", "10", "12", "25+", "1.20", "<0.48"]


def disc(column: float, radius: float) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:120, :200]
    return np.hypot(rows - 60, columns - column) < radius


def test_alignment_follows_a_shape_that_moves_and_grows() -> None:
    truth = [disc(30 + 20 * t, 10 * 2 ** (t / 4)) for t in range(5)]
    clip = sequences.Clip("disc", [np.zeros((120, 200, 3), np.uint8)] * 5, truth)
    aligned, plain = baselines.by_aligned_interpolation(clip, [0, 4]), baselines.by_interpolation(clip, [0, 4])
    for t in range(1, 4):
        assert measures.region_similarity(aligned[t] > 0, truth[t]) > 0.95
        assert measures.region_similarity(plain[t] > 0, truth[t]) < 0.3


def test_an_empty_keyframe_aligns_with_nothing() -> None:
    truth = [disc(60, 20), disc(60, 20), disc(60, 0)]
    clip = sequences.Clip("gone", [np.zeros((120, 200, 3), np.uint8)] * 3, truth)
    found = baselines.by_aligned_interpolation(clip, [0, 2])
    assert np.array_equal(found[1], baselines.by_interpolation(clip, [0, 2])[1])


def test_the_halves_are_reported_where_they_are_whole() -> None:
    tuning, checking = sequences.HALVES.values()
    assert list(sequences.groups([*tuning, "other"])) == ["all", "tuning half"]
    assert list(sequences.groups([*tuning, *checking])) == ["all", "tuning half", "checking half"]
    assert not set(tuning) & set(checking)


def ellipse(column: int) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:240, :427]
    return ((columns - column) / 40) ** 2 + ((rows - 110) / 30) ** 2 < 1


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("good", 0.89, 0.92), ("part", 0.58, 0.62), ("touching", 0.3, 0.6), ("neighbour", 0, 0.25), ("blob", 0, 0.3)],
)
def test_stand_ins_are_as_wrong_as_they_say(kind: str, least: float, most: float) -> None:
    truth = ellipse(200)
    for seed in range(5):
        answer = resegment.ANSWERS[kind](truth, np.random.default_rng(seed))
        assert least <= measures.region_similarity(answer, truth) <= most
        again = resegment.ANSWERS[kind](truth, np.random.default_rng(seed))
        assert np.array_equal(answer, again)


def test_a_stand_in_knows_which_part_of_which_frame_it_is_shown() -> None:
    pictures = list(np.random.default_rng(0).integers(0, 256, (2, 480, 854, 3), np.uint8))
    truth = [np.pad(ellipse(column), ((0, 240), (427, 0))) for column in (150, 250)]
    stand_in = resegment.StandIn(resegment.Clip("ellipse", pictures, truth), "good")
    for picture, mask in zip(pictures, truth, strict=True):
        window = window_around(bounding_box(mask), 854, 480)
        assert window.width < 854
        (answer,) = stand_in.answer(stand_in.embed(picture[window.slices]), Prompt(points=((1, 1),), labels=(True,)))
        assert measures.region_similarity(answer.matte > 0, mask[window.slices]) >= 0.89


def test_a_span_is_scored_with_and_without_a_stand_in(test_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = [
        score
        for kind in ("local", "neighbour")
        for score in resegment.score_kind(test_data / "davis", "rollerblade", kind, [1], 4, 1)
    ]
    assert [score.verdicts for score in scores] == [{"unasked": 3}, {"refused": 3}]
    assert scores[0].j == scores[1].j
    resegment.print_table(scores, 1)
    assert f"rollerblade{100 * scores[0].j:17.1f}{100 * scores[0].j:10.1f}" in capsys.readouterr().out
