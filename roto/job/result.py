"""What a run did, and what is known of its layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roto.mattes import FrameFacts
from roto.solve import SolvedFrame, Suggestion
from roto.timing import FrameRange
from roto.track.confidence import suggestions


@dataclass(frozen=True, slots=True)
class LayerResult:
    """What is known of a layer once it is solved; ``frames`` are the delivered ones, in order.

    Per frame: confidence, the estimated intersection over union with the truth, 0 to 1, and 1 on keyed frames;
    likely_good, the probability that it is at least 0.8; origin, one of keyed, forward, backward, both, absent, cut, or
    stack where nothing is tracked. stack: its entries in words, where it is more than its keyframes, tracked.
    """

    name: str
    keyed: tuple[int, ...]
    frames: tuple[FrameFacts, ...]
    suggestion: Suggestion | None
    stack: tuple[str, ...] = ()

    @property
    def tracks(self) -> bool:
        """Whether any of it is tracked."""
        return bool(self.keyed)

    @property
    def confidence(self) -> tuple[float, ...]:
        return tuple(frame.confidence for frame in self.frames)

    @property
    def likely_good(self) -> tuple[float, ...]:
        return tuple(frame.likely_good for frame in self.frames)

    @property
    def origin(self) -> tuple[str, ...]:
        return tuple(frame.origin for frame in self.frames)

    @property
    def mean_confidence(self) -> float:
        return sum(self.confidence) / len(self.frames)

    @property
    def flicker_before_px(self) -> float | None:
        return _mean(frame.flicker_before for frame in self._solved())

    @property
    def flicker_after_px(self) -> float | None:
        return _mean(frame.flicker_after for frame in self._solved())

    @property
    def coverage_flicker_before(self) -> float | None:
        """Of the frames on which it was measured after the edge stage too."""
        return _mean(f.coverage_flicker_before for f in self.frames if f.coverage_flicker_after is not None)

    @property
    def coverage_flicker_after(self) -> float | None:
        return _mean(f.coverage_flicker_after for f in self.frames if f.coverage_flicker_before is not None)

    def suggestions(self, count: int) -> tuple[Suggestion, ...]:
        """Up to ``count`` frames to key, the most urgent first; see :func:`roto.track.confidence.suggestions`."""
        return suggestions(self._solved(), self.keyed, count)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "keyframes": list(self.keyed),
            **({"stack": list(self.stack)} if self.stack else {}),
            "mean_confidence": round(self.mean_confidence, 4),
            "confidence": [round(value, 4) for value in self.confidence],
            "likely_good": [round(value, 4) for value in self.likely_good],
            "origin": list(self.origin),
            "flicker_px": {"before": self.flicker_before_px, "after": self.flicker_after_px},
            "coverage_flicker": {"before": self.coverage_flicker_before, "after": self.coverage_flicker_after},
            "suggest": None if self.suggestion is None else suggestion_json(self.suggestion),
        }

    def _solved(self) -> list[SolvedFrame]:
        return [frame.solved for frame in self.frames if frame.solved is not None]


def suggestion_json(found: Suggestion) -> dict[str, Any]:
    """``gain`` is the rise in mean confidence over the clip that is expected of a key on ``frame``."""
    return {"frame": found.number, "gain": round(found.gain, 4), "reason": found.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What a run did: files written and files left as they were, layers, seconds by stage (summed over the workers)
    and in all. ``confidence_files``: the table of every frame's confidence, as CSV and as JSON."""

    range: FrameRange
    files: tuple[Path, ...]
    up_to_date: tuple[Path, ...]
    layers: tuple[LayerResult, ...]
    spans: int  # of all layers
    spans_solved: int  # in this run; the others were in the work store
    seconds: dict[str, float]
    elapsed_s: float
    confidence_files: tuple[Path, ...] = ()
    missing: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def from_scratch(self) -> bool:
        """Whether all of it was solved in this run, so that its speed says something."""
        return self.spans_solved == self.spans and bool(self.seconds)

    @property
    def frames_per_second(self) -> float:
        return len(self.range) / self.elapsed_s

    def as_json(self) -> dict[str, Any]:
        return {
            "range": [self.range.first, self.range.last],
            "frames": len(self.range),
            "files": [str(path) for path in self.files],
            "up_to_date": [str(path) for path in self.up_to_date],
            "confidence_files": [str(path) for path in self.confidence_files],
            "layers": [layer.as_json() for layer in self.layers],
            "spans": self.spans,
            "spans_solved": self.spans_solved,
            "seconds": {stage: round(spent, 3) for stage, spent in self.seconds.items()},
            "elapsed_s": round(self.elapsed_s, 3),
            "frames_per_second": round(self.frames_per_second, 3),
            "missing": list(self.missing),
            "notes": list(self.notes),
        }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None
