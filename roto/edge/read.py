"""The list of edge steps from a document or a command line."""

from __future__ import annotations

from typing import Any

from roto.edge import EDGE_STEPS
from roto.edge.step import EdgeStep
from roto.kinds import Family

STEPS: Family[EdgeStep] = Family(EDGE_STEPS, "edge step", most=50)


def read_steps(data: Any, place: str) -> tuple[EdgeStep, ...]:
    """``[{"type": "grow", "px": 1.5}, ...]`` from JSON. DocumentError for whatever is not valid."""
    return STEPS.read(data, place)


def parse_step(text: str) -> EdgeStep:
    """A step as on the command line: ``grow=-0.5``, see :meth:`roto.kinds.Family.parse`."""
    return STEPS.parse(text)
