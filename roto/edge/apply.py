"""The edge stage's cheap steps: those that look at nothing but the matte."""

from __future__ import annotations

from collections.abc import Iterable

from roto.edge.step import EdgeStep
from roto.image import Frame, Matte
from roto.masks.moving import Moving


class Alone:
    """No plates and no other frames: a step that needs them is costly, and computed elsewhere."""

    def matte(self, offset: int) -> Matte | None:
        raise RuntimeError("a step that looks around itself must say that it is costly")

    def plate(self, offset: int) -> Frame | None:
        raise RuntimeError("a step that looks around itself must say that it is costly")

    @property
    def confidence(self) -> float:
        raise RuntimeError("a step that looks around itself must say that it is costly")

    def shapes(self, direction: int) -> Moving | None:
        raise RuntimeError("a step that looks around itself must say that it is costly")


def finish_edge(matte: Matte, steps: Iterable[EdgeStep]) -> Matte:
    """A matte after ``steps``, none of them costly; returned as it is, byte for byte, where there are none."""
    alone = Alone()
    for step in steps:
        matte = step.apply(matte, alone)
    return matte
