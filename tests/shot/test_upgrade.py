"""Documents of older versions, one step a version. The steps here are of an imagined past."""

from __future__ import annotations

import pytest

from roto.errors import DocumentError
from roto.shot.document import VERSION
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


def test_there_is_a_step_for_every_older_version():
    assert sorted(STEPS) == list(range(1, VERSION))
