"""One file over HTTP into ``FILE.part``, going on from where it broke off (RFC 9110, sections 13.1.5 and 14)."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from io import FileIO
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING

from roto.errors import RotoError
from roto.files import write_atomically
from roto.weights.folders import may_ask, without_password
from roto.weights.table import Entry, size_in_words

if TYPE_CHECKING:
    from requests import Response, Session

_CHUNK = 1 << 15  # small: what has arrived of a chunk is lost when a connection breaks
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_WORTH_ANOTHER_TRY = (408, 425, 429, 500, 502, 503, 504)

OnProgress = Callable[[int, int], None]  # bytes here, bytes in all


class FetchError(RotoError):
    """Weights that cannot be brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for a server, and how often to ask one that breaks off."""

    stall_s: float = 30.0  # without a single byte
    tries: int = 4  # one after another that bring nothing new
    pause_s: float = 2.0  # before the second try; doubled for each further one


class _BrokeOff(Exception):  # noqa: N818 - what happened; the next try may do better
    """Why an attempt ended before the file did."""


class Download:
    """The download of one entry from one address."""

    def __init__(self, entry: Entry, url: str, part: Path, patience: Patience, on_progress: OnProgress | None) -> None:
        self._entry, self._url, self._part = entry, url, part
        self._patience = patience
        self._on_progress = on_progress or (lambda done, total: None)
        self._record = part.with_name(f".{part.name}.json")
        self.joined = self._have() > 0  # whether the part holds bytes of more than one answer

    def run(self) -> None:
        """Bring what the part lacks. FetchError when that fails; what has come is kept then."""
        failures, most = 0, self._have()
        while True:
            try:
                self._attempt()
                return
            except _BrokeOff as problem:
                failures = 0 if self._have() > most else failures + 1
                most = max(most, self._have())
                if failures >= self._patience.tries:
                    raise FetchError(self._gave_up(str(problem))) from None
            time.sleep(self._patience.pause_s * 2 ** max(failures - 1, 0))

    def discard(self) -> None:
        """Forget what came."""
        self._part.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)
        self.joined = False

    def finish(self, path: Path) -> None:
        """Give the file its name, when the disk has all of it. OSError where that fails."""
        with self._part.open("rb+") as file:
            os.fsync(file.fileno())
        self._part.replace(path)
        self._record.unlink(missing_ok=True)

    def _attempt(self) -> None:
        import requests

        have = self._have()
        if have > self._entry.bytes:
            self.discard()
            have = 0
        if have == self._entry.bytes:
            return
        self._check_space(have)
        with self._network_in_words(), requests.Session() as session, self._ask(session, have) as answer:
            start = self._start(answer, have)
            self.joined = start > 0
            self._save(answer, start)

    def _ask(self, session: Session, have: int) -> Response:
        headers = {"Accept-Encoding": "identity", "User-Agent": "roto"}
        if have:
            headers["Range"] = f"bytes={have}-"
            validator = self._validator()
            if validator:
                headers["If-Range"] = validator
        answer = session.get(self._url, headers=headers, stream=True, timeout=self._patience.stall_s)
        for url in [*(step.headers.get("Location", "") for step in answer.history), answer.url]:
            if "//" in url and not may_ask(url):
                raise FetchError(
                    f"{self._shown} leads to {without_password(url)}, which is not https; nothing was read"
                )
        return answer

    def _start(self, answer: Response, have: int) -> int:
        """Where in the file the answer's bytes belong: after what is here, or at its beginning."""
        status = answer.status_code
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchError(
                f"{self._shown} sends the file in another encoding; set ROTO_WEIGHTS_URL to a plain mirror"
            )
        if status == HTTPStatus.OK:
            self._check_size(answer.headers.get("Content-Length"))
            self._keep_validator(answer)
            return 0
        if status == HTTPStatus.PARTIAL_CONTENT:
            return self._after_what_is_here(answer, have)
        words = f"{status} {answer.reason or ''}".strip()
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self.discard()
            raise _BrokeOff(f"answered {words}")
        if status in _WORTH_ANOTHER_TRY:
            raise _BrokeOff(f"answered {words}")
        raise FetchError(
            f"{self._shown} answered {words}, so {self._entry.name} cannot be brought from there; "
            "set ROTO_WEIGHTS_URL to a mirror, or put the file into the folder that 'roto weights path' names"
        )

    def _after_what_is_here(self, answer: Response, have: int) -> int:
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if match:
            self._check_size(match[2])
        kept, now = self._validator(), _validator_of(answer)
        if not have or not match or int(match[1]) != have or (kept and now and kept != now):
            self.discard()
            raise _BrokeOff("answered with another part of the file than was asked for, or of another file")
        return have

    def _check_size(self, announced: str | None) -> None:
        if announced is not None and announced.isdigit() and int(announced) != self._entry.bytes:
            raise FetchError(
                f"{self._shown} is a file of {announced} bytes where the official one has {self._entry.bytes}; "
                "nothing was read; set ROTO_WEIGHTS_URL to a mirror that has it"
            )

    def _save(self, answer: Response, start: int) -> None:
        done = start
        with self._open(start) as file:
            for chunk in answer.iter_content(_CHUNK):
                done += len(chunk)
                if done > self._entry.bytes:
                    break
                with self._disk_in_words():
                    _write_all(file, chunk)
                self._on_progress(done, self._entry.bytes)
        if done > self._entry.bytes:
            self.discard()
            raise FetchError(f"{self._shown} sends more than the {self._entry.bytes} bytes of the official file")
        if done < self._entry.bytes:
            raise _BrokeOff("broke off")

    def _open(self, start: int) -> FileIO:
        with self._disk_in_words():  # without a buffer: each chunk is kept, whatever happens next
            return self._part.open("ab" if start else "wb", buffering=0)

    def _check_space(self, have: int) -> None:
        free, needed = shutil.disk_usage(self._part.parent).free, self._entry.bytes - have
        if free < needed:
            raise FetchError(
                f"{self._part.parent} has {size_in_words(free)} free and {self._entry.name} needs "
                f"{size_in_words(needed)}; make room, or set ROTO_WEIGHTS to a folder on another disk"
            )

    def _have(self) -> int:
        try:
            return self._part.stat().st_size
        except FileNotFoundError:
            return 0

    def _validator(self) -> str | None:
        """What the server called the version that the part is of; None when it did not, or another server did."""
        try:
            kept = json.loads(self._record.read_text("utf-8"))
            return str(kept["validator"]) if kept["url"] == without_password(self._url) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep_validator(self, answer: Response) -> None:
        validator = _validator_of(answer)
        if validator:
            kept = {"url": without_password(self._url), "validator": validator}
            write_atomically(self._record, json.dumps(kept).encode() + b"\n")
        else:
            self._record.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _disk_in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FetchError(
                f"{self._part} cannot be written: {error.strerror}; what came is kept, the same command goes on"
            ) from None

    @contextlib.contextmanager
    def _network_in_words(self) -> Iterator[None]:
        """Network errors as a few words: worth another try, or not."""
        import requests.exceptions as failed

        try:
            yield
        except failed.SSLError as error:
            if not any(isinstance(cause, SSLCertVerificationError) for cause in _causes(error)):
                raise _BrokeOff("broke off the secure connection") from None
            raise FetchError(
                f"the certificate of {self._shown} is not trusted here; REQUESTS_CA_BUNDLE can name the studio's own"
            ) from None
        except failed.ProxyError:
            raise _BrokeOff("cannot be reached through the proxy that the environment names") from None
        except failed.ConnectTimeout:
            raise _BrokeOff(f"gives no connection within {self._patience.stall_s:g} s") from None
        except failed.ChunkedEncodingError:
            raise _BrokeOff("broke off") from None
        except (failed.ConnectionError, failed.Timeout) as error:
            raise _BrokeOff(_reason(error, self._patience.stall_s)) from None
        except failed.RequestException as error:
            raise FetchError(f"{self._shown} cannot be asked: {error}") from None

    @property
    def _shown(self) -> str:
        return without_password(self._url)

    def _gave_up(self, problem: str) -> str:
        have = self._have()
        kept = f"{size_in_words(have)} of {self._entry.size} are kept and the same command goes on from there"
        return f"{self._shown} {problem}, {self._patience.tries} times in a row; " + (
            kept if have else "try again later, or set ROTO_WEIGHTS_URL to a mirror"
        )


def _write_all(file: FileIO, chunk: bytes) -> None:
    """A nearly full disk takes a piece of a chunk before it says so."""
    left = memoryview(chunk)
    while left:
        left = left[file.write(left) :]


def _validator_of(answer: Response) -> str | None:
    """A strong ETag, or else the date: what If-Range may hold."""
    etag = answer.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified")


def _reason(error: BaseException, stall_s: float) -> str:
    """What is at the bottom of a failed connection, in words."""
    from urllib3.exceptions import ReadTimeoutError

    for cause in _causes(error):
        if isinstance(cause, (ReadTimeoutError, TimeoutError)):
            return f"sent nothing for {stall_s:g} s"
        if isinstance(cause, OSError) and cause.strerror:
            return f"cannot be reached: {cause.strerror}"
    return "broke off"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from: requests and urllib3 wrap errors several times."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
