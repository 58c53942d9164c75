"""The sample clips: complete, small, exact, and reproducible from the programs beside them."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

CLIPS = Path(__file__).parents[1] / "clips"
NAMES = ("dancer", "koi", "greenscreen")
FRAMES = {"dancer": 48, "koi": 50, "greenscreen": 48}


@pytest.fixture(scope="module")
def renderer() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(CLIPS), *sys.path])
        yield importlib.import_module("render")


def decoded(path: Path, kind: str) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=kind) for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def mattes() -> dict[str, list[NDArray[np.uint8]]]:
    return {name: decoded(CLIPS / name / "alpha.mkv", "gray") for name in NAMES}


def keyframes(name: str) -> list[Path]:
    return sorted((CLIPS / name / "keys").glob("*.json"))


def test_every_scene_is_there(renderer: ModuleType) -> None:
    assert tuple(renderer.SCENES) == NAMES
    assert {name: renderer.scene(name).frames for name in NAMES} == FRAMES


@pytest.mark.parametrize("name", NAMES)
def test_plate_and_matte_have_the_same_frames(name: str, mattes: dict[str, list[NDArray[np.uint8]]]) -> None:
    plates = decoded(CLIPS / name / "plate.mp4", "rgb24")
    assert len(plates) == len(mattes[name]) == FRAMES[name]
    assert {plate.shape for plate in plates} == {(360, 640, 3)}
    assert {matte.shape for matte in mattes[name]} == {(360, 640)}


@pytest.mark.parametrize("name", NAMES)
def test_every_matte_has_a_solid_inside_and_soft_edges(name: str, mattes: dict[str, list[NDArray[np.uint8]]]) -> None:
    for matte in mattes[name]:
        assert np.count_nonzero(matte == 255) > 2000
        assert np.count_nonzero((matte > 8) & (matte < 247)) > 400
        assert np.count_nonzero(matte == 0) > 0.3 * matte.size


@pytest.mark.parametrize(("name", "index"), [("dancer", 0), ("dancer", 30), ("koi", 27), ("greenscreen", 12)])
def test_rendering_again_gives_the_committed_frames(
    name: str, index: int, renderer: ModuleType, mattes: dict[str, list[NDArray[np.uint8]]]
) -> None:
    plate, matte = renderer.frame(name, index)
    difference = np.abs(matte.astype(int) - mattes[name][index])
    # Another CPU's sine may move a corner by a hair: at most a handful of pixels by one code value.
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 10
    committed = decoded(CLIPS / name / "plate.mp4", "rgb24")[index]
    error = np.mean((plate.astype(float) - committed) ** 2)
    assert 10 * np.log10(255**2 / error) > 33  # dB: what the H.264 encoding leaves


@pytest.mark.parametrize("name", NAMES)
def test_keyframes_follow_the_matte(
    name: str, renderer: ModuleType, mattes: dict[str, list[NDArray[np.uint8]]]
) -> None:
    scene = renderer.scene(name)
    paths = keyframes(name)
    assert [int(path.stem) for path in paths] == list(scene.keys)
    for path in paths:
        shapes = json.loads(path.read_text(encoding="utf-8"))["shapes"]
        assert {shape["type"] for shape in shapes} == {"polygon"}
        assert 20 <= sum(len(shape["points"]) for shape in shapes) <= 60
        drawn = filled([shape["points"] for shape in shapes])
        inside = mattes[name][int(path.stem)] >= 128
        assert np.count_nonzero(drawn & inside) / np.count_nonzero(drawn | inside) > 0.95


def filled(polygons: list[list[list[float]]], scale: int = 4) -> NDArray[np.bool_]:
    """Pixels whose greater part lies within any of the polygons."""
    canvas = np.zeros((360 * scale, 640 * scale), np.uint8)
    for points in polygons:
        cv2.fillPoly(canvas, [np.round((np.array(points) * scale - 0.5) * 16).astype(np.int32)], 1, shift=4)
    return canvas.reshape(360, scale, 640, scale).mean(axis=(1, 3)) >= 0.5


def test_the_green_screen_shot_carries_its_time_code() -> None:
    with av.open(str(CLIPS / "greenscreen" / "plate.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.metadata["timecode"] == "01:00:00:00"
        assert stream.average_rate == Fraction(24000, 1001)


def test_clips_stay_small() -> None:
    files = [path for name in NAMES for path in (CLIPS / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 6_000_000
