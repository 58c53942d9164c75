"""Painted masks: which channel, which object, and files that do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roto.errors import DocumentError
from roto.masks import Paint
from roto.masks.mask import Canvas


class Named(dict[str, np.ndarray]):
    """Mattes by name, as a Cryptomatte or an EXR's channels are."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self)

    def matte(self, name: str) -> np.ndarray | None:
        return self.get(name)


@dataclass
class Picture:
    luma: np.ndarray
    alpha: np.ndarray | None = None
    indices: np.ndarray | None = None
    named: Named | None = None
    only_named: bool = False


LUMA = np.array([[0, 0.25, 1], [0, 0.5, 1]], np.float32)
ALPHA = np.array([[1, 0.75, 0], [1, 0.5, 0]], np.float32)
IDS = np.array([[0, 1, 3], [0, 1, 1]], np.uint8)
OPAQUE = np.ones((2, 3), np.float32)
OBJECTS = Named({"hair, left": LUMA, "7": ALPHA, "gone": 0 * LUMA})


def covered(mask: Paint, picture: Picture) -> np.ndarray:
    return mask.coverage(Canvas(3, 2, lambda file: picture))


@pytest.mark.parametrize(
    ("mask", "picture", "expected"),
    [
        (Paint(file="a.png"), Picture(LUMA), LUMA),
        (Paint(file="a.png"), Picture(LUMA, ALPHA), ALPHA),
        (Paint(file="a.png"), Picture(LUMA, OPAQUE), LUMA),
        (Paint(file="a.png"), Picture(LUMA, OPAQUE, IDS), IDS != 0),
        (Paint(file="a.png", id=1), Picture(LUMA, None, IDS), IDS == 1),
        (Paint(file="a.png", channel="id", id=3), Picture(LUMA, None, IDS), IDS == 3),
        (Paint(file="a.png", channel="luma"), Picture(LUMA, ALPHA, IDS), LUMA),
        (Paint(file="a.png", channel="alpha"), Picture(LUMA, OPAQUE, IDS), OPAQUE),
        (Paint(file="a.png", id=3), Picture(IDS / np.float32(255)), IDS == 3),
        (Paint(file="a.png", invert=True), Picture(LUMA), 1 - LUMA),
        (Paint(file="a.exr"), Picture(LUMA * 3 - 1), np.clip(LUMA * 3 - 1, 0, 1)),
        (Paint(file="a.png", channel="luma"), Picture(LUMA / 100), LUMA / 100),
        (Paint(file="a.exr", id="hair, left"), Picture(ALPHA, None, None, OBJECTS, True), LUMA),
        (Paint(file="a.exr", id=7), Picture(LUMA, None, None, OBJECTS, True), ALPHA),
        (Paint(file="a.exr", id=3), Picture(IDS / np.float32(255), None, None, OBJECTS), IDS == 3),
        (Paint(file="a.exr"), Picture(LUMA, ALPHA, None, OBJECTS), ALPHA),
        (Paint(file="a.exr", channel="luma"), Picture(LUMA, None, None, OBJECTS, True), LUMA),
    ],
)
def test_what_of_an_image_is_the_mask(mask, picture, expected):
    matte = covered(mask, picture)
    assert matte.dtype == np.float32
    np.testing.assert_array_equal(matte, expected)


@pytest.mark.parametrize("wanted", [3, "3", "hair, left", "CryptoObject/шапка"])
def test_an_id_is_a_number_or_a_name_in_a_document(wanted):
    data = {"type": "paint", "file": "a.exr", "id": wanted}
    mask = Paint.from_json(data, "")
    assert mask.id == wanted
    assert mask.to_json() == data


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (256, "id: the number 256 is too large, at most 255 is allowed"),
        (-1, "id: the number -1 is too small, at least 0 is allowed"),
        (1.5, "id: the number 1.5, but a whole number or a text is needed"),
        (True, "id: true, but a whole number or a text is needed"),
        ([], "id: a list of 0, but a whole number or a text is needed"),
    ],
)
def test_an_id_that_is_neither(wanted, message):
    with pytest.raises(DocumentError) as error:
        Paint.from_json({"type": "paint", "file": "a.exr", "id": wanted}, "")
    assert str(error.value) == message


