"""The journalled state of a pass, tidying, where a subject leaves, and the blend of two passes."""

from __future__ import annotations

import zlib
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.image import Box
from roto.track.blend import Blended, between, sure_by_rule
from roto.track.blend import blend as blend_with
from roto.track.components import tidy
from roto.track.mix import mixed
from roto.track.state import BAND_PX, State, absent_state, crop_state

WIDTH, HEIGHT = 160, 120
WHOLE = Box(0, 0, WIDTH, HEIGHT)


def disc(x: float, radius: float = 25) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (radius - np.hypot(columns - x, rows - 60)).astype(np.float32)


def test_a_state_is_what_its_bytes_decode_to() -> None:
    numbers = {"motion_px": 1 / 3, "drift_px": 0.1, "support": 2 / 3, "agreement": 0.7}
    state = crop_state(7, disc(50.3), WHOLE, age=3, verdict="partly", told=disc(51) > 0, **numbers)
    again = State.decode(state.encode())
    assert again.encode() == state.encode()
    assert (again.number, again.box, again.age, again.cut) == (7, state.box, 3, False)
    assert (again.motion_px, again.drift_px, again.support) == (state.motion_px, state.drift_px, state.support)
    assert (again.verdict, again.agreement) == ("partly", state.agreement)
    assert np.array_equal(again.patch, state.patch)
    assert np.array_equal(again.chain, state.chain)
    assert np.array_equal(again.told, state.told)


def test_an_answer_is_seen_from_any_window() -> None:
    state = crop_state(0, disc(50), WHOLE, told=disc(55) > 0)
    seen = state.answer(WHOLE)
    assert seen is not None
    assert np.array_equal(seen > 0.5, (disc(55) > 0) & (state.distance(WHOLE) > -BAND_PX))
    assert crop_state(0, disc(50), WHOLE).answer(WHOLE) is None


def test_a_shortened_journal_is_refused() -> None:
    whole = crop_state(7, disc(50), WHOLE, told=disc(51) > 0)
    bare = crop_state(7, disc(50), WHOLE)
    header = len(absent_state(7).encode()) - len(zlib.compress(b"", 1))
    with pytest.raises(ValueError, match="journal"):
        State.decode(whole.encode()[:header] + bare.encode()[header:])


def test_a_window_sees_the_distance_to_a_64th_of_a_pixel() -> None:
    state = crop_state(0, disc(50), WHOLE)
    seen = state.distance(WHOLE)
    assert np.abs(seen - np.clip(disc(50), -BAND_PX, None)).max() <= 1 / 128
    corner = Box(30, 40, 90, 70)
    assert np.array_equal(state.distance(corner), seen[corner.slices])
    assert (state.distance(Box(140, 0, 160, 20)) == -BAND_PX).all()


def test_an_absent_state_survives_its_bytes() -> None:
    again = State.decode(absent_state(3, cut=True).encode())
    assert again.empty
    assert again.cut


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="journal"):
        State.decode(b"something else entirely, and long enough to be a header of the right size")


def test_specks_go_and_pinholes_close() -> None:
    distance = disc(60)
    distance[5:8, 5:8] = 1
    distance[60, 60] = -1
    tidied = tidy(distance)
    assert np.array_equal(tidied > 0, disc(60) > 0)


def test_a_second_large_piece_stays() -> None:
    both = np.maximum(disc(40, 20), disc(120, 12))
    assert np.array_equal(tidy(both) > 0, both > 0)


def stick_in_pieces() -> NDArray[np.float32]:
    """A disc and, to the right of it, three short pieces, the last one farther than a fifth of its size
    from all but the one before."""
    distance = disc(40)
    for x in (70, 82, 94):
        distance[59:62, x : x + 7] = 1
    return distance


def test_small_pieces_stay_that_are_sure_and_lead_to_each_other() -> None:
    distance = stick_in_pieces()
    assert np.array_equal(tidy(distance, 4 * np.sign(distance)) > 0, distance > 0)


def test_small_pieces_go_without_log_odds_or_with_low_ones() -> None:
    distance = stick_in_pieces()
    assert np.array_equal(tidy(distance) > 0, disc(40) > 0)
    assert np.array_equal(tidy(distance, np.sign(distance)) > 0, disc(40) > 0)


def test_small_pieces_go_however_sure_where_nothing_leads_to_them() -> None:
    distance, odds = stick_in_pieces(), 4 * np.sign(stick_in_pieces())
    odds[:, 82:89] = -1
    kept = stick_in_pieces()
    kept[59:62, 82:] = -1
    assert np.array_equal(tidy(distance, odds) > 0, kept > 0)


def test_a_speck_goes_however_sure() -> None:
    distance = disc(40)
    distance[60, 70] = 1
    assert np.array_equal(tidy(distance, 4 * np.sign(distance)) > 0, disc(40) > 0)


def blend(forward: State | None, backward: State | None, share: float, number: int) -> Blended:
    near = "forward" if share < 0.5 else "backward"
    return blend_with(forward, backward, number, near, partial(mixed, share=share), sure_by_rule)


def test_the_blend_leans_on_the_nearer_key() -> None:
    left, right = crop_state(1, disc(60), WHOLE), crop_state(1, disc(64), WHOLE)
    centres = []
    for share in (0.1, 0.5, 0.9):
        mixed = blend(left, right, share, 1)
        assert mixed.origin == "both"
        centres.append(float(np.nonzero(mixed.state.distance(WHOLE) > 0)[1].mean()))
    assert centres == pytest.approx([60, 62, 64], abs=0.4)


def test_a_pass_that_lost_the_subject_does_not_shrink_the_other() -> None:
    here = crop_state(1, disc(60), WHOLE)
    assert blend(here, absent_state(1), 0.3, 1).state is here
    assert blend(absent_state(1), here, 0.3, 1).state is here


def test_a_frame_between_is_no_surer_than_its_neighbours_nor_than_they_agree_on_it() -> None:
    here = crop_state(1, disc(60), WHOLE)

    def of(confidence: float, origin: str) -> Blended:
        return Blended(here, origin, 0.8, confidence)

    beside = [of(0.9, "forward"), of(0.7, "both")]
    found = between(here, beside, "forward", sure_by_rule, 0.95)
    assert (found.confidence, found.origin, found.agreement) == (pytest.approx(0.8), "both", pytest.approx(0.8))
    assert between(here, beside, "forward", sure_by_rule, 0.3).confidence == 0.3
    assert between(here, beside, "forward", sure_by_rule, None).confidence == pytest.approx(0.8)
    alone = between(here, [], "backward", sure_by_rule, 0.6)
    assert (alone.confidence, alone.origin, alone.agreement) == (0.6, "backward", 1.0)


def test_a_cut_leaves_the_pass_on_the_near_side() -> None:
    here = crop_state(1, disc(60), WHOLE)
    assert blend(absent_state(1, cut=True), here, 0.2, 1).origin == "backward"
    lost = blend(absent_state(1, cut=True), absent_state(1, cut=True), 0.2, 1)
    assert (lost.origin, lost.confidence) == ("cut", 0.0)
