"""SEGMENT: who decides where a subject's edge is. A new one is a new file and a line here.

A **segmenter** answers a prompt (points, a box, an earlier mask) on one picture; a **re-segmenter** corrects an edge
that flow has carried to a picture.
"""

from __future__ import annotations

from collections.abc import Callable

from roto.segment.by_colour import ColourResegmenter
from roto.segment.resegment import Resegmenter
from roto.segment.segmenter import Checkpoint, Segmenter


def _local(checkpoint: Checkpoint | None, device: str) -> Segmenter:
    from roto.segment.local import LocalSegmenter

    return LocalSegmenter()


def _sam(checkpoint: Checkpoint | None, device: str) -> Segmenter:
    from roto.segment.sam import SamSegmenter

    if checkpoint is None:
        raise ValueError("SAM needs a checkpoint")
    return SamSegmenter(checkpoint, device)


SEGMENTERS: dict[str, Callable[[Checkpoint | None, str], Segmenter]] = {
    "local": _local,
    "sam": _sam,
}
RESEGMENTERS: dict[str, Callable[[], Resegmenter]] = {
    "local": ColourResegmenter,
}
