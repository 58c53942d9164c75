"""Semantic: a category that a model knows, see :mod:`roto.semantic.model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.options import option
from roto.semantic.found import Found, FoundOptions
from roto.stack.entry import Seen
from roto.stack.named import NamedEntry


@dataclass(frozen=True, kw_only=True)
class Semantic(NamedEntry):
    """Each frame by itself. The model's folder is the user's own; nothing is ever downloaded."""

    type: ClassVar[str] = "semantic"
    summary: ClassVar[str] = "a category that a semantic-segmentation model in a folder of yours knows; needs 'video'"

    category: str = option("", "person, sky, vehicle, animal, plant, building, ... or a label of the model's own")
    model: str = option("", "folder of a SegFormer, MaskFormer or the like as transformers saves it", path=True)

    def __post_init__(self) -> None:
        if not self.category:
            raise DocumentError("category", "missing, it says what is looked for, for example person or sky")
        if not self.model:
            raise DocumentError("model", "missing, it names the folder of a semantic-segmentation model")

    @property
    def files(self) -> tuple[str, ...]:
        return ()

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,)

    def find(self, seen: Seen, rgb: NDArray[np.uint8], options: FoundOptions) -> Found:
        return seen.semantic_model(self.model).find(rgb, self.category, options)
