"""Keyframes to mattes, and a document's fit to its clip."""

from __future__ import annotations

import numpy as np

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.combine import combine
from roto.masks.mask import Canvas
from roto.shot.document import Document, Keyframe, check_keyed_within
from roto.timing import FrameRange


def rasterise_keyframe(keyframe: Keyframe, place: str, canvas: Canvas) -> Matte:
    """The matte of a keyframe on its picture, float32 ``canvas.height x canvas.width`` in [0, 1]: all zero where the
    layer is absent.

    ``place`` is the keyframe's, for errors. DocumentError when a shape cannot be drawn or a prompt cannot be answered,
    or when nothing of a keyframe that is not absent lies within the picture.
    """
    if keyframe.absent:
        return np.zeros((canvas.height, canvas.width), np.float32)
    matte = combine(keyframe.shapes, canvas, f"{place}.shapes")
    if not matte.any():
        raise DocumentError(
            f"{place} (frame {keyframe.frame})",
            f"its shapes cover nothing of the {canvas.width} x {canvas.height} picture; "
            'draw it within the picture, or say "absent": true where the layer is not in it',
        )
    return matte


def check_number(number: int, clip: FrameRange) -> None:
    """DocumentError when the clip has no such frame."""
    if number not in clip:
        raise DocumentError(f"frame {number}", f"is outside the clip's frames, {clip}")


def check_clip(document: Document, clip: FrameRange, *, keep_going: bool = False) -> None:
    """DocumentError when the document's range or a keyframe lies outside the clip's frames.

    With ``keep_going`` a range that the clip does not fill is accepted, and a keyframe outside still is not.
    """
    wanted = document.range
    if wanted is not None and not keep_going and (wanted.first not in clip or wanted.last not in clip):
        raise DocumentError("range", f"{wanted} is not within the clip, which has the frames {clip}")
    if wanted is not None and (wanted.last < clip.first or wanted.first > clip.last):
        raise DocumentError("range", f"{wanted} has no frame of the clip, which has the frames {clip}")
    for index, layer in enumerate(document.layers):
        check_keyed_within(layer, f"layers[{index}]", clip, "the clip's frames")
