"""What a method found, and how pictures are brought to the size at which it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte
from roto.motion.flow import Flow, one_thread

WORKING_PX = 480
_SMALLEST_SHARE = 0.0008  # of the picture; less is no subject
_LARGEST_SHARE = 0.6
_TOUCHING_PX = 5  # parts that are nearer than this belong together, in working pixels

_APART, _APART_PX = 0.75, 0.5  # difference of two motions that parts them: of the faster one, and pixels a frame


@dataclass(frozen=True, slots=True, eq=False)
class Find:
    """One subject as a method found it.

    how: "motion", "salient" or "sam". inside: bool ``H x W`` of the working picture, not empty. score: 0 to 1.
    matte: float32, the whole picture in any size, from a method that draws its own outlines.
    """

    how: str
    inside: NDArray[np.bool_]
    score: float
    matte: Matte | None = None


def shrunk(rgb: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """``rgb``, uint8 ``H x W x 3``, with its longer side at most so long; a smaller picture as it is."""
    size = shrunk_size(rgb.shape[1], rgb.shape[0], longest_px)
    if size == (rgb.shape[1], rgb.shape[0]):
        return rgb
    with one_thread():
        return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def shrunk_size(width: int, height: int, longest_px: int) -> tuple[int, int]:
    """Width and height of :func:`shrunk`."""
    scale = min(longest_px / max(height, width), 1.0)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def working_picture(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``rgb`` at the size at which subjects are found."""
    return shrunk(rgb, WORKING_PX)


def parts(inside: NDArray[np.bool_], motion: Flow | None = None) -> list[NDArray[np.bool_]]:
    """The separate subjects of a segmentation, the largest first. Pieces that nearly touch are one, unless their
    ``motion``, ``H x W x 2``, parts them; what is too small or too large to be a subject is left out."""
    size = 2 * _TOUCHING_PX + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    found: list[NDArray[np.bool_]] = []
    for group in _connected(np.asarray(cv2.dilate(inside.astype(np.uint8), kernel) > 0)):
        found += [group & inside] if motion is None else _moving_apart(group & inside, motion)
    return sorted((part for part in found if plausible(part)), key=lambda part: -int(part.sum()))


def _connected(inside: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    count, labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
    return [labels == label for label in range(1, count)]


def _moving_apart(group: NDArray[np.bool_], motion: Flow) -> list[NDArray[np.bool_]]:
    """A group of pieces without those that could be subjects and move otherwise than its largest, and those alone."""
    pieces = [piece for piece in _connected(group) if plausible(piece)]
    if len(pieces) < 2:
        return [group]
    motions = [np.median(motion[piece], axis=0) for piece in pieces]
    largest = max(range(len(pieces)), key=lambda index: int(pieces[index].sum()))
    apart = [
        piece
        for piece, own in zip(pieces, motions, strict=True)
        if np.hypot(*(own - motions[largest]))
        > max(_APART * max(np.hypot(*own), np.hypot(*motions[largest])), _APART_PX)
    ]
    rest = group.copy()
    for piece in apart:
        rest &= ~piece
    return [rest, *apart]


def plausible(inside: NDArray[np.bool_]) -> bool:
    """Whether something of this size can be a subject."""
    return bool(_SMALLEST_SHARE <= inside.mean() <= _LARGEST_SHARE)


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    either = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / either) if either else 0.0


def surroundings(inside: NDArray[np.bool_], share: float = 0.3) -> NDArray[np.bool_]:
    """A ring around a subject, as wide as ``share`` of its size."""
    reach = max(round(share * float(np.sqrt(np.count_nonzero(inside)))), 3)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(inside.astype(np.uint8), kernel) > 0) & ~inside


def border_share(inside: NDArray[np.bool_]) -> float:
    """How much of the picture's border a subject covers, 0 to 1."""
    return float(np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]]).mean())


def without_repeats(finds: Sequence[Find], most_overlap: float) -> list[Find]:
    """``finds``, best first, without those that repeat a better one."""
    kept: list[Find] = []
    for find in sorted(finds, key=lambda find: -find.score):
        if all(overlap(find.inside, other.inside) < most_overlap for other in kept):
            kept.append(find)
    return kept
