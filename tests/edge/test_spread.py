"""Values spread from scattered places."""

from __future__ import annotations

import numpy as np
import pytest

from roto.edge.spread import spread

ANGLE = np.linspace(0, 2 * np.pi, 900, endpoint=False)
OUTLINE = np.stack([90 + 60 * np.cos(ANGLE), 70 + 40 * np.sin(ANGLE)], axis=1)
Y, X = np.mgrid[:140, :180] + 0.5
INSIDE = ((X - 90) / 60) ** 2 + ((Y - 70) / 40) ** 2 < 1


def test_one_value_is_everywhere():
    found = spread(OUTLINE, np.full((900, 2), (3.0, -2.0)), 140, 180)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.broadcast_to([3, -2], found.shape), atol=1e-5)


@pytest.mark.parametrize(
    "field", [lambda x, y: (-(y - 70), x - 90), lambda x, y: (x - 90, y - 70), lambda x, y: (5 + 0 * x, 0.1 * x)]
)
def test_what_moves_rigidly_does_so_within(field):
    values = np.stack(field(*OUTLINE.T), axis=1) / 10
    found = spread(OUTLINE, values, 140, 180)
    expected = np.stack(field(X, Y), axis=2) / 10
    assert np.abs(found - expected)[INSIDE].max() < 0.5  # of up to 6
    assert np.abs(found - expected)[INSIDE].mean() < 0.16


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (3, 2)])
def test_pictures_a_pixel_wide(size):
    found = spread(np.array([[0.5, 0.5], [40, 40]]), np.array([[1.0, 2], [3, 4]]), *size)
    assert found.shape == (*size, 2)
    assert np.isfinite(found).all()
