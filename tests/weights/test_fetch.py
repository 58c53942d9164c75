"""Getting weights from servers as they are: they break off, stall, redirect, lie, and change files in between."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from roto.errors import RotoError
from roto.weights.download import Patience
from roto.weights.fetch import fetch
from roto.weights.files import WeightsFile, present
from roto.weights.table import Entry

PATIENT = Patience(stall_s=20, tries=2, pause_s=0.01)
IMPATIENT = Patience(stall_s=0.5, tries=2, pause_s=0.01)


def get(patience: Patience = PATIENT, **changes: Any) -> WeightsFile:
    return fetch("vit_b", patience=patience, **changes)


def names(folder: Path) -> list[str]:
    """What lies in the folder for people to see."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_weights_are_brought_once(server: Any, folder: Path, body: bytes, entry: Entry) -> None:
    seen: list[tuple[int, int]] = []
    found = get(on_progress=lambda done, total: seen.append((done, total)))
    assert found == WeightsFile("vit_b", folder / entry.file, entry.sha256)
    assert found.path.read_bytes() == body
    assert names(folder) == [entry.file]
    assert seen[-1] == (len(body), len(body))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert present() == ("vit_b",)
    assert get() == found
    assert [request["path"] for request in server.asked] == ["/mirror/sam_small.pth"]


def test_a_broken_download_goes_on_by_itself(server: Any, body: bytes) -> None:
    server.breaks_off(after=150_000)
    server.breaks_off(after=100_000)
    assert get().path.read_bytes() == body
    first, second, third = (request.get("Range") for request in server.asked)
    assert first is None
    assert second is not None
    assert third is not None
    assert 0 < int(second[6:-1]) < int(third[6:-1]) <= 250_000
    assert server.asked[1]["If-Range"] == '"one"'


def test_the_next_get_goes_on_from_what_was_kept(server: Any, folder: Path, body: bytes, entry: Entry) -> None:
    server.breaks_off(after=200_000)
    server.answers(503, times=2)
    with pytest.raises(RotoError, match=r"answered 503 .*2 times in a row; 0 MB of 0 MB are kept and the same command"):
        get()
    assert names(folder) == [f"{entry.file}.part"]
    kept = (folder / f"{entry.file}.part").stat().st_size
    assert 100_000 < kept <= 200_000
    assert get().path.read_bytes() == body
    assert server.asked[-1]["Range"] == f"bytes={kept}-"
    assert names(folder) == [entry.file]


def test_a_stall_ends_and_is_gone_on_from(server: Any, body: bytes) -> None:
    server.stalls(after=150_000)
    assert get(IMPATIENT).path.read_bytes() == body
    assert "Range" in server.asked[1]


def test_stalls_without_end_are_given_up(server: Any, folder: Path) -> None:
    server.stalls(after=0, times=2)
    with pytest.raises(RotoError, match=r"sent nothing for 0.5 s, 2 times in a row; try again later"):
        get(IMPATIENT)
    assert len(server.asked) == 2


def test_a_body_without_a_length_that_ends_early_is_gone_on_from(server: Any, body: bytes) -> None:
    server.length = False
    server.breaks_off(after=123_456)
    assert get().path.read_bytes() == body


def test_a_server_without_ranges_starts_over(server: Any, body: bytes) -> None:
    server.ranges = False
    server.breaks_off(after=300_000)
    assert get().path.read_bytes() == body
    assert "Range" in server.asked[1]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_missing_file_is_not_asked_for_again(status: int, server: Any, folder: Path) -> None:
    server.answers(status, b"<html>no</html>", times=3)
    with pytest.raises(RotoError, match=f"mirror/sam_small.pth answered {status} .*ROTO_WEIGHTS_URL"):
        get()
    assert len(server.asked) == 1
    assert names(folder) == []


def test_a_range_past_the_end_starts_over(server: Any, folder: Path, body: bytes, entry: Entry) -> None:
    folder.mkdir(parents=True)
    (folder / f"{entry.file}.part").write_bytes(body[:1000])
    server.answers(416)
    assert get().path.read_bytes() == body


@pytest.mark.parametrize("place", ["bytes 2000-399999/400000", "bytes */400000", "lines 1-2/3"])
def test_another_range_than_was_asked_for_starts_over(
    place: str, server: Any, folder: Path, body: bytes, entry: Entry
) -> None:
    folder.mkdir(parents=True)
    (folder / f"{entry.file}.part").write_bytes(body[:1000])
    server.answers(206, body[2000:], **{"Content-Range": place})
    assert get().path.read_bytes() == body
    assert ["Range" in request for request in server.asked] == [True, False]


