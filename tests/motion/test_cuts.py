"""Scene cuts: none within real shots, found between different ones."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import one_thread

SHOTS = ("bmx-bumps", "hockey", "motorbike", "surf")


def thumbnails(data: Path, shot: str) -> list[NDArray[np.uint8]]:
    paths = sorted((data / "davis" / "JPEGImages" / "480p" / shot).glob("*.jpg"))[20:30]
    return [thumbnail(cv2.imread(str(path))[..., ::-1]) for path in paths]


@pytest.mark.parametrize("shot", SHOTS)
def test_a_shot_has_no_cut(test_data: Path, shot: str) -> None:
    with one_thread():
        assert not any(is_cut(a, b) for a, b in pairwise(thumbnails(test_data, shot)))


@pytest.mark.parametrize(("one", "other"), list(pairwise(SHOTS)))
def test_another_shot_is_a_cut_either_way(test_data: Path, one: str, other: str) -> None:
    a, b = thumbnails(test_data, one)[0], thumbnails(test_data, other)[0]
    with one_thread():
        assert is_cut(a, b)
        assert is_cut(b, a)


def test_a_black_picture_against_itself_is_no_cut() -> None:
    black = thumbnail(np.zeros((40, 60, 3), np.uint8))
    with one_thread():
        assert not is_cut(black, black)
