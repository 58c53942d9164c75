"""A painted mask as it lies in its file: ids of a palette, grey levels, alpha, mattes by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from roto.errors import SourceError
from roto.frames.cryptomatte import CryptomatteObjects
from roto.frames.exr import NoPictureError
from roto.frames.files import kind_of
from roto.frames.named_mattes import NamedMattes, named_mattes
from roto.frames.still import read_image
from roto.image import Frame, Matte, Pixels

_REC709_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class MaskImage:
    """All arrays are ``H x W`` of one size, upright.

    luma: float32; exactly n / 255 or n / 65535 of a grey file, Rec. 709 luma of a coloured one.
    alpha: float32 in [0, 1], exact in the same way; None where the file has none.
    indices: uint8 entries of a palette PNG, which often are the ids of objects; None for any other file.
    named: the mattes of an EXR by name, those of a Cryptomatte's objects among them; None for any other file.
    only_named: luma and alpha are no mask: luma is what all of ``named`` cover, or a picture of objects' ids.
    """

    luma: Matte
    alpha: Matte | None = None
    indices: NDArray[np.uint8] | None = None
    named: NamedMattes | None = None
    only_named: bool = False


def read_mask_image(path: Path) -> MaskImage:
    """Read a mask from PNG, JPEG, TIFF, EXR or DPX. SourceError, one line, when it cannot be read."""
    named = named_mattes(path)
    try:
        image = read_image(path)
    except NoPictureError:
        if named is None:
            raise
        return MaskImage(named.everything, named=named, only_named=True)
    indices = _palette_indices(path) if kind_of(path) == "png" else None
    only_ids = isinstance(named, CryptomatteObjects) and image.alpha is None
    return MaskImage(_luma(image.pixels), image.alpha, indices, named, only_ids)


def mask_of_frame(frame: Frame) -> MaskImage:
    """A frame of a clip as a mask, for videos, which are no image files."""
    return MaskImage(_luma(frame.pixels), frame.alpha)


def _luma(pixels: Pixels) -> Matte:
    scale = np.float32(np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1)
    red, green, blue = (pixels[..., at] for at in range(3))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.divide(red, scale, dtype=np.float32)
    unit = np.divide(pixels, scale, dtype=np.float32)
    return np.asarray(unit @ _REC709_LUMA, dtype=np.float32)


def _palette_indices(path: Path) -> NDArray[np.uint8] | None:
    try:
        with PIL.Image.open(path) as image:
            return np.array(image, dtype=np.uint8) if image.mode == "P" else None
    except (OSError, PIL.Image.DecompressionBombError) as error:
        raise SourceError(f"{path}: its palette cannot be read: {error}") from error
