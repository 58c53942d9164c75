"""A segmenter that remembers its embeddings: each picture is looked at once, whoever asks and however often."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from roto.segment.prompt import Candidate, Prompt
from roto.segment.segmenter import Segmenter


class EmbeddingCache(Protocol):
    """Bytes by key; what was saved may be gone later."""

    def load(self, key: str) -> bytes | None: ...

    def save(self, key: str, data: bytes) -> None: ...


class Remembered:
    """``segmenter`` over a cache. The key is a hash of the picture itself, so that a crop which two passes, two layers
    or a prompt have in common is embedded once."""

    def __init__(self, segmenter: Segmenter, cache: EmbeddingCache) -> None:
        self._segmenter, self._cache = segmenter, cache
        self.name, self.identity = segmenter.name, segmenter.identity

    def embed(self, rgb: NDArray[np.uint8]) -> Any:
        key = self._key(rgb)
        data = self._cache.load(key)
        if data is not None:
            try:
                return self.unpack(data)
            except ValueError:
                pass  # of an older version: made again
        embedding = self._segmenter.embed(rgb)
        packed = self.pack(embedding)
        if packed:
            self._cache.save(key, packed)
        return embedding

    def pack(self, embedding: Any) -> bytes:
        return self._segmenter.pack(embedding)

    def unpack(self, data: bytes) -> Any:
        return self._segmenter.unpack(data)

    def answer(self, embedding: Any, prompt: Prompt) -> tuple[Candidate, ...]:
        return self._segmenter.answer(embedding, prompt)

    def _key(self, rgb: NDArray[np.uint8]) -> str:
        digest = hashlib.blake2b(f"{self.identity} {rgb.shape}".encode(), digest_size=16)
        digest.update(rgb.tobytes())
        return digest.hexdigest()
