"""Proposals on disk, between the run that shows them and the run that accepts some of them by number.

``DIR/detect.FRAME.png`` is the picture, ``DIR/detect.FRAME/N.png`` each matte (16-bit grey) and
``DIR/detect.FRAME/proposals.json``, which is written last, says of which clip they are and the digest of each matte:
what is accepted is what was shown, or nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.errors import DocumentError, OutputError, RotoError
from roto.image import Box
from roto.timing import padded

if TYPE_CHECKING:
    from roto.detect.propose import Proposal
    from roto.frames.source import FrameSource

_VERSION = 1
_LIST = "proposals.json"
_NAME = re.compile(r"detect\.(-?\d+)")


@dataclass(frozen=True, slots=True)
class Kept:
    """A proposal that was shown. box: half-open, in pixels. file: its matte. digest: that file's SHA-256."""

    number: int
    how: str
    box: Box
    share: float
    score: float
    digest: str
    file: Path

    def data(self) -> bytes:
        """The matte's PNG. OutputError when it is not the one that was shown."""
        try:
            data = self.file.read_bytes()
        except OSError as error:
            raise OutputError(f"{self.file} cannot be read: {error.strerror}; run 'roto detect' again") from None
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise OutputError(f"{self.file} is not what was proposed, it was changed since; run 'roto detect' again")
        return data

    def as_json(self) -> dict[str, Any]:
        return {"number": self.number, "how": self.how, "box": list(self.box), "share": self.share, "score": self.score}


@dataclass(frozen=True, slots=True)
class KeptProposals:
    """The proposals of one frame. ``clip`` is what :func:`clip_identity` says of the clip that they are of."""

    frame: int
    clip: dict[str, Any]
    proposals: tuple[Kept, ...]

    def chosen(self, numbers: Sequence[int]) -> list[Kept]:
        """The proposals of these numbers. RotoError for one that was not shown."""
        known = {each.number: each for each in self.proposals}
        for number in numbers:
            if number not in known:
                there = ", ".join(map(str, known))
                raise RotoError(f"--accept {number}: no such proposal on frame {self.frame}; there are {there}")
        return [known[number] for number in numbers]


def clip_identity(source: FrameSource) -> dict[str, Any]:
    """Tells a clip from any other, and from itself with other frame numbers."""
    info = source.info
    return {
        "fingerprint": source.fingerprint(),
        "width": info.width,
        "height": info.height,
        "first": info.range.first,
        "last": info.range.last,
    }


def picture_of(folder: Path, frame: int) -> Path:
    return folder / f"detect.{padded(frame)}.png"


def check_free(folder: Path, frame: int, *, overwrite: bool) -> None:
    """OutputError where writing a frame's proposals would replace what roto did not write itself."""
    picture = picture_of(folder, frame)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; -o names a folder")
    if overwrite or (picture.with_suffix("") / _LIST).is_file():
        return
    for there in (picture, picture.with_suffix("")):
        if there.exists():
            raise OutputError(f"{there} is there already; choose another -o, or say --overwrite")


def keep(folder: Path, frame: int, clip: dict[str, Any], proposals: Sequence[Proposal], picture: bytes) -> None:
    """Write the proposals of a frame, in place of those that were there. Until the list is written, the digests of an
    older one fit none of the new mattes."""
    from roto.export.pixels import quantised
    from roto.export.png import png_bytes
    from roto.files import write_atomically
    from roto.shot.file import dumps

    inner = picture_of(folder, frame).with_suffix("")
    listed = []
    for proposal in proposals:
        data = png_bytes(quantised(proposal.matte, 16))
        file = inner / f"{proposal.number}.png"
        write_atomically(file, data)
        kept = kept_as(proposal, file, hashlib.sha256(data).hexdigest())
        listed.append({**kept.as_json(), "sha256": kept.digest})
    write_atomically(picture_of(folder, frame), picture)
    content = {"version": _VERSION, "frame": frame, "clip": clip, "proposals": listed}
    write_atomically(inner / _LIST, dumps(content).encode())


def kept_as(proposal: Proposal, file: Path, digest: str = "") -> Kept:
    """A proposal as it is listed: numbers rounded to what they are worth."""
    share, score = round(proposal.share, 6), round(proposal.score, 4)
    return Kept(proposal.number, proposal.how, proposal.box, share, score, digest, file)


def load_kept(folder: Path, frame: int | None) -> KeptProposals:
    """The proposals in ``folder`` of a frame; without one, of the only frame there is. RotoError otherwise."""
    frames = sorted(
        int(found[1])
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (found := _NAME.fullmatch(path.name)) and (path / _LIST).is_file()
    )
    listed = ", ".join(map(str, frames))
    if not frames:
        raise RotoError(f"{folder} has no proposals yet; run 'roto detect SOURCE -o {folder}' first, and look at them")
    if frame is None and len(frames) > 1:
        raise RotoError(f"{folder} has proposals of the frames {listed}; say --frame N")
    if frame is not None and frame not in frames:
        raise RotoError(f"{folder} has no proposals of frame {frame}, only of {listed}; run 'roto detect' for it first")
    return _read(picture_of(folder, frames[0] if frame is None else frame).with_suffix("") / _LIST)


def _read(path: Path) -> KeptProposals:
    from roto.shot.file import load_json

    try:
        data = load_json(path)
        if data["version"] != _VERSION:
            raise ValueError
        kept = tuple(
            Kept(
                number=int(each["number"]),
                how=str(each["how"]),
                box=Box(*map(int, each["box"])),
                share=float(each["share"]),
                score=float(each["score"]),
                digest=str(each["sha256"]),
                file=path.parent / f"{int(each['number'])}.png",
            )
            for each in data["proposals"]
        )
        return KeptProposals(int(data["frame"]), dict(data["clip"]), kept)
    except (DocumentError, KeyError, TypeError, ValueError):
        raise OutputError(f"{path} is damaged or of another version of roto; run 'roto detect' again") from None
