"""Paint: a mask painted elsewhere, from an image file of the picture's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.feather import feather
from roto.masks.fields import MaskFields
from roto.masks.mask import Canvas, MaskImage
from roto.options import option

CHANNELS = ("auto", "luma", "alpha", "id")
_LISTED = 20  # names in an error
_FAINT = 0.2  # masks that are darker everywhere are taken for ids in a grey image


@dataclass(frozen=True, kw_only=True)
class Paint(MaskFields):
    """An image as a mask.

    ``channel`` says what of it: ``luma``, ``alpha``, or ``id``, the pixels of object ``id`` in a palette PNG or in a
    grey image of whole-numbered ids, or what stands in an EXR by the name ``id``: an object of a Cryptomatte (KIND/NAME
    where two kinds of object have that name), a channel, a part, a layer in packed mattes. ``auto`` takes the id where
    one is given, else any object of a palette PNG (every id but 0), the alpha of an image that has one that is not the
    same everywhere, and else the luma.
    """

    type: ClassVar[str] = "paint"

    file: str = option("", "image file, relative to the document's folder")
    channel: str = option("auto", "what of the image is the mask", choices=CHANNELS)
    id: int | str | None = option(
        None, "which object: a number in a palette PNG, a name in a Cryptomatte or EXR", minimum=0, maximum=255
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.file:
            raise DocumentError("file", "missing, a paint needs the name of an image file")
        if self.channel == "id" and self.id is None:
            raise DocumentError("id", "missing, the channel 'id' needs to know which")
        if self.channel in ("luma", "alpha") and self.id is not None:
            raise DocumentError("id", f"an id has no meaning with the channel {self.channel!r}; use 'id' or 'auto'")

    def coverage(self, canvas: Canvas) -> Matte:
        image = canvas.load(self.file)
        height, width = image.luma.shape
        if (width, height) != (canvas.width, canvas.height):
            raise DocumentError(
                "file",
                f"{self.file} is {width} x {height} and the picture is {canvas.width} x {canvas.height}; "
                "a painted mask has the size of its clip",
            )
        matte = feather(self._channel(image), self.feather_px)
        return np.float32(1) - matte if self.invert else matte

    def _channel(self, image: MaskImage) -> Matte:
        if self.id is not None:
            return self._object(image, self.id)
        if image.named is not None and image.only_named and self.channel == "auto":
            raise DocumentError("id", f"missing, {self.file} holds mattes by name; it has {_listed(image.named.names)}")
        if self.channel == "alpha" and image.alpha is None:
            raise DocumentError("channel", f"{self.file} has no alpha; use 'luma'")
        if self.channel == "auto" and image.indices is not None:
            return np.asarray(image.indices != 0, np.float32)
        if image.alpha is not None and (self.channel == "alpha" or (self.channel == "auto" and _varies(image.alpha))):
            return image.alpha
        if self.channel == "auto" and 0 < image.luma.max() < _FAINT:
            raise DocumentError(
                "file",
                f"{self.file} is nearly black, its brightest value is {image.luma.max() * 255:.4g} of 255; "
                "if these are ids of objects, say which with 'id', else say channel 'luma'",
            )
        return np.clip(image.luma, 0.0, 1.0)  # an EXR may go beyond

    def _object(self, image: MaskImage, wanted: int | str) -> Matte:
        if image.named is not None:
            named = image.named.matte(str(wanted))
            if named is not None and named.any():
                return named
            if named is not None:
                raise DocumentError(
                    "id", f"{self.file} knows {wanted!r} and shows nothing of it; key the frame as absent instead"
                )
            if isinstance(wanted, str) or image.only_named:
                raise DocumentError("id", f"{self.file} has no {wanted!r}; it has {_listed(image.named.names)}")
        ids = _ids(image)
        if ids is None:
            raise DocumentError("id", f"{self.file} holds no ids: it is neither a palette PNG nor 8-bit grey")
        if isinstance(wanted, str):
            raise DocumentError("id", f"{wanted!r} is a name, and the ids in {self.file} are numbers from 0 to 255")
        matte: Matte = np.asarray(ids == wanted, np.float32)
        if not matte.any():
            raise DocumentError("id", f"{self.file} has no object {wanted}; it has {_listed(np.unique(ids).tolist())}")
        return matte


def _listed(names: Sequence[object]) -> str:
    """The first names, and how many more there are."""
    first = ", ".join(repr(name) if isinstance(name, str) else str(name) for name in names[:_LISTED])
    more = len(names) - _LISTED
    return f"{first} and {more} more" if more > 0 else first


def _varies(values: Matte) -> bool:
    return bool(values.min() != values.max())


def _ids(image: MaskImage) -> NDArray[np.uint8] | None:
    """Palette indices, or the values of an 8-bit grey image, which some tools write ids as."""
    if image.indices is not None:
        return image.indices
    scaled = image.luma * np.float32(255)
    whole = np.rint(scaled)
    return whole.astype(np.uint8) if np.abs(scaled - whole).max() < 1e-3 else None
