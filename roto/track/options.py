"""Options of propagation."""

from __future__ import annotations

from dataclasses import dataclass

from roto.options import option


@dataclass(frozen=True, kw_only=True)
class TrackOptions:
    """How a span is propagated from its keyframes."""

    propagator: str = option(
        "auto",
        "who carries the keyframes through the span: flow, corrected by a small network of our own (learned) or by "
        "colour models (classical), or a video model that proposes every frame (video); auto takes the best that needs "
        "no folder",
        choices=("auto", "learned", "classical", "video"),
    )
    quality: str = option(
        "normal",
        "what the learned propagator may cost: fast looks at every second to fourth frame, as the subject moves, sees "
        "less detail and learns less from the keyframes, best takes the time it needs",
        choices=("fast", "normal", "best"),
    )
    segmenter: str = option(
        "auto",
        "who answers prompts and re-segments around the carried edge: SAM on top of local colour models (sam), local "
        "colour models (local), nobody so that flow alone carries (none); auto takes the best that is available",
        choices=("auto", "sam", "local", "none"),
    )
    sam_model: str = option(
        "auto",
        "vit_b, vit_l, vit_h, or a checkpoint file; auto takes the lightest that is here, on a GPU the heaviest",
        path=True,
    )
    resegment_every: int = option(
        1,
        "ask SAM on every Nth frame only, with flow and local colour models between: faster by nearly as much",
        minimum=1,
        maximum=1000,
    )
    video_model: str = option(
        "",
        "folder of a SAM 2, EdgeTAM or SAM 3 model, for the propagator video; SAM 3's answers text prompts too",
        path=True,
    )
    flow: str = option(
        "medium",
        "optical flow preset: medium, or fast at some loss on fine motion",
        choices=("medium", "fast"),
    )
    detect_cuts: bool = option(True, "stop at scene cuts, so that nothing is carried into another shot")
