"""Manifests in TOML and CSV: what they say, and one clear line for what they say wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from roto.batch.build import build
from roto.batch.find import find_shots
from roto.batch.manifest import read_manifest
from roto.batch.shot import BatchShot
from roto.errors import RotoError
from roto.masks.prompted import Prompted
from roto.shot.read import write_document

TOML = """
output = "delivery"

[defaults]
exports = ["png"]
files = "{shot}/{layer}.{frame:04d}.png"
edge = ["feather=2"]
[defaults.track]
quality = "fast"

[[shot]]
name = "sh010"
source = "clip/shot.####.png"
range = "1001-1008"
layer = "disc"
masks = {1001 = "mask.1001.png"}
absent = [1008]

[[shot]]
source = "clip/shot.####.png"
track = {resegment_every = 3}
edge = []
[[shot.layers]]
name = "box"
boxes = {1001 = [20, 28, 60, 68]}
points = {1001 = [[40, 48], [5, 5, 0]]}
[[shot.layers]]
name = "rest"
stack = ["solid", "layer=box,operation=subtract"]
"""

CSV = """\
shot,source,range,layer,masks,boxes,points,absent,stack,edge,exports,files,track.quality,track.resegment_every
*,clip/shot.####.png,,,,,,,,feather=2,png,{shot}/{layer}.{frame:04d}.png,fast,
sh010,,1001-1008,disc,1001=mask.1001.png,,,1008,,,,,,
shot,,,box,,"1001=20,28,60,68","1001=40,48; 1001=5,5,0",,,,,,,3
shot,,,rest,,,,,"solid; layer=box,operation=subtract",,,,,
"""


@pytest.fixture
def written(disc_clip: Any, tmp_path: Path) -> Callable[[str, str], Path]:
    disc_clip.mask(1001)

    def write(text: str, name: str = "night.toml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def documents(path: Path) -> dict[str, Any]:
    manifest = read_manifest(path, path.parent / "delivery")
    folders = {shot.name: manifest.folder_of(shot.name) for shot in manifest.shots}
    return {shot.name: write_document(build(shot, path.parent, folders[shot.name]).document) for shot in manifest.shots}


def test_a_manifest_makes_documents_with_defaults_and_what_each_shot_sets(written: Callable[..., Path]) -> None:
    found = documents(written(TOML))
    assert list(found) == ["sh010", "shot"]
    assert found["sh010"] == {
        "version": 2,
        "source": {"path": "../../clip/shot.####.png"},
        "range": [1001, 1008],
        "track": {"quality": "fast"},
        "layers": [
            {
                "name": "disc",
                "edge": [{"type": "feather", "px": 2}],
                "keyframes": [
                    {"frame": 1001, "shapes": [{"type": "paint", "file": "../../mask.1001.png"}]},
                    {"frame": 1008, "absent": True},
                ],
            }
        ],
    }
    assert found["shot"]["track"] == {"quality": "fast", "resegment_every": 3}
    box, rest = found["shot"]["layers"]
    assert box["keyframes"][0]["shapes"] == [
        {"type": "prompt", "points": [[40, 48, 1], [5, 5, 0]], "box": [20, 28, 60, 68]}
    ]
    assert [entry["type"] for entry in rest["stack"]] == ["solid", "layer"]


def test_csv_says_the_same(written: Callable[..., Path]) -> None:
    toml, table = documents(written(TOML)), documents(written(CSV, "night.csv"))
    assert table["sh010"] == toml["sh010"]
    assert table["shot"]["layers"] == toml["shot"]["layers"]
    assert table["shot"]["track"] == toml["shot"]["track"]


def test_files_are_named_as_the_manifest_says(written: Callable[..., Path], settings: BatchShot) -> None:
    path = written(TOML)
    shot = find_shots([str(path)], settings).shots[0].shot
    assert shot.root == str(path.parent / "delivery")
    assert shot.out == str(path.parent / "delivery" / "sh010")
    assert shot.export_names()["png"]("disc", 7) == Path("sh010/disc.0007.png")


def test_a_shot_survives_as_json(written: Callable[..., Path], settings: BatchShot) -> None:
    shot = find_shots([str(written(TOML))], settings).shots[0].shot
    assert BatchShot.from_json(shot.to_json()) == shot


def test_prompts_are_kept_as_prompts(written: Callable[..., Path]) -> None:
    path = written(TOML)
    manifest = read_manifest(path)
    document = build(manifest.shots[1], path.parent, path.parent).document
    assert isinstance(document.layers[0].keyframes[0].shapes[0], Prompted)


SHOT = "[[shot]]\nsource = 'clip/shot.####.png'\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[shots]]", "shots: unknown key, did you mean 'shot'?"),
        (SHOT + "maskes = {1001 = 'a.png'}", "shot[0].maskes: unknown key, did you mean 'masks'?"),
        ("[defaults]\nexport = ['png']\n" + SHOT, "defaults.export: unknown key, did you mean 'exports'?"),
        ("[[shot]]\nname = 'a'\nsource = 'x.mov'\nmask = {}", "shot[0].mask: unknown key, did you mean 'masks'?"),
        (SHOT, "shot[0]: no keyframes; give it masks, polygons, boxes, points, texts, or a stack"),
        (SHOT + "stack = ['sold']", "shot[0].stack: sold: the text 'sold' is no kind of mask"),
        (SHOT + "masks = {first = 'a.png'}", "shot[0].masks: 'first' is not a frame number"),
        (SHOT + "masks = {1 = 'a.png'}\nrange = 'all'", "shot[0].range: 'all' is not a frame range"),
        (
            SHOT + "masks = {1 = 'a.png'}\nexports = ['pngg']",
            "shot[0].exports: 'pngg': unknown kind, did you mean 'png'?",
        ),
        (SHOT + "masks = {1 = 'a.png'}\n[shot.track]\nqualty = 'fast'", "shot[0].track.qualty: unknown key"),
        (SHOT + "masks = {1 = 'a.png'}\nfiles = '{shot}/{layr}.{frame}.png'", "did you mean 'layer'?"),
        (
            SHOT + "masks = {1 = 'a.png'}\nfiles = '{shot}/{layer}.png'",
            "png has a file a frame, so that its name needs",
        ),
        (SHOT + "masks = {1 = 'a.png'}\nfiles = '{shot}/{layer}.{frame}.exr'", "png is written as .png"),
        (SHOT + "masks = {1 = 'a.png'}\nfiles = '../{layer}.{frame}.png'", "is no path within the output folder"),
        (SHOT + "document = 'a.roto.json'", "shot[0]: a document names its source: give one of the two"),
        (2 * (SHOT + "masks = {1 = 'a.png'}\n"), "shot[1].name: 'shot' is the name of shot[0] already"),
        ("[[shot]]\nname = 'a/b'\nsource = 'x.mov'", "'a/b' cannot be a folder's name"),
        ("", "no shots; add one: [[shot]]"),
        ("[[shot", "not TOML"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(written: Callable[..., Path], text: str, line: str) -> None:
    path = written(text)
    with pytest.raises(RotoError) as caught:
        read_manifest(path)
    assert str(caught.value).startswith(str(path))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("shot,sorce\na,b", "column sorce: unknown key, did you mean 'source'?"),
        ("shot,track.qualty\na,b", "column track.qualty: unknown key, did you mean 'quality'?"),
        ("shot,source,masks\na,x.mov,a.png", "line 2.masks: 'a.png' is not FRAME=..."),
        ("shot,source\na,x.mov,more", "line 2: more cells than the 2 columns"),
    ],
)
def test_a_mistake_in_a_table_is_one_line(written: Callable[..., Path], text: str, line: str) -> None:
    with pytest.raises(RotoError) as caught:
        read_manifest(written(text, "night.csv"))
    assert line in str(caught.value)


def test_a_file_that_is_missing_is_told_when_its_shot_is_made(written: Callable[..., Path]) -> None:
    path = written(SHOT + "masks = {1 = 'no.png'}")
    (shot,) = read_manifest(path).shots
    with pytest.raises(RotoError, match=r"masks: .*no\.png is not a file"):
        build(shot, path.parent, path.parent)


def test_two_shots_that_would_write_one_file_are_refused(written: Callable[..., Path], settings: BatchShot) -> None:
    shots = "".join(
        f"[[shot]]\nname = '{name}'\nsource = 'clip/shot.####.png'\nmasks = {{1001 = 'mask.1001.png'}}\n"
        f"files = '{{layer}}.{{frame}}.png'\n"
        for name in "ab"
    )
    with pytest.raises(
        RotoError, match=r"shot 'a' and .* would both write .*matte\.0000\.png: put \{shot\} into its name"
    ):
        find_shots([str(written(shots))], settings)
    twice = shots.replace("files", "exports = ['png', 'png8']\nfiles", 1)
    with pytest.raises(RotoError, match=r"shot 'a' would write .* twice: put \{kind\}"):
        find_shots([str(written(twice))], settings)
    with pytest.raises(RotoError, match="no name for exr"):
        find_shots([str(written(shots))], replace(settings, exports=("png", "exr")))


def test_the_manifest_that_the_readme_shows_is_one(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    path = tmp_path / "tonight.toml"
    path.write_text(readme.split("```toml\n")[1].split("```")[0])
    manifest = read_manifest(path)
    assert [shot.name for shot in manifest.shots] == ["sh010", "sh020"]
    assert list(manifest.shots[1].layers) == ["her", "rest"]
