"""Options of propagation."""

from __future__ import annotations

from dataclasses import dataclass

from roto.options import option


@dataclass(frozen=True, kw_only=True)
class TrackOptions:
    """How a span is propagated from its keyframes."""

    propagator: str = option(
        "auto",
        "who carries the keyframes through the span: flow with re-segmentation (classical); auto takes the best here",
        choices=("auto", "classical"),
    )
    segmenter: str = option(
        "auto",
        "who re-segments around the carried edge: local colour models (local), nobody so that flow alone carries "
        "(none); auto takes the best that is available",
        choices=("auto", "local", "none"),
    )
    flow: str = option(
        "medium",
        "optical flow preset: medium, or fast at some loss on fine motion",
        choices=("medium", "fast"),
    )
    detect_cuts: bool = option(True, "stop at scene cuts, so that nothing is carried into another shot")
