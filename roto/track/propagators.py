"""Propagators by name. A new one is a new file and a line here."""

from __future__ import annotations

from collections.abc import Callable

from roto.errors import BackendUnavailable
from roto.segment import SEGMENTERS
from roto.segment.segmenter import Segmenter
from roto.track.options import TrackOptions
from roto.track.propagate import ClassicalPropagator, Propagator


def _classical(options: TrackOptions) -> Propagator:
    return ClassicalPropagator(segmenter_for(options.segmenter), options.flow)


PROPAGATORS: dict[str, Callable[[TrackOptions], Propagator]] = {
    "classical": _classical,
}


def chosen(options: TrackOptions) -> tuple[str, str]:
    """The propagator and the segmenter that ``options`` come down to, with "auto" resolved."""
    propagator = "classical" if options.propagator == "auto" else options.propagator
    segmenter = "local" if options.segmenter == "auto" else options.segmenter
    return propagator, segmenter


def segmenter_for(name: str) -> Segmenter | None:
    """The segmenter of that name, None for "none". BackendUnavailable when it cannot run here."""
    if name == "auto":
        name = "local"
    if name == "none":
        return None
    segmenter = SEGMENTERS[name]()
    if reason := segmenter.unavailable():
        raise BackendUnavailable(name, reason)
    return segmenter


def propagator_for(options: TrackOptions) -> Propagator:
    """The propagator that ``options`` ask for. BackendUnavailable when it cannot run here."""
    propagator = PROPAGATORS[chosen(options)[0]](options)
    if reason := propagator.unavailable():
        raise BackendUnavailable(propagator.name, reason)
    return propagator
