"""Keys as entries of a stack: what they are told, what they look at, and users' mistakes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from roto.errors import DocumentError, RotoError
from roto.image import Frame, Matte
from roto.keying.chroma import chroma_key
from roto.keying.colour import colour_key
from roto.keying.difference import difference_key
from roto.keying.luma import luma_key, preset
from roto.masks.mask import Canvas
from roto.stack.entry import Covered
from roto.stack.evaluate import evaluate
from roto.stack.read import parse_entry, read_stack
from roto.timing import FrameRange

WIDTH, HEIGHT = 60, 40
GREEN = (30, 160, 50)


def picture(number: int = 7) -> np.ndarray:
    """A grey square on green, moving with the frame's number."""
    rgb = np.full((HEIGHT, WIDTH, 3), GREEN, np.uint8)
    rgb[10:30, 10 + number : 30 + number] = 150
    return rgb


class Scene:
    canvas = Canvas(WIDTH, HEIGHT)

    def __init__(self, number: int = 7, rgb: np.ndarray | None = None) -> None:
        self.number = number
        self.rgb = picture(number) if rgb is None else rgb

    def plate(self, offset: int = 0) -> Frame | None:
        return Frame(self.number + offset, self.rgb)

    def tracked(self) -> Covered:
        raise AssertionError

    def layer(self, name: str) -> Covered:
        matte = np.zeros((HEIGHT, WIDTH), np.float32)
        matte[:, : WIDTH // 2 if name == "left" else 3] = 1
        return Covered(matte)

    def pictures(self, file: str) -> Any:
        info = SimpleNamespace(range=FrameRange(1, 9))
        small = file == "small.png"
        plates = {1: np.full((5, 6, 3) if small else (HEIGHT, WIDTH, 3), GREEN, np.uint8), 9: picture(9)}
        return SimpleNamespace(info=info, frame=lambda number: Frame(number, plates[number]))

    def image(self, file: str, number: int) -> Any:
        raise AssertionError


def matte(word: str, scene: Scene | None = None) -> Matte:
    scene = scene or Scene()
    entry = parse_entry(word)
    return evaluate([entry if entry.settled else entry.settle([scene])[0]], scene).matte


def test_a_key_gives_what_its_function_does() -> None:
    rgb, clean = picture(), np.full((HEIGHT, WIDTH, 3), GREEN, np.uint8)
    green = tuple(value / 255 for value in GREEN)
    assert np.array_equal(
        matte("luma-key=0.55,low_softness=0"), luma_key(rgb, parse_entry("luma-key=0.55,low_softness=0"))
    )
    assert np.array_equal(matte("luma-key,range=midtones"), luma_key(rgb, preset("midtones")))
    assert np.array_equal(matte("colour-key=#1ea032"), colour_key(rgb, None, [green]))
    assert np.array_equal(matte("chroma-key=#1ea032"), chroma_key(rgb, green))
    assert np.array_equal(matte("chroma-key"), chroma_key(rgb, green))
    assert np.array_equal(matte("difference-key=clean.png"), difference_key(rgb, clean))


@pytest.mark.parametrize(
    "word",
    ["luma-key=0.56,low_softness=0.01", "colour-key=#969696", "chroma-key=#1ea032", "difference-key=shot.mov"],
)
def test_every_key_finds_the_grey_square(word: str) -> None:
    truth = picture()[..., 0] == 150
    found = matte(word)
    inner = np.zeros_like(truth)
    inner[12:28, 19:35] = True
    assert found[inner].min() > 0.95
    assert found[:, 45:].max() < 0.02


def test_a_frame_of_the_clip_is_a_clean_plate() -> None:
    assert matte("difference-key=shot.mov,plate_frame=9")[12:28, 31:36].max() == 0
    with pytest.raises(DocumentError, match=r"plate_frame: 12, but shot.mov has frames"):
        matte("difference-key=shot.mov,plate_frame=12")


def test_colours_are_picked_at_points_of_a_frame() -> None:
    found = matte("colour-key,points=25:20:9,points_file=shot.mov,points_px=1")
    assert np.array_equal(found, matte("colour-key=#969696"))
    with pytest.raises(RotoError, match="a sample at 60, 20 lies outside the picture; x from 0 to 60"):
        matte("colour-key,points=60:20:9,points_file=shot.mov")
    with pytest.raises(DocumentError, match=r"points: 12, but shot.mov has frames"):
        matte("colour-key,points=25:20:12,points_file=shot.mov")


def test_numbers_are_keyed() -> None:
    word = "luma-key=0.2@0:0.8@10,low_softness=0"
    grey = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    assert matte(word, Scene(2, grey)).all()
    assert not matte(word, Scene(8, grey)).any()


def test_a_range_that_keys_turn_around_is_an_error_that_names_it() -> None:
    with pytest.raises(DocumentError, match=r"high: on frame 10: 0.6, but it has to be at least low, 0.9"):
        matte("luma-key=0.2@0:0.9@10,high=0.6", Scene(9))


def test_a_range_that_is_turned_around_on_one_frame_names_its_entry() -> None:
    keyed = parse_entry("luma-key=0.2@0:0.9@10,high=1")
    stack = [parse_entry("solid"), replace(parse_entry("luma-key,high=0.6"), curves=keyed.curves)]
    evaluate(stack, Scene(2), "layers[3].stack")
    with pytest.raises(DocumentError, match=r"layers\[3\].stack\[1\].high: 0.6, but it has to be at least low, 0.83"):
        evaluate(stack, Scene(9), "layers[3].stack")


def test_other_layers_are_garbage_and_holdout() -> None:
    entry = parse_entry("chroma-key=#1ea032,garbage_layer=left,holdout_layer=strip")
    assert entry.layers == ("left", "strip")
    found = evaluate([entry], Scene()).matte
    assert not found[:, 3:30].any()
    assert np.all(found[:, :3] == 1)
    assert found[20, 33] == 1


def test_a_screen_that_is_not_there_is_said_by_no_confidence() -> None:
    covered = evaluate([parse_entry("chroma-key=#1ea032")], Scene(rgb=np.full((HEIGHT, WIDTH, 3), 90, np.uint8)))
    assert np.all(covered.matte == 1)
    assert covered.confidence == 0
    assert evaluate([parse_entry("chroma-key=#1ea032")], Scene()).confidence == 1


def test_a_screen_is_settled_once_for_all_frames() -> None:
    entry = parse_entry("chroma-key,halved_colour=false,clip_black=0.01@0:0.05@9,subject=#ffffff")
    assert not entry.settled
    settled, why = entry.settle(Scene(number) for number in (2, 5, 8))
    assert settled == parse_entry("chroma-key=#1ea032,halved_colour=false,clip_black=0.01@0:0.05@9,subject=#ffffff")
    assert settled.settled
    assert why == "screen auto, #1ea032 from 3 frames"
    with pytest.raises(ValueError, match="not settled"):
        entry.coverage(Scene())


def test_a_screen_is_settled_from_a_clean_plate_where_one_is_given() -> None:
    blue = Scene(rgb=np.full((HEIGHT, WIDTH, 3), (20, 40, 190), np.uint8))
    settled, why = parse_entry("chroma-key,plate=clean.png").settle([blue])
    assert settled == parse_entry("chroma-key=#1ea032,plate=clean.png,halved_colour=false")
    assert why == "screen auto, #1ea032 from the clean plate; halved_colour auto, false"


def test_a_named_range_has_the_shoulders_that_are_asked_for() -> None:
    rgb = np.tile(np.arange(WIDTH, dtype=np.uint8)[None, :, None] * 4, (HEIGHT, 1, 3))
    smooth = evaluate([parse_entry("luma-key,range=shadows,falloff=smooth")], Scene(rgb=rgb)).matte
    assert np.array_equal(smooth, luma_key(rgb, preset("shadows", falloff="smooth")))
    assert not np.array_equal(smooth, luma_key(rgb, preset("shadows")))


def test_what_a_frame_does_not_show_is_told() -> None:
    assert parse_entry("colour-key=#969696 #ff0000").shown(Scene()) == {"#969696": True, "#ff0000": False}
    assert parse_entry("luma-key=0.2").shown(Scene()) == {}


@pytest.mark.parametrize(
    ("word", "missing"),
    [
        ("chroma-key=#1ea032,halved_colour=false", ""),
        ("chroma-key=#2030d0,halved_colour=false", "the screen #2030d0 is not seen, and everything is kept"),
        ("colour-key=#969696", ""),
        ("colour-key=#ff0000", "#ff0000 is not seen"),
        ("colour-key=#ff0000 #0000ff", "#ff0000 or #0000ff is not seen"),
        ("colour-key,saturation_low=1,lightness_low=1", "what its ranges ask for is not seen"),
        ("luma-key=0.2", ""),
        ("luma-key=0.9", "nothing is that bright"),
        ("difference-key=clean.png", ""),
        ("difference-key=clean.png,plate_frame=9", "nothing differs from the clean plate"),
    ],
)
def test_a_key_says_what_it_did_not_find(word: str, missing: str) -> None:
    scene = Scene(9) if "plate_frame" in word else Scene()
    assert parse_entry(word).coverage(scene).missing == missing
    assert evaluate([parse_entry("solid"), parse_entry(word)], scene).missing == ({1: missing} if missing else {})
    assert evaluate([parse_entry(f"{word},opacity=0")], scene).missing == {}


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("luma-key=0.6,high=0.5", "high: 0.5, but it has to be at least low, 0.6"),
        ("luma-key,measure=luminosity", "not one of rec709, rec601"),
        ("colour-key=green", "'green', but a colour is #RRGGBB"),
        ("colour-key,points=1-2,points_file=a", "'1-2', but a point is X:Y:FRAME"),
        ("colour-key,points=1:2:3", "points_file: missing, it names the clip"),
        ("chroma-key=#00ff00 #0000ff", "it is one colour as #RRGGBB, such as #1e8c3c, or auto, which finds it"),
        ("chroma-key=green", "'green', but it is one colour as #RRGGBB, such as #1e8c3c, or auto"),
        ("luma-key,range=shadows,low=0.1", "low: of no effect beside range=shadows; leave one of the two out"),
        ("luma-key,range=shadows,high_softness=0@1:1@9", "high_softness: on frame 1: of no effect"),
        ("colour-key", "colours: missing; say colours, points of the picture, or a range such as hue_low=80"),
        ("colour-key,tolerance=0.1", "colours: missing"),
        ("color-key=#ff0000", "is no kind of mask, did you mean 'colour-key'?"),
        ("chroma-key,subject=#12", "'#12', but a colour is #RRGGBB"),
        ("chroma-key,clip_black=0.9,clip_white=0.2", "clip_white: 0.2, but it has to be more than clip_black"),
        ("difference-key", "plate: missing, it names the clean plate"),
    ],
)
def test_mistakes_are_named(word: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        parse_entry(word)


def test_pictures_that_cannot_be_keyed_are_errors() -> None:
    grey = Scene(rgb=np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    with pytest.raises(DocumentError, match="screen: auto, and in 1 frame no screen was found"):
        matte("chroma-key", grey)
    with pytest.raises(DocumentError, match=r"stack\[0\]: the screen's colour is grey, and a chroma key needs one"):
        matte("chroma-key=#808080")
    with pytest.raises(DocumentError, match=r"stack\[0\]: the clean plate is 6 x 5 and the picture is 60 x 40"):
        matte("difference-key=small.png")
    with pytest.raises(DocumentError, match=r"stack\[0\]: a sample at 900, 2 lies outside the picture"):
        matte("colour-key,points=900:2:1,points_file=clean.png")


def test_what_a_document_holds_is_what_was_said() -> None:
    for word in ("luma-key=0.2", "colour-key=#1ea032 #ffffff", "chroma-key=#1ea032", "difference-key=clean.png"):
        entry = parse_entry(word)
        held = entry.to_json()
        assert len(held) == 2
        assert read_stack([held], "stack") == (entry,)
