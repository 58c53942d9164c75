"""The benchmark's screens: their alpha is exact, and FFmpeg's keys are run as their users run them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from roto.keying.chroma import chroma_key
from roto.keying.screen import find_screen_colour

BENCH = Path(__file__).parent / "bench"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # screen_clips imports alpha_clips by its name
    spec.loader.exec_module(module)
    return module


load("alpha_clips")
screens, ffmpeg = load("screen_clips"), load("ffmpeg_keys")


@pytest.mark.parametrize("name", screens.ALL)
def test_screens_are_rendered_the_same_every_time(name: str) -> None:
    frame, again = screens.render(name, 3), screens.render(name, 3)
    assert np.array_equal(frame.rgb, again.rgb)
    assert frame.rgb.dtype == np.uint8
    # where alpha is 0 the plate is the screen, but for noise
    alone = frame.alpha == 0
    assert np.abs(frame.rgb[alone] / 255 - frame.screen[alone]).mean() < 0.02


def test_ffmpegs_mattes_are_of_the_frames_that_were_given() -> None:
    frame = screens.render("hair", 0)
    (matte,) = ffmpeg.ffmpeg_key([frame.rgb], "colorkey", "0x29a840", 0.06, 0.16)
    assert matte.shape == frame.alpha.shape
    assert np.abs(matte - frame.alpha).mean() < 0.02


@pytest.mark.parametrize("name", [name for name in screens.ALL if name not in ("scarf", "smoke")])
def test_half_of_ffmpegs_error_is_left_at_most(name: str) -> None:
    frame = screens.render(name, 6)
    middle = np.median(frame.screen.reshape(-1, 3), axis=0)
    colour = "0x" + "".join(f"{round(float(value) * 255):02x}" for value in middle)
    theirs = [
        np.abs(ffmpeg.ffmpeg_key([frame.rgb], key, colour, similarity, blend)[0] - frame.alpha).sum()
        for key in ffmpeg.FILTERS
        for similarity, blend in ((0.04, 0.08), (0.06, 0.16), (0.06, 0.25), (0.12, 0.3))
    ]
    ours = np.abs(chroma_key(frame.rgb, find_screen_colour([frame.rgb])) - frame.alpha).sum()
    assert ours < min(theirs) / 2
