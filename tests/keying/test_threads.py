"""The same bytes on any number of threads, and from any kind of picture that holds the same values."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from roto.keying.chroma import chroma_key
from roto.keying.colour import ColourKeyOptions, colour_key
from roto.keying.difference import DifferenceKeyOptions, difference_key
from roto.keying.luma import LumaKeyOptions, luma_key

PICTURE = np.random.default_rng(3).integers(0, 256, (311, 517, 3), np.uint8)
PLATE = np.random.default_rng(4).integers(0, 256, (311, 517, 3), np.uint8)
GREEN = (0.1, 0.7, 0.2)

# a soft-edged grey disc before green
Y, X = np.mgrid[0:311, 0:517]
ALPHA = np.clip((90 - np.hypot(X - 250, Y - 150)) / 9, 0, 1)[..., None]
SCREENED = ((PICTURE * 0.1 + 100) * ALPHA + (PICTURE * 0.1 + (20, 150, 40)) * (1 - ALPHA)).astype(np.uint8)

KEYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "luma": lambda picture: luma_key(picture, LumaKeyOptions(measure="lightness")),
    "steep luma": lambda picture: luma_key(picture, LumaKeyOptions(low=0.4, low_softness=0.001)),
    "hue": lambda picture: colour_key(picture, ColourKeyOptions(hue_low=300, hue_high=60, saturation_low=0.3)),
    "samples": lambda picture: colour_key(picture, ColourKeyOptions(), [GREEN, (0.8, 0.2, 0.2)]),
    "difference": lambda picture: difference_key(picture, PLATE, DifferenceKeyOptions(tolerance=0.2, softness=0.3)),
}


@pytest.fixture
def threads():
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_bytes_do_not_depend_on_threads(key, threads, monkeypatch):
    monkeypatch.setattr("roto.keying.picture._STRIP_PX", 5000)
    threads(1)
    alone = key(PICTURE)
    assert alone.dtype == np.float32
    assert 0 <= alone.min() < alone.max() <= 1
    for count in (2, 5):
        threads(count)
        assert np.array_equal(key(PICTURE), alone)


@pytest.mark.parametrize("work_px", [100, 1000], ids=["sought in a small picture", "in the picture itself"])
def test_a_chroma_keys_bytes_do_not_depend_on_threads(work_px, threads, monkeypatch):
    monkeypatch.setattr("roto.keying.picture._STRIP_PX", 5000)
    monkeypatch.setattr("roto.keying.chroma._WORK_PX", work_px)
    threads(1)
    alone = chroma_key(SCREENED, GREEN)
    assert 0.1 < alone.mean() < 0.3
    for count in (2, 5):
        threads(count)
        assert np.array_equal(chroma_key(SCREENED, GREEN), alone)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_every_kind_of_picture_gives_the_same(key):
    by_bytes = key(PICTURE)
    assert np.abs(key(PICTURE.astype(np.uint16) * 257) - by_bytes).max() <= 1 / 65535
    # a float of itself is rounded, by as much as this once a steep shoulder makes more of it
    assert np.abs(key(PICTURE.astype(np.float32) / np.float32(255)) - by_bytes).max() <= 4e-5
