"""A decoded video frame as RGB at its own precision, with its YUV matrix and range applied.

8-bit pictures go through libswscale. Deeper ones do not: its way to 16-bit RGB keeps only 8 bits of limited-range
video. They are converted here, rounded once, to 16 bits full range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.frames.source import ColourTags
from roto.image import Matte, Pixels

if TYPE_CHECKING:
    from av.video.format import VideoFormat
    from av.video.frame import VideoFrame

#: Kr and Kb by matrix code (ITU-T H.273, table 4).
_LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
_UNSPECIFIED = 2


def bits_of(layout: VideoFormat) -> int:
    """Significant bits of a channel: 8 for anything up to 8, 32 for float."""
    return max(8, *(part.bits for part in layout.components))


def has_alpha(layout: VideoFormat) -> bool:
    return any(part.is_alpha for part in layout.components)


def tags_of(frame: VideoFrame) -> ColourTags:
    """The frame's own colour tags; a range the format itself implies (yuvj) counts as tagged."""
    full = {1: False, 2: True}.get(frame.color_range)
    if full is None and frame.format.name.startswith("yuvj"):
        full = True
    return ColourTags(int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace), full)


def assumed_matrix(tags: ColourTags, width: int, height: int) -> int:
    """The matrix to decode with: the tagged one, or what players take for untagged video of that size."""
    if tags.matrix in _LUMA_WEIGHTS:
        return tags.matrix
    return 1 if width >= 1280 or height > 576 else 6


def to_rgb(frame: VideoFrame) -> Pixels:
    """``H x W x 3`` RGB: uint8 of 8-bit video, uint16 full range of anything deeper, float32 of float."""
    bits, layout = bits_of(frame.format), frame.format
    if bits == 8:
        return _swscaled(frame, "rgb24")
    planar = layout.is_planar or len(layout.components) == 1
    if not planar or layout.is_bayer or _semi_planar(layout):
        return _swscaled(frame, "rgb48le")
    planes = [_plane(frame, index) for index, part in enumerate(layout.components) if not part.is_alpha]
    tags = tags_of(frame)
    if bits == 32:
        return np.ascontiguousarray(np.dstack(planes if len(planes) == 3 else planes * 3), dtype=np.float32)
    if layout.is_rgb:
        return _to_full_range(np.dstack(planes), 0, 2**bits - 1)
    if len(planes) == 1:
        low, high = (16 << bits - 8, 235 << bits - 8) if tags.full_range is False else (0, 2**bits - 1)
        return np.repeat(_to_full_range(planes[0], low, high)[..., None], 3, axis=2)
    matrix = yuv_matrix(assumed_matrix(tags, frame.width, frame.height), bits, tags.full_range is True)
    luma, *chroma = planes
    full = [_chroma_at_luma(plane, luma.shape[0], luma.shape[1]) for plane in chroma]
    return np.asarray(cv2.transform(cv2.merge([luma, *full]), matrix), dtype=np.uint16)


def alpha_of(frame: VideoFrame) -> Matte | None:
    """float32 alpha in [0, 1], exact at the source's depth; None where the format has none."""
    for index, part in enumerate(frame.format.components):
        if not part.is_alpha:
            continue
        if frame.format.is_planar:
            plane = _plane(frame, index)
            scale = 1 if plane.dtype == np.float32 else 2**part.bits - 1
            return np.divide(plane, np.float32(scale), dtype=np.float32)
        name, scale = ("rgba", 255) if part.bits <= 8 else ("rgba64le", 65535)
        return np.divide(_packed(frame.reformat(format=name))[..., 3], np.float32(scale), dtype=np.float32)
    return None


