"""``roto weights``: list, get, verify, path, against a plain file server without ranges."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from roto.cli.main import main
from roto.weights.own import OwnWeights
from roto.weights.table import WEIGHTS, Entry

BODY = bytes(range(256)) * 4000


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None: ...


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address it is served at."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The studio's folder, empty; two small files are served, one of them with wrong bytes."""
    for name in ("good", "bad"):
        (served[0] / f"{name}.pth").write_bytes(BODY if name == "good" else BODY[::-1])
    entries = {
        name: Entry(
            name=name,
            model="sam",
            file=f"{name}.pth",
            url=f"https://weights.invalid/{name}.pth",
            sha256=hashlib.sha256(BODY).hexdigest(),
            bytes=len(BODY),
            about="small",
            licence="Apache-2.0",
        )
        for name in ("good", "bad")
    }
    monkeypatch.setitem(WEIGHTS.__dict__, "_entries", entries)
    monkeypatch.setattr("roto.weights.own.own_weights", dict)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    monkeypatch.setenv("ROTO_WEIGHTS", str(tmp_path / "studio"))
    monkeypatch.setenv("ROTO_WEIGHTS_URL", served[1])
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("ROTO_OFFLINE", raising=False)
    return tmp_path / "studio"


@pytest.fixture
def own(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packaged file of weights of our own, named "learned"."""
    file = tmp_path / "learned.pt"
    file.write_bytes(BODY)
    entry = OwnWeights(
        name="learned",
        file=file.name,
        identity=hashlib.sha256(BODY).hexdigest(),
        licence="Apache-2.0",
        trained_on="rendered clips",
    )
    monkeypatch.setattr("roto.weights.own.own_weights", lambda: {"learned": entry})
    monkeypatch.setattr("roto.weights.own.resources.files", lambda package: tmp_path)
    return file


def weights(*arguments: str) -> int:
    return main(["weights", *arguments])


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    capsys.readouterr()
    assert weights("list", "--json") == 0
    return {row["name"]: row["state"] for row in json.loads(capsys.readouterr().out)["weights"]}


def test_get_brings_and_the_list_shows_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert states(capsys) == {"good": "not here", "bad": "not here"}
    assert weights("get", "good") == 0
    assert capsys.readouterr().out == f"good: {folder / 'good.pth'} (1 MB, SHA-256 right)\n"
    assert states(capsys) == {"good": "here", "bad": "not here"}
    assert weights("list") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["good", "1", "MB", "here", "Apache-2.0", str(folder / "good.pth")]
    assert second.split() == ["bad", "1", "MB", "not", "here", "Apache-2.0", "small"]


def test_the_list_shows_what_is_half_here(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir()
    (folder / "good.pth.part").write_bytes(BODY[: len(BODY) // 2])
    (folder / "bad.pth").write_bytes(BODY[:-1])
    assert states(capsys) == {"good": "50% here", "bad": "of wrong size"}


def test_quiet_prints_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("get", "good", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_progress_is_in_the_log(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roto.cli.progress._LINE_EVERY_S", 0.0)
    assert weights("get", "good") == 0
    assert capsys.readouterr().err.splitlines()[-1] == "roto: getting good 1/1 (100%)"


def test_wrong_bytes_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("get", "good", "bad") == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("good: ")
    assert printed.err.startswith("roto: error: http://127.0.0.1:")
    assert "that are not the official bad" in printed.err
    assert printed.err.count("\n") == 1
    assert states(capsys) == {"good": "here", "bad": "not here"}


def test_an_unknown_name_is_found_before_anything_is_brought(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("get", "good", "vit_x") == 1
    assert "'vit_x' names no weights; there are good, bad" in capsys.readouterr().err
    assert not folder.exists()


def test_offline_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("get", "good", "--offline") == 1
    assert "offline nothing is brought" in capsys.readouterr().err
    assert weights("get", "good") == 0
    assert weights("get", "good", "--offline") == 0


def test_verify_reads_every_byte(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("verify") == 0
    assert capsys.readouterr().out == "no weights are here; 'roto weights get NAME' brings them\n"
    assert weights("get", "good", "--quiet") == 0
    assert weights("verify") == 0
    assert capsys.readouterr().out == f"good: right, {folder / 'good.pth'}\n"
    (folder / "bad.pth").write_bytes(BODY[::-1])
    assert weights("verify") == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("good: right")
    assert second.startswith(f"bad: {folder / 'bad.pth'} is not the official file: its SHA-256 is ")
    assert second.endswith("'roto weights get bad' brings it again")


def test_verify_notices_what_the_time_of_change_hides(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("get", "good", "--quiet") == 0
    before = (folder / "good.pth").stat()
    (folder / "good.pth").write_bytes(BODY[::-1])
    os.utime(folder / "good.pth", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert weights("verify", "good") == 1
    assert "is not the official file" in capsys.readouterr().out
    assert weights("get", "good", "--quiet") == 0  # verifying has told the record too
    assert (folder / "good.pth").read_bytes() == BODY


def test_verify_names_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("verify", "bad") == 1
    assert capsys.readouterr().out == "bad: not here; 'roto weights get bad' brings it\n"


def test_path_is_the_folder_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("path") == 0
    assert capsys.readouterr().out == f"{folder}\n"


@pytest.mark.parametrize("arguments", [[], ["get"], ["fetch"]])
def test_bad_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert weights(*arguments) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_list_names_our_own_with_where_they_come_from(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("list", "--json") == 0
    row = json.loads(capsys.readouterr().out)["weights"][0]
    assert (row["name"], row["state"], row["licence"]) == ("learned", "packaged", "Apache-2.0")
    assert row["about"] == "trained on rendered clips"
    assert row["sha256"] == hashlib.sha256(BODY).hexdigest()
    assert weights("list") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.split() == ["learned", "1", "MB", "packaged", "Apache-2.0", "trained", "on", "rendered", "clips"]
    own.unlink()
    assert states(capsys)["learned"] == "missing"


def test_our_own_are_verified_and_not_got(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights("verify") == 0
    assert capsys.readouterr().out == "learned: right, packaged\n"
    assert weights("get", "good", "learned") == 1
    assert "learned is packaged with roto, there is nothing to get" in capsys.readouterr().err
    own.write_bytes(BODY[::-1])
    assert weights("verify", "learned") == 1
    assert capsys.readouterr().out == "learned: its packaged file learned.pt is damaged; install roto again\n"
    own.unlink()
    assert weights("verify", "learned") == 1
    assert "cannot be read: No such file or directory; install roto again" in capsys.readouterr().out
