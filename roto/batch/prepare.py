"""What is done for a shot before any of its tasks: its document, where a manifest makes it, and the leftovers of runs
that were killed."""

from __future__ import annotations

from pathlib import Path

from roto.batch.delivery import DELIVERY
from roto.batch.find import Found
from roto.batch.finish import RECORD
from roto.batch.plan import record_of
from roto.errors import OutputError
from roto.files import sweep_beside, write_atomically
from roto.job.confidence import NAMES
from roto.job.report import REPORT
from roto.shot.file import dumps, load
from roto.shot.read import write_document
from roto.store import WORK_FOLDER, content_key

_KIND = "document"  # in the record of outputs


def prepare(found: Found) -> None:
    """Make a shot's document. OutputError for one that somebody changed since a batch made it: it may hold work."""
    shot = found.shot
    out, path = Path(shot.out), Path(shot.document)
    for name in (REPORT, DELIVERY, *NAMES, f"{WORK_FOLDER}/{RECORD}"):
        sweep_beside(out / name)
    if found.make is None:
        load(path)  # what is wrong with it is said before anything is started
        return
    sweep_beside(path)
    built = found.make()
    data = dumps(write_document(built.document)).encode()
    images = {image: content for image, content in built.images.items() if not _holds(image, content)}
    if _holds(path, data) and not images:
        return
    record = record_of(shot)
    if path.exists() and not _holds(path, data) and not record.is_ours(path) and not shot.overwrite:
        raise OutputError(
            f"{path} was changed since a batch made it; give that document in the manifest (document = ...), "
            "move it away, or say --overwrite"
        )
    for image, content in images.items():
        write_atomically(image, content)
    write_atomically(path, data)
    record.replace(_KIND, [path], content_key(data.hex()))


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data
