"""Several layers' mattes in the colour channels of one image: three in R, G and B, in an EXR a fourth in A.

Each file says in its header which layer is in which channel: ``matte/R`` and so on, among an EXR's attributes and a
PNG's texts. A PNG takes no fourth: its readers may multiply or divide colour by alpha, and change the other three so.
The channels of an EXR are only read as they are; there, alpha is to be taken for straight or to be ignored, wherever a
program asks. There is no packed ProRes: its Y'CbCr was measured to be off by 5 percent of full at hard edges of three
unlike mattes, where alpha is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.export.exporter import ExportFrame
from roto.export.exr import ExrExporter, ExrImage, as_half
from roto.export.naming import LAYERS_NAME, not_taken
from roto.export.pixels import quantised
from roto.export.png import png_bytes
from roto.export.stills import StillExporter, StillImage
from roto.frames.named_mattes import PACKED
from roto.frames.source import ColourTags
from roto.image import Matte

_IN_RGB, _IN_RGBA = 3, 4


def packs(most: int, layers: Sequence[str]) -> list[Sequence[str]]:
    """The layers of each file, in order, ``most`` to a file."""
    return [layers[first : first + most] for first in range(0, len(layers), most)]


def pack_names(most: int, layers: tuple[str, ...]) -> Sequence[str]:
    """``mattes-1``, ``mattes-2`` ...: numbered even where there is one, so that another layer renames no file."""
    return not_taken([f"{LAYERS_NAME}-{number}" for number in range(1, len(packs(most, layers)) + 1)], layers)


def _said(layers: Sequence[str]) -> dict[str, str]:
    return {PACKED + channel: layer for channel, layer in zip("RGBA", layers, strict=False)}


def _rgb(layers: Sequence[str], mattes: Mapping[str, Matte]) -> NDArray[np.uint16]:
    """``H x W x 3`` in 16 bits; a channel without a layer is empty."""
    codes = [quantised(mattes[layer], 16) for layer in layers]
    return np.dstack([*codes, *[np.zeros_like(codes[0])] * (_IN_RGB - len(codes))])


def _stills(frame: ExportFrame, tags: ColourTags) -> Iterator[StillImage]:
    for layers in packs(_IN_RGB, tuple(frame.mattes)):
        yield StillImage(_rgb(layers, frame.mattes), {"text": _said(layers)})


def _exrs(frame: ExportFrame) -> list[ExrImage]:
    images = []
    for layers in packs(_IN_RGBA, tuple(frame.mattes)):
        channels: dict[str, NDArray[Any]] = {
            channel: as_half(frame.mattes[layer]) for channel, layer in zip("RGBA", layers, strict=False)
        }
        empty = np.zeros_like(channels["R"])
        images.append(ExrImage({"": {"G": empty, "B": empty, **channels}}, _said(layers)))
    return images


PNG_PACKED = StillExporter(
    name="png-packed",
    summary="the mattes of three layers in R, G, B of a 16-bit PNG a frame, the next three in the next",
    tag="packed",
    extension="png",
    encode=png_bytes,
    files=partial(pack_names, _IN_RGB),
    images=_stills,
)
EXR_PACKED = ExrExporter(
    name="exr-packed",
    summary="the mattes of four layers in R, G, B, A of a half EXR a frame, the next four in the next",
    tag="packed",
    files=partial(pack_names, _IN_RGBA),
    images=_exrs,
)
