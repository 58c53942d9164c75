"""The models that a run may use: which were chosen and why, opened when they are first needed and at most once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from roto.track.options import TrackOptions
from roto.track.propagate import Propagator
from roto.track.propagators import PROPAGATORS, Parts


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for, what it came down to, and why."""

    wanted: str
    taken: str
    why: str


class Models:
    """What carries keyframes and answers prompts, for one run."""

    def propagator(self, options: TrackOptions) -> Propagator:
        """Who carries keyframes through a span. BackendUnavailable when what was asked for cannot run here."""
        return PROPAGATORS[self.chosen_propagator(options).taken](options, Parts())

    def chosen_propagator(self, options: TrackOptions) -> Chosen:
        taken = "classical" if options.propagator == "auto" else options.propagator
        return Chosen(options.propagator, taken, _why(options.propagator, PROPAGATORS))

    def chosen_segmenter(self, options: TrackOptions) -> Chosen:
        taken = "local" if options.segmenter == "auto" else options.segmenter
        return Chosen(options.segmenter, taken, _why(options.segmenter, ("local",)))


def _why(wanted: str, known: Iterable[str]) -> str:
    if wanted != "auto":
        return "asked for by name"
    return f"the best that is available here (there are: {', '.join(known)})"
