"""Segmenters: who finds the subject in a picture, by name. A new one is a new file and a line here."""

from __future__ import annotations

from collections.abc import Callable

from roto.segment.local import LocalSegmenter
from roto.segment.segmenter import Segmenter

SEGMENTERS: dict[str, Callable[[], Segmenter]] = {
    "local": LocalSegmenter,
}
