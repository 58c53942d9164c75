"""Colour models, the minimum cut, and the contract of every re-resegmenter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.segment import RESEGMENTERS
from roto.segment.colour import learn_global, learn_local, to_lab
from roto.segment.resegment import Carried, Example
from roto.segment.total_variation import edge_cost, minimum_cut
from roto.signed_distance import redistanced


def disc(x: float, radius: float = 20) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:80, :100]
    return (radius - np.hypot(columns - x, rows - 40)).astype(np.float32)


def picture(distance: NDArray[np.float32]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(5).normal(0, 12, (*distance.shape, 3))
    base = np.where(distance[..., None] > 0, (200, 60, 40), (60, 90, 120))
    return np.clip(base + noise, 0, 255).astype(np.uint8)


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.mark.parametrize("name", RESEGMENTERS)
def test_every_resegmenter_moves_a_wrong_edge_to_the_subject(name: str) -> None:
    resegmenter = RESEGMENTERS[name]()
    assert resegmenter.name == name
    truth, prior = disc(50), redistanced(disc(44))
    model = resegmenter.learn([Example(picture(truth), truth)])
    carried = Carried(model, Example(picture(truth), truth), np.zeros(truth.shape, np.float32))
    embedding = resegmenter.embed(picture(truth))
    found = resegmenter.resegment(embedding, carried, prior)
    assert found.shape == truth.shape
    assert overlap(found > 0.5, truth > 0) > max(0.95, overlap(prior > 0, truth > 0))
    assert resegmenter.support(embedding, model, truth) > 0.9
    assert resegmenter.support(embedding, model, -truth) < 0.1


def test_global_colours_tell_inside_from_outside() -> None:
    truth = disc(50)
    lab = to_lab(picture(truth))
    inside = (truth > 0).astype(np.float32)
    odds = learn_global([(lab, inside, 1 - inside)]).log_odds(lab)
    assert (odds[truth > 0] > 0).mean() > 0.97
    assert (odds[truth < 0] < 0).mean() > 0.97


def test_an_empty_example_shows_background_alone() -> None:
    lab = to_lab(picture(disc(50)))
    nothing = np.zeros(lab.shape[:2], np.float32)
    assert (learn_global([(lab, nothing, 1 - nothing)]).log_odds(lab) < 0).mean() > 0.99


def test_local_colours_know_where_a_colour_belongs() -> None:
    """One colour that is inside on the left and outside on the right."""
    lab = to_lab(np.full((60, 120, 3), 90, np.uint8))
    inside = np.zeros((60, 120), np.float32)
    inside[:, :60] = 1
    odds = learn_local(lab, inside, np.ones_like(inside), 10).log_odds(lab)
    assert odds[:, :45].min() > 0
    assert odds[:, 75:].max() < 0


def test_a_minimum_cut_keeps_shape_and_drops_specks() -> None:
    truth = disc(50) > 0
    odds = np.where(truth, 1.0, -1.0).astype(np.float32)
    odds[5, 5] = 3
    cost = np.full(odds.shape, 1.5, np.float32)
    found = minimum_cut(odds, cost, truth.astype(np.float32), 200)
    assert found.min() >= 0
    assert found.max() <= 1
    assert overlap(found > 0.5, truth) > 0.98
    assert found[5, 5] < 0.5


def test_edges_are_cheap_where_colours_change() -> None:
    truth = disc(50)
    cost = edge_cost(to_lab(picture(truth)), 2.0)
    assert cost[np.abs(truth) < 0.5].mean() < 0.5 * cost[np.abs(truth) > 5].mean()
    assert cost.max() <= 2.0


@pytest.mark.parametrize("name", RESEGMENTERS)
def test_certainty_is_whether_the_keyframes_answer_for_themselves(name: str) -> None:
    resegmenter, truth = RESEGMENTERS[name](), disc(50)
    noise = np.random.default_rng(7).integers(0, 255, (*truth.shape, 3)).astype(np.uint8)
    assert resegmenter.certainty(resegmenter.learn([Example(picture(truth), truth)])) > 0.5
    assert resegmenter.certainty(resegmenter.learn([Example(noise, truth)])) == 0
