"""A small file that stands for official weights, its entry in the table, and a server with bad days."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roto.weights.table import WEIGHTS, Entry


@dataclass
class Server:
    """Serves one body at any address, and has a bad day for as many requests as it was told of."""

    body: bytes
    url: str
    etag: str | None = '"one"'
    modified: str | None = None
    ranges: bool = True  # whether Range is understood
    length: bool = True  # whether Content-Length is sent
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)  # the headers of each request, "path" among them
    bad_days: list[dict[str, Any]] = field(default_factory=list)  # one for each request to come

    def breaks_off(self, after: int, times: int = 1) -> None:
        """Close the connection after so many bytes of the body."""
        self.bad_days += [{"limit": after}] * times

    def stalls(self, after: int, times: int = 1) -> None:
        """Send so many bytes of the body, then nothing for longer than anybody waits here."""
        self.bad_days += [{"limit": after, "stall": True}] * times

    def answers(self, status: int, body: bytes = b"", times: int = 1, **headers: str) -> None:
        """Answer with a status instead of the file."""
        self.bad_days += [{"status": status, "body": body, "headers": headers}] * times


class Handler(BaseHTTPRequestHandler):
    server: Listening

    def log_message(self, format: str, *arguments: Any) -> None: ...

    def do_GET(self) -> None:
        state = self.server.state
        state.asked.append({**self.headers, "path": self.path})
        day = state.bad_days.pop(0) if state.bad_days else {}
        if "status" in day:
            self._answer(day["status"], {"Content-Length": str(len(day["body"])), **day["headers"]}, day["body"])
            return
        start = self._start(state)
        headers = {"ETag": state.etag, "Last-Modified": state.modified, **state.headers}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(state.body) - 1}/{len(state.body)}"
        if state.length:
            headers["Content-Length"] = str(len(state.body) - start)
        self._answer(206 if start else 200, headers, state.body[start:][: day.get("limit")])
        if "stall" in day:
            self.wfile.flush()
            self.server.over.wait()

    def _answer(self, status: int, headers: dict[str, str | None], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _start(self, state: Server) -> int:
        wanted, version = self.headers.get("Range"), self.headers.get("If-Range")
        if not wanted or not state.ranges or (version and version not in (state.etag, state.modified)):
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))


class Listening(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = Server(body, f"http://127.0.0.1:{self.server_port}")
        self.over = threading.Event()  # ends the stalls

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what is tested."""


@pytest.fixture
def body() -> bytes:
    return np.random.default_rng(1).bytes(400_000)


@pytest.fixture
def entry(body: bytes, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """The only row of the table: a small one."""
    entry = Entry(
        name="vit_b",
        model="sam",
        file="sam_small.pth",
        url="https://weights.invalid/sam_small.pth",
        sha256=hashlib.sha256(body).hexdigest(),
        bytes=len(body),
        about="small",
        licence="Apache-2.0",
    )
    monkeypatch.setitem(WEIGHTS.__dict__, "_entries", {"vit_b": entry})
    return entry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of weights, not there yet, and no other folder in the environment."""
    for name in ("ROTO_WEIGHTS", "ROTO_WEIGHTS_URL", "ROTO_OFFLINE", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    return tmp_path / "data" / "weights"


@pytest.fixture
def server(body: bytes, entry: Entry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A local server that has the file, and is the mirror to get it from."""
    listening = Listening(body)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("ROTO_WEIGHTS_URL", f"{listening.state.url}/mirror/")
    yield listening.state
    listening.over.set()
    listening.shutdown()
    listening.server_close()
    thread.join()
