"""The delivered mattes of a solved layer: what its stack says, then through the edge stage, a frame at a time."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.metadata import version
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from roto.edge.apply import finish_edge
from roto.edge.softness import soften
from roto.edge.stabilise import coverage_flicker
from roto.edge.step import Around, EdgeStep
from roto.errors import DamagedRecord
from roto.frames.window import FrameWindow
from roto.image import EMPTY_BOX, Box, Frame, Matte, bounding_box
from roto.masks.animated import ShapeKey
from roto.masks.mask import Canvas, MaskImage
from roto.masks.moving import Moving
from roto.motion.flow import one_thread
from roto.pipeline import EDGE_VERSION, PlannedLayer, PlannedSpan, Shot
from roto.semantic.model import SemanticModel
from roto.solve import SolvedFrame
from roto.stack.entry import Covered, Seen
from roto.stack.evaluate import Stacked, evaluate
from roto.store import Store, content_key
from roto.track.blend import GOOD_IOU

KEYED = "keyed"
STACK = "stack"
EDGE = "edge"
_PIECE = 16  # frames; what a killed run loses at most is one of them
_HEADER = struct.Struct("<2i4i3di")


@dataclass(frozen=True, slots=True, eq=False)
class FrameFacts:
    """What is known of one frame of one layer. ``solved`` is without its pixels, and None on a frame that was not
    tracked. Of coverage at a soft edge, how much it jumps against the frame before, 0 to 1, before and after the edge
    stage; None where nothing was measured."""

    number: int
    confidence: float
    origin: str
    solved: SolvedFrame | None = None
    coverage_flicker_before: float | None = None
    coverage_flicker_after: float | None = None

    @property
    def likely_good(self) -> float:
        """Probability of an intersection over union of at least 0.8, see :class:`SolvedFrame`; 1 on a keyed frame, and
        whether that is expected where nothing was tracked."""
        return float(self.confidence >= GOOD_IOU) if self.solved is None else self.solved.likely_good


@dataclass(frozen=True, slots=True)
class PlannedPiece:
    """Some frames of a layer whose stack or edge is work for the workers, and the key of the result."""

    layer: int
    first: int
    last: int
    key: str


def plan_pieces(shot: Shot) -> list[PlannedPiece]:
    """The pieces of the layers that have a stack or a costly step. Their borders lie on whole multiples of ``_PIECE``,
    so that another range shares them; a piece depends on the spans and keyframes within its steps' reach, on the files
    and layers that the stack names, and on nothing else."""
    return [piece for planned in shot.layers for piece in _pieces(shot, planned)]


def _pieces(shot: Shot, planned: PlannedLayer) -> Iterator[PlannedPiece]:
    worked = _worked(planned)
    if worked or planned.stack:
        reach = planned.reach(worked)
        start = shot.range.first // _PIECE * _PIECE
        for begin in range(start, shot.range.last + 1, _PIECE):
            first, last = max(begin, shot.range.first), min(begin + _PIECE - 1, shot.range.last)
            seen = max(first - reach, shot.range.first), min(last + reach, shot.range.last)
            key = content_key(
                {
                    "edge": EDGE_VERSION,
                    "versions": [version("opencv-python"), version("numpy")],
                    "source": shot.fingerprint,
                    "frames": [first, last, *seen],
                    "mattes": planned.describe_frames(*seen),
                    "stack": planned.describe_stack(*seen),
                    "steps": [step.to_json() for step in worked],
                    "shapes": planned.describe_shapes(*seen) if any(step.follows_shapes for step in worked) else [],
                }
            )
            yield PlannedPiece(planned.index, first, last, key)


def _worked(planned: PlannedLayer) -> tuple[EdgeStep, ...]:
    """A layer's steps up to the last costly one; those after it are done whenever a matte is read."""
    last = max((index for index, step in enumerate(planned.edge, 1) if step.costly), default=0)
    return planned.edge[:last]


