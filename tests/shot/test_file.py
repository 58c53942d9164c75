"""Documents on disk: what is written, what is read back, and what is said of files that are not right."""

from __future__ import annotations

import copy
import json
import textwrap
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import roto.shot
from roto.edge import EDGE_STEPS, Feather, Grow
from roto.errors import DocumentError, OutputError
from roto.masks import Bezier, BSpline, Ellipse, Paint, Polygon, Rectangle
from roto.masks.bezier import BezierPoint
from roto.paths import relative, resolve
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.shot.file import dumps, load, load_shapes, loads, save
from roto.shot.read import read_document, write_document
from roto.temporal.options import SmoothOptions
from roto.timing import FrameRange
from roto.track.options import TrackOptions

SHOT = Document(
    source=Source(path="../plates/shot.####.exr", start=1001, rate=Fraction(24000, 1001), missing="hold"),
    range=FrameRange(1001, 1090),
    track=TrackOptions(flow="fast"),
    edge=(Grow(px=-0.5), Feather(px=1.5, side="in")),
    exports=("png", "prores4444"),
    layers=(
        Layer(
            name="dancer",
            options={"smooth": {"radius_frames": 3}},
            keyframes=(
                Keyframe(
                    frame=1001,
                    shapes=(
                        Polygon(points=((10, 10), (100.5, 12.25), (60, 1 / 3 + 80))),
                        Ellipse(center=(40, 30), radii=(5, 3), operation="subtract", feather_px=2),
                    ),
                ),
                Keyframe(frame=1040, absent=True),
                Keyframe(frame=1041, shapes=(Paint(file="keys/dancer.1041.png", id=3),)),
            ),
        ),
        Layer(name="ball", edge=()),
    ),
)

GOLDEN = """\
{
 "version": 2,
 "source": {
  "path": "../plates/shot.####.exr",
  "start": 1001,
  "rate": "24000/1001",
  "missing": "hold"
 },
 "range": [1001, 1090],
 "track": {
  "flow": "fast"
 },
 "edge": [
  {
   "type": "grow",
   "px": -0.5
  },
  {
   "type": "feather",
   "px": 1.5,
   "side": "in"
  }
 ],
 "exports": ["png", "prores4444"],
 "layers": [
  {
   "name": "dancer",
   "smooth": {
    "radius_frames": 3
   },
   "keyframes": [
    {
     "frame": 1001,
     "shapes": [
      {
       "type": "polygon",
       "points": [
        [10, 10],
        [100.5, 12.25],
        [60, 80.3333]
       ]
      },
      {
       "type": "ellipse",
       "center": [40, 30],
       "radii": [5, 3],
       "operation": "subtract",
       "feather_px": 2
      }
     ]
    },
    {
     "frame": 1040,
     "absent": true
    },
    {
     "frame": 1041,
     "shapes": [
      {
       "type": "paint",
       "file": "keys/dancer.1041.png",
       "id": 3
      }
     ]
    }
   ]
  },
  {
   "name": "ball",
   "edge": [],
   "keyframes": []
  }
 ]
}
"""


def data(document=SHOT):
    return json.loads(dumps(write_document(document)))


def test_the_layout_of_a_document(tmp_path):
    save(SHOT, tmp_path / "shot.roto.json")
    assert (tmp_path / "shot.roto.json").read_text() == GOLDEN


def test_what_is_saved_is_what_is_loaded(tmp_path):
    path = tmp_path / "shot.roto.json"
    save(SHOT, path)
    assert load(path) == SHOT
    before = path.read_bytes()
    save(load(path), path)
    assert path.read_bytes() == before


def test_moving_one_point_changes_one_line():
    moved = data()
    moved["layers"][0]["keyframes"][0]["shapes"][0]["points"][1] = [101, 12.25]
    before, after = GOLDEN.splitlines(), dumps(write_document(read_document(moved))).splitlines()
    assert [(a, b) for a, b in zip(before, after, strict=True) if a != b] == [
        ("        [100.5, 12.25],", "        [101, 12.25],")
    ]


def test_the_least_that_a_document_says():
    document = read_document({"version": 1, "source": {"path": "clip.mov"}})
    assert document == Document(source=Source(path="clip.mov"))
    assert dumps(write_document(document)) == (
        '{\n "version": 2,\n "source": {\n  "path": "clip.mov"\n },\n "layers": []\n}\n'
    )


