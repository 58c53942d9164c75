"""The learned propagator: flow carries the edge, a network corrects it from all that is known of the frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from roto.image import Box
from roto.motion.warp import warp
from roto.segment.by_colour import keyframe_colours
from roto.segment.colour import GlobalColours, to_lab
from roto.segment.resegment import Example
from roto.track.guide import Guide
from roto.track.learned.appearance import Looks, fit, from_bytes, to_bytes
from roto.track.learned.certainty import facts
from roto.track.learned.fuse import Watch, fuse
from roto.track.learned.moved import moved
from roto.track.learned.nets import AppearanceNet
from roto.track.learned.networks import Networks, Remembered
from roto.track.learned.planes import NOTHING, Carriage, memory_planes, propagation_planes
from roto.track.learned.plausible import plausible
from roto.track.pace import EVERY_FRAME, Pace
from roto.track.propagate import Frames
from roto.track.state import State
from roto.track.step import Told, begin
from roto.track.view import Detail, view_of

_MARGIN_PX = 32  # around the subject's patch, besides what its motion asks for
_GLOBAL_CAP = 3.0
_LONG_SPAN, _LEAST_SHARE = 40, 0.3  # frames from which on all steps are taken; share of them that the shortest gets


@dataclass(frozen=True, slots=True)
class Effort:
    """What a frame may cost. fit_steps: of the appearance network, on the keyframes of a long span; without any there
    is none."""

    detail: Detail
    fit_steps: int
    pace: Pace = EVERY_FRAME

    def steps(self, keyed: Sequence[int]) -> int:
        """Steps for a span between the keys on the frames ``keyed``. Looks change little between keys that are close,
        and there are many such spans."""
        gap = max(keyed) - min(keyed) if len(keyed) > 1 else _LONG_SPAN
        return round(self.fit_steps * min(max(gap / _LONG_SPAN, _LEAST_SHARE), 1))


NORMAL = Effort(Detail(pixels=160_000), fit_steps=100, pace=Pace(1, 2))
EFFORTS = {
    "fast": Effort(Detail(pixels=40_000), fit_steps=60, pace=Pace(2, 4)),
    "normal": NORMAL,
    "best": Effort(Detail("fine", 300_000), fit_steps=250),
}


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a span's keyframes teach."""

    colours: GlobalColours
    looks: Looks | None
    memory: Remembered
    usual_px: float  # how far the guide's edge is usually off
    area_px: float  # of the subject on the keyframes


class LearnedPropagator:
    """Flow, corrected by a network of our own."""

    name = "learned"
    resumes = True

    def __init__(
        self,
        networks: Networks,
        effort: Effort = NORMAL,
        guide: Guide | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.networks = networks
        self.guide = guide
        self.detail = effort.detail
        self.pace = EVERY_FRAME if guide is not None else effort.pace  # a guide counts the clip's frames for itself
        self._effort = effort
        self._watch = watch

    @property
    def seconds(self) -> dict[str, float]:
        return {} if self.guide is None else {self.guide.name: self.guide.seconds}

    def fit(self, examples: Sequence[Example]) -> bytes:
        steps = self._effort.steps([example.number for example in examples])
        if not steps:
            return b""
        return to_bytes(fit(self.networks.appearance, examples, steps, self.detail.pixels))

    def learn(self, examples: Sequence[Example], fitted: bytes) -> Lesson:
        return self.lesson(examples, from_bytes(fitted) if fitted else None)

    def lesson(self, examples: Sequence[Example], looks: AppearanceNet | None) -> Lesson:
        """What the examples teach, given the appearance network that was fitted to them."""
        present = [example for example in examples if (example.distance > 0).any()]
        shown = [memory_planes(to_lab(example.rgb), example.distance) for example in present]
        usual_px = 0.0 if self.guide is None else self.guide.judge(examples)
        return Lesson(
            colours=keyframe_colours(examples),
            looks=None if looks is None else Looks(looks),
            memory=self.networks.remember(np.stack(shown or [NOTHING])),
            usual_px=usual_px,
            area_px=float(np.mean([np.count_nonzero(example.distance > 0) for example in present])) if present else 0.0,
        )

    def join(self, forward: State, backward: State, share: float, rgb: NDArray[np.uint8]) -> State:
        return fuse(self.networks, forward, backward, share, rgb, self.detail.pixels)

    def sure(self, state: State, near: State, agreement: float | None) -> float:
        return self.networks.sure(facts(state, near, agreement))

    def carry(self, model: Lesson, state: State, frames: Frames) -> Iterator[State]:
        for (_, before), (number, now) in pairwise(frames):
            state = self._step(model, state, before, number, now)
            yield state

    def _step(
        self, model: Lesson, state: State, rgb: NDArray[np.uint8], number: int, target: NDArray[np.uint8]
    ) -> State:
        region = _region(state, abs(number - state.number), target.shape[1], target.shape[0])
        step = begin(state, rgb, number, target, view_of(region, self.detail.pixels), self.detail.preset)
        view, small = step.view, step.view.down(step.carried)
        lab = to_lab(step.now)
        colours = np.clip(model.colours.log_odds(lab), -_GLOBAL_CAP, _GLOBAL_CAP)
        looks = None if model.looks is None else model.looks.odds(lab)
        likely = colours if looks is None else looks
        known = Carriage(
            lab=lab,
            warped=to_lab(np.asarray(warp(step.before, step.back), np.uint8)),
            carried=small,
            chained=view.down(step.chained),
            odds=warp(view.shrink(state.log_odds(view.box)), step.back),
            doubt=step.doubt,
            flow=step.back,
            global_odds=colours,
            look_odds=np.zeros_like(small) if looks is None else looks,
            age=step.age,
        )
        planes = propagation_planes(known)
        if self._watch is not None:
            self._watch(number, view, planes, small)
        answer = self.networks.propagate(planes, small, model.memory)
        kept = plausible(answer, small, likely, model.area_px * view.scale**2)
        told = Told(
            distance=moved(step.carried, small, kept, view),
            chained=step.chained,
            looks=partial(_support, likely),
            odds=view.enlarge(answer),
        )
        return step.settle(told, self.guide, model.usual_px)


def _support(odds: NDArray[np.float32], distance: NDArray[np.float32]) -> float:
    """Share of a region that looks like the subject."""
    inside = distance > 0
    return float((odds[inside] > 0).mean()) if inside.any() else 0.0


def _region(state: State, frames: int, width: int, height: int) -> Box:
    """Where the subject can be after so many frames: around where it was, or anywhere once it is lost."""
    if state.empty:
        return Box(0, 0, width, height)
    margin = _MARGIN_PX + round(2 * frames * state.motion_px) + max(state.box.width, state.box.height) // 6
    return state.box.padded(margin, width, height)
