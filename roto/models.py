"""The models that a run may use: which were chosen and why, opened when they are first needed and at most once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from roto.errors import BackendUnavailable, RotoError
from roto.paths import resolve as resolve_path
from roto.segment import SEGMENTERS
from roto.segment.device import DEVICES, resolve
from roto.segment.remembered import EmbeddingCache, Remembered
from roto.segment.segmenter import Segmenter
from roto.segment.text import TextSegmenter
from roto.track.options import TrackOptions
from roto.track.propagate import Propagator
from roto.track.propagators import PROPAGATORS, Parts
from roto.track.video_session import TransformersVideoModel, VideoModel
from roto.weights.files import WeightsFile, find, present
from roto.weights.model_folder import ModelFolder, model_folder
from roto.weights.own import own_weights

_ACTIVATIONS_BYTES = 3_200_000_000  # of an image encoder at 1024 px, measured with vit_b
_LEARNED = "learned"  # the best of those that need nothing brought
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
        self._video: tuple[Path, VideoModel] | None = None

    def propagator(self, options: TrackOptions) -> Propagator:
        """Who carries keyframes through a span. BackendUnavailable when what was asked for cannot run here."""
        taken = self.chosen_propagator(options).taken
        if taken == "video":
            return PROPAGATORS[taken](options, Parts(video=self._video_model(options)))
        name, _ = self._segmenter_of(options)
        guide = self.segmenter(options) if name == "sam" and options.segmenter != "none" else None
        return PROPAGATORS[taken](options, Parts(segmenter=guide, weights=own_weights().get(taken)))

    def segmenter(self, options: TrackOptions, *, text: bool = False) -> Segmenter:
        """Who answers prompts, or those with a ``text``; where nobody re-segments, prompts are still answered as under
        "auto". BackendUnavailable when what was asked for cannot run here."""
        if text:
            folder = self._model_folder(options, "sam3", "a text is read by SAM 3; name its folder")
            return self._opened("sam3", folder.identity, lambda: TextSegmenter(folder, self.device))
        name, checkpoint = self._segmenter_of(options)
        identity = "" if checkpoint is None else checkpoint.identity
        return self._opened(name, identity, lambda: SEGMENTERS[name](checkpoint, self.device))

    def _opened(self, name: str, identity: str, make: Callable[[], Segmenter]) -> Segmenter:
        if (name, identity) not in self._open:
            segmenter = make()
            remembered = Remembered(segmenter, self._embeddings()) if self._embeddings else segmenter
            self._open[name, identity] = remembered
        return self._open[name, identity]

    def _video_model(self, options: TrackOptions) -> VideoModel:
        folder = self._model_folder(options, "video", "name the folder of a SAM 2, EdgeTAM or SAM 3 model")
        if self._video is None or self._video[0] != folder.path:
            self._video = folder.path, TransformersVideoModel(folder, self.device)
        return self._video[1]

    def _model_folder(self, options: TrackOptions, what: str, missing: str) -> ModelFolder:
        if not options.video_model:
            raise BackendUnavailable(what, f"{missing}: --video-model FOLDER")
        return model_folder(resolve_path(options.video_model, self._folder), what)

    def fits(self, options: TrackOptions) -> bool:
        """Whether a span's propagator is first fitted to its keyframes, which takes seconds."""
        return self.chosen_propagator(options).taken in own_weights()

    def why_not(self, options: TrackOptions) -> str | None:
        """Why what ``options`` ask for cannot run here, or None."""
        try:
            self.propagator(options)
        except BackendUnavailable as missing:
            return missing.reason
        return None

    def describe(self, options: TrackOptions) -> list[str]:
        """What a span's result depends on besides its options, JSON-able."""
        taken = self.chosen_propagator(options).taken
        if taken == "video":
            return [taken, self._video_model(options).identity]
        own = [own_weights()[taken].identity] if taken in own_weights() else []
        return [taken, *own, self.segmenter(options).identity]

    def chosen_propagator(self, options: TrackOptions) -> Chosen:
        if options.propagator != "auto":
            return Chosen(options.propagator, options.propagator, "asked for by name")
        if options.segmenter == "none":
            return Chosen("auto", "classical", "flow alone was asked for: segmenter none")
        problem = own_weights()[_LEARNED].problem() if _LEARNED in own_weights() else "its weights are not packaged"
        if problem is not None:
            return Chosen("auto", "classical", f"{_LEARNED} cannot run: {problem}")
        return Chosen("auto", _LEARNED, f"the best that is available here (there are: {', '.join(PROPAGATORS)})")

    def chosen_segmenter(self, options: TrackOptions) -> Chosen:
        wanted = options.segmenter
        name, checkpoint = self._segmenter_of(options)
        taken = name if checkpoint is None else f"{name} {checkpoint.name}"
        if wanted not in ("auto", "none"):
            return Chosen(wanted, taken, "asked for by name")
        return Chosen(wanted, taken, _BRING if checkpoint is None else "its weights are here")

    def memory_bytes(self, options: TrackOptions) -> int:
        """About what the model of a span needs in each process that runs it; 0 where there is none."""
        if self.chosen_propagator(options).taken == "video":
            size = sum(path.stat().st_size for path in self._model_folder(options, "video", "").weights)
        else:
            _, checkpoint = self._segmenter_of(options)
            size = 0 if checkpoint is None or options.segmenter == "none" else checkpoint.path.stat().st_size
        return 2 * size + min(12 * size, _ACTIVATIONS_BYTES)

    @property
    def on_gpu(self) -> bool:
        return resolve(self.device) != "cpu"

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
            if len(here) > 1 and self.on_gpu:
                here.reverse()
            return find(here[0] if here else _LIGHTEST_FIRST[0])
        file = resolve_path(model, self._folder)
        return find(str(file) if file.is_file() else model)
