"""SAM: Segment Anything through the package segment-anything."""

from __future__ import annotations

from roto.segment.sam.segmenter import SamSegmenter

__all__ = ["SamSegmenter"]
