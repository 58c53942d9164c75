"""A disc that glides over a textured backdrop, and networks that nobody has trained: they answer what flow carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.motion.flow import one_thread
from roto.segment.resegment import Example
from roto.signed_distance import signed_distance
from roto.track.learned.nets import AppearanceNet, FusionNet, PropagationNet
from roto.track.learned.networks import Networks
from roto.track.span import Key, Span


@dataclass
class Disc:
    """``count`` frames; the disc goes right by ``step`` pixels a frame, with its texture."""

    width: int = 176
    height: int = 112
    count: int = 7
    step: int = 3
    gone: frozenset[int] = field(default_factory=frozenset)  # frames that show the backdrop alone

    def truth(self, number: int) -> NDArray[np.bool_]:
        if number in self.gone:
            return np.zeros((self.height, self.width), bool)
        rows, columns = np.mgrid[: self.height, : self.width] + 0.5
        return np.asarray(np.hypot(columns - 60 - self.step * number, rows - 58) < 24, bool)

    def matte(self, number: int) -> NDArray[np.float32]:
        return self.truth(number).astype(np.float32)

    def picture(self, number: int) -> NDArray[np.uint8]:
        front = np.roll(self._texture(2, (200, 90, 60)), self.step * number, axis=1)
        picture = np.where(self.truth(number)[..., None], front, self._texture(1, (60, 110, 150)))
        return np.clip(picture, 0, 255).astype(np.uint8)

    def _texture(self, seed: int, tint: tuple[int, int, int]) -> NDArray[np.float32]:
        values = np.random.default_rng(seed).standard_normal((self.height, self.width, 3)).astype(np.float32)
        return np.asarray(150 * cv2.GaussianBlur(values, (0, 0), 3) + np.array(tint, np.float32), np.float32)

    def read(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        step = 1 if last >= first else -1
        for number in range(first, last + step, step):
            yield number, self.picture(number)

    def example(self, number: int) -> Example:
        return Example(self.picture(number), signed_distance(self.matte(number)), number)

    def span(self, left: bool = True, right: bool = True) -> Span:
        last = self.count - 1
        return Span(
            Key(0, self.matte(0)) if left else None,
            Key(last, self.matte(last)) if right else None,
            int(left),
            last - int(right),
        )


@pytest.fixture
def disc() -> Disc:
    return Disc()


@pytest.fixture
def disc_that_leaves() -> Disc:
    return Disc(gone=frozenset({3, 4}))


@pytest.fixture(scope="session")
def networks() -> Networks:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Networks(PropagationNet(), FusionNet(), AppearanceNet())


@pytest.fixture(autouse=True)
def opencv_on_one_thread() -> Iterator[None]:
    with one_thread():
        yield
