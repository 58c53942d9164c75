"""What holds for every document from the moment it is made, and edits that keep it so."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from roto.edge import Feather, Grow
from roto.errors import DocumentError
from roto.masks import Ellipse
from roto.shot import edit
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.timing import FrameRange
from roto.track.options import TrackOptions

DISC = Ellipse(center=(20, 15), radii=(8, 8))


def key(frame):
    return Keyframe(frame=frame, shapes=(DISC,))


def document(*layers, **more):
    return Document(source=Source(path="clip.mov"), layers=layers, **more)


def test_keyframes_stand_in_the_order_of_their_frames():
    layer = Layer(name="dancer", keyframes=(key(20), Keyframe(frame=3, absent=True), key(7)))
    assert layer.keyed == (3, 7, 20)


def test_documents_are_values():
    one, other = (document(Layer(name="a", keyframes=(key(1),)), range=FrameRange(1, 9)) for _ in range(2))
    assert one == other
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_layer_overrides_single_options():
    layer = Layer(name="hair", options={"track": {"flow": "fast"}})
    shot = document(layer, Layer(name="body"))
    assert shot.track_options(layer) == TrackOptions(flow="fast")
    assert shot.smooth_options(layer) is shot.smooth


def test_a_layer_has_the_documents_edge_until_it_has_its_own():
    layers = Layer(name="hair", edge=(Grow(px=-1),)), Layer(name="logo", edge=()), Layer(name="body")
    shot = document(*layers, edge=(Grow(px=2), Feather(px=3)))
    assert [shot.edge_steps(layer) for layer in shot.layers] == [(Grow(px=-1),), (), (Grow(px=2), Feather(px=3))]


@pytest.mark.parametrize("name", ["dancer", "Ball_2", "left-hand", "v1.2", "two words", "Ärmel", "手", "9"])
def test_good_layer_names(name):
    assert Layer(name=name).name == name


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "it is empty"),
        ("a/b", "letters, digits, _ - + . and spaces are allowed, and a letter, a digit or _ comes first"),
        ("a\\b", "letters, digits"),
        ("..", "letters, digits"),
        (".hidden", "letters, digits"),
        ("-o", "letters, digits"),
        ("a\nb", "letters, digits"),
        ("a:b", "letters, digits"),
        ("\udcff", "letters, digits"),
        ("end ", "it ends in a space or a dot"),
        ("end.", "it ends in a space or a dot"),
        ("nul", "Windows keeps this name for a device"),
        ("COM1.exr", "Windows keeps this name for a device"),
        ("x" * 65, "it is longer than 64 characters"),
    ],
)
def test_bad_layer_names(name, problem):
    with pytest.raises(DocumentError) as error:
        Layer(name=name)
    assert str(error.value).startswith(f"name: {name!r} cannot be a layer's name: {problem}")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Layer(name="a", keyframes=(key(4), key(9), key(4))),
            "keyframes[2].frame: 4 is keyed already by keyframes[0]",
        ),
        (
            lambda: document(Layer(name="Ball"), Layer(name="a"), Layer(name="ball")),
            "layers[2].name: 'ball' is the name of layers[0] already; names differ in more than case",
        ),
        (
            lambda: document(Layer(name="caf\u00e9"), Layer(name="cafe\u0301")),
            "layers[1].name: 'caf\u00e9' is the name of layers[0] already; names differ in more than case",
        ),
        (
            lambda: document(Layer(name="a", keyframes=(key(4), key(90))), range=FrameRange(1, 20)),
            "layers[0].keyframes[1].frame: 90 is outside the range, 1-20",
        ),
        (lambda: Keyframe(frame=3), "shapes: a keyframe has shapes, or is absent"),
        (
            lambda: Keyframe(frame=3, shapes=(DISC,), absent=True),
            "shapes: an absent keyframe has no shapes; remove them, or absent",
        ),
        (lambda: Layer(name="a", options={"smoth": {}}), "smoth: unknown key, did you mean 'smooth'?"),
        (
            lambda: Layer(name="a", options={"smooth": {"strength": "2"}}),
            "smooth.strength: the text '2', but a number is needed",
        ),
        (
            lambda: document(*(Layer(name=f"l{i}") for i in range(1001))),
            "layers: 1001 layers, at most 1000 are allowed",
        ),
    ],
)
def test_there_are_no_invalid_documents(make, message):
    with pytest.raises(DocumentError) as error:
        make()
    assert str(error.value) == message


def test_adding_replacing_and_removing_keyframes():
    start = document(Layer(name="a", keyframes=(key(4),)), Layer(name="b", keyframes=(key(1),)))
    added = edit.add_keyframe(start, "a", key(2))
    assert added.layer("a").keyed == (2, 4)
    assert added.layer("b") is start.layer("b")
    absent = Keyframe(frame=4, absent=True)
    replaced = edit.set_keyframe(added, "a", absent)
    assert replaced.layer("a").keyframes == (key(2), absent)
    assert edit.set_keyframe(start, "a", key(9)).layer("a").keyed == (4, 9)
    assert edit.remove_keyframe(added, "a", 2) == start


def test_adding_layers():
    added = edit.add_layer(document(Layer(name="a")), Layer(name="b"))
    assert [layer.name for layer in added.layers] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: edit.add_keyframe(d, "a", key(4)),
            "layer 'a' is keyed on frame 4 already; replace it, or remove it",
        ),
        (lambda d: edit.remove_keyframe(d, "a", 5), "layer 'a' has no keyframe on frame 5; keyed frames: 4, 8"),
        (lambda d: edit.remove_keyframe(d, "b", 5), "layer 'b' has no keyframe on frame 5; keyed frames: none"),
        (lambda d: edit.set_keyframe(d, "c", key(1)), "there is no layer 'c'; layers: a, b"),
        (
            lambda d: edit.add_layer(d, Layer(name="A")),
            "layers[2].name: 'A' is the name of layers[0] already; names differ in more than case",
        ),
    ],
)
def test_edits_that_cannot_be_made(change, message):
    with pytest.raises(DocumentError) as error:
        change(document(Layer(name="a", keyframes=(key(4), key(8))), Layer(name="b")))
    assert str(error.value) == message


def test_rates_are_exact():
    assert document(range=None).source.rate is None
    assert Source(path="a", rate=Fraction(24000, 1001)).rate == Fraction(24000, 1001)
