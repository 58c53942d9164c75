"""Real footage: the subject that its makers had in mind is among the first proposals."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.detect.find import overlap, working_picture
from roto.detect.propose import neighbours_of, propose, same_shot
from roto.timing import FrameRange


@pytest.mark.parametrize(("name", "number", "least"), [("soccerball", 24, 0.8), ("rollerblade", 17, 0.8)])
def test_the_moving_subject_comes_first(test_data: Path, name: str, number: int, least: float) -> None:
    folder = test_data / "davis" / "JPEGImages" / "480p" / name

    def read(at: int) -> NDArray[np.uint8]:
        return np.ascontiguousarray(cv2.imread(str(folder / f"{at:05d}.jpg"))[..., ::-1])

    around = same_shot(number, {at: working_picture(read(at)) for at in neighbours_of(number, FrameRange(0, 34))})
    first = propose(read(number), around, ["motion", "salient"], most=3)[0]
    truth = cv2.imread(str(test_data / "davis" / "Annotations" / "480p" / name / f"{number:05d}.png"), 0) > 127
    assert first.how == "motion"
    assert overlap(first.matte >= 0.5, truth) > least
