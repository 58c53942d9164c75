"""A document opened over its source: which spans there are, and what they depend on.

Data flows downwards here and in :mod:`roto.mattes`, and nowhere else: frames, keyframes, spans, smoothing, edge.
Nothing holds a clip: frames stream, keyframes are rasterised when a span needs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roto.answers import Answers
from roto.edge.softness import HARD, Mixed, measure_softness
from roto.edge.step import EdgeStep
from roto.errors import DocumentError
from roto.frames.fingerprint import digest_of
from roto.frames.mask_image import mask_of_frame, read_mask_image
from roto.frames.open import image_of, open_source
from roto.frames.source import FrameSource
from roto.frames.view import View, ViewedSource
from roto.image import Matte
from roto.masks.animated import ShapeKey
from roto.masks.mask import Canvas, MaskImage
from roto.masks.moving import Moving, moving
from roto.masks.prompted import Prompted
from roto.models import Models
from roto.paths import resolve
from roto.semantic.model import WHAT, SemanticModel
from roto.shot.document import Document, Keyframe, Layer
from roto.shot.file import load_shape_keys
from roto.shot.keys import check_clip, rasterise_keyframe
from roto.shot.names import composed
from roto.stack.rotoscope import Rotoscope
from roto.store import WORK_FOLDER, Store, content_key
from roto.temporal.options import SmoothOptions
from roto.timing import FrameRange
from roto.track.options import TrackOptions
from roto.track.propagators import ONE_QUALITY
from roto.track.span import Key, Span, split_spans
from roto.weights.model_folder import model_folder

ENGINE_VERSION = 18  # raised whenever the same input gives other mattes, so that the work store solves again
EDGE_VERSION = 7  # raised whenever softness, a stack or a step of the edge gives, or says, else of what was solved


@dataclass(frozen=True, slots=True)
class PlannedSpan:
    """A span and the key of its result. ``left`` and ``right`` are the keyed frames that bound it."""

    layer: int
    left: int | None
    right: int | None
    first: int
    last: int
    key: str


class PlannedLayer:
    """A layer's keyframes and spans over the delivered range."""

    def __init__(self, shot: Shot, index: int) -> None:
        self.layer: Layer = shot.document.layers[index]
        self.track: TrackOptions = shot.document.track_options(self.layer)
        self.smooth: SmoothOptions = shot.document.smooth_options(self.layer)
        self.colour = shot.document.colour_options(self.layer)
        self.asked = self.edge = shot.document.edge_steps(self.layer)
        whole = self.layer.stack is None or [entry.to_json() for entry in self.layer.stack] == [Rotoscope().to_json()]
        self.asked_stack = self.stack = None if whole else self.layer.stack
        self.keyed = self.layer.keyed if self.layer.tracks else ()
        if self.layer.tracks and not self.keyed:
            raise DocumentError(
                f"layers[{index}].keyframes",
                f"layer {self.layer.name!r} has none; give it one ('roto key add'), or a stack that needs none "
                "('roto stack'), or remove it",
            )
        self._shot, self.index = shot, index
        self._keyframes = {keyframe.frame: number for number, keyframe in enumerate(self.layer.keyframes)}
        self.key_matte = lru_cache(maxsize=2)(self._rasterise)
        self._softness = lru_cache(maxsize=2)(lambda number: measure_softness(self.key_matte(number)))
        self._files = {file: shot.file_digest(file) for entry in self.stack or () for file in entry.files}
        self._digests = {number: _digest(self.key_matte(number)) for number in self.keyed}
        self.spans = tuple(self._plan())

    def forget(self) -> None:
        """Let go of the mattes that are remembered; they are made again when they are asked for."""
        self.key_matte.cache_clear()

    def describe(self) -> list[object]:
        """Everything that the layer's mattes are made from, as it was asked for, JSON-able."""
        spans, steps = [span.key for span in self.spans], [step.to_json() for step in self.asked]
        stack = self.describe_stack(self._shot.range.first, self._shot.range.last, asked=True)
        return [self.layer.name, self._digests, spans, stack, steps, EDGE_VERSION]

    def describe_frames(self, first: int, last: int) -> list[object]:
        """Everything that the mattes of these frames are made from before the edge stage, JSON-able."""
        spans = [span.key for span in self.spans if span.first <= last and span.last >= first]
        return [{number: digest for number, digest in self._digests.items() if first <= number <= last}, spans]

    def describe_stack(self, first: int, last: int, *, asked: bool = False) -> list[object]:
        """Everything that these frames of the stack are made from beside the plates and the layer's own spans,
        JSON-able. asked: with what was left to the clip, and not with what was decided."""
        return [
            [
                entry.to_json(),
                [self._files[file] for file in entry.files],
                [self._shot.semantic_model(folder).identity for folder in entry.models],
                [self._shot.planned(name)._describe_delivered(first, last, asked) for name in entry.layers],
            ]
            for entry in (self.asked_stack if asked else self.stack) or ()
        ]

    def _describe_delivered(self, first: int, last: int, asked: bool) -> list[object]:
        """As another layer sees it."""
        reach = self.reach(self.edge)
        frames = max(first - reach, self._shot.range.first), min(last + reach, self._shot.range.last)
        stack = self.describe_stack(*frames, asked=asked)
        described = [self.describe_frames(*frames), stack, self.describe_shapes(*frames)]
        return [*described, [step.to_json() for step in (self.asked if asked else self.edge)]]

    def reach(self, steps: Iterable[EdgeStep]) -> int:
        """How many frames before and after its own a matte depends on after ``steps``."""
        return sum(step.reach for step in steps) + max((entry.reach for entry in self.stack or ()), default=0)

    def describe_shapes(self, first: int, last: int) -> list[object]:
        """The shapes of the keyframes that bound these frames or lie among them, JSON-able."""
        near = [*[k for k in self.keyed if k < first][-1:], *[k for k in self.keyed if first <= k <= last]]
        near += [k for k in self.keyed if k > last][:1]
        return [[k, *(mask.to_json() for mask in self._keyframe(k).shapes)] for k in near]

    def span(self, planned: PlannedSpan) -> Span:
        """The span with its keyframes rasterised."""
        left, right = (
            None if number is None else Key(number=number, matte=self.key_matte(number))
            for number in (planned.left, planned.right)
        )
        return Span(left=left, right=right, first=planned.first, last=planned.last)

    def moving_shapes(self, number: int, direction: int) -> Moving | None:
        """How the shapes of the keyframes around a frame move there, towards the next frame (1) or from the one before
        (-1); see :func:`roto.masks.moving.moving`."""
        if direction > 0:
            before, after = [k for k in self.keyed if k <= number], [k for k in self.keyed if k > number]
        else:
            before, after = [k for k in self.keyed if k < number], [k for k in self.keyed if k >= number]
        if not before or not after:
            return None
        left, right = before[-1], after[0]
        start, end = (self._keyframe(k).shapes for k in (left, right))
        return moving(start, end, (number - left) / (right - left), right - left)

    def softness(self, planned: PlannedSpan, number: int) -> Mixed:
        """The edge softness at a frame of a span: that of its keyframes, linear in time; an absent one has none."""
        present = [n for n in (planned.left, planned.right) if n is not None and not self._keyframe(n).absent]
        if len(present) == 2:
            left, right = present
            return Mixed(self._softness(left), self._softness(right), (number - left) / (right - left))
        one = self._softness(present[0]) if present else HARD
        return Mixed(one, one, 0.0)

    def _rasterise(self, number: int) -> Matte:
        place = f"layers[{self.index}].keyframes[{self._keyframes[number]}]"
        return rasterise_keyframe(self._keyframe(number), place, self.canvas(number))

    def _keyframe(self, number: int) -> Keyframe:
        return self.layer.keyframes[self._keyframes[number]]

    def canvas(self, number: int) -> Canvas:
        """What masks on a frame are drawn on."""
        info = self._shot.source.info
        answer = partial(self._shot.answers.matte, number, self.track)
        return Canvas(info.width, info.height, self._shot.load_mask, answer)

    def _plan(self) -> Iterator[PlannedSpan]:
        shot = self._shot
        empty = np.zeros((0, 0), np.float32)
        keys = [Key(number=number, matte=empty) for number in self.keyed]
        engine = [ENGINE_VERSION, version("opencv-python"), version("numpy")]
        models = shot.models.describe(self.track)  # looks for weights on the disk: once a layer
        for span in split_spans(keys, shot.range.first, shot.range.last) if keys else ():
            left, right = (None if key is None else key.number for key in (span.left, span.right))
            key = content_key(
                {
                    "engine": engine,
                    "source": [shot.fingerprint, shot.source.info.width, shot.source.info.height],
                    "frames": [span.first, span.last, left, right],
                    "keyframes": [None if number is None else self._digests[number] for number in (left, right)],
                    "track": asdict(self.track),
                    "models": models,
                    "smooth": asdict(self.smooth),
                }
            )
            yield PlannedSpan(self.index, left, right, span.first, span.last, key)


