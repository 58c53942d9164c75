"""Commands are run many times here, and what they fit is tested elsewhere.

And clips whose truth is known: a clean plate, the same with a defect on it, and a document that keys the defect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.export.destination import destination
from roto.export.pictures import picture
from roto.frames.open import open_source
from roto.frames.source import ClipInfo, ColourTags
from roto.image import Frame
from roto.masks.paint import Paint
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.timing import FrameRange

WIDTH, HEIGHT, FIRST, COUNT = 96, 72, 1001, 4
#: By name: the kind that is written, and the type of its pixels.
FORMS: dict[str, tuple[str, Any]] = {
    "png8": ("png", np.uint8),
    "png16": ("png", np.uint16),
    "tiff8": ("tiff", np.uint8),
    "tiff16": ("tiff", np.uint16),
    "exr-half": ("exr", np.float16),
    "exr-float": ("exr-float", np.float32),
    "ffv1-8": ("ffv1", np.uint8),
    "ffv1-16": ("ffv1", np.uint16),
}


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest) -> None:
    if "whole_fitting" not in request.fixturenames:
        request.getfixturevalue("brief_fitting")


@dataclass(frozen=True)
class Known:
    """clean and broken: a frame's pixels each; they differ within ``defects`` alone. path: the broken clip."""

    folder: Path
    path: Path
    form: str
    clean: list[NDArray[Any]]
    broken: list[NDArray[Any]]
    defects: list[NDArray[np.bool_]]
    document: Document
    first: int = FIRST

    @property
    def numbers(self) -> list[int]:
        return [self.first + i for i in range(len(self.clean))]

    @property
    def linear(self) -> bool:
        return self.form.startswith("exr")


def make_known(folder: Path, form: str = "png8", *, alpha: bool = False) -> Known:
    kind, dtype = FORMS[form]
    rng = np.random.default_rng(5)
    top = 1.0 if dtype in (np.float16, np.float32) else float(np.iinfo(dtype).max)
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    clean, broken, defects = [], [], []
    for i in range(COUNT):
        soft = cv2.resize(rng.random((HEIGHT // 8, WIDTH // 8, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        values = np.clip(0.8 * soft + 0.1 * rng.random((HEIGHT, WIDTH, 3)), 0, 1)
        plate = (np.rint(values * top) if top > 1 else values * 0.9).astype(dtype)
        inside = np.asarray(np.hypot(x - 30 - 5 * i, y - 30) < 7)
        spoiled = plate.copy()
        spoiled[inside] = top
        clean.append(plate)
        broken.append(spoiled)
        defects.append(inside)
    as_pixels = [_pixels(each) for each in broken]
    coverage = [np.full((HEIGHT, WIDTH), np.float32(0.6)) if alpha else None] * COUNT
    first = 0 if kind == "ffv1" else FIRST
    path = write_pictures(folder / "source", as_pixels, kind, first, coverage)
    keys = []
    for i, inside in enumerate(defects):
        cv2.imwrite(str(folder / f"key.{i}.png"), inside.astype(np.uint8) * 255)
        keys.append(Keyframe(frame=first + i, shapes=(Paint(file=f"key.{i}.png"),)))
    document = Document(
        source=Source(path=str(path.relative_to(folder))), layers=(Layer(name="spot", keyframes=tuple(keys)),)
    )
    return Known(folder, path, form, [_pixels(each) for each in clean], as_pixels, defects, document, first)


def write_pictures(
    folder: Path,
    pixels: Sequence[NDArray[Any]],
    kind: str,
    first: int = FIRST,
    alphas: Sequence[NDArray[np.float32] | None] | None = None,
    name: str = "shot",
) -> Path:
    """Write pictures; returns how they are opened."""
    height, width = pixels[0].shape[:2]
    linear = kind.startswith("exr")
    clip = ClipInfo(
        path="made",
        kind="sequence",
        codec=kind,
        width=width,
        height=height,
        range=FrameRange(first, first + len(pixels) - 1),
        rate=Fraction(24),
        bits=32 if linear else 8 * pixels[0].itemsize,
        half=kind == "exr",
        has_alpha=alphas is not None and alphas[0] is not None,
        linear=linear,
        colour=ColourTags(),
    )
    ending = {"ffv1": "mkv", "h264": "mp4", "exr": "####.exr", "exr-float": "####.exr"}.get(kind, f"####.{kind}")
    out = folder / f"{name}.{ending}"
    with destination(out, kind, clip, clip.range, name=name).open() as writer:
        for i, each in enumerate(pixels):
            alpha = None if alphas is None else alphas[i]
            writer.write(picture(Frame(first + i, each, alpha, linear=linear)))
    return out


def read_pictures(path: Path) -> list[Frame]:
    source = open_source(path)
    try:
        return list(source.frames(source.info.range.first, source.info.range.last))
    finally:
        source.close()


def _pixels(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float32) if values.dtype == np.float16 else values


@pytest.fixture
def known_clip(tmp_path: Path) -> Callable[..., Known]:
    """``known_clip(form, alpha=False)``: a broken clip in one of the forms, in ``tmp_path``."""
    return lambda form="png8", **facts: make_known(tmp_path, form, **facts)


@pytest.fixture(scope="session")
def write_clip() -> Callable[..., Path]:
    return write_pictures


@pytest.fixture(scope="session")
def read_clip() -> Callable[[Path], list[Frame]]:
    return read_pictures
