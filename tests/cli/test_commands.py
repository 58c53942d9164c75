"""The other commands: documents made, edited, listed and shown; help that is quick and teaches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.cli.main import COMMANDS, main


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture
def document(disc_clip: Any, tmp_path: Path) -> Path:
    """A new document over the rendered clip, one layer, no keyframes."""
    path = tmp_path / "shot.roto.json"
    assert roto("new", disc_clip.pattern, "-o", path, "--layer", "disc") == 0
    return path


def polygon(folder: Path, name: str = "square.json") -> Path:
    path = folder / name
    path.write_text("[[20, 28], [60, 28], [60, 68], [20, 68]]")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        roto(command, "--help")
    text = capsys.readouterr().out
    assert f"roto {command}" in text.split("examples:")[1]


def test_no_command_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert roto() == 1
    assert "roto track shot.mov" in capsys.readouterr().out


def test_an_unknown_command_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("trakc") == 1
    assert "there are track, new, detect, key" in capsys.readouterr().err


def test_new_writes_a_document_that_diffs_well(document: Path) -> None:
    data = json.loads(document.read_text())
    assert data["source"]["path"] == "clip/shot.####.png"
    assert data["layers"] == [{"name": "disc", "keyframes": []}]
    assert document.read_text().endswith("}\n")


def test_new_gives_each_layer_its_stack_and_its_edge(disc_clip: Any, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    path, file = tmp_path / "docs" / "shot.roto.json", tmp_path / "rig.json"
    file.write_text("[[0, 0], [20, 0], [20, 90]]")
    words = [
        "--edge",
        "grow=1",
        "--layer",
        "rig",
        "--stack",
        f"shapes={file}",
        "--layer",
        "hero",
        "--edge",
        "feather=4",
    ]
    more = ["--stack", "luma-key=0.2@1001:0.6@1012:smooth", "--stack", "layer=rig,operation=subtract"]
    assert roto("new", disc_clip.pattern, "-o", path, *words, *more) == 0
    data = json.loads(path.read_text())
    assert data["edge"] == [{"type": "grow", "px": 1}]
    assert data["layers"] == [
        {"name": "rig", "stack": [{"type": "shapes", "file": "../rig.json"}], "keyframes": []},
        {
            "name": "hero",
            "stack": [
                {"type": "luma-key", "low": {"keys": [[1001, 0.2], [1012, 0.6]], "ease": "smooth"}},
                {"type": "layer", "name": "rig", "operation": "subtract"},
            ],
            "edge": [{"type": "feather", "px": 4}],
            "keyframes": [],
        },
    ]
    assert roto("run", path) == 0


@pytest.mark.parametrize(
    ("words", "names"),
    [([], ["matte"]), (["--layer", "a"], ["a"]), (["--layer", "a", "--layer", "b"], ["matte", "a", "b"])],
)
def test_a_stack_before_any_layer_is_the_only_one_s(
    disc_clip: Any, tmp_path: Path, words: list[str], names: list[str]
) -> None:
    path = tmp_path / "shot.roto.json"
    assert roto("new", disc_clip.pattern, "-o", path, "--stack", "solid", *words) == 0
    layers = json.loads(path.read_text())["layers"]
    assert [layer["name"] for layer in layers] == names
    assert [layer["name"] for layer in layers if "stack" in layer] == names[:1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stack", "layer=nobody"], "there is no layer 'nobody'; layers: matte"),
        (["--stack", "luma-kei=0.3"], "'luma-kei' is no kind of mask"),
        (["--layer", "a", "--layer", "a"], "a"),
    ],
)
def test_a_mistake_in_a_new_document_writes_none(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert roto("new", disc_clip.pattern, "-o", tmp_path / "shot.roto.json", *words) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "shot.roto.json").exists()


def test_edge_sets_and_shows_the_steps_of_all_layers_and_of_one(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert roto("edge", document, "grow=-0.5", "feather=4,side=in") == 0
    assert roto("edge", document, "--layer", "disc", "despeckle=40") == 0
    assert json.loads(document.read_text())["edge"][1] == {"type": "feather", "px": 4, "side": "in"}
    capsys.readouterr()
    assert roto("edge", document) == 0
    assert capsys.readouterr().out == "all layers: grow=-0.5 feather=4,side=in\ndisc: despeckle=40\n"
    assert roto("edge", document, "grow=-0.5", "feather=4,side=in") == 0
    assert capsys.readouterr().err == "roto: note: disc has own steps, which stay; see --layer and --clear\n"
    assert roto("edge", document, "--layer", "disc", "none") == 0
    assert roto("edge", document, "--layer", "disc") == 0
    assert capsys.readouterr().out == "disc: none\n"
    assert roto("edge", document, "--layer", "disc", "--clear") == 0
    assert roto("edge", document, "--layer", "disc") == 0
    assert capsys.readouterr().out == "disc: grow=-0.5 feather=4,side=in (as all layers)\n"
    assert roto("edge", document, "--clear") == 0
    assert "edge" not in json.loads(document.read_text())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grow=far"], "grow=far: the text 'far', but a number is needed"),
        (["--layer", "cat", "grow=1"], "there is no layer 'cat'; layers: disc"),
        (["--clear", "grow=1"], "--clear takes no steps"),
    ],
)
def test_a_mistake_in_an_edge_changes_nothing(
    document: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    before = document.read_bytes()
    assert roto("edge", document, *arguments) == 1
    assert capsys.readouterr().err == f"roto: error: {message}\n"
    assert document.read_bytes() == before


def test_the_kinds_of_steps_are_listed_with_their_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("edge", "--list") == 0
    listed = capsys.readouterr().out
    assert "feather       soften the edge\n  px                width of the soft edge in pixels; default 0.0" in listed


def test_new_does_not_replace_a_document(document: Path, disc_clip: Any, capsys: pytest.CaptureFixture[str]) -> None:
    before = document.read_bytes()
    assert roto("new", disc_clip.pattern, "-o", document) == 1
    assert "is there already" in capsys.readouterr().err
    assert document.read_bytes() == before


def test_keys_are_added_listed_and_removed(document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("key", "add", document, "--polygon", f"1001={polygon(tmp_path)}", "--absent", "1012") == 0
    capsys.readouterr()
    assert roto("key", "list", document, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "disc": [
            {"frame": 1001, "absent": False, "shapes": ["polygon"]},
            {"frame": 1012, "absent": True, "shapes": []},
        ]
    }
    assert roto("key", "remove", document, "1012") == 0
    assert roto("key", "list", document) == 0
    assert "1012" not in capsys.readouterr().out


def test_a_key_is_replaced_only_when_asked(document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = f"1001={polygon(tmp_path)}"
    assert roto("key", "add", document, "--polygon", key) == 0
    assert roto("key", "add", document, "--polygon", key) == 1
    assert "keyed on frame 1001 already" in capsys.readouterr().err
    assert roto("key", "add", document, "--polygon", key, "--replace") == 0


def test_removing_a_key_that_is_not_there_names_those_that_are(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roto("key", "add", document, "--polygon", f"1001={polygon(tmp_path)}")
    assert roto("key", "remove", document, "1005") == 1
    assert "keyed frames: 1001" in capsys.readouterr().err


def test_labelme_files_are_imported_by_the_number_in_their_name(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (3, 9):
        shape = {"label": "disc", "points": [[20, 28], [60, 28], [60, 68]], "shape_type": "polygon", "group_id": None}
        other = {"label": "post", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon", "group_id": None}
        data = {
            "version": "5.4.1",
            "shapes": [shape, other],
            "imagePath": "x.png",
            "imageHeight": 96,
            "imageWidth": 128,
        }
        (tmp_path / f"frame_{number:04d}.json").write_text(json.dumps(data))
    files = sorted(tmp_path.glob("frame_*.json"))
    assert roto("key", "import", document, *files, "--offset", 1000, "--label", "disc") == 0
    capsys.readouterr()
    roto("key", "list", document, "--json")
    keys = json.loads(capsys.readouterr().out)["disc"]
    assert [(key["frame"], key["shapes"]) for key in keys] == [(1003, ["polygon"]), (1009, ["polygon"])]


def test_labelme_shapes_drawn_on_another_size_are_refused(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = {"label": "disc", "points": [[20, 28], [60, 28], [60, 68]], "shape_type": "polygon", "group_id": None}
    data = {"version": "5.4.1", "shapes": [shape], "imagePath": "x.png", "imageHeight": 1080, "imageWidth": 1920}
    (tmp_path / "proxy.json").write_text(json.dumps(data))
    assert roto("key", "add", document, "--polygon", f"1001={tmp_path / 'proxy.json'}") == 1
    assert "1920 x 1080 and the clip is 128 x 96" in capsys.readouterr().err


def test_a_document_that_is_not_valid_names_the_place(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(document.read_text())
    data["layers"][0]["keyframes"] = [{"frame": 1001, "shapes": [{"type": "polygon", "points": [[0, 0], [5, 5]]}]}]
    document.write_text(json.dumps(data))
    assert roto("run", document) == 1
    assert "layers[0].keyframes[0].shapes[0].points: 2 points, a polygon needs 3" in capsys.readouterr().err


def test_a_document_of_a_newer_version_is_refused(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document.write_text(document.read_text().replace('"version": 2', '"version": 99'))
    assert roto("run", document) == 1
    error = capsys.readouterr().err
    assert "99" in error
    assert error.count("\n") == 1


def test_suggest_names_a_frame_that_is_not_keyed(
    document: Path, disc_clip: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    roto("key", "add", document, "--mask", f"1001={disc_clip.mask(1001)}")
    assert roto("suggest", document, "--json", "--workers", 1) == 0
    assert json.loads(capsys.readouterr().out)["disc"]["frame"] in range(1002, 1013)


def test_suggest_tells_the_gain_and_goes_on(document: Path, disc_clip: Any, capsys: pytest.CaptureFixture[str]) -> None:
    roto("key", "add", document, "--mask", f"1001={disc_clip.mask(1001)}")
    assert roto("suggest", document, "--json", "--count", 3, "--workers", 1) == 0
    found = json.loads(capsys.readouterr().out)["disc"]
    assert len({each["frame"] for each in found}) == 3
    assert all(each["gain"] > 0 for each in found)
    assert roto("suggest", document, "--json", "--quiet") == 0
    assert json.loads(capsys.readouterr().out)["disc"] == found[0]
    assert roto("suggest", document, "--count", 2, "--quiet") == 0
    lines = capsys.readouterr().out.splitlines()
    for line, each in zip(lines, found[:2], strict=True):
        assert line.startswith(f"disc: frame {each['frame']}, {each['reason']}; ")
        says, gain = line.rsplit(" ", 1)
        assert says.endswith("; expected to raise mean confidence over the clip by")
        assert float(gain) == pytest.approx(each["gain"], abs=1e-3)  # each is rounded, to its own digits
    assert not (document.parent / "confidence.csv").exists()


def test_suggest_says_when_there_is_no_more(document: Path, disc_clip: Any, capsys: pytest.CaptureFixture[str]) -> None:
    roto("key", "add", document, "--mask", f"1001={disc_clip.mask(1001)}")
    assert roto("suggest", document, "--count", 50, "--workers", 1, "--quiet") == 0
    *found, last = [line for line in capsys.readouterr().out.splitlines() if line.startswith("disc: ")]
    assert 0 < len(found) <= 11
    assert last == "disc: no further frame needs a key"


@pytest.mark.parametrize("count", ["0", "-1", "1001", "many", "2.5"])
def test_a_count_of_suggestions_that_cannot_be(document: Path, capsys: pytest.CaptureFixture[str], count: str) -> None:
    assert roto("suggest", document, f"--count={count}") == 1
    assert capsys.readouterr().err == f"roto: error: --count {count}: a whole number from 1 to 1000 is needed\n"


def test_export_writes_another_kind_without_solving_again(
    document: Path, disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roto("key", "add", document, "--mask", f"1001={disc_clip.mask(1001)}")
    roto("run", document, "--quiet", "--workers", 1)
    capsys.readouterr()
    assert roto("export", document, "tiff", "-o", tmp_path / "delivery", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert "propagate" not in result["seconds"]
    assert len(result["files"]) == 12


def test_info_tells_the_colour_at_a_point_and_of_a_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rgb = np.full((40, 60, 3), (30, 160, 50), np.uint8)
    rgb[10:20, 10:20] = 200
    cv2.imwrite(str(tmp_path / "plate.7.png"), rgb[..., ::-1])
    clip = str(tmp_path / "plate.#.png")
    assert roto("info", clip, "--colour", "15,15", "--colour", "40.5,3,7", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["colour"]["15,15,7"].startswith("#c8c8c8 (0.7843")
    assert facts["colour"]["40.5,3,7"].startswith("#1ea032 ")
    assert facts["screen"] == "#1ea032, from 1 frame"
    for wrong, says in (("15", "a point is X,Y"), ("60,3", "lies outside the picture"), ("1,1,9", "9")):
        assert roto("info", clip, "--colour", wrong) == 1
        assert says in capsys.readouterr().err
    cv2.imwrite(str(tmp_path / "plate.7.png"), np.full((40, 60, 3), 90, np.uint8))
    assert roto("info", clip, "--colour", "15,15") == 0
    assert "none (no screen was found" in capsys.readouterr().out


def test_info_shows_a_clip_a_document_and_the_backends(
    document: Path, disc_clip: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert roto("info", disc_clip.pattern, "--json", "--backends") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["frames"] == "1001-1012 (12)"
    assert facts["size"] == "128 x 96"
    assert facts["backends"]["segmenter local"] == "available"
    assert roto("info", document) == 0
    assert "disc: 0 keyframes (none yet)" in capsys.readouterr().out


def test_a_document_without_keyframes_says_what_to_do(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("run", document) == 1
    error = capsys.readouterr().err
    assert "layer 'disc' has none" in error
    assert error.count("\n") == 1


def test_one_keyframe_is_counted_as_one(document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("key", "add", document, "--polygon", f"1001={polygon(tmp_path)}") == 0
    assert roto("key", "list", document) == 0
    assert "disc: 1 keyframe\n" in capsys.readouterr().out


def test_a_shape_that_cannot_be_a_mask_is_told_of(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    square = {"label": "disc", "shape_type": "polygon", "points": [[20, 28], [60, 28], [60, 68]]}
    line = {"label": "disc", "shape_type": "line", "points": [[20, 28], [60, 28]]}
    file = tmp_path / "frame.1001.json"
    file.write_text(json.dumps({"version": "5.0.0", "flags": {}, "imagePath": "a.png", "shapes": [square, line]}))
    assert roto("key", "import", document, file) == 0
    assert capsys.readouterr().err == f"roto: note: {file}: shapes[1] skipped: a line has no area\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["nowhere.mov"], "nowhere.mov"), (["{clip}", "--range", "1001-2000"], "range: 1001-2000 is not within the clip")],
)
def test_a_document_is_not_started_for_a_clip_that_is_not_there(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    path = tmp_path / "shot.roto.json"
    assert roto("new", *(text.format(clip=disc_clip.pattern) for text in arguments), "-o", path) == 1
    assert message in capsys.readouterr().err
    assert not path.exists()


def test_a_folder_is_not_named_like_a_film(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.mov"
    assert main(["track", disc_clip.pattern, "-o", str(out), "--box", "1001=10,10,50,50"]) == 1
    assert f"{out}: -o names a folder; --export says what is written there" in capsys.readouterr().err
    assert not out.exists()
