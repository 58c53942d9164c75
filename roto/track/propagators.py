"""Propagators by name. A new one is a new file and a line here."""

from __future__ import annotations

from collections.abc import Callable

from roto.segment import RESEGMENTERS
from roto.track.options import TrackOptions
from roto.track.propagate import ClassicalPropagator, Propagator


def _classical(options: TrackOptions) -> Propagator:
    resegmenter = None if options.segmenter == "none" else RESEGMENTERS["local"]()
    return ClassicalPropagator(resegmenter, options.flow)


PROPAGATORS: dict[str, Callable[[TrackOptions], Propagator]] = {
    "classical": _classical,
}