def yuv_matrix(code: int, bits: int, full_range: bool) -> NDArray[np.float64]:
    """3 x 4 matrix from integer Y'CbCr of ``bits`` to R'G'B' in 0..65535 (ITU-T H.273, 8.3)."""
    kr, kb = _LUMA_WEIGHTS[code]
    kg = 1 - kr - kb
    to_rgb_of_unit = np.array(
        [
            [1, 0, 2 * (1 - kr)],
            [1, -2 * (1 - kb) * kb / kg, -2 * (1 - kr) * kr / kg],
            [1, 2 * (1 - kb), 0],
        ]
    )
    top, middle = 2**bits - 1, 2 ** (bits - 1)
    step = 2 ** (bits - 8)
    scale = np.array([1 / top, 1 / top, 1 / top] if full_range else [1 / (219 * step), *[1 / (224 * step)] * 2])
    offset = np.array([0 if full_range else 16 * step, middle, middle])
    linear = to_rgb_of_unit * scale
    return 65535 * np.hstack([linear, -(linear @ offset)[:, None]])


def _swscaled(frame: VideoFrame, name: str) -> Pixels:
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    tags = tags_of(frame)
    matrix = assumed_matrix(tags, frame.width, frame.height)
    space = {1: Colorspace.ITU709, 4: Colorspace.FCC, 7: Colorspace.SMPTE240M, 9: Colorspace.BT2020}.get(matrix)
    if matrix == 10:
        space = Colorspace.BT2020
    source_is_yuv = not frame.format.is_rgb and len(frame.format.components) > 2
    full = tags.full_range if tags.full_range is not None else not source_is_yuv
    converted = frame.reformat(
        format=name,
        src_colorspace=space or Colorspace.ITU601,
        dst_colorspace=space or Colorspace.ITU601,
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=(
            Interpolation.BILINEAR | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
        ),
        threads=1,
    )
    return _packed(converted)


def _packed(frame: VideoFrame) -> Pixels:
    """The one plane of an RGB or RGBA frame as an array of its own."""
    plane, count = frame.planes[0], len(frame.format.components)
    dtype = np.dtype(np.uint8 if frame.format.components[0].bits == 8 else "<u2")
    rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, plane.line_size // dtype.itemsize)
    return np.array(rows[:, : frame.width * count].reshape(frame.height, frame.width, count))


def _plane(frame: VideoFrame, component: int) -> Pixels:
    """One component of a planar frame as an array that shares the frame's memory."""
    part = frame.format.components[component]
    plane = frame.planes[part.plane]
    kind = "f4" if part.bits == 32 else "u1" if part.bits <= 8 else "u2"
    dtype = np.dtype(f"{'>' if frame.format.is_big_endian else '<'}{kind}")
    rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, plane.line_size // dtype.itemsize)
    picture: Pixels = rows[:, : plane.width]
    return picture if dtype.isnative else picture.astype(dtype.newbyteorder("="))


def _semi_planar(layout: VideoFormat) -> bool:
    """Two components share a plane (nv12, p010): their samples alternate."""
    planes = [part.plane for part in layout.components]
    return len(set(planes)) < len(planes)


def _to_full_range(values: NDArray[np.uint16], low: int, high: int) -> NDArray[np.uint16]:
    """Stretch ``low``..``high`` to 0..65535, rounded."""
    span = high - low
    lifted = np.clip(values.astype(np.int64) - low, 0, span)
    return ((lifted * 65535 + span // 2) // span).astype(np.uint16)


def _chroma_at_luma(plane: NDArray[np.uint16], height: int, width: int) -> NDArray[np.uint16]:
    """Bilinear upsampling of a chroma plane to the luma's size.

    Samples lie on the left luma column and halfway between luma rows, as in MPEG-2, H.264 and HEVC by default.
    """
    across = round(width / plane.shape[1])
    down = round(height / plane.shape[0])
    if across == 1 and down == 1:
        return plane
    to_chroma = np.array([[1 / across, 0, 0], [0, 1 / down, (1 / down - 1) / 2]])
    warped = cv2.warpAffine(
        plane,
        to_chroma,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, dtype=np.uint16)