def work_piece(shot: Shot, piece: PlannedPiece, store: Store, on_frame: Callable[[int], None]) -> None:
    """The mattes of a piece after its layer's stack and costly steps, into the store."""
    journal = store.journal(piece.key)
    reader = LayerReader(shot, shot.layers[piece.layer], store)
    for number in range(piece.first, piece.last + 1):
        if journal.load(EDGE, number) is None:
            with one_thread():
                stacked = reader.compute(number)
                # the piece before is another worker's
                flicker = reader.flicker(number, first=number == piece.first)
                worked = Worked(stacked.matte, WorkedFacts(stacked.confidence, *flicker, stacked.missing))
            journal.save(EDGE, number, worked.encode())
        on_frame(number)
    journal.finish(EDGE)


class WorkedFacts(NamedTuple):
    """What is kept with a worked matte: the confidence that it came with, how much coverage jumps at its soft edge
    against the frame before, before and after the steps, see :func:`roto.edge.stabilise.coverage_flicker`, what its
    stack missed, and whether it is empty."""

    confidence: float
    flicker_before: float | None
    flicker_after: float | None
    missing: Mapping[int, str] = MappingProxyType({})
    empty: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Worked:
    """A matte after the stack and the costly steps, and what is known of it."""

    matte: Matte
    facts: WorkedFacts

    def encode(self) -> bytes:
        """The matte at 16 bits: its size, the box of what is not empty, what is known of it, and that."""
        box = bounding_box(self.matte > 0)
        values = _whole(self.matte[box.slices]).astype(np.uint16)
        confidence, before, after, missing, _ = self.facts
        told = json.dumps(list(missing.items())).encode() if missing else b""
        flicker = (math.nan if each is None else each for each in (before, after))
        header = _HEADER.pack(*self.matte.shape, *box, confidence, *flicker, len(told))
        return header + told + isal_zlib.compress(values.tobytes(), 1)

    @classmethod
    def decode(cls, data: bytes) -> Worked:
        height, width, *rest = _HEADER.unpack_from(data)
        box = Box(*rest[:4])
        packed = isal_zlib.decompress(data[_HEADER.size + rest[-1] :])
        values = np.frombuffer(packed, np.uint16).reshape(box.height, box.width)
        matte = np.zeros((height, width), np.float32)
        matte[box.slices] = values / np.float32(65535)
        return cls(matte, cls.facts_of(data))

    @staticmethod
    def facts_of(data: bytes) -> WorkedFacts:
        """What is known of it, without the matte."""
        _, _, *box, confidence, before, after, told = _HEADER.unpack_from(data)
        before, after = (None if math.isnan(each) else each for each in (before, after))
        missing = dict(json.loads(data[_HEADER.size : _HEADER.size + told])) if told else {}
        return WorkedFacts(confidence, before, after, missing, Box(*box).empty)


def _whole(matte: Matte) -> NDArray[np.float32]:
    """A matte in whole numbers to 65535."""
    return np.asarray(np.rint(matte * np.float32(65535)), np.float32)


