"""Shared fixtures: where the real footage lies, when it is there, and a small rendered clip."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

settings.register_profile("roto", derandomize=True, database=None, deadline=None)
settings.load_profile("roto")

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real test footage: ``ROTO_TEST_DATA``, or ``shared/data`` beside the checkout.

    A machine that has it must not skip; a machine that lacks it skips with the reason.
    """
    folder = Path(os.environ.get("ROTO_TEST_DATA", _BESIDE))
    if not folder.is_dir():
        if "ROTO_TEST_DATA" in os.environ:
            pytest.fail(f"ROTO_TEST_DATA points at {folder}, which is not a folder")
        pytest.skip(f"no real footage at {folder}; set ROTO_TEST_DATA")
    return folder


@dataclass(frozen=True)
class RenderedClip:
    """A textured disc that glides over a textured background: PNG frames 1001 on, and its exact mattes."""

    pattern: str
    first: int
    last: int
    mattes: list[NDArray[np.float32]]
    folder: Path

    def mask(self, number: int) -> Path:
        """The exact matte of a frame as a 16-bit PNG file."""
        path = self.folder / f"mask.{number}.png"
        cv2.imwrite(str(path), np.rint(self.mattes[number - self.first] * 65535).astype(np.uint16))
        return path


def _noise(height: int, width: int, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    fine = rng.random((height // 3 + 1, width // 3 + 1, 3), np.float32)
    coarse = rng.random((height // 12 + 1, width // 12 + 1, 3), np.float32)
    return 0.5 * cv2.resize(fine, (width, height)) + 0.5 * cv2.resize(coarse, (width, height))


@pytest.fixture
def disc_clip(tmp_path: Path) -> RenderedClip:
    """Twelve frames, 128 x 96, numbered 1001-1012."""
    width, height, count = 128, 96, 12
    back, fore = _noise(height, width, 1) * 0.7, _noise(height, 2 * width, 2) * 0.5 + (0.45, 0.3, 0.0)
    folder = tmp_path / "clip"
    folder.mkdir()
    y, x = np.mgrid[0:height, 0:width] + 0.5
    mattes = []
    for i in range(count):
        centre = 40 + 3 * i
        matte = np.clip(20.5 - np.hypot(x - centre, y - 48), 0, 1).astype(np.float32)
        shift = 3 * i
        picture = back * (1 - matte[..., None]) + fore[:, width - shift : 2 * width - shift] * matte[..., None]
        cv2.imwrite(str(folder / f"shot.{1001 + i}.png"), np.rint(picture[..., ::-1] * 255).astype(np.uint8))
        mattes.append(matte)
    return RenderedClip(str(folder / "shot.####.png"), 1001, 1000 + count, mattes, tmp_path)


@pytest.fixture
def brief_fitting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans that are solved in this process are fitted for two steps instead of for seconds."""
    from roto.track.learned.propagate import EFFORTS

    monkeypatch.setitem(EFFORTS, "normal", replace(EFFORTS["normal"], fit_steps=2))


@pytest.fixture
def whole_fitting() -> None:
    """For tests that compare what this process solves with what others do, which nothing can shorten."""
