"""What a tool may change: distances by brute force, and how much of the answer counts where."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.handoff.defect import as_8_bits, blend_around, core_of, mask_of


def disc(radius: float = 9.0) -> NDArray[np.float32]:
    y, x = np.mgrid[:60, :80] + 0.5
    return np.clip(radius + 0.5 - np.hypot(x - 35, y - 28), 0, 1).astype(np.float32)


def distance_to(core: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(core)
    y, x = np.indices(core.shape)
    return np.asarray(np.hypot(x[..., None] - columns, y[..., None] - rows).min(axis=-1))


def test_a_core_reaches_to_the_end_of_a_soft_edge() -> None:
    matte = np.array([[0, 0.001, 0.003, 0.5, 1]], np.float32)
    assert core_of(matte).tolist() == [[False, False, True, True, True]]


def test_holes_are_filled_up_to_an_area() -> None:
    matte = disc()
    matte[28, 35] = 0
    assert not core_of(matte)[28, 35]
    assert core_of(matte, fill_holes_px=4)[28, 35]
    ring = disc(radius=20) - disc(radius=10)
    assert not core_of(ring, fill_holes_px=4)[28, 35]


@pytest.mark.parametrize(("margin", "blend"), [(0, 0), (3, 0), (0, 5), (4, 6), (2.5, 3.5)])
def test_the_blend_is_whole_within_the_margin_and_nothing_beyond_the_border(margin: float, blend: float) -> None:
    core = core_of(disc())
    found = blend_around(core, margin, blend)
    distance = distance_to(core)
    assert (found[distance <= margin] == 65535).all()
    assert not found[distance > margin + max(blend, 1e-4)].any()
    within = (distance > margin + 0.05) & (distance < margin + blend - 0.05)
    assert ((found[within] > 0) & (found[within] < 65535)).all()
    order = np.argsort(distance, axis=None)
    assert (np.diff(found.ravel()[order].astype(np.int64)) <= 0).all()


def test_the_blend_falls_smoothly_from_whole_to_nothing() -> None:
    core = np.zeros((1, 20), bool)
    core[0, 0] = True
    found = blend_around(core, 2, 4)[0, :8] / 65535
    assert found == pytest.approx([1, 1, 1, 0.84375, 0.5, 0.15625, 0, 0], abs=1e-4)


def test_the_mask_is_white_wherever_the_answer_counts_at_all() -> None:
    blend = blend_around(core_of(disc()), 4, 6)
    mask = mask_of(blend)
    assert ((mask == 255) == (blend > 0)).all()
    assert set(np.unique(mask)) == {0, 255}
    soft = as_8_bits(blend)
    assert np.abs(soft.astype(float) - blend / 257).max() <= 0.5


def test_nothing_in_nothing_out_and_a_whole_frame_stays_whole() -> None:
    assert not blend_around(np.zeros((20, 30), bool), 5, 5).any()
    assert (blend_around(np.ones((20, 30), bool), 5, 5) == 65535).all()


def test_a_defect_at_the_border_is_grown_into_the_picture_alone() -> None:
    core = np.zeros((20, 30), bool)
    core[:3, :3] = True
    found = blend_around(core, 2, 0)
    assert (found == 65535).sum() == (distance_to(core) <= 2).sum()
