"""Documents of older versions, one step a version. The steps here are of an imagined past."""

from __future__ import annotations

import pytest

from roto.edge import Feather, Grow
from roto.errors import DocumentError
from roto.shot.document import VERSION
from roto.shot.read import read_document
from roto.shot.upgrade import STEPS, upgrade


def split_clip(data):
    """Version 1 had the clip's path by itself."""
    data["source"] = {"path": data.pop("clip")}
    return data


def rename_objects(data):
    """Version 2 had objects; they are layers."""
    data["layers"] = data.pop("objects", [])
    return data


PAST = {1: split_clip, 2: rename_objects}


def test_every_step_is_taken_in_order():
    old = {"version": 1, "clip": "a.mov", "objects": [{"name": "ball"}]}
    assert upgrade(old, PAST, 3) == {"version": 3, "source": {"path": "a.mov"}, "layers": [{"name": "ball"}]}
    assert old == {"version": 1, "clip": "a.mov", "objects": [{"name": "ball"}]}


def test_only_the_steps_that_are_needed():
    assert upgrade({"version": 2, "source": {"path": "a.mov"}}, PAST, 3)["source"] == {"path": "a.mov"}


def test_the_newest_version_is_left_alone():
    data = {"version": 3, "anything": 1}
    assert upgrade(data, PAST, 3) == data


def test_a_newer_version_is_refused_naming_both():
    with pytest.raises(DocumentError) as error:
        upgrade({"version": 7}, PAST, 3)
    assert str(error.value) == (
        "version: the document is of version 7 and this roto reads up to version 3; update roto"
    )


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None])
def test_what_is_not_a_version(version):
    with pytest.raises(DocumentError, match='is not a version; a shot document says "version": 3'):
        upgrade({"version": version}, PAST, 3)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"grow_px": 2, "feather_px": 3}, [("grow", 2), ("feather", 3)]),
        ({"feather_px": 3}, [("feather", 3)]),
        ({"grow_px": 0}, []),
        ({}, []),
    ],
)
def test_the_edge_options_of_version_1_are_steps(options, steps):
    old = {"version": 1, "source": {"path": "a.mov"}, "edge": options, "layers": []}
    assert read_document(old).edge == tuple({"grow": Grow, "feather": Feather}[kind](px=px) for kind, px in steps)


def test_a_layer_of_version_1_overrode_single_edge_options():
    layers = [{"name": "a", "edge": {"grow_px": -1}}, {"name": "b", "edge": {"feather_px": 0}}, {"name": "c"}]
    old = {"version": 1, "source": {"path": "a.mov"}, "edge": {"grow_px": 2, "feather_px": 3}, "layers": layers}
    steps = [layer.edge for layer in read_document(old).layers]
    assert steps == [(Grow(px=-1), Feather(px=3)), (Grow(px=2),), None]


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        ({"grow": 1}, "edge: an object, but a list is needed"),
        ({"grow_px": "2"}, r"edge\[0\].px: the text '2', but a number is needed"),
        (3, "edge: the number 3, but a list is needed"),
    ],
)
def test_what_was_not_valid_in_version_1_is_refused(edge, message):
    with pytest.raises(DocumentError, match=message):
        read_document({"version": 1, "source": {"path": "a.mov"}, "edge": edge})


def test_there_is_a_step_for_every_older_version():
    assert sorted(STEPS) == list(range(1, VERSION))
