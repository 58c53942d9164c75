"""Prompts are asked once: what was answered stays until the prompt, the picture or the model changes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.answers import Answers, asked
from roto.errors import DocumentError
from roto.masks.prompted import Prompted
from roto.segment.prompt import Candidate, Prompt
from roto.store import Shelf
from roto.track.options import TrackOptions

POINT = Prompted(points=((3.0, 2.0, 1), (9.0, 9.0, 0)))


class Asked:
    """A segmenter that counts what it is asked and answers two mattes that depend on the picture."""

    name, identity = "asked", "asked 1"

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []

    def embed(self, rgb: NDArray[np.uint8]) -> Any:
        return rgb

    def answer(self, embedding: Any, prompt: Prompt) -> tuple[Candidate, ...]:
        self.prompts.append(prompt)
        matte = embedding[..., 0].astype(np.float32) / np.float32(255)
        return Candidate(matte, 0.9, 1.0), Candidate(1 - matte, 0.4, 1.0)


def answers(segmenter: Asked, folder: Path, clip: str = "clip") -> Answers:
    models = SimpleNamespace(segmenter=lambda options, text: segmenter)
    shelf = Shelf(folder / "answers", 1 << 20)
    return Answers(models, lambda: shelf, clip, picture)  # type: ignore[arg-type]


def picture(number: int) -> NDArray[np.uint8]:
    return np.random.default_rng(number).integers(0, 255, (12, 16, 3)).astype(np.uint8)


def test_an_answer_is_kept_to_the_bit(tmp_path: Path) -> None:
    segmenter = Asked()
    first = answers(segmenter, tmp_path).matte(5, TrackOptions(), POINT, None)
    again = answers(segmenter, tmp_path).matte(5, TrackOptions(), POINT, None)
    assert first.tobytes() == again.tobytes() == (picture(5)[..., 0].astype(np.float32) / np.float32(255)).tobytes()
    assert len(segmenter.prompts) == 1


def test_another_question_is_asked(tmp_path: Path) -> None:
    segmenter = Asked()
    known = answers(segmenter, tmp_path)
    prior = np.zeros((12, 16), np.float32)
    known.matte(5, TrackOptions(), POINT, None)
    known.matte(6, TrackOptions(), POINT, None)
    known.matte(5, TrackOptions(), Prompted(box=(1, 1, 5, 5)), None)
    known.matte(5, TrackOptions(), POINT, prior)
    answers(segmenter, tmp_path, "another clip").matte(5, TrackOptions(), POINT, None)
    segmenter.identity = "asked 2"
    known.matte(5, TrackOptions(), POINT, None)
    assert len(segmenter.prompts) == 6
    assert segmenter.prompts[3].mask is prior


def test_how_an_answer_is_used_is_no_other_question(tmp_path: Path) -> None:
    segmenter = Asked()
    known = answers(segmenter, tmp_path)
    for use in ({}, {"operation": "subtract"}, {"invert": True}, {"feather_px": 3}):
        known.matte(5, TrackOptions(), Prompted(points=POINT.points, **use), None)
    assert len(segmenter.prompts) == 1


def test_the_candidate_is_chosen(tmp_path: Path) -> None:
    known = answers(Asked(), tmp_path)
    best, second = (
        known.matte(5, TrackOptions(), Prompted(points=POINT.points, candidate=choice), None) for choice in (1, 2)
    )
    np.testing.assert_array_equal(second, 1 - best)
    with pytest.raises(DocumentError, match="candidate: 3, but the prompt has 2 answers"):
        known.matte(5, TrackOptions(), Prompted(points=POINT.points, candidate=3), None)


def test_the_segmenter_is_asked_what_the_document_says() -> None:
    prompt = asked(Prompted(points=POINT.points, box=(1, 2, 8, 8), text="dog"), None)
    assert prompt.points == ((3, 2), (9, 9))
    assert prompt.labels == (True, False)
    assert (prompt.box, prompt.text, prompt.mask) == ((1, 2, 8, 8), "dog", None)
