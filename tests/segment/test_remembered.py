"""Each picture is looked at once."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.segment.prompt import Candidate, Prompt
from roto.segment.remembered import Remembered


class Mean:
    """Sees the mean colour of a picture."""

    name, identity = "mean", "mean 1"

    def __init__(self) -> None:
        self.looks = 0

    def embed(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        self.looks += 1
        return rgb.mean(axis=(0, 1))

    def pack(self, embedding: NDArray[np.float64]) -> bytes:
        return embedding.tobytes()

    def unpack(self, data: bytes) -> NDArray[np.float64]:
        if len(data) != 24:
            raise ValueError("not three numbers")
        return np.frombuffer(data)

    def answer(self, embedding: NDArray[np.float64], prompt: Prompt) -> tuple[Candidate, ...]:
        return (Candidate(np.full((2, 2), embedding[0], np.float32), 1.0, 1.0),)


class Kept(dict[str, bytes]):
    def load(self, key: str) -> bytes | None:
        return self.get(key)

    def save(self, key: str, data: bytes) -> None:
        self[key] = data


def picture(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (6, 8, 3)).astype(np.uint8)


def test_a_picture_is_looked_at_once_whoever_asks() -> None:
    mean, kept = Mean(), Kept()
    first = Remembered(mean, kept).embed(picture(1))
    again = Remembered(mean, kept).embed(picture(1).copy())
    assert mean.looks == 1
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("other", [picture(2), picture(1)[:, :7], picture(1).reshape(8, 6, 3)])
def test_another_picture_is_looked_at(other: NDArray[np.uint8]) -> None:
    mean, kept = Mean(), Kept()
    segmenter = Remembered(mean, kept)
    segmenter.embed(picture(1))
    segmenter.embed(other)
    assert mean.looks == 2


def test_other_weights_see_anew() -> None:
    mean, kept = Mean(), Kept()
    Remembered(mean, kept).embed(picture(1))
    mean.identity = "mean 2"
    Remembered(mean, kept).embed(picture(1))
    assert mean.looks == 2


def test_what_cannot_be_read_is_made_again() -> None:
    mean, kept = Mean(), Kept()
    segmenter = Remembered(mean, kept)
    segmenter.embed(picture(1))
    kept[next(iter(kept))] = b"of an older version"
    np.testing.assert_array_equal(segmenter.embed(picture(1)), picture(1).mean(axis=(0, 1)))
    assert mean.looks == 2


def test_what_is_cheap_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    monkeypatch.setattr(Mean, "pack", lambda self, embedding: b"")
    Remembered(Mean(), kept).embed(picture(1))
    assert not kept