def test_wrong_bytes_never_get_the_name(server: Any, folder: Path, body: bytes) -> None:
    server.body = body[::-1]
    with pytest.raises(RotoError, match=r"not the official vit_b: their SHA-256 is [0-9a-f]{64}; nothing is kept"):
        get()
    assert names(folder) == []
    assert len(server.asked) == 1


def test_a_page_instead_of_the_file_is_refused_before_it_is_read(server: Any, folder: Path) -> None:
    server.body = b"<html>log in, please</html>"
    with pytest.raises(RotoError, match=r"is a file of 27 bytes where the official one has 400000"):
        get()
    assert names(folder) == []


def test_a_flood_is_cut_off(server: Any, folder: Path, body: bytes) -> None:
    server.body, server.length = body * 20, False
    seen: list[int] = []
    with pytest.raises(RotoError, match="sends more than the 400000 bytes"):
        get(on_progress=lambda done, total: seen.append(done))
    assert max(seen) <= len(body)
    assert names(folder) == []


def test_a_compressed_answer_is_refused(server: Any) -> None:
    server.headers["Content-Encoding"] = "gzip"
    with pytest.raises(RotoError, match="another encoding"):
        get()


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_versions_of_a_file_are_not_joined(heeds_if_range: bool, server: Any, body: bytes) -> None:
    server.body = body[::-1]
    server.breaks_off(after=150_000)
    server.answers(503, times=2)
    with pytest.raises(RotoError, match="503"):
        get()
    server.body, server.etag = body, '"two"'
    if not heeds_if_range:  # then the ETag of its answer tells
        server.modified = '"one"'
    seen: list[int] = []
    assert get(on_progress=lambda done, total: seen.append(done)).path.read_bytes() == body
    assert seen == sorted(seen)  # found out before the rest came


def test_without_a_validator_the_sum_finds_joined_versions_out(server: Any, body: bytes) -> None:
    server.etag = None
    server.body = body[::-1]
    server.breaks_off(after=150_000)
    server.answers(503, times=2)
    with pytest.raises(RotoError, match="503"):
        get()
    server.body = body
    assert get().path.read_bytes() == body
    assert "If-Range" not in server.asked[-2]
    assert "Range" not in server.asked[-1]


