"""``roto track``, as a user runs it: the promises that an artist relies on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from roto.cli.main import main
from roto.store import Store


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def track(clip: Any, out: Path, *more: object, keys: tuple[int, ...] = (1001, 1007, 1012)) -> int:
    masks = [item for number in keys for item in ("--mask", f"{number}={clip.mask(number)}")]
    return roto("track", clip.pattern, "-o", out, "--layer", "disc", *masks, "--quiet", *more)


def mattes(out: Path, layer: str = "disc") -> dict[int, NDArray[np.uint16]]:
    files = sorted((out / layer).glob("*.png"))
    return {int(file.name.split(".")[-2]): cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in files}


def file_bytes(out: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((out / "disc").glob("*.png"))}


def test_writes_what_the_readme_says(disc_clip: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert track(disc_clip, out, "--workers", 1) == 0
    assert (out / "shot.roto.json").is_file()
    assert (out / "report.html").is_file()
    written = mattes(out)
    assert list(written) == list(range(1001, 1013))
    assert (out / "disc" / "disc.1001.png").is_file()
    for number, matte in written.items():
        assert matte.dtype == np.uint16
        true = disc_clip.mattes[number - 1001] >= 0.5
        found = matte >= 32768
        assert (true & found).sum() / (true | found).sum() > 0.9, number


def test_a_matting_method_that_is_not_installed_is_refused_before_any_work(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roto.edge.matting.extra.find_spec", lambda name: None)
    assert track(disc_clip, tmp_path / "out", "--edge", "refine=8,method=closed-form") == 1
    error = capsys.readouterr().err
    assert error == (
        "roto: error: layer 'disc': refine=8,method=closed-form is not available: it needs pymatting; "
        "install it with pip install 'roto[matting]', or use linked-lines or guided\n"
    )
    assert not list((tmp_path / "out").rglob("*.png"))


def test_exports_with_colour_carry_the_layers_own(disc_clip: Any, tmp_path: Path) -> None:
    """At a soft edge the plate is mixed with what is behind; a matte is the same whatever colour is asked for."""
    document = tmp_path / "out" / "shot.roto.json"
    kinds = ("--export", "png", "png-rgba", "--propagator", "classical", "--edge", "feather=8")
    track(disc_clip, tmp_path / "out", "--workers", 1, *kinds)
    image = tmp_path / "out" / "disc.rgba" / "disc.rgba.1001.png"
    own, plain = np.asarray(Image.open(image)), file_bytes(tmp_path / "out")
    plate = np.asarray(Image.open(disc_clip.pattern.replace("####", "1001")))
    solid, soft = own[..., 3] == 255, (own[..., 3] > 8) & (own[..., 3] < 247)
    assert (own[solid][:, :3] == plate[solid]).all()
    assert np.abs(own[soft][:, :3].astype(int) - plate[soft]).mean() > 5
    document.write_text(document.read_text().replace(' "layers"', ' "colour": {"foreground": "plate"},\n "layers"'))
    changed = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    assert roto("run", document, "--quiet") == 0
    assert (np.asarray(Image.open(image))[..., :3] == plate).all()
    assert file_bytes(tmp_path / "out") == plain
    assert {path.parent.name for path, at in changed.items() if path.stat().st_mtime_ns != at} == {"disc.rgba"}


def test_a_keyed_frame_comes_back_exactly_as_keyed(disc_clip: Any, tmp_path: Path) -> None:
    track(disc_clip, tmp_path / "out", "--workers", 1)
    for number in (1001, 1007, 1012):
        keyed = np.rint(disc_clip.mattes[number - 1001] * 65535).astype(np.uint16)
        np.testing.assert_array_equal(mattes(tmp_path / "out")[number], keyed)


@pytest.mark.usefixtures("whole_fitting")
def test_same_bytes_with_one_worker_or_two(disc_clip: Any, tmp_path: Path) -> None:
    track(disc_clip, tmp_path / "one", "--workers", 1)
    track(disc_clip, tmp_path / "two", "--workers", 2)
    assert file_bytes(tmp_path / "one") == file_bytes(tmp_path / "two")


def test_an_edited_keyframe_changes_its_two_spans_only(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    track(disc_clip, out, "--workers", 1, keys=(1001, 1004, 1007, 1012))
    before = file_bytes(out)
    stored = {path.name: path.stat().st_mtime_ns for path in (out / ".roto" / "spans").iterdir()}
    edited = tmp_path / "edited.png"
    cv2.imwrite(str(edited), cv2.dilate(cv2.imread(str(disc_clip.mask(1004)), cv2.IMREAD_UNCHANGED), np.ones((5, 5))))
    assert roto("key", "add", out / "shot.roto.json", "--mask", f"1004={edited}", "--replace") == 0
    capsys.readouterr()
    assert roto("run", out / "shot.roto.json", "--json", "--workers", 1) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["spans_solved"], result["spans"]) == (2, 3)
    after = file_bytes(out)
    changed = {int(name.split(".")[1]) for name in before if before[name] != after[name]}
    assert {1003, 1004, 1005} <= changed <= {1002, 1003, 1004, 1005, 1006}
    assert len({path.name for path in (out / ".roto" / "spans").iterdir()} - set(stored)) == 2


@pytest.mark.usefixtures("whole_fitting")
def test_a_killed_run_resumes_to_the_same_bytes(disc_clip: Any, tmp_path: Path) -> None:
    track(disc_clip, tmp_path / "whole", "--workers", 1)
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "roto", "track", disc_clip.pattern, "-o", str(out), "--layer", "disc", "--workers"]
    masks = [item for number in (1001, 1007, 1012) for item in ("--mask", f"{number}={disc_clip.mask(number)}")]
    process = subprocess.Popen([*command, "2", *masks, "--quiet"], start_new_session=True)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if len(list((out / ".roto").glob("spans/*.part/*/*"))) >= 3:
            break
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "disc").exists()
    assert track(disc_clip, out, "--workers", 1) == 0
    assert file_bytes(out) == file_bytes(tmp_path / "whole")


def test_ctrl_c_leaves_nothing_that_looks_finished(disc_clip: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "roto", "track", disc_clip.pattern, "-o", str(out), "--workers", "2"]
    process = subprocess.Popen(
        [*command, "--mask", f"1001={disc_clip.mask(1001)}"], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if list((out / ".roto").glob("spans/*.part/*/*")):
            os.killpg(process.pid, signal.SIGINT)
            break
        time.sleep(0.005)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.splitlines()[-1].startswith("roto: interrupted")
    assert "Traceback" not in errors
    assert not (out / "matte").exists()


def test_an_absent_layer_writes_empty_mattes(disc_clip: Any, tmp_path: Path) -> None:
    arguments = ["track", disc_clip.pattern, "-o", tmp_path / "out", "--layer", "here", "--mask"]
    arguments += [f"1001={disc_clip.mask(1001)}", "--layer", "away", "--absent", "1001", "--quiet", "--workers", 1]
    assert roto(*arguments) == 0
    away = mattes(tmp_path / "out", "away")
    assert list(away) == list(range(1001, 1013))
    assert not any(matte.any() for matte in away.values())
    assert all(matte.any() for matte in mattes(tmp_path / "out", "here").values())


def test_json_tells_a_script_everything(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert track(disc_clip, tmp_path / "out", "--json", "--workers", 1) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["frames"] == 12
    assert len(result["files"]) == 12
    (layer,) = result["layers"]
    assert layer["keyframes"] == [1001, 1007, 1012]
    assert len(layer["confidence"]) == 12
    assert layer["suggest"]["frame"] in range(1001, 1013)


def test_a_second_run_leaves_current_outputs_alone(disc_clip: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    track(disc_clip, out, "--workers", 1)
    times = {file: file.stat().st_mtime_ns for file in (out / "disc").iterdir()}
    assert track(disc_clip, out, "--workers", 1) == 0
    assert {file: file.stat().st_mtime_ns for file in (out / "disc").iterdir()} == times


def test_a_shot_that_moves_with_its_clip_goes_on(disc_clip: Any, capsys: pytest.CaptureFixture[str]) -> None:
    track(disc_clip, disc_clip.folder / "out", "--workers", 1)
    before = file_bytes(disc_clip.folder / "out")
    entries = list(disc_clip.folder.iterdir())  # the clip, the painted keys and the output folder
    moved = disc_clip.folder / "elsewhere"
    moved.mkdir()
    for entry in entries:
        entry.rename(moved / entry.name)
    assert roto("run", moved / "out" / "shot.roto.json", "--workers", 1, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert len(result["up_to_date"]) == 12
    assert file_bytes(moved / "out") == before


def test_of_two_runs_at_once_one_is_refused(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with Store(out / ".roto").locked():
        assert track(disc_clip, out, "--overwrite", "--workers", 1) == 1
    error = capsys.readouterr().err
    assert "another roto run is working in" in error
    assert error.count("\n") == 1
    assert not (out / "disc").exists()
    assert track(disc_clip, out, "--overwrite", "--workers", 1) == 0


def test_a_run_that_did_nothing_boasts_of_no_speed(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    track(disc_clip, tmp_path / "out", "--workers", 1)
    assert roto("run", tmp_path / "out" / "shot.roto.json", "--workers", 1) == 0
    told = capsys.readouterr().out
    assert "12 files were up to date" in told
    assert "a second" not in told
    assert "frames a second" not in (tmp_path / "out" / "report.html").read_text()


def test_outputs_that_somebody_touched_are_not_overwritten(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    track(disc_clip, out, "--workers", 1)
    (out / "disc" / "disc.1003.png").write_bytes(b"painted over")
    assert track(disc_clip, out, "--workers", 1) == 1
    assert "disc.1003.png is there already" in capsys.readouterr().err
    assert (out / "disc" / "disc.1003.png").read_bytes() == b"painted over"
    assert track(disc_clip, out, "--workers", 1, "--overwrite") == 0


def test_confidence_lies_beside_the_report(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert track(disc_clip, out, "--workers", 1, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["confidence_files"] == [str(out / "confidence.csv"), str(out / "confidence.json")]
    (told,) = json.loads((out / "confidence.json").read_text())["layers"]
    assert [frame["frame"] for frame in told["frames"]] == list(range(1001, 1013))
    assert [frame["confidence"] for frame in told["frames"]] == result["layers"][0]["confidence"]
    assert [frame["likely_good"] for frame in told["frames"]] == result["layers"][0]["likely_good"]
    assert told["suggest"] == result["layers"][0]["suggest"]
    assert len((out / "confidence.csv").read_text().splitlines()) == 13
    assert "confidence.csv" in (out / "report.html").read_text()


def test_a_confidence_file_that_is_not_ours_is_not_overwritten(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert track(disc_clip, out, "--workers", 1) == 0
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "confidence.csv").write_text("somebody's own")
    again = ["run", out / "shot.roto.json", "-o", tmp_path / "elsewhere", "--quiet", "--workers", 1]
    assert roto(*again) == 1
    assert "confidence.csv is there already and is not as roto left it" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["confidence.csv"]
    assert roto(*again, "--overwrite") == 0
    assert (tmp_path / "elsewhere" / "confidence.csv").read_bytes() == (out / "confidence.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mask", "1001=nowhere.png"], "nowhere.png is not a file"),
        (["--mask", "key.png"], "not FRAME=FILE"),
        ([], "no keyframes"),
        (["--mask", "2000={mask}"], "2000 is outside the clip's frames, 1001-1012"),
        (["--mask", "1012={mask}", "--range", "1001-1005"], "1012 is outside the range, 1001-1005"),
        (["--mask", "1001={mask}", "--absent", "1001"], "1001 is keyed already"),
        (["--mask", "1001={mask}", "--export", "gif"], "'gif' is not an export kind"),
        (["--mask", "1001={mask}", "--segmenter", "magic"], "'magic' is not one of"),
        (["--mask", "1001={mask}", "--workers", "none"], "--workers none"),
        (["--mask", "1001={mask}", "--edge", "grow=wide"], "grow=wide: the text 'wide', but a number is needed"),
        (["--mask", "1001={mask}", "--edge", "shrink=2"], "shrink=2: the text 'shrink' is no edge step"),
        (["--mask", "1001={mask}", "--edge", "feather=3,4"], "feather=3,4: '4' is not OPTION=VALUE"),
        (["--mask", "1001={mask}", "--edge", "levels=0.5,white=0.2"], "levels.white: 0.2, but it has to be more than"),
        (["--polygon", "1001={outside}"], "frame 1001"),
        (["--mask", "1001={small}"], "16 x 16"),
        (["--nonsense"], "unrecognized arguments"),
        (["--layer", "a", "--layer", "b", "--mask", "1001={mask}"], "layers[0].keyframes: layer 'a' has none"),
        (["--mask", "1001={mask}", "--mask-id", ""], "--mask-id is empty"),
        (["--mask", "1001={small}", "--mask-id", "x"], "16 x 16"),
        (["--mask", "1001={mask}", "--mask-id", "1", "--mask-id", "2"], "--mask-id stands twice for layer 'matte'"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    outside, small = tmp_path / "outside.json", tmp_path / "small.png"
    outside.write_text("[[-50, -50], [-10, -50], [-10, -10]]")
    cv2.imwrite(str(small), np.full((16, 16), 255, np.uint8))
    names = {"mask": disc_clip.mask(1001), "outside": outside, "small": small}
    filled = [argument.format(**names) for argument in arguments]
    assert roto("track", disc_clip.pattern, "-o", tmp_path / "out", *filled) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert error.startswith("roto: error: ")
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_is_not_empty_is_refused(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious.txt").write_text("keep me")
    assert track(disc_clip, out) == 1
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["precious.txt"]


def test_the_same_line_may_ask_for_more_and_a_run_after_an_edit_writes_all_of_it_again(
    disc_clip: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert track(disc_clip, out, "--workers", 1) == 0
    assert "exports" not in json.loads((out / "shot.roto.json").read_text())
    assert track(disc_clip, out, "--workers", 1, "--export", "ffv1") == 0
    assert json.loads((out / "shot.roto.json").read_text())["exports"] == ["png", "ffv1"]
    images, video = file_bytes(out), (out / "disc.mkv").read_bytes()
    assert roto("key", "remove", out / "shot.roto.json", 1007) == 0
    assert roto("run", out / "shot.roto.json", "--quiet", "--workers", 1) == 0
    assert file_bytes(out) != images
    assert (out / "disc.mkv").read_bytes() != video


def test_layers_from_the_ids_of_one_palette_image(disc_clip: Any, tmp_path: Path) -> None:
    ids = Image.new("P", (disc_clip.mattes[0].shape[1], disc_clip.mattes[0].shape[0]))
    ids.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
    for number in (1, 2, 3):
        ids.paste(number, (10 * number, 20, 10 * number + 8, 40))
    ids.save(tmp_path / "ids.png")
    key = ["--mask", f"1001={tmp_path / 'ids.png'}"]
    arguments = ["track", disc_clip.pattern, "-o", tmp_path / "out", "--range", "1001-1001", "--quiet", "--mask-id", 3]
    arguments += [
        "--layer",
        "one",
        *key,
        "--mask-id",
        1,
        "--layer",
        "two",
        "--mask-id",
        2,
        *key,
        "--layer",
        "rest",
        *key,
    ]
    assert roto(*arguments, "--workers", 1) == 0
    for number, layer in enumerate(["one", "two", "rest"], 1):
        np.testing.assert_array_equal(mattes(tmp_path / "out", layer)[1001] == 65535, np.asarray(ids) == number)


@pytest.mark.parametrize("command", ["track", "run"])
def test_an_output_folder_that_cannot_be_is_one_line(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert track(disc_clip, tmp_path / "out", "--workers", 1) == 0
    source = [disc_clip.pattern, "--mask", f"1001={disc_clip.mask(1001)}"]
    arguments = source if command == "track" else [tmp_path / "out" / "shot.roto.json"]
    assert roto(command, *arguments, "-o", tmp_path / "file" / "out", "--quiet", "--workers", 1) == 1
    error = capsys.readouterr().err
    assert error.startswith("roto: error: ")
    assert error.count("\n") == 1


def test_files_that_a_run_leaves_outdated_are_told_of(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "out" / "shot.roto.json"
    assert track(disc_clip, tmp_path / "out", "--workers", 1) == 0
    assert roto("export", document, "ffv1", "--workers", 1) == 0
    assert "before the last change" not in capsys.readouterr().out
    assert roto("key", "remove", document, 1007) == 0
    assert roto("run", document, "--workers", 1) == 0
    assert "the ffv1 files in" in capsys.readouterr().out
    assert roto("export", document, "ffv1", "--workers", 1) == 0
    assert "before the last change" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("cryptomatte", "mattes.crypto/mattes.crypto.1001.exr"),
        ("exr-parts-float", "mattes.parts-float/mattes.parts-float.1001.exr"),
        ("exr-layers-float", "mattes.float/mattes.float.1001.exr"),
        ("exr-packed", "mattes-1.packed/mattes-1.packed.1001.exr"),
    ],
)
def test_what_is_exported_can_be_a_keyframe_by_its_layers_name(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, name: str
) -> None:
    one, line = ["--range", "1001-1001", "--quiet", "--workers", 1], tmp_path / "line.json"
    line.write_text("[[100, 5], [120, 5], [120, 20]]")
    keys = ["--layer", "disc", "--mask", f"1001={disc_clip.mask(1001)}", "--layer", "Linie 2", "--polygon"]
    first = tmp_path / "first"
    assert roto("track", disc_clip.pattern, "-o", first, *one, *keys, f"1001={line}", "--export", kind, "png") == 0
    again = ["track", disc_clip.pattern, "-o", tmp_path / "again", *one, "--mask", f"1001={first / name}"]
    assert roto(*again, "--mask-id", "disk") == 1
    error = capsys.readouterr().err
    assert "has no 'disk'; it has '" in error
    assert "'disc'" in error
    assert roto(*again, "--mask-id", "disc") == 0
    difference = mattes(tmp_path / "again", "matte")[1001].astype(int) - mattes(first)[1001]
    assert np.abs(difference).max() <= (16 if kind == "exr-packed" else 0)  # half floats


def test_a_cryptomatte_without_a_name_says_what_it_holds(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--range", "1001-1001", "--workers", 1, "--export", "cryptomatte"]
    assert track(disc_clip, out, *arguments, keys=(1001,)) == 0
    file = out / "mattes.crypto" / "mattes.crypto.1001.exr"
    assert roto("track", disc_clip.pattern, "-o", tmp_path / "more", "--mask", f"1001={file}") == 1
    error = capsys.readouterr().err
    assert "id: missing" in error
    assert "it has 'disc'" in error
    assert roto("info", file) == 0
    assert "objects\n  CryptoLayer    disc\n" in capsys.readouterr().out
    assert roto("info", file, "--json") == 0
    assert json.loads(capsys.readouterr().out)["objects"] == {"CryptoLayer": ["disc"]}
