"""Real footage: skies and meadows where there are some, and none where others would see one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.detect.find import working_picture
from roto.detect.moving import OFFSETS
from roto.semantic.found import Found, FoundOptions
from roto.semantic.subject import find_all_moving, find_subject
from roto.semantic.surface import find_surface


def read(test_data: Path, name: str, number: int) -> NDArray[np.uint8]:
    path = test_data / "davis" / "JPEGImages" / "480p" / name / f"{number:05d}.jpg"
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def surface(test_data: Path, kind: str, name: str, number: int) -> Found:
    around = {offset: working_picture(read(test_data, name, number + offset)) for offset in (-2, 2)}
    return find_surface(kind, read(test_data, name, number), around, FoundOptions())


def test_the_sky_above_the_sea(test_data: Path) -> None:
    found = surface(test_data, "sky", "surf", 27)
    assert found.confidence > 0.6
    assert found.matte[:180, :450].min() == 1  # above the hills, left of the sail
    assert found.matte[330:].max() == 0


@pytest.mark.parametrize(("name", "number"), [("tennis", 35), ("rollerblade", 17), ("flamingo", 40), ("hockey", 37)])
def test_blue_walls_and_dark_water_are_no_sky(test_data: Path, name: str, number: int) -> None:
    found = surface(test_data, "sky", name, number)
    assert not found.matte.any()
    assert found.confidence < FoundOptions().least


def test_the_grass_before_the_wall(test_data: Path) -> None:
    found = surface(test_data, "vegetation", "rollerblade", 17)
    assert found.matte[430:].mean() > 0.95
    assert found.matte[:380].mean() < 0.01


@pytest.mark.parametrize(("name", "number"), [("tennis", 35), ("soccerball", 24)])
def test_what_moves_is_the_true_subject(test_data: Path, name: str, number: int) -> None:
    around = {offset: working_picture(read(test_data, name, number + offset)) for offset in OFFSETS}
    truth = cv2.imread(str(test_data / "davis" / "Annotations" / "480p" / name / f"{number:05d}.png"), 0) > 127
    rgb = read(test_data, name, number)
    for found in (find_all_moving(rgb, around, FoundOptions()), find_subject(rgb, around, "auto", FoundOptions())):
        inside = found.matte >= 0.5
        assert (inside & truth).sum() / (inside | truth).sum() > 0.75
        assert found.confidence > 0.6
