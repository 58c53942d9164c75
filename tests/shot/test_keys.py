"""Keyframes to mattes, and documents that do not fit their clip."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.errors import DocumentError
from roto.frames.mask_image import read_mask_image
from roto.masks import Ellipse, Paint, Polygon
from roto.masks.mask import Canvas
from roto.paths import resolve
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.shot.keys import check_clip, rasterise_keyframe
from roto.timing import FrameRange

DISC = Ellipse(center=(20, 15), radii=(8, 8))
HOLE = Ellipse(center=(20, 15), radii=(3, 3), operation="subtract")
CANVAS = Canvas(40, 30)
OUTSIDE = Polygon(points=((100, 10), (120, 10), (110, 30)))


@pytest.mark.parametrize(
    ("keyframe", "area"),
    [
        (Keyframe(frame=5, shapes=(DISC,)), np.pi * 64),
        (Keyframe(frame=7, shapes=(DISC, HOLE)), np.pi * (64 - 9)),
        (Keyframe(frame=9, absent=True), 0),
    ],
)
def test_a_keyframe_becomes_its_matte(keyframe, area):
    matte = rasterise_keyframe(keyframe, "layers[0].keyframes[0]", CANVAS)
    assert matte.shape == (30, 40)
    assert matte.dtype == np.float32
    assert matte.sum(dtype=float) == pytest.approx(area, abs=0.05)


def test_a_shape_partly_outside_is_cut_off():
    beside = Keyframe(frame=1, shapes=(Ellipse(center=(0, 15), radii=(8, 8)),))
    matte = rasterise_keyframe(beside, "layers[0].keyframes[0]", CANVAS)
    assert matte.sum(dtype=float) == pytest.approx(np.pi * 32, abs=0.05)


@pytest.mark.parametrize("shapes", [(OUTSIDE,), (DISC, Ellipse(center=(20, 15), radii=(12, 12), operation="subtract"))])
def test_a_keyframe_that_covers_nothing_is_refused(shapes):
    with pytest.raises(DocumentError) as error:
        rasterise_keyframe(Keyframe(frame=1040, shapes=shapes), "layers[3].keyframes[1]", CANVAS)
    assert str(error.value) == (
        "layers[3].keyframes[1] (frame 1040): its shapes cover nothing of the 40 x 30 picture; "
        'draw it within the picture, or say "absent": true where the layer is not in it'
    )


def test_errors_of_a_shape_name_the_keyframe():
    keyframe = Keyframe(frame=1, shapes=(DISC, Paint(file="keys/a.png")))
    with pytest.raises(DocumentError, match=r"^layers\[0\]\.keyframes\[4\]\.shapes\[1\]: keys/a\.png cannot be read"):
        rasterise_keyframe(keyframe, "layers[0].keyframes[4]", CANVAS)


def document(*frames, wanted=None):
    layer = Layer(name="a", keyframes=tuple(Keyframe(frame=frame, shapes=(DISC,)) for frame in frames))
    return Document(source=Source(path="a.mov"), layers=(layer,), range=wanted)


def test_a_document_that_fits_its_clip():
    check_clip(document(0, 9), FrameRange(0, 9))
    check_clip(document(3, wanted=FrameRange(3, 5)), FrameRange(0, 9))


@pytest.mark.parametrize(
    ("made", "keep_going", "message"),
    [
        (
            document(0, 10),
            False,
            "layers[0].keyframes[1].frame: 10 is outside the clip's frames, 0-9",
        ),
        (
            document(wanted=FrameRange(5, 12)),
            False,
            "range: 5-12 is not within the clip, which has the frames 0-9",
        ),
        (
            document(wanted=FrameRange(10, 12)),
            True,
            "range: 10-12 has no frame of the clip, which has the frames 0-9",
        ),
        (document(11), True, "layers[0].keyframes[0].frame: 11 is outside the clip's frames, 0-9"),
    ],
)
def test_a_document_that_does_not_fit(made, keep_going, message):
    with pytest.raises(DocumentError) as error:
        check_clip(made, FrameRange(0, 9), keep_going=keep_going)
    assert str(error.value) == message


def test_keeping_going_takes_the_part_of_the_range_that_there_is():
    check_clip(document(2, wanted=FrameRange(0, 99)), FrameRange(0, 9), keep_going=True)


def test_an_object_of_a_real_palette_mask(test_data):
    folder = test_data / "vos_multi/sttn/schoolgirls"
    keyframe = Keyframe(frame=71, shapes=(Paint(file="00071.png", id=5),))
    matte = rasterise_keyframe(keyframe, "", Canvas(432, 240, lambda file: read_mask_image(resolve(file, folder))))
    assert matte.sum() == 3158
    assert set(np.unique(matte)) == {0, 1}


def test_a_sixteen_bit_mask_comes_back_as_it_was_painted(tmp_path):
    painted = np.linspace(0, 65535, 40 * 30).astype(np.uint16).reshape(30, 40)
    cv2.imwrite(str(tmp_path / "key.png"), painted)
    keyframe = Keyframe(frame=1, shapes=(Paint(file="key.png"),))
    matte = rasterise_keyframe(keyframe, "", Canvas(40, 30, lambda file: read_mask_image(resolve(file, tmp_path))))
    np.testing.assert_array_equal(np.rint(matte * 65535), painted)