def test_sixteen_bits_are_kept():
    luma = (np.array([[1, 32768, 65534]] * 2) / 65535).astype(np.float32)
    assert np.rint(covered(Paint(file="a.png"), Picture(luma)) * 65535)[0].tolist() == [1, 32768, 65534]


@pytest.mark.parametrize(
    ("mask", "picture", "message"),
    [
        (
            Paint(file="a.png"),
            Picture(np.ones((480, 854), np.float32)),
            "file: a.png is 854 x 480 and the picture is 3 x 2; a painted mask has the size of its clip",
        ),
        (Paint(file="a.png", channel="alpha"), Picture(LUMA), "channel: a.png has no alpha; use 'luma'"),
        (
            Paint(file="a.png"),
            Picture(IDS / np.float32(255)),
            "file: a.png is nearly black, its brightest value is 3 of 255; "
            "if these are ids of objects, say which with 'id', else say channel 'luma'",
        ),
        (Paint(file="a.png", id=2), Picture(LUMA, None, IDS), "id: a.png has no object 2; it has 0, 1, 3"),
        (
            Paint(file="a.png", id=2),
            Picture(LUMA),
            "id: a.png holds no ids: it is neither a palette PNG nor 8-bit grey",
        ),
        (
            Paint(file="a.png", id="hair"),
            Picture(LUMA, None, IDS),
            "id: 'hair' is a name, and the ids in a.png are numbers from 0 to 255",
        ),
        (
            Paint(file="a.exr"),
            Picture(LUMA, None, None, OBJECTS, True),
            "id: missing, a.exr holds mattes by name; it has 'hair, left', '7', 'gone'",
        ),
        (
            Paint(file="a.exr", id="hair"),
            Picture(LUMA, None, None, OBJECTS),
            "id: a.exr has no 'hair'; it has 'hair, left', '7', 'gone'",
        ),
        (
            Paint(file="a.exr", id=8),
            Picture(LUMA, None, None, Named({str(n): LUMA for n in range(22, 52)}), True),
            f"id: a.exr has no 8; it has {', '.join(map(repr, map(str, range(22, 42))))} and 10 more",
        ),
        (
            Paint(file="a.exr", id="gone"),
            Picture(LUMA, None, None, OBJECTS),
            "id: a.exr knows 'gone' and shows nothing of it; key the frame as absent instead",
        ),
    ],
)
def test_files_that_do_not_fit(mask, picture, message):
    with pytest.raises(DocumentError) as error:
        covered(mask, picture)
    assert str(error.value) == message


def test_without_a_loader_there_are_no_files():
    with pytest.raises(DocumentError, match=r"a.png cannot be read here"):
        Paint(file="a.png").coverage(Canvas(3, 2))


def test_objects_of_a_real_palette_mask(test_data: Path):
    file = test_data / "vos_multi/sttn/schoolgirls/00071.png"
    ids = np.array(Image.open(file))
    height, width = ids.shape
    picture = Picture(np.zeros((height, width), np.float32), None, ids)
    canvas = Canvas(width, height, lambda _: picture)
    each = [Paint(file="m.png", id=number).coverage(canvas) for number in range(1, 8)]
    assert [int(matte.sum()) for matte in each] == [3734, 685, 1893, 656, 3158, 772, 1242]
    np.testing.assert_array_equal(sum(each), Paint(file="m.png").coverage(canvas))


def test_a_real_mask_of_another_width(test_data: Path):
    """The set mixes widths of 853 and 854, which must be said and not stretched."""
    ids = np.array(Image.open(test_data / "vos_multi/cutie/masks/judo/00005.png"))
    picture = Picture(np.zeros(ids.shape, np.float32), None, ids)
    with pytest.raises(DocumentError, match=r"853 x 480 and the picture is 854 x 480"):
        Paint(file="00005.png").coverage(Canvas(854, 480, lambda _: picture))