def test_a_rate_may_be_a_number():
    for rate, exact in (
        ("25", Fraction(25)),
        (25, Fraction(25)),
        ("23.976", Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
    ):
        document = read_document({"version": 1, "source": {"path": "a", "rate": rate}})
        assert document.source.rate == exact


def test_a_source_may_start_at_its_time_code():
    document = read_document({"version": 1, "source": {"path": "a", "start": "timecode"}})
    assert document.source.start == "timecode"
    assert read_document(data(document)) == document


numbers = st.floats(-3000, 3000)
pairs = st.tuples(numbers, numbers)
sizes = st.tuples(st.floats(0.01, 500), st.floats(0.01, 500))
masks = st.one_of(
    st.builds(Polygon, points=st.lists(pairs, min_size=3, max_size=6).map(tuple), invert=st.booleans()),
    st.builds(BSpline, points=st.lists(pairs, min_size=3, max_size=6).map(tuple), feather_px=st.floats(0, 99)),
    st.builds(
        Bezier,
        points=st.lists(st.builds(BezierPoint, *[numbers] * 6), min_size=2, max_size=5).map(tuple),
    ),
    st.builds(Ellipse, center=pairs, radii=sizes, rotation_deg=st.floats(-360, 360)),
    st.builds(Rectangle, center=pairs, size=sizes, rotation_deg=st.floats(-360, 360)),
    st.builds(Paint, file=st.text(min_size=1), id=st.none() | st.integers(0, 255)),
)
keyframes = st.lists(
    st.builds(Keyframe, frame=st.integers(-100, 5000), shapes=st.lists(masks, min_size=1, max_size=3).map(tuple))
    | st.builds(Keyframe, frame=st.integers(-100, 5000), absent=st.just(True)),
    max_size=4,
    unique_by=lambda keyframe: keyframe.frame,
).map(tuple)
documents = st.builds(
    Document,
    source=st.builds(Source, path=st.text(min_size=1), start=st.none() | st.integers(-5, 5000)),
    layers=st.lists(
        st.builds(Layer, name=st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), keyframes=keyframes),
        max_size=3,
        unique_by=lambda layer: layer.name.casefold(),
    ).map(tuple),
    smooth=st.builds(SmoothOptions, strength=st.floats(0, 4), enabled=st.booleans()),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_any_document_survives_its_file(document):
    text = dumps(write_document(document))
    again = read_document(loads(text.encode()))
    assert again == document
    assert dumps(write_document(again)) == text


def test_names_that_are_not_utf_8_survive(tmp_path):
    document = Document(source=Source(path="caf\udce9.mov"))
    save(document, tmp_path / "shot.roto.json")
    assert load(tmp_path / "shot.roto.json") == document


def changed(path, value):
    """The golden document with one value replaced, or removed where ``value`` is None."""
    copied = copy.deepcopy(data())
    place = copied
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copied


KEY = ("layers", 0, "keyframes", 0)
KINDS = ", ".join(EDGE_STEPS)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            (*KEY, "shapes", 0, "points"),
            [[1, 2], [3, 4]],
            "layers[0].keyframes[0].shapes[0].points: 2 points, a polygon needs 3",
        ),
        (
            (*KEY, "shapes", 1, "radius"),
            3,
            "layers[0].keyframes[0].shapes[1].radius: unknown key, did you mean 'radii'?",
        ),
        (
            (*KEY, "shapes"),
            [],
            'layers[0].keyframes[0].shapes: empty; draw a shape, or say "absent": true '
            "where the layer is not in the picture",
        ),
        ((*KEY, "shapes"), 5, "layers[0].keyframes[0].shapes: the number 5, but a list of shapes is needed"),
        (
            (*KEY, "absent"),
            True,
            "layers[0].keyframes[0].shapes: an absent keyframe has no shapes; remove them, or absent",
        ),
        ((*KEY, "frame"), 1040, "layers[0].keyframes[1].frame: 1040 is keyed already by keyframes[0]"),
        ((*KEY, "frame"), 1500, "layers[0].keyframes[2].frame: 1500 is outside the range, 1001-1090"),
        ((*KEY, "frame"), "1001", "layers[0].keyframes[0].frame: the text '1001', but a whole number is needed"),
        ((*KEY, "frame"), None, "layers[0].keyframes[0].frame: missing"),
        (("layers", 1), "ball", "layers[1]: the text 'ball', but an object is needed"),
        (
            ("layers", 1, "name"),
            "Dancer",
            "layers[1].name: 'Dancer' is the name of layers[0] already; names differ in more than case",
        ),
        (
            ("layers", 1, "name"),
            "a/b",
            "layers[1].name: 'a/b' cannot be a layer's name: letters, digits, _ - + . and spaces are allowed, "
            "and a letter, a digit or _ comes first",
        ),
        (("edge", 0, "pixels"), 1, "edge[0].pixels: unknown key, known here: px"),
        (("edge", 0, "type"), "shrink", f"edge[0].type: the text 'shrink' is no edge step; there are {KINDS}"),
        (("edge", 0, "type"), None, f"edge[0].type: missing, it is one of {KINDS}"),
        (("edge", 0), "grow", "edge[0]: the text 'grow', but an object is needed"),
        (("edge",), [{"type": "grow"}] * 51, "edge: a list of 51, at most 50 are allowed"),
        (("layers", 1, "edge"), 3, "layers[1].edge: the number 3, but a list is needed"),
        (("layers",), {}, "layers: an object, but a list is needed"),
        (("edge", 1, "px"), -2, "edge[1].px: the number -2 is too small, at least 0 is allowed"),
        (("track", "flow"), "slow", "track.flow: 'slow' is not one of medium, fast"),
        (("range",), [1090, 1001], "range: [1090, 1001] ends before it starts"),
        (("range",), [1001], "range: a list of 1, but [first, last] is needed"),
        (("range",), [1001, 2.5], "range[1]: the number 2.5, but a whole number is needed"),
        (("source",), None, "source: missing"),
        (("source", "path"), None, "source.path: missing"),
        (("source", "path"), "", "source.path: empty; it names the clip"),
        (("source", "rate"), "fast", "source.rate: the text 'fast', but a rate is needed: \"24000/1001\" or 25"),
        (("source", "rate"), "1/0", "source.rate: the text '1/0', but a rate is needed: \"24000/1001\" or 25"),
        (("source", "rate"), -25, "source.rate: -25 frames a second: more than 0 and at most 10000 are allowed"),
        (("source", "start"), "now", "source.start: the text 'now', but a whole number is needed"),
        (("source", "missing"), "skip", "source.missing: 'skip' is not one of error, hold, black"),
        (("exports",), [3], "exports[0]: the number 3, but a text is needed"),
        (
            ("fps",),
            24,
            "fps: unknown key, known here: version, source, range, layers, track, smooth, colour, edge, exports",
        ),
        (("version",), None, 'version: missing; a shot document says "version": 2'),
        (("version",), "1", "version: the text '1' is not a version; a shot document says \"version\": 2"),
        (
            ("version",),
            3,
            "version: the document is of version 3 and this roto reads up to version 2; update roto",
        ),
    ],
)
def test_errors_name_their_place(path, value, message, tmp_path):
    file = tmp_path / "shot.roto.json"
    file.write_text(json.dumps(changed(path, value)))
    with pytest.raises(DocumentError) as error:
        load(file)
    assert str(error.value) == f"{file}: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"version": 1,\n "source": }', ": line 2, column 12: not JSON: Expecting value"),
        (b"", ": line 1, column 1: not JSON: Expecting value"),
        (b"\x89PNG\r\n", ": not UTF-8 text (byte 0); is this a JSON file? ('roto new' makes a document of a clip)"),
        (b"[" * 100_000, ": nested too deeply"),
        (b'{"version": ' + b"1" * 5000 + b"}", ": a number with too many digits"),
        (b'{"version": NaN}', ": NaN is not a number that JSON knows"),
        (b'{"version": 1, "source": {"path": "a", "path": "b"}}', ": source.path: stands here twice; keep one"),
        (b'{"layers": [{}, {"name": 1, "name": 2}]}', ": layers[1].name: stands here twice; keep one"),
        (b"[1, 2]", ": a shot document is an object, this is a list of 2"),
    ],
)
def test_files_that_are_not_documents(content, message, tmp_path):
    file = tmp_path / "shot.roto.json"
    file.write_bytes(content)
    with pytest.raises(DocumentError) as error:
        load(file)
    assert str(error.value) == f"{file}{message}"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DocumentError, match=r"none\.json: cannot be read: No such file or directory"):
        load(tmp_path / "none.json")


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("roto.shot.file.MAX_BYTES", 2**20)
    (tmp_path / "big.json").write_bytes(b" " * (2**20 + 1))
    with pytest.raises(DocumentError, match="larger than 1 MB, which no shot document is"):
        load(tmp_path / "big.json")