def test_another_server_is_not_asked_for_the_first_ones_version(
    server: Any, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.breaks_off(after=150_000)
    server.answers(503, times=2)
    with pytest.raises(RotoError, match="503"):
        get()
    monkeypatch.setenv("ROTO_WEIGHTS_URL", f"{server.url}/elsewhere")
    assert get().path.read_bytes() == body
    assert "Range" in server.asked[-1]
    assert "If-Range" not in server.asked[-1]


def test_weak_etags_are_not_used(server: Any) -> None:
    server.etag, server.modified = 'W/"one"', "Sun, 09 Sep 2001 01:46:40 GMT"
    server.breaks_off(after=150_000)
    get()
    assert server.asked[1]["If-Range"] == server.modified


@pytest.mark.parametrize("right", [True, False])
def test_a_part_that_is_complete_needs_no_network(
    right: bool, server: Any, folder: Path, body: bytes, entry: Entry
) -> None:
    folder.mkdir(parents=True)
    (folder / f"{entry.file}.part").write_bytes(body if right else body[::-1])
    assert get().path.read_bytes() == body
    assert len(server.asked) == (0 if right else 1)


def test_redirects_are_followed(server: Any, body: bytes) -> None:
    server.answers(302, Location="/storage/abc")
    assert get().path.read_bytes() == body
    assert [request["path"] for request in server.asked] == ["/mirror/sam_small.pth", "/storage/abc"]


def test_redirects_without_end_are_given_up(server: Any) -> None:
    server.answers(302, times=60, Location="/again")
    with pytest.raises(RotoError, match="30 redirects"):
        get()


def test_a_redirect_away_from_https_is_refused(server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)  # so that the other host "answers"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.answers(302, Location="http://weights.invalid/x?key=secret")
    with pytest.raises(RotoError, match=r"leads to http://weights.invalid/x, which is not https"):
        get()
    assert names(folder) == []


def test_the_environments_proxy_is_used(server: Any, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("ROTO_WEIGHTS_URL", "http://localhost:9/mirror")
    assert get().path.read_bytes() == body
    assert server.asked[0]["path"] == "http://localhost:9/mirror/sam_small.pth"


def test_a_proxy_that_is_not_there_is_named(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(RotoError, match="through the proxy"):
        get()


def test_a_server_that_is_not_there_is_one_line(entry: Entry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTO_WEIGHTS_URL", "http://user:secret@127.0.0.1:9/")
    with pytest.raises(
        RotoError, match=r"^http://127.0.0.1:9/sam_small.pth cannot be reached: Connection refused, 2 t"
    ):
        get()


@pytest.mark.parametrize(
    "url", ["ftp://mirror/x", "http://mirror.example/weights", "mirror", "file:///x", "https://", "http://[::1"]
)
def test_a_mirror_is_an_https_address(url: str, entry: Entry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTO_WEIGHTS_URL", url)
    with pytest.raises(RotoError, match="is not an address to get weights from; https://HOST/FOLDER is needed"):
        get()


@pytest.mark.parametrize("how", ["variable", "argument"])
def test_offline_nothing_is_asked(how: str, server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "variable":
        monkeypatch.setenv("ROTO_OFFLINE", "1")
    with pytest.raises(RotoError, match="vit_b is not here, and offline nothing is brought"):
        get(offline=how == "argument")
    assert server.asked == []
    assert not folder.exists()


def test_offline_weights_that_are_here_do(server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brought = get()
    monkeypatch.setenv("ROTO_OFFLINE", "1")
    assert get() == brought


@pytest.mark.parametrize("damage", ["other bytes", "short"])
def test_a_damaged_file_is_replaced(damage: str, server: Any, folder: Path, body: bytes, entry: Entry) -> None:
    folder.mkdir(parents=True)
    (folder / entry.file).write_bytes(body[::-1] if damage == "other bytes" else body[:-1])
    assert get().path.read_bytes() == body
    assert names(folder) == [entry.file]


def test_the_studios_folder_is_got_into(
    server: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "studio" / "weights"
    monkeypatch.setenv("ROTO_WEIGHTS", str(shared))
    assert get().path.parent == shared
    assert not folder.exists()


def read_only(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Whoever runs the tests, root too, cannot write there."""
    real = os.open

    def refusing(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if str(path).startswith(str(folder)) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(30, "Read-only file system", str(path))
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refusing)


def test_a_studios_read_only_folder_is_read_and_never_written(
    server: Any, folder: Path, body: bytes, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "studio"
    shared.mkdir()
    monkeypatch.setenv("ROTO_WEIGHTS", str(shared))
    read_only(monkeypatch, shared)
    with pytest.raises(RotoError, match=r"studio cannot be written: Read-only file system; set ROTO_WEIGHTS to"):
        get()
    assert server.asked == []
    (shared / entry.file).write_bytes(body)
    assert get().path == shared / entry.file
    assert [path.name for path in shared.iterdir()] == [entry.file]


def test_a_file_in_the_folders_place_is_one_line(
    server: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROTO_WEIGHTS", str(tmp_path / "file"))
    with pytest.raises(RotoError, match="file cannot be written"):
        get()


def test_a_disk_without_room_is_not_begun(server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(RotoError, match="0 MB free and vit_b needs 0 MB; make room"):
        get()
    assert server.asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is needed, which Linux has")
def test_a_disk_that_fills_up_is_one_line(server: Any, folder: Path, entry: Entry) -> None:
    folder.mkdir(parents=True)
    (folder / f"{entry.file}.part").symlink_to("/dev/full")
    with pytest.raises(RotoError, match=r"sam_small.pth.part cannot be written: No space left on device; what came is"):
        get()


def test_a_second_process_waits_and_finds_it_here(server: Any, folder: Path, body: bytes, entry: Entry) -> None:
    folder.mkdir(parents=True)
    lock = FileLock(folder / f".{entry.file}.lock", thread_local=False)
    lock.acquire()
    waiting = threading.Event()
    found: list[WeightsFile] = []
    thread = threading.Thread(target=lambda: found.append(get(on_wait=waiting.set)))
    thread.start()
    assert waiting.wait(10)
    (folder / entry.file).write_bytes(body)  # the first process is done
    lock.release()
    thread.join(10)
    assert found[0].path.read_bytes() == body
    assert server.asked == []


_KILLED = """
import os, sys
from roto.weights.table import WEIGHTS, Entry
from roto.weights.fetch import fetch
WEIGHTS.__dict__["_entries"] = {"vit_b": Entry(**eval(sys.argv[1]))}
fetch("vit_b", on_progress=lambda done, total: done > 200_000 and os._exit(9))
"""


def test_a_killed_get_leaves_a_part_and_the_next_goes_on(
    server: Any, folder: Path, body: bytes, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROTO_WEIGHTS", str(folder))
    facts = {name: getattr(entry, name) for name in Entry.__slots__}
    assert subprocess.run([sys.executable, "-c", _KILLED, repr(facts)], check=False).returncode == 9
    assert names(folder) == [f"{entry.file}.part"]
    assert get().path.read_bytes() == body
    assert server.asked[1]["Range"].startswith("bytes=2")


def test_an_unknown_name_lists_those_there_are(entry: Entry) -> None:
    with pytest.raises(RotoError, match="'vit_x' names no weights; there are vit_b"):
        fetch("vit_x")
