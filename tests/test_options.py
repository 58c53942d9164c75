"""Options from documents: one dataclass says what is allowed, and every error names its place."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from roto.errors import DocumentError
from roto.options import describe, from_text, inside, option, read_options, write_options
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions


@dataclass(frozen=True, kw_only=True)
class Options:
    width_px: float = option(2.0, "how wide", minimum=0.0, maximum=1_000_000.0)
    count: int = option(3, "how many", minimum=1, maximum=2**31 - 1)
    mode: str = option("auto", "which way", choices=("auto", "fast"))
    enabled: bool = option(True, "whether at all")
    limit: int | None = option(None, "no more than these")
    gain: float = option(1.0, "how much")


def test_what_is_read_has_the_fields_types():
    options = read_options(Options, {"width_px": 4, "limit": 7, "enabled": False}, "track")
    assert options == Options(width_px=4.0, limit=7, enabled=False)
    assert isinstance(options.width_px, float)


def test_null_is_for_fields_that_may_be_none():
    assert read_options(Options, {"limit": None}, "") == Options()


def test_only_what_was_decided_is_written():
    assert write_options(Options()) == {}
    assert write_options(Options(mode="fast", count=5)) == {"count": 5, "mode": "fast"}


@pytest.mark.parametrize("cls", [TrackOptions, SmoothOptions])
def test_stage_options_survive_a_document(cls):
    for field in dataclasses.fields(cls):
        changed = {bool: not field.default, str: (field.metadata["choices"] or ["x"])[-1]}.get(type(field.default))
        options = cls(**{field.name: field.metadata["maximum"] if changed is None else changed})
        assert read_options(cls, write_options(options), "") == options
        assert field.metadata["help"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"widht_px": 3}, "edge.widht_px: unknown key, did you mean 'width_px'?"),
        (
            {"zzz": 3},
            "edge.zzz: unknown key, known here: width_px, count, mode, enabled, limit, gain",
        ),
        ({"width_px": -0.5}, "edge.width_px: the number -0.5 is too small, at least 0 is allowed"),
        ({"width_px": 1e7}, "edge.width_px: the number 10000000.0 is too large, at most 1000000 is allowed"),
        ({"count": 2**31}, "edge.count: the number 2147483648 is too large, at most 2147483647 is allowed"),
        ({"count": 2.5}, "edge.count: the number 2.5, but a whole number is needed"),
        ({"count": True}, "edge.count: true, but a whole number is needed"),
        ({"width_px": "4"}, "edge.width_px: the text '4', but a number is needed"),
        ({"width_px": None}, "edge.width_px: null, but a number is needed"),
        ({"enabled": 1}, "edge.enabled: the number 1, but true or false is needed"),
        ({"mode": "slow"}, "edge.mode: 'slow' is not one of auto, fast"),
        ({"limit": []}, "edge.limit: a list of 0, but a whole number is needed"),
        ({"gain": float("nan")}, "edge.gain: the number nan, but a finite number is needed"),
        ({"gain": float("-inf")}, "edge.gain: the number -inf, but a finite number is needed"),
        ({"gain": 10**400}, "edge.gain: the number 100000000000000000000..., but a finite number is needed"),
        ([1, 2], "edge: an object of options is needed, got a list of 2"),
    ],
)
def test_bad_options_name_their_place(data, message):
    with pytest.raises(DocumentError) as error:
        read_options(Options, data, "edge")
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("place", "inner", "whole"),
    [
        ("", "name", "name"),
        ("layers[1]", "name", "layers[1].name"),
        ("points", "[3]", "points[3]"),
        ("edge", "", "edge"),
    ],
)
def test_places_within_places(place, inner, whole):
    assert inside(place, inner) == whole


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (False, "false"),
        (3, "the number 3"),
        ("x" * 50, f"the text {'x' * 37!r}..."),
        ({}, "an object"),
        ([1], "a list of 1"),
    ],
)
def test_values_in_words(value, words):
    assert describe(value) == words


def test_truth_on_a_command_line():
    assert from_text("true", bool) is True
    assert from_text("false", bool) is False
    assert from_text("yes", bool) == "yes"  # for check_value to refuse
    assert from_text("true", str) == "true"
