"""Whether an answer is believed: what of it agrees with the carried matte and the colours, and what jumps elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte
from roto.signed_distance import coverage

Looks = Callable[[NDArray[np.float32]], float]
"""Share of the pixels inside a signed distance, ``H x W``, that look like the subject rather than the background."""

_NEAR_PX, _NEAR_SHARE = 2.0, 0.035  # of the subject's size: a change as shallow as this is a finer edge,
_REACH_PX, _REACH_SHARE = 4.0, 0.15  # one up to here is plausible where colours say nothing
_STEADY = 0.75  # intersection over union with the last answer from which on answers are steady,
_SAME_STEADY = 0.15  # which then need agree with the carried matte by no more than this
_LOOKS_SLACK = 0.12  # and may look less like the subject than the carried matte by this much
_ALIKE = 0.7  # intersection over union from which on a plausible depth is enough
_CHAINED = 0.6  # of a change, the least share that is as flow alone carried it from the key
_RING_SHARE = 0.3  # of the subject's size, the background that it is compared with
_TELLING = 0.25  # difference of the looks of inside and outside from which on colours can be asked
# How far on the way from one side's looks to the other's a change must be, up to the plausible depth and beyond it.
_LIKE, _LIKE_DEEP = 0.25, 0.5
_SAME_SUBJECT = 0.62  # least intersection over union with the carried matte, of an answer and of what is believed of it


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """What of an answer is believed.

    matte: the carried matte with the believed changes, float32 ``H x W`` in [0, 1]; None where the answer is refused.
    verdict: "accepted", "partly" or "refused". kept: share of the changed area that is believed.
    """

    matte: Matte | None
    verdict: str
    kept: float


def accept(
    carried: NDArray[np.float32],
    chained: NDArray[np.float32],
    answer: Matte,
    last: NDArray[np.bool_] | None,
    looks: Looks | None,
) -> Accepted:
    """Weigh an answer against the carried edge, change by change.

    carried: signed distance that flow and colours arrived at, float32 ``H x W``, with something inside. answer: the
    segmenter's matte of the same size. looks: what the colour models say of a region; None where there are none.

    Each connected change is taken where it is a shallow one, or where it looks like what it becomes; a deep change
    that the colours do not speak for is left out.
    """
    inside, found = carried > 0, answer >= 0.5
    steady = last is not None and overlap(found, last) >= _STEADY and _looks_as_well(found, inside, looks)
    changes = _Changes(carried, chained, found, steady, looks)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((inside ^ found).astype(np.uint8), connectivity=8)
    refused = np.zeros(count, bool)
    for label in range(1, count):
        x, y, w, h = (int(v) for v in stats[label, :4])
        at = slice(y, y + h), slice(x, x + w)
        refused[label] = not changes.plausible(labels[at] == label, at)
    left_out = refused[labels]
    believed = np.where(left_out, inside, found)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 - float(areas[refused[1:]].sum()) / max(float(areas.sum()), 1.0)
    if min(overlap(found, inside), overlap(believed, inside)) < (_SAME_STEADY if steady else _SAME_SUBJECT):
        return Accepted(None, "refused", 0.0)
    # next to what is left out, the answer's anti-aliased edge goes too
    near = cv2.dilate(left_out.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    matte = np.where(near, coverage(carried), answer).astype(np.float32)
    return Accepted(matte, "accepted" if not left_out.any() else "partly", kept)


def _looks_as_well(found: NDArray[np.bool_], inside: NDArray[np.bool_], looks: Looks | None) -> bool:
    return looks is None or _share(looks, found) >= _share(looks, inside) - _LOOKS_SLACK


def _share(looks: Looks, region: NDArray[np.bool_]) -> float:
    return looks(np.where(region, np.float32(1), np.float32(-1)))


class _Changes:
    """What the carried edge says of a change."""

    def __init__(
        self,
        carried: NDArray[np.float32],
        chained: NDArray[np.float32],
        found: NDArray[np.bool_],
        steady: bool,
        looks: Looks | None,
    ) -> None:
        self._carried, self._found, self._steady, self._looks = carried, found, steady, looks
        self._inside, self._chain = carried > 0, chained > 0
        self._size = float(np.sqrt(np.count_nonzero(self._inside)))
        self._alike = overlap(self._inside, found) >= _ALIKE
        self._near = _NEAR_PX + _NEAR_SHARE * self._size
        self._reach = _REACH_PX + _REACH_SHARE * self._size
        self._scale: tuple[float, float] | None = None

    def plausible(self, region: NDArray[np.bool_], at: tuple[slice, slice]) -> bool:
        """Whether a connected change may be real. ``region`` is its place within the window ``at``."""
        depth = float(np.abs(self._carried[at][region]).max())
        if depth <= (self._reach if self._alike else self._near):
            return True
        adds = not self._inside[at][region][0]
        if float((self._chain[at][region] == adds).mean()) >= _CHAINED:
            return True
        outside, inside = self._looks_of_sides()
        if inside - outside < _TELLING:
            return depth <= self._reach
        whole = np.zeros(self._inside.shape, bool)
        whole[at] = region
        like_inside = (self._like(whole) - outside) / (inside - outside)
        return (like_inside if adds else 1 - like_inside) >= (
            _LIKE if self._steady or depth <= self._reach else _LIKE_DEEP
        )

    def _like(self, region: NDArray[np.bool_]) -> float:
        return 0.0 if self._looks is None else _share(self._looks, region)

    def _looks_of_sides(self) -> tuple[float, float]:
        """Of the background and of the subject, where the carried edge and the answer are of one mind."""
        if self._scale is None:
            ring = self._carried > -max(_RING_SHARE * self._size, 2 * self._near)
            self._scale = self._like(ring & ~self._inside & ~self._found), self._like(self._inside & self._found)
        return self._scale


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 when both are empty."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0
