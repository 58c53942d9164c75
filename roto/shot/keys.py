"""Keyframes to mattes, and a document's fit to its clip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.combine import combine
from roto.masks.mask import Canvas, MaskLoader, no_files
from roto.shot.document import Document, Keyframe, Layer, check_keyed_within
from roto.timing import FrameRange


def rasterise_keyframe(keyframe: Keyframe, place: str, width: int, height: int, load: MaskLoader = no_files) -> Matte:
    """The matte of a keyframe, float32 ``height x width`` in [0, 1]: all zero where the layer is absent.

    ``load`` reads the image files that painted masks name; ``place`` is the keyframe's, for errors. DocumentError
    when a shape cannot be drawn, or when nothing of a keyframe that is not absent lies within the picture.
    """
    if keyframe.absent:
        return np.zeros((height, width), np.float32)
    matte = combine(keyframe.shapes, Canvas(width, height, load), f"{place}.shapes")
    if not matte.any():
        raise DocumentError(
            f"{place} (frame {keyframe.frame})",
            f"its shapes cover nothing of the {width} x {height} picture; "
            'draw it within the picture, or say "absent": true where the layer is not in it',
        )
    return matte


def rasterise_layer(
    layer: Layer, place: str, width: int, height: int, load: MaskLoader = no_files
) -> Iterator[tuple[int, Matte]]:
    """Frame number and matte of every keyframe, in order, one at a time."""
    for index, keyframe in enumerate(layer.keyframes):
        yield keyframe.frame, rasterise_keyframe(keyframe, f"{place}.keyframes[{index}]", width, height, load)


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
