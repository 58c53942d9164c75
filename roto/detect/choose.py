"""Which frame to look at, when nobody says."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from roto.detect.background import split_motion
from roto.detect.find import shrunk
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import dense_flow, grey, one_thread
from roto.timing import FrameRange

MOST_FRAMES = 9
_STEP = 2  # frames between those that are compared
_LOOK_PX = 240
_MOVES = 0.6  # share of motion that is a pixel's own, from which on it counts
_HALFWAY = 4.0  # as in roto.detect.moving
_ENOUGH = 0.15  # of the picture; a larger subject is not seen any better
_MARGIN = 0.06  # of the picture, along its border; what moves there is leaving or coming
_LATE = 0.3  # how much less a frame at either end counts than one in the middle

ReadSmall = Callable[[Iterable[int]], dict[int, NDArray[np.uint8]]]


def choose_frame(read: ReadSmall, clip: FrameRange) -> int:
    """The frame where the subject is best seen: of at most nine spread over the clip, the one where most of the
    picture moves by itself, surely, without leaving the picture; in doubt the one nearest the middle.

    read: gives the working pictures of some frames of the clip. Memory: three of them at a time. Looks at most at 18
    pairs of frames, at half the working size.
    """
    middle = (clip.first + clip.last) / 2
    worth: dict[int, float] = {}
    for number in _spread(clip):  # in order, which suits a decoder
        wanted = [near for near in (number - _STEP, number, number + _STEP) if near in clip]
        late = abs(number - middle) / max(len(clip) / 2, 1)
        worth[number] = _visible_motion(read(wanted), number) * (1 - _LATE * late)
    best = max(worth, key=lambda number: (worth[number], -abs(number - middle)))
    return best if worth[best] > 0 else round(middle)


def _spread(clip: FrameRange) -> list[int]:
    """At most nine frames, equally far from each other and from the clip's ends."""
    count = min(MOST_FRAMES, len(clip))
    return [clip.first + (2 * i + 1) * len(clip) // (2 * count) for i in range(count)]


def _visible_motion(pictures: dict[int, NDArray[np.uint8]], number: int) -> float:
    """How well a moving subject is seen: the square root of its area times how surely it moves, less at the border."""
    small = {each: shrunk(rgb, _LOOK_PX) for each, rgb in pictures.items()}
    here = small.pop(number)
    with one_thread():
        looks = [other for other in small.values() if not is_cut(thumbnail(here), thumbnail(other))]
        residuals = [split_motion(dense_flow(grey(here), grey(other))).residual for other in looks]
    if not residuals:
        return 0.0
    moving = np.min([residual / (residual + _HALFWAY) for residual in residuals], axis=0)
    inside = moving > _MOVES
    if not inside.any():
        return 0.0
    margin = max(round(_MARGIN * min(inside.shape)), 1)
    within = np.count_nonzero(inside[margin:-margin, margin:-margin]) / np.count_nonzero(inside)
    return float(np.sqrt(min(inside.mean(), _ENOUGH)) * moving[inside].mean() * within**2)
