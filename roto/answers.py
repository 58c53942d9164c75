"""Prompts and their answers: a segmenter is asked once, and what it said is kept.

An answer that an artist has seen stays: it is asked again only when the prompt, the picture or the model changes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.prompted import Prompted
from roto.models import Models
from roto.motion.flow import one_thread
from roto.segment.prompt import Candidate, Prompt
from roto.store import Shelf, content_key
from roto.track.options import TrackOptions

_SIZE = struct.Struct("<2I")

Picture = Callable[[int], NDArray[np.uint8]]
"""``picture(number)``: the frame, uint8 ``H x W x 3``."""


class Answers:
    """Who answers the prompts of a clip. ``clip`` is its fingerprint, ``tell(number, model)`` is called before a
    segmenter starts to look at a frame."""

    def __init__(
        self,
        models: Models,
        kept: Callable[[], Shelf],
        clip: str,
        picture: Picture,
        tell: Callable[[int, str], None] | None = None,
    ) -> None:
        self._models, self._kept, self._clip, self._picture = models, kept, clip, picture
        self._tell = tell or (lambda number, model: None)

    def matte(self, number: int, options: TrackOptions, prompted: Prompted, prior: Matte | None) -> Matte:
        """The chosen answer to a prompt on frame ``number``, float32 ``H x W`` in [0, 1]. ``prior`` is the earlier mask
        that the prompt names. DocumentError when there are fewer answers than its candidate."""
        kept, key = self._kept(), self._key(number, options, prompted, prior)
        data = kept.load(key)
        if data is None:
            candidates = self.candidates(number, options, prompted, prior)
            if prompted.candidate > len(candidates):
                raise DocumentError(
                    "candidate", f"{prompted.candidate}, but the prompt has {len(candidates)} answers; the first is 1"
                )
            data = _encode(candidates[prompted.candidate - 1].matte)
            kept.save(key, data)
        return _decode(data)

    def candidates(
        self, number: int, options: TrackOptions, prompted: Prompted, prior: Matte | None
    ) -> tuple[Candidate, ...]:
        """All answers to a prompt on frame ``number``, the best first."""
        segmenter = self._models.segmenter(options, text=bool(prompted.text))
        self._tell(number, segmenter.name)
        with one_thread():
            return segmenter.answer(segmenter.embed(self._picture(number)), asked(prompted, prior))

    def _key(self, number: int, options: TrackOptions, prompted: Prompted, prior: Matte | None) -> str:
        question = {
            name: value for name, value in prompted.to_json().items() if name in ("points", "box", "text", "candidate")
        }
        earlier = None if prior is None else zlib.crc32(prior.tobytes())
        model = self._models.segmenter(options, text=bool(prompted.text)).identity
        return content_key({"clip": self._clip, "frame": number, "prompt": question, "mask": earlier, "model": model})


def asked(prompted: Prompted, prior: Matte | None) -> Prompt:
    """A document's prompt as a segmenter is asked it."""
    return Prompt(
        points=tuple((x, y) for x, y, _ in prompted.points),
        labels=tuple(label == 1 for *_, label in prompted.points),
        box=prompted.box,
        mask=prior,
        text=prompted.text or None,
    )


def _encode(matte: Matte) -> bytes:
    return _SIZE.pack(*matte.shape) + zlib.compress(matte.tobytes(), 6)


def _decode(data: bytes) -> Matte:
    height, width = _SIZE.unpack_from(data)
    values = np.frombuffer(zlib.decompress(data[_SIZE.size :]), np.float32)
    return values.reshape(height, width)
