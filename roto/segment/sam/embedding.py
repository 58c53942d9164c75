"""What SAM's image encoder made of a picture: a value to keep."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.segment.sam.prompts import Scaling

_MAGIC = b"roto sam 1\n"
_HEAD = struct.Struct("<6I")  # width, height, image_size, channels, grid, CRC-32 of the features


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """features: float16 ``C x G x G``, as kept; answers always come from these, so that they are the same whether an
    embedding was just computed or kept. width, height: of the picture. image_size: side of the model's input."""

    features: NDArray[np.float16]
    width: int
    height: int
    image_size: int

    @property
    def scaling(self) -> Scaling:
        return Scaling(self.width, self.height, self.image_size, self.features.shape[1])


def pack(embedding: Embedding) -> bytes:
    """Bytes that :func:`unpack` reads: 2 MB from every model of the package's sizes."""
    channels, grid, _ = embedding.features.shape
    data = np.ascontiguousarray(embedding.features, "<f2").tobytes()
    head = _HEAD.pack(embedding.width, embedding.height, embedding.image_size, channels, grid, zlib.crc32(data))
    return _MAGIC + head + data


def unpack(data: bytes) -> Embedding:
    """The inverse of :func:`pack`. ValueError where the bytes are none of its."""
    start = len(_MAGIC) + _HEAD.size
    if not data.startswith(_MAGIC) or len(data) < start:
        raise ValueError("these bytes are no SAM embedding")
    width, height, image_size, channels, grid, checksum = _HEAD.unpack_from(data, len(_MAGIC))
    if len(data) - start != 2 * channels * grid * grid or zlib.crc32(data[start:]) != checksum:
        raise ValueError("a SAM embedding that is cut off or damaged")
    features = np.frombuffer(data, "<f2", offset=start).reshape(channels, grid, grid).astype(np.float16, copy=False)
    return Embedding(features, width, height, image_size)
