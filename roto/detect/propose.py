"""Proposals for a frame, by one method or by all that can run, each subject once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.detect.automatic import Automatic, find_automatic
from roto.detect.find import Find, overlap, working_picture
from roto.detect.moving import OFFSETS, find_moving
from roto.detect.outline import draw_outline, enlarged
from roto.detect.salient import find_salient
from roto.image import Box, Matte, bounding_box
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import one_thread
from roto.timing import FrameRange

MOST = 5  # proposals, unless more are asked for
_SAME = 0.6  # overlap from which on two methods have found the same subject
_BEST_DRAWN = ("sam", "motion", "salient")


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A subject that a layer can be started with.

    number: from 1 on, the best first. how: the method that drew it, "motion", "salient" or "sam". matte: float32
    ``H x W`` in [0, 1] of the full picture. box: of everything that is at least half covered. score: 0 to 1, to
    compare the proposals of one frame.
    """

    number: int
    how: str
    matte: Matte
    box: Box
    score: float

    @property
    def share(self) -> float:
        """Of the picture that it covers, 0 to 1."""
        return float(self.matte.mean(dtype=np.float64))


def propose(
    rgb: NDArray[np.uint8],
    neighbours: Mapping[int, NDArray[np.uint8]],
    methods: Iterable[str],
    *,
    automatic: Automatic | None = None,
    most: int = MOST,
) -> tuple[Proposal, ...]:
    """Subjects on a picture, the best first, each once.

    rgb: the full picture, uint8 ``H x W x 3``. neighbours: working pictures of the same shot (see
    :func:`roto.detect.moving.find_moving`). methods: of "sam", "motion" and "salient"; "sam" needs ``automatic``.
    """
    with one_thread():
        found = _found(rgb, neighbours, methods, automatic)
        proposals: list[Proposal] = []
        for find in joined(found):
            if len(proposals) == most:
                break
            matte = _drawn(rgb, find)
            box = bounding_box(matte >= 0.5)
            if not box.empty:
                proposals.append(Proposal(len(proposals) + 1, find.how, matte, box, find.score))
    return tuple(proposals)


def _found(
    rgb: NDArray[np.uint8],
    neighbours: Mapping[int, NDArray[np.uint8]],
    methods: Iterable[str],
    automatic: Automatic | None,
) -> list[Find]:
    small = working_picture(rgb)
    found: list[Find] = []
    for method in methods:
        if method == "motion":
            found += find_moving(small, neighbours)
        elif method == "salient":
            found += find_salient(small)
        elif automatic is not None:
            found += find_automatic(rgb, automatic)
        else:
            raise ValueError(f"the method {method!r} needs a model")
    return found


def _drawn(rgb: NDArray[np.uint8], find: Find) -> Matte:
    if find.matte is None:
        return draw_outline(rgb, find.inside)
    return enlarged(find.matte, rgb.shape[1], rgb.shape[0])


def joined(found: Sequence[Find]) -> list[Find]:
    """The finds of all methods, best first. Methods that found the same subject raise each other's score, and the
    one that draws best draws it."""
    rest = sorted(found, key=lambda find: -find.score)
    merged: list[Find] = []
    while rest:
        same = [find for find in rest if overlap(rest[0].inside, find.inside) >= _SAME]
        rest = [find for find in rest if find not in same]
        drawn = min(same, key=lambda find: _BEST_DRAWN.index(find.how))
        doubt = np.prod([1 - find.score for find in {find.how: find for find in reversed(same)}.values()])
        merged.append(Find(drawn.how, drawn.inside, float(1 - doubt), drawn.matte))
    return sorted(merged, key=lambda find: -find.score)


def neighbours_of(number: int, clip: FrameRange) -> range:
    """The frames that :func:`same_shot` needs for a frame."""
    return range(max(clip.first, number + min(OFFSETS)), min(clip.last, number + max(OFFSETS)) + 1)


def same_shot(number: int, pictures: Mapping[int, NDArray[np.uint8]]) -> dict[int, NDArray[np.uint8]]:
    """Of consecutive working pictures, those that motion is judged by, as what they are apart from frame ``number``,
    without any from beyond a scene cut."""
    kept = {}
    with one_thread():
        for step in (-1, 1):
            at = number
            while at + step in pictures and not is_cut(thumbnail(pictures[at]), thumbnail(pictures[at + step])):
                at += step
                if at - number in OFFSETS:
                    kept[at - number] = pictures[at]
    return kept
