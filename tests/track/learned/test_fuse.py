"""Joining two passes: what the network is shown of them, and that its answer is what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.image import Box
from roto.signed_distance import signed_distance
from roto.track.learned.fuse import fuse
from roto.track.learned.nets import AppearanceNet, FusionNet, PropagationNet
from roto.track.learned.networks import Networks
from roto.track.mix import mixed
from roto.track.state import State, absent_state, crop_state

Plane = NDArray[np.float32]


class Says(Networks):
    """Answers a fusion by a rule, of the planes and the mixed distance, and keeps what it was shown."""

    def __init__(self, rule: Callable[[Plane, Plane], Plane]) -> None:
        super().__init__(PropagationNet(), FusionNet(), AppearanceNet())
        self._rule = rule
        self.shown: list[Plane] = []

    def fuse(self, planes: Plane, mixed: Plane) -> Plane:
        self.shown.append(planes)
        return self._rule(planes, mixed).astype(np.float32)


def state(disc: Any, number: int, at: int = 3, **facts: Any) -> State:
    """A pass's answer for frame ``at``: the subject as it is on frame ``number``."""
    return crop_state(at, signed_distance(disc.matte(number)), Box(0, 0, disc.width, disc.height), **facts)


def inside(found: State, disc: Any) -> NDArray[np.bool_]:
    return np.asarray(found.distance(Box(0, 0, disc.width, disc.height)) > 0)


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
@pytest.mark.parametrize(("pixels", "least"), [(100_000, 0.995), (3_000, 0.97)])
def test_an_untrained_network_leaves_it_to_the_rule(
    disc: Any, networks: Networks, share: float, pixels: int, least: float
) -> None:
    forward, backward = state(disc, 2, motion_px=3.0), state(disc, 4, motion_px=5.0)
    found, rule = fuse(networks, forward, backward, share, disc.picture(3), pixels), mixed(forward, backward, share)
    assert iou(inside(found, disc), inside(rule, disc)) > least
    assert (found.number, found.motion_px) == (rule.number, rule.motion_px) == (3, 5.0)
    assert found.odds.shape == found.patch.shape
    assert iou(found.odds > 0, found.patch > 0) > least - 0.02


def test_what_both_passes_agree_on_stays(disc: Any, networks: Networks) -> None:
    same = state(disc, 3)
    assert iou(inside(fuse(networks, same, same, 0.4, disc.picture(3)), disc), disc.truth(3)) > 0.99


def test_the_edge_is_where_the_network_says(disc: Any) -> None:
    """It takes the side of one pass, whose planes are the sixth and the eleventh."""
    forward, backward = (state(disc, number, drift_px=30) for number in (2, 4))
    for plane, taken in ((5, 2), (10, 4)):
        picks = Says(lambda planes, _, plane=plane: 6 * planes[plane])
        assert iou(inside(fuse(picks, forward, backward, 0.5, disc.picture(3)), disc), disc.truth(taken)) > 0.97


def test_the_network_is_told_how_far_each_pass_has_come(disc: Any) -> None:
    says = Says(lambda _, small: small)
    sides = state(disc, 2, age=2, drift_px=1.5), state(disc, 4, age=4, drift_px=0.5)
    fuse(says, *sides, 0.25, disc.picture(3))
    fuse(says, *sides, 0.25, disc.picture(3), 3_000)
    for planes in says.shown:
        assert [planes[8].max(), planes[13].max()] == pytest.approx([np.log(3) / 3, np.log(5) / 3])
        assert (planes[16] == -0.5).all()
    drifts = [np.expm1(3 * planes[9].max()) for planes in says.shown]
    assert drifts[0] == pytest.approx(1.5, rel=1e-4)
    shapes = [planes.shape for planes in says.shown]
    assert drifts[1] / drifts[0] == pytest.approx(shapes[1][1] / shapes[0][1], rel=0.05)  # in working pixels


@pytest.mark.parametrize("lost", ["forward", "backward"])
@pytest.mark.parametrize("kept", [True, False])
def test_where_one_pass_has_lost_the_subject_the_network_decides(disc: Any, lost: str, kept: bool) -> None:
    says = Says(lambda planes, _: np.maximum(planes[5], planes[10]) * 6 if kept else np.full_like(planes[5], -6))
    has, none = state(disc, 3), absent_state(3, age=2)
    sides = (none, has) if lost == "forward" else (has, none)
    found = fuse(says, *sides, 0.5, disc.picture(3))
    (planes,) = says.shown
    blank, told = (5, 10) if lost == "forward" else (10, 5)
    assert (planes[blank] < -0.99).all()
    assert (planes[told] > 0).any()
    assert found.empty != kept
    if kept:
        assert iou(inside(found, disc), disc.truth(3)) > 0.97


def test_whoever_gathers_samples_sees_what_the_network_sees(disc: Any) -> None:
    seen: list[Any] = []
    says = Says(lambda _, small: small)
    fuse(says, state(disc, 2), state(disc, 4), 0.5, disc.picture(3), watch=lambda *what: seen.append(what))
    ((number, view, planes, small),) = seen
    assert number == 3
    assert planes is says.shown[0]
    assert planes.shape[1:] == small.shape == (view.height, view.width)


STEM_PX = 8


def stem(disc: Any) -> int:
    """The first column of a stem in front of the subject of frame 3."""
    return int(np.argwhere(disc.truth(3))[:, 1].mean()) - STEM_PX


def pierced(disc: Any, shift_px: int) -> Plane:
    """The subject of frame 3 behind the stem, moved to the right by ``shift_px``."""
    matte = disc.matte(3).copy()
    matte[:, stem(disc) + shift_px :][:, :STEM_PX] = 0
    return signed_distance(matte)


@pytest.mark.parametrize(
    ("drift_px", "apart_px", "stays"), [(0.5, 0, True), (0.5, 2, True), (60.0, 3, False), (0.5, 14, False)]
)
def test_what_flow_brings_from_both_keys_alike_is_not_changed(
    disc: Any, drift_px: float, apart_px: int, stays: bool
) -> None:
    """A stem in front of the subject, which the network fills in."""
    whole, window = signed_distance(disc.matte(3)), Box(0, 0, disc.width, disc.height)
    forward, backward = (
        crop_state(3, whole, window, chained=pierced(disc, at), drift_px=drift_px) for at in (0, apart_px)
    )
    fills = Says(lambda planes, small: np.where(np.maximum(planes[5], small) > 0, 6, -6))
    found = inside(fuse(fills, forward, backward, 0.5, disc.picture(3)), disc)
    middle = stem(disc) + (STEM_PX + apart_px) // 2
    seen = found[:, middle][disc.truth(3)[:, middle]].mean()
    assert seen < 0.1 if stays else seen > 0.9