class LayerReader:
    """The delivered mattes of a solved layer. Needs its spans solved. Fast where frames are asked for in order."""

    def __init__(self, shot: Shot, planned: PlannedLayer, store: Store) -> None:
        self._shot, self._planned, self._store = shot, planned, store
        self._size = shot.source.info.width, shot.source.info.height
        self._keyed = frozenset(planned.keyed)
        self._spans = {number: span for span in planned.spans for number in range(span.first, span.last + 1)}
        self._solved = lru_cache(maxsize=1)(self._read)
        self._worked = _worked(planned)
        self._kept = bool(self._worked or planned.stack)
        reach = planned.reach(self._worked)
        self._entering = lru_cache(maxsize=(2 * reach + 3) * (len(self._worked) + 1))(self._enter)
        self._covered = lru_cache(maxsize=2 * reach + 3)(self._cover)
        self._pictures: dict[str, FrameWindow] = {}
        self._others: dict[str, LayerReader] = {}
        self._plates = FrameWindow(shot.source, 2 * reach + 3)

    @cached_property
    def _pieces(self) -> dict[int, PlannedPiece]:
        """By frame. Who computes a piece needs none of them."""
        pieces = _pieces(self._shot, self._planned)
        return {number: piece for piece in pieces for number in range(piece.first, piece.last + 1)}

    def matte(self, number: int) -> Matte:
        """The matte after the edge stage, float32 ``H x W``. Needs the layer's pieces worked."""
        if not self._kept:
            return finish_edge(self._tracked(number), self._planned.edge)
        piece = self._pieces[number]
        journal = self._store.journal(piece.key)
        data = journal.result(number)
        if data is None:
            journal.discard()
            raise _damaged(self._store, number)
        return finish_edge(Worked.decode(data).matte, self._planned.edge[len(self._worked) :])

    def compute(self, number: int) -> Stacked:
        """The matte after the layer's stack and costly steps, which it computes; see :func:`work_piece`."""
        return self._covered(number)._replace(matte=self._entering(len(self._worked), number))

    def delivered(self, number: int) -> Covered:
        """The matte after the edge stage, computed where it is not worked yet, with the same values."""
        if not self._kept:
            return Covered(self.matte(number), self.confidence(number))
        data = self._store.journal(self._pieces[number].key).result(number)
        if data is not None:
            worked = Worked.decode(data)
            matte, confidence = worked.matte, worked.facts.confidence
        else:
            matte, confidence, _ = self.compute(number)
            matte = _whole(matte) / np.float32(65535)
        return Covered(finish_edge(matte, self._planned.edge[len(self._worked) :]), confidence)

    def around(self, index: int, number: int) -> Around:
        """What the step sees at a frame."""
        return _Around(self, index, number)

    def seen(self, number: int) -> Seen:
        """What the entries of the stack see at a frame."""
        return _Seen(self, number)

    def flicker(self, number: int, *, first: bool) -> tuple[float | None, float | None]:
        """Of the matte that enters the edge stage, and of the one that the costly steps leave; None for the first,
        and where there is no costly step."""
        if first or not self._worked:
            return None, None
        rgb, rgb_before = (self._plates.frame(each).rgb8() for each in (number, number - 1))
        pairs = [(self._entering(step, number), self._entering(step, number - 1)) for step in (0, len(self._worked))]
        before, after = coverage_flicker(pairs, rgb, rgb_before)
        return before, after

    def confidence(self, number: int) -> float:
        return self._covered(number).confidence

    def _enter(self, index: int, number: int) -> Matte:
        """The matte that enters a step, or leaves the last one."""
        if index == 0:
            return self._covered(number).matte
        return self._planned.edge[index - 1].apply(self._entering(index - 1, number), _Around(self, index - 1, number))

    def _cover(self, number: int) -> Stacked:
        """What the stack says."""
        if self._planned.stack is None:
            tracked = self._seen_as_tracked(number)
            return Stacked(tracked.matte, tracked.confidence)
        return evaluate(self._planned.stack, self.seen(number), f"layers[{self._planned.index}].stack")

    def _seen_as_tracked(self, number: int) -> Covered:
        return Covered(self._tracked(number), 1.0 if number in self._keyed else self._solved(number).confidence)

    def _tracked(self, number: int) -> Matte:
        """The matte that enters the edge stage: a keyed frame exactly as keyed, any other as tracked, with the softness
        of its keyframes."""
        if number in self._keyed:
            return self._planned.key_matte(number)
        softness = self._planned.softness(self._spans[number], number)
        return soften(self._solved(number).signed_distance(*self._size), softness)

    def facts(self, number: int) -> FrameFacts:
        worked = self.worked_facts(number)
        flicker = (None, None) if worked is None else (worked.flicker_before, worked.flicker_after)
        if number in self._keyed or number not in self._spans:
            origin = KEYED if number in self._keyed else STACK
            return FrameFacts(number, 1.0 if worked is None else worked.confidence, origin, None, *flicker)
        solved = self._solved(number)
        bare = replace(solved, box=EMPTY_BOX, patch=np.zeros((0, 0), np.int16))
        confidence = solved.confidence if worked is None else worked.confidence
        return FrameFacts(number, confidence, solved.origin, bare, *flicker)

    def worked_facts(self, number: int) -> WorkedFacts | None:
        """What is kept with a worked matte; None where none is worked, or its record is damaged."""
        data = self._store.journal(self._pieces[number].key).result(number) if self._pieces else None
        return None if data is None else Worked.facts_of(data)

    def _file(self, file: str) -> FrameWindow:
        if file not in self._pictures:
            self._pictures[file] = FrameWindow(self._shot.open_file(file), 2)
        return self._pictures[file]

    def _other(self, name: str) -> LayerReader:
        if name not in self._others:
            self._others[name] = LayerReader(self._shot, self._shot.planned(name), self._store)
        return self._others[name]

    def _read(self, number: int) -> SolvedFrame:
        return read_solved(self._store, self._spans[number], number)


