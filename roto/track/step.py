"""One frame of a pass: flow brings the edge over, somebody corrects it, a segmenter may have its say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.motion.flow import Flow, dense_flow, grey, usual_motion
from roto.motion.warp import resize_flow, round_trip_error, warp
from roto.signed_distance import redistanced
from roto.track.acceptance import Looks
from roto.track.components import tidy
from roto.track.guide import Edge, Guide, Guided
from roto.track.state import BAND_PX, State, absent_state, crop_state
from roto.track.view import View

_EDGE_PX = 3.0  # drift is measured this near to the edge,
_WORST_PX = 8.0  # and a pixel adds no more than this to it


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A corrected edge at full resolution, in the pixels of the view's box, and what is known of it.

    chained: the key's edge by flow alone. certainty: how far colours alone give the edge, 0 to 1. looks: what the
    colour models say of a region of the view; None where there are none. support: what they say of this one. odds:
    log-odds a pixel, where somebody gave some.
    """

    distance: NDArray[np.float32]
    chained: NDArray[np.float32]
    certainty: float = 0.0
    looks: Looks | None = None
    odds: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What flow says of frame ``number``.

    before, now: the subject's region of the neighbouring frame and of this one, uint8 at working resolution. back,
    doubt: flow from this frame to the neighbouring one and its forward-backward error, likewise. full: that flow at
    full resolution. carried, chained: signed distances at full resolution, as flow brings them here from the
    neighbouring frame and from the key.
    """

    state: State
    number: int
    target: NDArray[np.uint8]
    view: View
    before: NDArray[np.uint8]
    now: NDArray[np.uint8]
    back: Flow
    doubt: NDArray[np.float32]
    full: Flow
    carried: NDArray[np.float32]
    chained: NDArray[np.float32]

    @property
    def frames(self) -> int:
        """From the neighbouring frame to this one."""
        return abs(self.number - self.state.number)

    @property
    def age(self) -> int:
        """Frames since the key."""
        return self.state.age + self.frames

    def settle(self, told: Told, guide: Guide | None, usual_px: float) -> State:
        """The state of the frame, with ``guide`` asked where it asks."""
        view, distance = self.view, redistanced(tidy(told.distance, told.odds), outside_px=BAND_PX)
        small = view.down(distance)
        if not (small > 0).any():
            return absent_state(self.number, age=self.age)
        support = 1.0 if told.looks is None else told.looks(small)
        drift_px = self.state.drift_px + _edge_error(small, self.doubt) / view.scale
        answer = self.state.answer(view.box)
        last = None if answer is None else np.asarray(warp(answer, self.full) >= 0.5)
        found = Guided(distance, told.chained, drift_px, "unasked", self.state.agreement, last)
        odds = told.odds
        if guide is not None and guide.asks(self.number):
            edge = Edge(distance, told.chained, drift_px, self.doubt, last)
            found = guide.correct(self.target, view, edge, usual_px, told.certainty, told.looks)
            small = view.down(found.distance)
            if not (small > 0).any():
                return absent_state(self.number, age=self.age)
            if found.verdict != "refused" and told.looks is not None:
                support = told.looks(small)
            if found.distance is not distance:
                odds = None  # they are of another edge
        return crop_state(
            self.number,
            found.distance,
            view.box,
            chained=_followed(found.distance, found.chained),
            age=self.age,
            motion_px=usual_motion(self.back, small > 0) / (view.scale * self.frames),
            drift_px=found.drift_px,
            support=support,
            verdict=found.verdict,
            agreement=found.agreement,
            told=found.answer,
            odds=odds,
        )


def begin(
    state: State, rgb: NDArray[np.uint8], number: int, target: NDArray[np.uint8], view: View, preset: str
) -> Step:
    """Flow within ``view`` from the frame of ``state``, whose picture is ``rgb``, to frame ``number``, whose picture
    is ``target``; ``preset`` is that of the flow."""
    before, now = view.picture(rgb), view.picture(target)
    grey_before, grey_now = grey(before), grey(now)
    back = dense_flow(grey_now, grey_before, preset)
    there = dense_flow(grey_before, grey_now, preset)
    full = resize_flow(back, view.box.width, view.box.height)
    return Step(
        state=state,
        number=number,
        target=target,
        view=view,
        before=before,
        now=now,
        back=back,
        doubt=round_trip_error(back, there),
        full=full,
        carried=warp(state.distance(view.box), full),
        chained=redistanced(warp(state.chained(view.box), full), outside_px=BAND_PX),
    )


def _edge_error(distance: NDArray[np.float32], doubt: NDArray[np.float32]) -> float:
    """Mean forward-backward error along the edge, in working pixels."""
    edge = np.abs(distance) < _EDGE_PX
    return float(np.minimum(doubt[edge], _WORST_PX).mean()) if edge.any() else 0.0


def _followed(distance: NDArray[np.float32], chained: NDArray[np.float32]) -> NDArray[np.float32]:
    """The chain, or the edge itself once the two have parted."""
    inside, chain = distance > 0, chained > 0
    both, either = np.count_nonzero(inside & chain), np.count_nonzero(inside | chain)
    return chained if 2 * both >= either else distance
