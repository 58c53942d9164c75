"""A decoded video frame as RGB at its own precision, with its YUV matrix and range applied.

libswscale only repacks here. Its own way to RGB wraps around on colours far outside the gamut, and to 16-bit RGB it
keeps only 8 bits of limited-range video. The conversion below is in 16 bits and is rounded once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.frames.source import ColourTags
from roto.image import Matte, Pixels, finite

if TYPE_CHECKING:
    from av.video.format import VideoFormat
    from av.video.frame import VideoFrame

#: Kr and Kb by matrix code (ITU-T H.273, table 4).
LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
#: Arrangements that share planes between components, and the planar one that holds the same samples.
_PLANAR_TWIN = {
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "nv24": "yuv444p",
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    "uyyvyy411": "yuv411p",
    "p010le": "yuv420p10le",
    "p016le": "yuv420p16le",
    "p210le": "yuv422p10le",
    "p410le": "yuv444p10le",
    "y210le": "yuv422p10le",
}


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
    if tags.matrix in LUMA_WEIGHTS:
        return tags.matrix
    return 1 if width >= 1280 or height > 576 else 6


def to_rgb(frame: VideoFrame, *, chroma_centred: bool = False) -> Pixels:
    """``H x W x 3`` RGB: uint8 of 8-bit video, uint16 full range of anything deeper, float32 of float.

    chroma_centred: subsampled chroma lies in the middle of its block of pixels (JPEG, MPEG-1), not at its left.
    """
    bits, layout = bits_of(frame.format), frame.format
    if layout.name in _PLANAR_TWIN:
        return to_rgb(_repacked(frame, _PLANAR_TWIN[layout.name]), chroma_centred=chroma_centred)
    if not (layout.is_planar or layout.name.startswith("gray")) or layout.is_bayer:
        return _packed(_repacked(frame, "rgb24" if bits == 8 else "rgb48le"))
    planes = [_plane(frame, index) for index, part in enumerate(layout.components) if not part.is_alpha]
    if layout.is_rgb or len(planes) == 1:
        tags = tags_of(frame)
        low, high = (16 << bits - 8, 235 << bits - 8) if tags.full_range is False else (0, 2**bits - 1)
        if layout.is_rgb:
            low, high = 0, 2**bits - 1
        return np.dstack([_to_full_range(plane, low, high) for plane in (planes if len(planes) == 3 else planes * 3)])
    return _yuv_to_rgb(planes, bits, tags_of(frame), chroma_centred)


def alpha_of(frame: VideoFrame) -> Matte | None:
    """float32 alpha in [0, 1], exact at the source's depth; None where the format has none."""
    for index, part in enumerate(frame.format.components):
        if not part.is_alpha:
            continue
        if frame.format.is_planar:
            plane = _plane(frame, index)
            scale = 1 if plane.dtype == np.float32 else 2**part.bits - 1
            return np.clip(np.divide(plane, np.float32(scale), dtype=np.float32), 0.0, 1.0)
        name, scale = ("rgba", 255) if part.bits <= 8 else ("rgba64le", 65535)
        return np.divide(_packed(frame.reformat(format=name))[..., 3], np.float32(scale), dtype=np.float32)
    return None


def yuv_matrix(code: int, bits: int, full_range: bool) -> NDArray[np.float64]:
    """3 x 4 matrix from integer Y'CbCr of ``bits`` to R'G'B' in 0..65535 (ITU-T H.273, 8.3)."""
    kr, kb = LUMA_WEIGHTS[code]
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


def _yuv_to_rgb(planes: list[Pixels], bits: int, tags: ColourTags, chroma_centred: bool) -> Pixels:
    """In 16 bits all through: 8-bit samples are lifted first so that upsampled chroma keeps its fractions."""
    lift = 16 - bits if bits == 8 else 0
    luma, *chroma = (np.left_shift(plane, lift, dtype=np.uint16) if lift else plane for plane in planes)
    height, width = luma.shape
    matrix = yuv_matrix(assumed_matrix(tags, width, height), bits, tags.full_range is True)
    matrix[:, :3] /= 2**lift
    if bits == 8:
        matrix /= 257
    full = [_chroma_at_luma(plane, height, width, chroma_centred) for plane in chroma]
    rgb: Pixels = cv2.transform(cv2.merge([luma, *full]), matrix)
    return np.asarray(cv2.convertScaleAbs(rgb), np.uint8) if bits == 8 else rgb


def _repacked(frame: VideoFrame, name: str) -> VideoFrame:
    """The same samples in another arrangement; colours and range stay as they are."""
    same = int(frame.colorspace) if int(frame.colorspace) in LUMA_WEIGHTS else 5
    return frame.reformat(format=name, src_colorspace=same, dst_colorspace=same, threads=1)


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
    native = picture if dtype.isnative else picture.astype(dtype.newbyteorder("="))
    return finite(native) if kind == "f4" else native


def _to_full_range(values: Pixels, low: int, high: int) -> Pixels:
    """Stretch ``low``..``high`` to the whole of 8 or 16 bits, rounded; floats stay."""
    top = 255 if values.dtype == np.uint8 else 65535
    if values.dtype == np.float32 or (low, high) == (0, top):
        return values
    span = high - low
    lifted = np.clip(values.astype(np.int64) - low, 0, span)
    return ((lifted * top + span // 2) // span).astype(values.dtype)


def _chroma_at_luma(plane: Pixels, height: int, width: int, centred: bool) -> Pixels:
    """Bilinear upsampling of a chroma plane to the luma's size.

    Samples lie halfway between luma rows and, as in MPEG-2, H.264 and HEVC by default, on the block's left column.
    """
    across, down = round(width / plane.shape[1]), round(height / plane.shape[0])
    if centred or across == 1:
        grown = cv2.resize(plane, (plane.shape[1] * across, plane.shape[0] * down), interpolation=cv2.INTER_LINEAR)
        return np.asarray(grown)[:height, :width]
    tall = np.asarray(cv2.resize(plane, (plane.shape[1], plane.shape[0] * down), interpolation=cv2.INTER_LINEAR))
    tall = tall[:height]
    after = np.hstack([tall[:, 1:], tall[:, -1:]])
    grown = np.empty((height, plane.shape[1] * across), plane.dtype)
    for step in range(across):
        grown[:, step::across] = cv2.addWeighted(tall, 1 - step / across, after, step / across, 0)
    return grown[:, :width]
