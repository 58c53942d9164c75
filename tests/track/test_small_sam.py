"""A trained Sam in the span, on a rendered clip that moves too far for flow."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.segment.sam import SamSegmenter
from roto.solve import solve_span
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions
from roto.track.propagators import PROPAGATORS, Parts
from roto.track.span import Key, Span
from roto.weights.files import find

SEGMENT = Path(__file__).parents[1] / "segment"
WIDTH, HEIGHT, COUNT, STRIDE, SEED, SHELF = 320, 180, 8, 5, 11, 2


class Journal(dict[tuple[str, int], bytes]):
    def load(self, name: str, number: int) -> bytes | None:
        return self.get((name, number))

    def save(self, name: str, number: int, data: bytes) -> None:
        self[name, number] = data


def rendered() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rendered", SEGMENT / "rendered.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def frames() -> list[Any]:
    module = rendered()
    clip = module.Clip(SEED, module.Surfaces(SHELF, 16), WIDTH, HEIGHT)
    return [clip.frame(STRIDE * time) for time in range(COUNT)]


def read(first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for number in range(first, last + 1) if first <= last else range(first, last - 1, -1):
        yield number, frames()[number].rgb


def score(parts: Parts) -> float:
    """Mean intersection over union from the first frame's matte on."""
    subject = int(np.argmax([matte.sum() for matte in frames()[0].mattes]))
    span = Span(Key(0, frames()[0].mattes[subject]), None, 1, COUNT - 1)
    options = TrackOptions()
    propagator = PROPAGATORS["classical"](options, parts)
    overlaps = []
    for frame in solve_span(span, read, propagator, options, SmoothOptions(), Journal()):
        found, truth = frame.signed_distance(WIDTH, HEIGHT) > 0, frames()[frame.number].mattes[subject] >= 0.5
        overlaps.append(np.count_nonzero(found & truth) / np.count_nonzero(found | truth))
    return float(np.mean(overlaps))


def test_it_does_at_least_as_well_as_colours_alone_where_flow_fails() -> None:
    sam = SamSegmenter(find(str(SEGMENT / "data" / "small_sam.pt")), "cpu")
    alone, guided = score(Parts()), score(Parts(segmenter=sam))
    assert alone < 0.85
    assert guided > alone
