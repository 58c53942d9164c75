"""Propagators by name. A new one is a new file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from roto.segment import RESEGMENTERS
from roto.segment.segmenter import Segmenter
from roto.track.guide import Guide
from roto.track.options import TrackOptions
from roto.track.propagate import ClassicalPropagator, Propagator


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a run has opened for its propagators. ``segmenter`` answers prompts; None where nobody is to be asked."""

    segmenter: Segmenter | None = None


def _classical(options: TrackOptions, parts: Parts) -> Propagator:
    resegmenter = None if options.segmenter == "none" else RESEGMENTERS["local"]()
    guide = None if parts.segmenter is None else Guide(parts.segmenter, options.resegment_every)
    return ClassicalPropagator(resegmenter, options.flow, guide)


PROPAGATORS: dict[str, Callable[[TrackOptions, Parts], Propagator]] = {
    "classical": _classical,
}
