"""What holds for every step of the edge stage, and how steps are read and written."""

from __future__ import annotations

import numpy as np
import pytest

from roto.edge import EDGE_STEPS, Feather, Grow, Levels
from roto.edge.apply import finish_edge
from roto.edge.read import parse_step, read_steps
from roto.errors import DocumentError
from roto.kinds import told
from roto.masks import Ellipse
from roto.masks.mask import Canvas

CANVAS = Canvas(90, 80)
TYPICAL = [
    "grow=2.5",
    "grow=-2.5",
    "feather=6",
    "feather=6,side=in,falloff=linear",
    "feather=6,side=out,falloff=smooth0",
    "choke=0.3",
    "choke=-0.3",
    "levels=0.1,white=0.8,gamma=1.5",
    "fill-holes=50",
    "despeckle=50",
    "antialias",
]
CHEAP = [name for name, step in EDGE_STEPS.items() if not step.costly]


def disc(radius=25.0, feather_px=0.0):
    return Ellipse(center=(44.3, 41.6), radii=(radius, radius), feather_px=feather_px).coverage(CANVAS)


def test_every_kind_is_tried_here():
    assert {parse_step(text).type for text in TYPICAL} == set(CHEAP)


@pytest.mark.parametrize("text", TYPICAL)
@pytest.mark.parametrize("size", [(80, 90), (1, 90), (80, 1), (1, 1)])
@pytest.mark.parametrize("kind", ["disc", "soft", "empty", "full", "noise"])
def test_a_step_gives_a_matte_and_leaves_its_input_alone(text, size, kind):
    given = {
        "disc": disc(),
        "soft": disc(25, 12),
        "empty": np.zeros((80, 90), np.float32),
        "full": np.ones((80, 90), np.float32),
        "noise": np.random.default_rng(1).random((80, 90), np.float32),
    }[kind]
    matte = np.ascontiguousarray(given[: size[0], : size[1]])
    before = matte.copy()
    first, second = (finish_edge(matte, [parse_step(text)]) for _ in range(2))
    assert (matte == before).all()
    assert first.dtype == np.float32
    assert first.shape == size
    assert first.min() >= 0
    assert first.max() <= 1
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("text", TYPICAL)
@pytest.mark.parametrize("value", [0, 1])
def test_what_is_whole_or_empty_has_no_edge(text, value):
    matte = np.full((20, 30), value, np.float32)
    np.testing.assert_array_equal(finish_edge(matte, [parse_step(text)]), matte)


def test_steps_are_done_in_their_order():
    grown_first = finish_edge(disc(), [Grow(px=3), Levels(black=0.4, white=0.6)])
    levels_first = finish_edge(disc(), [Levels(black=0.4, white=0.6), Grow(px=3)])
    assert (grown_first != levels_first).any()
    assert finish_edge(disc(), [Grow(px=3), Feather(px=9)]) == pytest.approx(disc(28, 9), abs=0.03)


def test_no_steps_give_the_same_array_back():
    matte = disc(25, 5)
    assert finish_edge(matte, ()) is matte


@pytest.mark.parametrize("text", TYPICAL)
def test_a_step_survives_its_json_and_its_words(text):
    step = parse_step(text)
    assert told(step) == text
    assert read_steps([step.to_json()], "edge") == (step,)


@pytest.mark.parametrize("kind", EDGE_STEPS.values(), ids=list(EDGE_STEPS))
def test_every_option_says_what_it_does(kind):
    assert kind.summary
    assert all(field.metadata["help"] for field in kind.fields().values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text '' is no edge step; there are grow, feather"),
        ("Grow=2", "the text 'Grow' is no edge step"),
        ("grow=", "grow=: the text '', but a number is needed"),
        ("grow=1e9", "is too large, at most 200 is allowed"),
        ("grow=nan", "but a finite number is needed"),
        ("feather=4,side=up", "'up' is not one of both, in, out"),
        ("feather=4,width=3", "width: unknown key, known here: px, side, falloff"),
        ("feather=4,px=3", "px stands twice"),
        ("feather=4,5", "'5' is not OPTION=VALUE"),
        ("antialias=3", "antialias has no options"),
        ("levels=0.5,white=0.5", "levels.white: 0.5, but it has to be more than black, 0.5"),
    ],
)
def test_a_mistake_in_a_step_is_told(text, message):
    with pytest.raises(DocumentError) as error:
        parse_step(text)
    assert message in str(error.value)