def open_clip(
    document: Document, folder: Path, *, keep_going: bool = False, locate: Callable[[str], Path] | None = None
) -> FrameSource:
    """The clip of a document in ``folder``; ``locate``: see :class:`Shot`."""
    source, locate = document.source, locate or partial(resolve, folder=folder)
    opened = open_source(
        locate(source.path),
        start=source.start,
        rate=source.rate,
        # a frame that cannot be had is listed, and the one before stands in for it
        missing="hold" if keep_going and source.missing == "error" else source.missing,
        keep_going=keep_going,
    )
    if source.colour_space is None and source.view is None and source.ocio is None:
        return opened
    config = None if source.ocio is None else locate(source.ocio)
    try:
        return ViewedSource(opened, View(space=source.colour_space, view=source.view, config=config))
    except BaseException:
        opened.close()
        raise


class Shot:
    """A document opened over its source. ``folder`` is the document's: relative paths start there.

    device: where models run, "auto", "cpu", "cuda" or "mps". on_prompt: told of each frame whose prompt a model is
    about to answer, ``on_prompt(number, model)``; those that were answered before are not asked again. locate: where
    the files are that the document names, if not where it says.
    """

    def __init__(
        self,
        document: Document,
        folder: Path,
        *,
        keep_going: bool = False,
        device: str = "auto",
        on_prompt: Callable[[int, str], None] | None = None,
        locate: Callable[[str], Path] | None = None,
    ) -> None:
        self.document = document
        self.folder = folder
        self.locate = locate or partial(resolve, folder=folder)
        self.keep_going = keep_going
        self.models = Models(device, folder, lambda: self.store.embeddings)
        self.source = open_clip(document, folder, keep_going=keep_going, locate=self.locate)
        self._opened: dict[str, FrameSource] = {}
        self._shape_keys: dict[str, tuple[ShapeKey, ...]] = {}
        self._semantic: dict[str, SemanticModel] = {}
        try:
            clip = self.source.info.range
            check_clip(document, clip, keep_going=keep_going)
            self.range = document.range or clip
            if keep_going:
                self.range = FrameRange(max(self.range.first, clip.first), min(self.range.last, clip.last))
            self.fingerprint = self.source.fingerprint()
            self.answers = Answers(self.models, lambda: self.store.answers, self.fingerprint, self._picture, on_prompt)
            self.layers = tuple(PlannedLayer(self, index) for index in range(len(document.layers)))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Shot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for source in (self.source, *self._opened.values()):
            source.close()

    @cached_property
    def store(self) -> Store:
        """The work store beside the document."""
        return Store(self.folder / WORK_FOLDER)

    @property
    def notes(self) -> tuple[str, ...]:
        """What "auto" came down to, where a prompt was answered or a model re-segments or the best propagator cannot
        run, and what has no effect therefore."""
        lines: dict[str, list[str]] = {}
        for planned in self.layers:
            for line in self._notes(planned):
                lines.setdefault(line, []).append(repr(planned.layer.name))
        return tuple(f"{self._named(names)}: {line}" for line, names in lines.items())

    def _named(self, names: list[str]) -> str:
        if len(names) == 1:
            return f"layer {names[0]}"
        return "all layers" if len(names) == len(self.layers) else f"layers {', '.join(names)}"

    def _notes(self, planned: PlannedLayer) -> Iterator[str]:
        if not planned.keyed:
            return
        track = planned.track
        segmenter, propagator = self.models.chosen_segmenter(track), self.models.chosen_propagator(track)
        asked = any(isinstance(shape, Prompted) for key in planned.layer.keyframes for shape in key.shapes)
        if segmenter.wanted == "auto" and (asked or segmenter.taken != "local"):
            yield f"segmenter {segmenter.taken}, {segmenter.why}"
        if propagator.wanted == "auto" and propagator.taken == "classical" and track.segmenter != "none":
            yield f"propagator classical, {propagator.why}"
        if track.quality != TrackOptions.quality and propagator.taken in ONE_QUALITY:
            yield f"quality {track.quality} has no effect, the propagator {propagator.taken} knows one quality only"

    def _picture(self, number: int) -> NDArray[np.uint8]:
        ((_, rgb),) = self.read(number, number)
        return rgb

    def read(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """What tracking sees: display-referred 8-bit frames, streaming, backwards when ``last < first``."""
        for frame in self.source.frames(first, last):
            yield frame.number, frame.rgb8()

    def load_mask(self, file: str) -> MaskImage:
        """A painted mask's image, found relative to the document."""
        return read_mask_image(self.locate(file))

    def open_file(self, file: str) -> FrameSource:
        """A still, a sequence or a video beside the clip, found relative to the document; open as long as the shot."""
        if file not in self._opened:
            self._opened[file] = open_source(self.locate(file))
        return self._opened[file]

    def load_frame_mask(self, file: str, number: int) -> MaskImage:
        """A frame of such a file as a mask."""
        source = self.open_file(file)
        path = image_of(source, number)
        return mask_of_frame(source.frame(number)) if path is None else read_mask_image(path)

    def file_digest(self, file: str) -> str:
        """What changes with the content of a file, or of a sequence's files."""
        path = self.locate(file)
        return digest_of([path]) if path.is_file() else self.open_file(file).fingerprint()

    def shape_keys(self, file: str) -> tuple[ShapeKey, ...]:
        """The keyframes of shapes in a file beside the clip, read once."""
        if file not in self._shape_keys:
            self._shape_keys[file] = load_shape_keys(self.locate(file))
        return self._shape_keys[file]

    def semantic_model(self, folder: str) -> SemanticModel:
        """A semantic-segmentation model in a folder, found relative to the document; open as long as the shot."""
        if folder not in self._semantic:
            files = model_folder(self.locate(folder), WHAT)
            self._semantic[folder] = SemanticModel(files, self.models.device)
        return self._semantic[folder]

    def planned(self, name: str) -> PlannedLayer:
        """The layer of this name."""
        return next(each for each in self.layers if each.layer.name == composed(name))

    def layers_below_first(self) -> list[PlannedLayer]:
        """The layers, each after those that its stack looks at."""
        ordered: list[PlannedLayer] = []

        def take(planned: PlannedLayer) -> None:
            if planned not in ordered:
                for entry in planned.stack or ():
                    for name in entry.layers:
                        take(self.planned(name))
                ordered.append(planned)

        for planned in self.layers:
            take(planned)
        return ordered

    def spans(self) -> list[PlannedSpan]:
        return [span for layer in self.layers for span in layer.spans]

    def times(self) -> tuple[Fraction, ...]:
        """Presentation times of the delivered frames, in seconds from the source's first frame."""
        return tuple(self.source.time(number) for number in self.range.numbers())


def _digest(matte: Matte) -> str:
    return hashlib.sha256(np.ascontiguousarray(matte).tobytes()).hexdigest()[:32]
