"""The benchmark's measures, against plain restatements of their definitions."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

BENCH = Path(__file__).parent / "bench"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


measures = load(BENCH / "measures.py")


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
