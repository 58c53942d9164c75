"""The painter: strokes onto a picture, and what of the subject remains to be seen."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .scene_figure import Stroke
from .textures import Picture


def paint(
    frame: Picture,
    seen: NDArray[np.float32],
    strokes: list[Stroke],
    own: bool,
    relief: float = 0.0,
    crisp: bool = False,
) -> None:
    """Lay strokes over ``frame`` in place and keep the subject's visible share ``seen`` (float32, [0, 1]) up to date.

    own: whether the strokes are the subject's; anything else hides it. relief: how round they look, 0 to about 1.
    crisp: skins are drawn with cubic interpolation.
    """
    height, width = seen.shape
    flags = cv2.INTER_CUBIC if crisp else cv2.INTER_LINEAR
    for stroke in strokes:
        x0, y0, x1, y1 = _window(stroke, width, height)
        if x1 - x0 < 1 or y1 - y0 < 1:
            continue
        cover = covered(stroke, x0, y0, x1, y1)
        matrix = stroke.matrix.copy()
        matrix[:, 2] -= (x0, y0)
        skin = cv2.warpAffine(stroke.skin, matrix, (x1 - x0, y1 - y0), flags=flags, borderMode=cv2.BORDER_REFLECT)
        if relief and min(x1 - x0, y1 - y0) > 6:
            skin = cv2.multiply(skin, cv2.merge([_rounded(cover, relief, stroke.gain)] * 3), dtype=cv2.CV_8U)
        elif abs(stroke.gain - 1) > 0.01:
            skin = cv2.convertScaleAbs(skin, alpha=stroke.gain)
        rest = 1 - cover
        part = frame[y0:y1, x0:x1]
        part[:] = cv2.blendLinear(skin, part, cover, rest)
        seen[y0:y1, x0:x1] *= rest
        if own:
            seen[y0:y1, x0:x1] += cover


def _window(stroke: Stroke, width: int, height: int) -> tuple[int, int, int, int]:
    """Columns ``x0`` to ``x1`` and rows ``y0`` to ``y1`` that a stroke can touch; none where it lies outside."""
    every = stroke.outlines[0] if len(stroke.outlines) == 1 else np.concatenate(stroke.outlines)
    low, high = every.min(axis=0), every.max(axis=0)
    x0, y0 = max(int(low[0]) - 2, 0), max(int(low[1]) - 2, 0)
    return x0, y0, min(int(high[0]) + 3, width), min(int(high[1]) + 3, height)


def _rounded(cover: NDArray[np.float32], relief: float, gain: float) -> NDArray[np.float32]:
    """Light on a part as if it bulged: darker where it turns away from a lamp above on the left."""
    across = max(3, int(0.8 * math.sqrt(float(cover.sum()))) // 2 * 2 + 1)
    reach = min(across, 2 * min(cover.shape) // 3 * 2 + 1)
    soft = cv2.blur(cover, (reach, reach), anchor=(reach * 2 // 3, reach * 2 // 3), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(soft * np.float32(relief * gain * 1.3) + np.float32(gain * (1 - relief * 0.8)), np.float32)


def covered(stroke: Stroke, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.float32]:
    """How much of each pixel of a window a stroke covers, float32 in [0, 1]."""
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    fixed = [np.clip((outline - (x0 + 0.0, y0 + 0.0)) * 16, -3e5, 3e5).astype(np.int32) for outline in stroke.outlines]
    if stroke.holes:
        cv2.fillPoly(mask, fixed, 255, cv2.LINE_AA, 4)
    else:
        for outline in fixed:
            cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) * np.float32(1 / 255)


def backward_flow(now: list[Stroke], before: list[Stroke], height: int, width: int) -> NDArray[np.float32]:
    """Where what is painted at each pixel ``now`` was ``before``, relative to the pixel: ``H x W x 2`` (x, y) pixels.

    NaN where no stroke lies, or one that could not be seen before.
    """
    flow = np.full((height, width, 2), np.nan, np.float32)
    earlier = {stroke.part: stroke.matrix for stroke in before}
    for stroke in now:
        x0, y0, x1, y1 = _window(stroke, width, height)
        if x1 - x0 < 1 or y1 - y0 < 1:
            continue
        solid = covered(stroke, x0, y0, x1, y1) > 0.5
        moved = np.full((y1 - y0, x1 - x0, 2), np.nan, np.float32)
        if stroke.part in earlier and abs(np.linalg.det(stroke.matrix[:, :2])) > 1e-9:
            whole = np.vstack([stroke.matrix, [0, 0, 1]])
            step = earlier[stroke.part] @ np.linalg.inv(whole) - np.eye(3)[:2]
            x, y = np.arange(x0, x1)[None, :, None], np.arange(y0, y1)[:, None, None]
            moved[:] = x * step[:, 0] + y * step[:, 1] + step[:, 2]
        flow[y0:y1, x0:x1][solid] = moved[solid]
    return flow


def silhouette(strokes: list[Stroke], height: int, width: int) -> NDArray[np.float32]:
    """All of the strokes' cover together, ``height x width`` float32 in [0, 1]."""
    mask = np.zeros((height, width), np.uint8)
    for stroke in strokes:
        fixed = [np.clip(outline * 16, -3e5, 3e5).astype(np.int32) for outline in stroke.outlines]
        if stroke.holes:
            cv2.fillPoly(mask, fixed, 255, cv2.LINE_AA, 4)
        else:
            for outline in fixed:
                cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) * np.float32(1 / 255)