class _Around:
    """What a step may look at around frame ``number``, see :class:`roto.edge.step.Around`."""

    def __init__(self, reader: LayerReader, index: int, number: int) -> None:
        self._reader, self._index, self._number = reader, index, number

    def matte(self, offset: int) -> Matte | None:
        number = self._number + offset
        return self._reader._entering(self._index, number) if number in self._reader._shot.range else None

    def plate(self, offset: int) -> Frame | None:
        number = self._number + offset
        return self._reader._plates.frame(number) if number in self._reader._shot.range else None

    @property
    def confidence(self) -> float:
        return self._reader.confidence(self._number)

    def shapes(self, direction: int) -> Moving | None:
        return self._reader._planned.moving_shapes(self._number, direction)


class _Seen:
    """What an entry of a stack may look at of frame ``number``, see :class:`roto.stack.entry.Seen`."""

    def __init__(self, reader: LayerReader, number: int) -> None:
        self._reader, self.number = reader, number

    @property
    def canvas(self) -> Canvas:
        return self._reader._planned.canvas(self.number)

    def plate(self, offset: int = 0) -> Frame | None:
        number = self.number + offset
        return self._reader._plates.frame(number) if number in self._reader._shot.range else None

    def tracked(self) -> Covered:
        return self._reader._seen_as_tracked(self.number)

    def layer(self, name: str) -> Covered:
        return self._reader._other(name).delivered(self.number)

    def pictures(self, file: str) -> FrameWindow:
        return self._reader._file(file)

    def image(self, file: str, number: int) -> MaskImage:
        return self._reader._shot.load_frame_mask(file, number)

    def shape_keys(self, file: str) -> tuple[ShapeKey, ...]:
        return self._reader._shot.shape_keys(file)

    def semantic_model(self, folder: str) -> SemanticModel:
        return self._reader._shot.semantic_model(folder)


def readers(shot: Shot, store: Store) -> dict[str, LayerReader]:
    """What gives each layer's mattes, by name."""
    return {planned.layer.name: LayerReader(shot, planned, store) for planned in shot.layers}


def read_solved(store: Store, span: PlannedSpan, number: int) -> SolvedFrame:
    """A solved frame from the store. A damaged record drops its span, so that the next run solves it again."""
    journal = store.journal(span.key)
    data = journal.result(number)
    if data is None:
        journal.discard()
        raise _damaged(store, number)
    return SolvedFrame.decode(data)


def _damaged(store: Store, number: int) -> DamagedRecord:
    return DamagedRecord(f"frame {number} in the work store {store.folder} is damaged; run the same command again")
