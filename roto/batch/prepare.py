"""What is done for a shot before any of its tasks: its document is made, where a manifest says it, and what runs that
were killed left goes."""

from __future__ import annotations

from pathlib import Path

from roto.batch.delivery import DELIVERY
from roto.batch.find import Found
from roto.batch.finish import RECORD
from roto.batch.plan import record_of
from roto.errors import OutputError
from roto.export.staging import sweep_staging
from roto.files import sweep_beside, write_atomically
from roto.job.confidence import NAMES
from roto.job.report import REPORT
from roto.shot.file import dumps
from roto.shot.read import write_document
from roto.store import WORK_FOLDER, content_key

_KIND = "document"  # in the record of outputs


def sweep(found: Found) -> None:
    """Remove the temporary files of runs that were killed. Nobody may be working at the shot."""
    out = Path(found.shot.out)
    written = [out / name for name in (REPORT, DELIVERY, *NAMES, f"{WORK_FOLDER}/{RECORD}")]
    sweep_beside(*written, Path(found.shot.document))
    record_of(found.shot).sweep()
    for folder in {out, Path(found.shot.root)}:
        sweep_staging(folder)


def make_document(found: Found) -> None:
    """Make a shot's document as its manifest says it, if it has one. OutputError for one that somebody changed since a
    batch made it: it may hold work."""
    if found.make is None:
        return
    shot, path = found.shot, Path(found.shot.document)
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
