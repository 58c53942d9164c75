"""Colour of half the resolution: told from the picture, and restored at edges."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.keying.chroma import ChromaKeyOptions, chroma_key
from roto.keying.halved import has_halved_colour, whole_colour

SCREEN, SUBJECT = np.array((40, 170, 64)), np.array((200, 150, 110))


def strands(height: int = 90, width: int = 121) -> np.ndarray:
    """Alpha of strands of 1 to 3 px, exact: drawn at four times the size."""
    large = np.zeros((4 * height, 4 * width), np.float32)
    cv2.circle(large, (2 * width, 4 * height), 110, 1.0, -1)
    for i in range(14):
        cv2.line(large, (2 * width, 4 * height), (30 + 33 * i, 20 + 3 * i), 1.0, 4 + i % 3 * 4)
    return cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)


def plate(alpha: np.ndarray) -> np.ndarray:
    mixed = SUBJECT / 255 * alpha[..., None] + SCREEN / 255 * (1 - alpha[..., None])
    noise = np.random.default_rng(5).normal(0, 0.01, mixed.shape)
    return np.rint(np.clip(mixed + noise, 0, 1) * 255).astype(np.uint8)


def halved(rgb: np.ndarray) -> np.ndarray:
    """As 4:2:0 is stored and enlarged again."""
    height, width = rgb.shape[:2]
    even = cv2.copyMakeBorder(rgb, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    ycc = cv2.cvtColor(even, cv2.COLOR_RGB2YCrCb)
    size = even.shape[1] // 2, even.shape[0] // 2
    small = cv2.resize(ycc[..., 1:], size, interpolation=cv2.INTER_AREA)
    ycc[..., 1:] = cv2.resize(small, even.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)[:height, :width]


def test_halved_colour_is_told_from_full_colour():
    rgb = plate(strands())
    assert not has_halved_colour([rgb])
    assert has_halved_colour([halved(rgb)])
    assert has_halved_colour([halved(rgb).astype(np.uint16) * 257])
    assert not has_halved_colour([np.full((50, 50, 3), 90, np.uint8)])
    assert not has_halved_colour([np.full((2, 3, 3), 90, np.uint8)])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_colour_is_restored(dtype):
    rgb = plate(strands())
    white = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    given = (halved(rgb) / 255 * white).astype(dtype)
    found = whole_colour(given)
    assert (found.dtype, found.shape) == (given.dtype, given.shape)

    def off(picture: np.ndarray) -> float:
        colour = cv2.cvtColor((picture / white).astype(np.float32), cv2.COLOR_RGB2YCrCb)[..., 1:]
        truth = cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2YCrCb)[..., 1:]
        return float(((colour - truth) ** 2).mean())

    assert off(found) < 0.35 * off(given)


def test_a_key_of_halved_colour_is_nearer_to_the_truth():
    alpha = strands()
    rgb = halved(plate(alpha))
    green = tuple(SCREEN / 255)
    as_is, restored, by_itself = (
        np.abs(chroma_key(rgb, green, ChromaKeyOptions(light="display", halved_colour=how)) - alpha).mean()
        for how in (False, True, None)
    )
    assert restored == by_itself
    assert restored < 0.6 * as_is
