"""The models that a run may use: which were chosen and why, opened when they are first needed and at most once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roto.errors import BackendUnavailable, RotoError
from roto.segment import SEGMENTERS
from roto.segment.device import DEVICES, resolve
from roto.segment.remembered import EmbeddingCache, Remembered
from roto.segment.segmenter import Segmenter
from roto.track.options import TrackOptions
from roto.track.propagate import Propagator
from roto.track.propagators import PROPAGATORS, Parts
from roto.weights.files import WeightsFile, find, present

_LIGHTEST_FIRST = ("vit_b", "vit_l", "vit_h")
_BRING = "'roto weights get vit_b' brings SAM's weights, with which it is better"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for, what it came down to, and why."""

    wanted: str
    taken: str
    why: str


class Models:
    """What carries keyframes and answers prompts, for one run.

    device: "auto" (a GPU that is there), "cpu", "cuda" or "mps". folder: where relative paths of options start.
    embeddings: where embeddings are remembered; None: nowhere.
    """

    def __init__(
        self,
        device: str = "auto",
        folder: Path | None = None,
        embeddings: Callable[[], EmbeddingCache] | None = None,
    ) -> None:
        if device not in DEVICES:
            raise RotoError(f"device {device!r} is not one of {', '.join(DEVICES)}")
        self.device = device
        self._folder = folder or Path()
        self._embeddings = embeddings
        self._open: dict[tuple[str, str], Segmenter] = {}

    def propagator(self, options: TrackOptions) -> Propagator:
        """Who carries keyframes through a span. BackendUnavailable when what was asked for cannot run here."""
        name, _ = self._segmenter_of(options)
        guide = self.segmenter(options) if name == "sam" and options.segmenter != "none" else None
        return PROPAGATORS[self.chosen_propagator(options).taken](options, Parts(segmenter=guide))

    def segmenter(self, options: TrackOptions) -> Segmenter:
        """Who answers prompts; where nobody re-segments, prompts are still answered as under "auto".
        BackendUnavailable when what was asked for cannot run here."""
        name, checkpoint = self._segmenter_of(options)
        key = name, "" if checkpoint is None else checkpoint.identity
        if key not in self._open:
            segmenter = SEGMENTERS[name](checkpoint, self.device)
            self._open[key] = Remembered(segmenter, self._embeddings()) if self._embeddings else segmenter
        return self._open[key]

    def why_not(self, options: TrackOptions) -> str | None:
        """Why what ``options`` ask for cannot run here, or None."""
        try:
            self.propagator(options)
        except BackendUnavailable as missing:
            return missing.reason
        return None

    def identity(self, options: TrackOptions) -> str:
        """Whatever the answers to prompts depend on besides picture and prompt."""
        return self.segmenter(options).identity

    def describe(self, options: TrackOptions) -> dict[str, Any]:
        """What a span's result depends on besides its options, JSON-able."""
        return {"propagator": self.chosen_propagator(options).taken, "segmenter": self.identity(options)}

    def chosen_propagator(self, options: TrackOptions) -> Chosen:
        taken = "classical" if options.propagator == "auto" else options.propagator
        return Chosen(options.propagator, taken, _why(options.propagator, PROPAGATORS))

    def chosen_segmenter(self, options: TrackOptions) -> Chosen:
        wanted = options.segmenter
        name, checkpoint = self._segmenter_of(options)
        taken = name if checkpoint is None else f"{name} {checkpoint.name}"
        if wanted not in ("auto", "none"):
            return Chosen(wanted, taken, "asked for by name")
        return Chosen(wanted, taken, _BRING if checkpoint is None else "its weights are here")

    def _segmenter_of(self, options: TrackOptions) -> tuple[str, WeightsFile | None]:
        if options.segmenter == "local":
            return "local", None
        if options.segmenter == "sam" or options.sam_model != "auto":
            return "sam", self._checkpoint(options.sam_model)
        here = [name for name in _LIGHTEST_FIRST if name in present()]
        return ("sam", self._checkpoint("auto")) if here else ("local", None)

    def _checkpoint(self, model: str) -> WeightsFile:
        if model == "auto":
            here = [name for name in _LIGHTEST_FIRST if name in present()]
            if len(here) > 1 and self._on_gpu():
                here.reverse()
            return find(here[0] if here else _LIGHTEST_FIRST[0])
        file = self._folder / model
        return find(str(file) if file.is_file() else model)

    def _on_gpu(self) -> bool:
        return resolve(self.device) != "cpu"


def _why(wanted: str, known: Iterable[str]) -> str:
    if wanted != "auto":
        return "asked for by name"
    return f"the best that is available here (there are: {', '.join(known)})"
