"""Spans: the runs of frames between neighbouring keyframes, the unit of all work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from roto.errors import RotoError
from roto.image import Matte


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A keyed frame: its number and its matte, float32 ``H x W`` in [0, 1]. An all-zero matte says that the layer
    is absent at this frame."""

    number: int
    matte: Matte
    absent: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "absent", not bool((self.matte >= 0.5).any()))


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Frames ``first`` to ``last``, both included and none of them keyed, that lie between the keys ``left`` and
    ``right``. One of the two is None before the first and after the last key."""

    left: Key | None
    right: Key | None
    first: int
    last: int

    def __post_init__(self) -> None:
        if self.left is None and self.right is None:
            raise RotoError("a span needs a keyframe at one of its ends at least")
        if self.last < self.first:
            raise RotoError(f"span {self.first}-{self.last} holds no frame")

    def __len__(self) -> int:
        return self.last - self.first + 1

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that the span has, in order."""
        return tuple(key for key in (self.left, self.right) if key is not None)

    @property
    def absent_beside(self) -> Key | None:
        """The key right beside the span that says that the subject is absent; None without one, or with two."""
        absent = [key for key in self.keys if key.absent]
        return absent[0] if len(absent) == 1 and absent[0].number in (self.first - 1, self.last + 1) else None


def split_spans(keys: Sequence[Key], first: int, last: int) -> list[Span]:
    """The spans of the frames ``first`` to ``last``, in order. Adjacent keys leave no span between them; keys beyond
    the range still carry into it. RotoError without a key or with two on one frame."""
    if not keys:
        raise RotoError("no keyframes: at least one is needed to track from")
    ordered = sorted(keys, key=lambda key: key.number)
    for a, b in pairwise(ordered):
        if a.number == b.number:
            raise RotoError(f"two keyframes on frame {a.number}; keep one of them")
    ends: list[Key | None] = [None, *ordered, None]
    spans = []
    for left, right in pairwise(ends):
        start = first if left is None else max(first, left.number + 1)
        stop = last if right is None else min(last, right.number - 1)
        if start <= stop:
            spans.append(Span(left, right, start, stop))
    return spans
