"""What holds for every entry of a stack, and how entries join."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from roto.curve import Curve
from roto.errors import DocumentError
from roto.image import Frame, Matte
from roto.kinds import told
from roto.masks.mask import Canvas
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.shot.read import read_document, write_document
from roto.stack import STACK_ENTRIES
from roto.stack.entry import OPERATIONS, Covered
from roto.stack.evaluate import evaluate
from roto.stack.read import parse_entry, read_stack

WIDTH, HEIGHT = 40, 30
RAMP = np.tile(np.linspace(0, 1, WIDTH, dtype=np.float32), (HEIGHT, 1))
HALF = np.full((HEIGHT, WIDTH), 0.5, np.float32)


class Scene:
    """Frame 7 of a clip whose alpha is a ramp, with a tracked matte of a half and a layer "other" that is a ramp."""

    number = 7
    canvas = Canvas(WIDTH, HEIGHT)

    def plate(self, offset: int = 0) -> Frame | None:
        pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        pixels[..., 1] = 200
        return Frame(self.number + offset, pixels, alpha=RAMP)

    def tracked(self) -> Covered:
        return Covered(HALF, 0.75)

    def layer(self, name: str) -> Covered:
        return Covered(RAMP, 0.9)

    def pictures(self, file: str) -> Any:
        raise AssertionError

    def image(self, file: str, number: int) -> Any:
        raise AssertionError


def stack(*words: str, scene: Any = None) -> Covered:
    return evaluate([parse_entry(word) for word in words], scene or Scene())


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("add", np.minimum(RAMP + 0.5, 1)),
        ("subtract", np.maximum(0.5 - RAMP, 0)),
        ("intersect", np.minimum(RAMP, 0.5)),
        ("multiply", RAMP * 0.5),
        ("maximum", np.maximum(RAMP, 0.5)),
        ("invert", HALF),
    ],
)
def test_an_entry_joins_what_stands_below_by_its_operation(operation: str, expected: Matte) -> None:
    found = stack("rotoscope", f"alpha,operation={operation}").matte
    np.testing.assert_allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_opacity_says_how_far(operation: str) -> None:
    whole = stack("rotoscope", f"alpha,operation={operation}").matte
    part = stack("rotoscope", f"alpha,operation={operation},opacity=0.25").matte
    none = stack("rotoscope", f"alpha,operation={operation},opacity=0").matte
    np.testing.assert_allclose(part, HALF + 0.25 * (whole - HALF), atol=1e-6)
    assert (none == HALF).all()


def test_an_inverted_solid_turns_everything_around() -> None:
    np.testing.assert_allclose(stack("alpha", "solid,operation=invert").matte, 1 - RAMP, atol=1e-7)
    np.testing.assert_allclose(stack("alpha,invert=true").matte, 1 - RAMP, atol=1e-7)


def test_a_solid_fades_what_stands_below_by_subtraction() -> None:
    fade = parse_entry("solid,operation=subtract,opacity=1@0:0@10:smooth")
    np.testing.assert_allclose(evaluate([parse_entry("alpha"), fade], Scene()).matte, RAMP * 0.784, atol=1e-6)
    assert fade.remark == ""
    assert "operation=subtract with an opacity fades" in parse_entry("solid,operation=multiply,opacity=0.5").remark
    assert parse_entry("solid,operation=multiply,invert=true").remark == ""


def test_a_file_s_name_may_have_a_comma() -> None:
    assert parse_entry(r"file=one\, two.png,offset=3").files == ("one, two.png",)
    with pytest.raises(DocumentError, match=r"' two.png' is not OPTION=VALUE; a comma within a value is written \\,"):
        parse_entry("file=one, two.png")


def test_opacity_may_be_keyed() -> None:
    fade = parse_entry("solid,opacity=0@0:1@10")
    assert fade.curves == (("opacity", Curve(((0, 0.0), (10, 1.0)))),)
    np.testing.assert_allclose(evaluate([fade], Scene()).matte, 0.7, atol=1e-6)


def test_an_entry_grows_and_softens_before_it_is_inverted() -> None:
    hard = stack("alpha").matte >= 0.5
    found = evaluate([replace(parse_entry("layer=other"), grow_px=3, feather_px=4, invert=True)], Scene()).matte
    assert found[:, : WIDTH // 2 - 8].min() > 0.5
    assert found[:, -4:].max() < 0.2
    assert (1 - found).sum() > hard.sum()


def test_a_stack_is_as_sure_as_the_least_sure_entry_that_counts() -> None:
    assert stack("solid").confidence == 1
    assert stack("layer=other", "rotoscope").confidence == 0.75
    assert stack("layer=other", "rotoscope,opacity=0").confidence == 0.9


@pytest.mark.parametrize("name", STACK_ENTRIES)
def test_every_kind_says_what_it_is(name: str) -> None:
    kind = STACK_ENTRIES[name]
    assert kind.type == name
    assert kind.summary
    assert all(field.metadata["help"] for field in kind.fields().values())
    assert list(kind.fields())[-6:] == ["operation", "opacity", "invert", "grow_px", "feather_px", "feather_side"]


@pytest.mark.parametrize(
    "word",
    [
        "rotoscope",
        "solid,opacity=0.5",
        "layer=other,operation=subtract,grow_px=2",
        "file=a.####.png,channel=luma,offset=-1000,outside=hold",
        "alpha,opacity=0@0:1@10:smooth,invert=true",
        r"file=plates/one\, two.png,operation=add",
    ],
)
def test_words_and_json_are_the_same(word: str) -> None:
    entry = parse_entry(word)
    solid = {"type": "solid"}
    assert read_stack([solid, entry.to_json()], "stack")[1] == entry
    assert parse_entry(told(entry)) == entry


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "stack: empty; it has at least one kind of mask, or is left out for the tracked keyframes"),
        ({}, "stack: an object, but a list is needed"),
        (["solid"], "stack[0]: the text 'solid', but an object is needed"),
        ([{"type": "fog"}], "stack[0].type: the text 'fog' is no kind of mask; there are rotoscope, "),
        (
            [{"type": "solid", "operation": "multiply"}],
            "stack[0].operation: 'multiply' has nothing below it to work on; ",
        ),
        ([{"type": "solid", "opacity": 2}], "stack[0].opacity: the number 2 is too large, at most 1 is allowed"),
        ([{"type": "solid", "opacity": {"keys": [[0, 2]]}}], "stack[0].opacity.keys[0]: the number 2 is too large"),
        ([{"type": "solid", "operation": {"keys": [[0, 1]]}}], "stack[0].operation: cannot be keyed; only numbers can"),
        (
            [{"type": "luma-key", "high": 0.5, "low": {"keys": [[0, 0.2], [8, 0.9]]}}],
            "stack[0].high: on frame 8: 0.5, but it has to be at least low, 0.9",
        ),
        ([{"type": "solid", "curves": []}], "stack[0].curves: unknown key"),
        ([{"type": "file"}], "stack[0].file: missing, it names a matte"),
        ([{"type": "solid"}] * 101, "stack: a list of 101, at most 100 are allowed"),
    ],
)
def test_what_is_no_stack_is_told_with_its_place(data: Any, message: str) -> None:
    with pytest.raises(DocumentError) as error:
        read_stack(data, "stack")
    assert message in str(error.value)


def test_a_clip_without_an_alpha_is_told() -> None:
    class Opaque(Scene):
        def plate(self, offset: int = 0) -> Frame | None:
            plate = super().plate(offset)
            return None if plate is None else replace(plate, alpha=None)

    with pytest.raises(DocumentError, match=r"stack\[1\]: the clip has no alpha channel"):
        stack("solid", "alpha", scene=Opaque())


def layered(**stacks: list[dict[str, Any]]) -> Document:
    layers = [{"name": name, "stack": entries} for name, entries in stacks.items()]
    return read_document({"version": 2, "source": {"path": "a.mov"}, "layers": layers})


def test_a_document_keeps_its_stacks() -> None:
    document = layered(a=[{"type": "solid"}], b=[{"type": "layer", "name": "a"}, {"type": "rotoscope"}])
    assert read_document(write_document(document)) == document
    assert [layer.tracks for layer in document.layers] == [False, True]


def test_a_layer_without_a_stack_is_its_keyframes() -> None:
    layer = Layer(name="a", keyframes=(Keyframe(frame=0, absent=True),))
    assert layer.tracks
    assert "stack" not in write_document(Document(source=Source(path="a.mov"), layers=(layer,)))["layers"][0]


@pytest.mark.parametrize(
    ("stacks", "message"),
    [
        ({"a": [{"type": "layer", "name": "b"}]}, "layers[0].stack[0]: there is no layer 'b'; layers: a"),
        ({"a": [{"type": "layer", "name": "a"}]}, "layers[0].stack: layer 'a' looks at itself"),
        (
            {"a": [{"type": "layer", "name": "b"}], "b": [{"type": "solid"}, {"type": "layer", "name": "a"}]},
            "layers[0].stack: layer 'a' looks at itself, by way of the layers it names",
        ),
    ],
)
def test_layers_cannot_look_at_what_is_not_there_or_at_themselves(stacks: Any, message: str) -> None:
    with pytest.raises(DocumentError) as error:
        layered(**stacks)
    assert str(error.value).startswith(message)