def test_a_byte_order_mark_is_accepted(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + GOLDEN.encode())
    assert load(tmp_path / "a.json") == SHOT


def test_a_failed_save_leaves_the_old_document(tmp_path, monkeypatch):
    path = tmp_path / "shot.roto.json"
    save(SHOT, path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match=r"shot\.roto\.json cannot be written: No space left on device"):
        save(Document(source=Source(path="other.mov")), path)
    assert [file.name for file in tmp_path.iterdir()] == ["shot.roto.json"]
    assert path.read_text() == GOLDEN


def test_shape_files_name_themselves_in_errors(tmp_path):
    file = tmp_path / "key.json"
    file.write_text("[[1, 2], [3, 4], [5, 6]]")
    assert load_shapes(file).shapes[0].mask == Polygon(points=((1, 2), (3, 4), (5, 6)))
    file.write_text('{"shapes": [{"type": "polygon", "points": [[1, 2]]}]}')
    with pytest.raises(DocumentError) as error:
        load_shapes(file)
    assert str(error.value) == f"{file}: shapes[0].points: 1 point, a polygon needs 3"


@pytest.mark.parametrize(
    ("target", "folder", "written"),
    [
        ("/job/shot/clip.mov", "/job/shot", "clip.mov"),
        ("/job/shot/keys/a.png", "/job/shot", "keys/a.png"),
        ("/job/plates/a.####.exr", "/job/shot/out", "../../plates/a.####.exr"),
        ("/mnt/plates/a.mov", "/home/me/shot", "/mnt/plates/a.mov"),
    ],
)
def test_paths_are_relative_where_that_makes_sense(target, folder, written):
    assert relative(Path(target), Path(folder)) == written
    assert Path(resolve(written, Path(folder))).resolve() == Path(target)


def test_the_example_in_the_documentation_is_a_document_in_its_layout():
    example = textwrap.dedent("    " + roto.shot.__doc__.split("\n\n    ")[1].split("\n\nOnly")[0]) + "\n"
    assert dumps(write_document(read_document(loads(example.encode())))) == example
