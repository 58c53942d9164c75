"""The shots that a command line names: documents, folders of them, globs, or a manifest; and that no two of them write
the same file."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from roto.batch.build import Built, build
from roto.batch.delivery import DELIVERY
from roto.batch.manifest import Manifest, ManifestShot, is_manifest, read_manifest
from roto.batch.shot import DOCUMENT, SUFFIX, BatchShot
from roto.errors import OutputError, RotoError
from roto.export import EXPORTERS
from roto.export.exporter import ExportJob
from roto.frames.source import ClipInfo
from roto.job.confidence import NAMES
from roto.job.report import REPORT
from roto.shot.file import load
from roto.timing import FrameRange

_CLIP = ClipInfo(
    path="", kind="video", codec="", width=16, height=16, range=FrameRange(0, 0), rate=Fraction(24), bits=8
)


@dataclass(frozen=True, slots=True)
class Found:
    """A shot, where it was named, and, for one of a manifest, the names of its layers and what makes its document."""

    shot: BatchShot
    place: str
    layers: tuple[str, ...] = ()
    make: Callable[[], Built] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The shots of a batch; ``folder`` is the one that all of them lie in, for what is written about them."""

    shots: tuple[Found, ...]
    folder: Path


def find_shots(names: Sequence[str], settings: BatchShot, output: Path | None = None) -> Batch:
    """The shots of a command line, each once. ``settings``: what holds for all of them; ``output``: a folder for all of
    them. RotoError where there are none, for a cycle of links, and for shots that would write the same file."""
    manifests = [name for name in names if is_manifest(Path(name))]
    if manifests and len(names) > 1:
        raise RotoError(f"{manifests[0]} is a manifest, which stands alone; put the other shots into it")
    if manifests:
        batch = _of_manifest(read_manifest(Path(names[0]), output), settings)
    else:
        batch = _of_documents(list(_documents(names)), settings, output)
    if not batch.shots:
        raise RotoError(f"no shots in {' '.join(names)}; a shot is a document, *{SUFFIX}")
    refuse_shared_files(batch.shots)
    return batch


def _of_manifest(manifest: Manifest, settings: BatchShot) -> Batch:
    return Batch(tuple(_of_entry(manifest, shot, settings) for shot in manifest.shots), manifest.output)


def _of_entry(manifest: Manifest, entry: ManifestShot, settings: BatchShot) -> Found:
    out = manifest.folder_of(entry.name)
    shot = replace(
        settings,
        name=entry.name,
        document=str(entry.document or out / DOCUMENT),
        out=str(out),
        root=str(manifest.output if entry.names else out),
        exports=settings.exports or entry.exports,
        names=entry.names,
        whole_folder=True,
    )
    kinds = {kind for kind, _ in entry.names}
    if kinds and kinds != set(shot.exports):
        missing = next(kind for kind in shot.exports if kind not in kinds)
        raise RotoError(f"{manifest.path}: {entry.place}.files: no name for {missing}; name all kinds, or none")
    if entry.document is not None:
        return Found(shot, f"{manifest.path}: {entry.place}")
    folder = manifest.path.parent.absolute()
    return Found(shot, f"{manifest.path}: {entry.place}", tuple(entry.layers), lambda: build(entry, folder, out))


def _of_documents(documents: list[Path], settings: BatchShot, output: Path | None) -> Batch:
    names = _told_apart(documents)
    shots = []
    for path, name in zip(documents, names, strict=True):
        out = path.parent if output is None else (output / _own_name(path)).absolute()
        shot = replace(
            settings, name=name, document=str(path), out=str(out), root=str(out), whole_folder=output is not None
        )
        shots.append(Found(shot, str(path)))
    folders = [str(path.parent) for path in documents]
    folder = Path(os.path.commonpath(folders)) if folders else Path()
    return Batch(tuple(shots), folder if output is None else output.absolute())


def _own_name(path: Path) -> str:
    """A document's name: its file's, or its folder's where it is called as 'roto track' calls every one."""
    return path.parent.name if path.name == DOCUMENT and path.parent.name else path.name.removesuffix(SUFFIX)


def _told_apart(documents: list[Path]) -> list[str]:
    """A name for each, with its folder in front where others have the same."""
    names = [_own_name(path) for path in documents]
    often = Counter(names)
    return [name if often[name] == 1 else str(path) for name, path in zip(names, documents, strict=True)]


def _documents(names: Sequence[str]) -> Iterator[Path]:
    seen: set[Path] = set()
    for name in names:
        path = Path(name)
        if path.exists() or path.is_symlink():
            found = [path]
        elif glob.has_magic(name):
            found = [Path(each) for each in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207 - of any folder
            if not found:
                raise RotoError(f"nothing matches {name}")
        else:
            raise RotoError(f"{name} is not there; name documents, folders, globs or a manifest")
        for each in found:
            for document in _below(each) if each.is_dir() else [each]:
                real = Path(os.path.realpath(document))
                if document.is_file() and not document.name.endswith(SUFFIX):
                    if len(found) == 1:
                        raise RotoError(f"{document} is no shot; a document's name ends in {SUFFIX}")
                    continue
                if real not in seen:
                    seen.add(real)
                    yield document.absolute()


def _below(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The documents of a folder and of those in it, by name. RotoError for a link that leads back up."""
    real = Path(os.path.realpath(folder))
    if real in above:
        raise RotoError(f"{folder} leads back to {real}, which it lies in: a cycle of links; remove it")
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise RotoError(f"{folder} cannot be read: {error.strerror}") from None
    for path in entries:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _below(path, (*above, real))
        elif path.name.endswith(SUFFIX):
            yield path


# -- files that two shots would write ---------------------------------------------------------------------------------


def refuse_shared_files(shots: Sequence[Found]) -> None:
    """OutputError for the first file, a sequence as a whole, that two shots would write, or one shot twice."""
    owners: dict[str, Found] = {}
    for found in shots:
        own: set[str] = set()
        for path in _written(found):
            key = os.path.normcase(path).casefold()
            if key in own:
                raise OutputError(f"{found.place} would write {path} twice: put {{kind}} or {{layer}} into the name")
            own.add(key)
            other = owners.setdefault(key, found)
            if other is not found:
                remedy = "put {shot} into its name" if found.shot.names else "choose -o, or a folder for each"
                raise OutputError(f"{other.place} and {found.place} would both write {path}: {remedy}")


def _written(found: Found) -> Iterator[str]:
    """Every file of a shot, of a sequence the one of frame 0."""
    shot = found.shot
    for name in (REPORT, DELIVERY, *NAMES):
        yield os.path.join(shot.out, name)  # noqa: PTH118 - of ten thousand shots
    if not shot.names:
        return  # within the shot's own folder, by roto's own names
    job = ExportJob(folder=Path(shot.root), clip=_CLIP, layers=tuple(_layers(found)), first=0, last=0)
    for kind, named in shot.export_names().items():
        yield from map(str, EXPORTERS[kind].targets(replace(job, name=named)))


def _layers(found: Found) -> Sequence[str]:
    if found.make is None:
        try:
            return [layer.name for layer in load(Path(found.shot.document)).layers]
        except RotoError:  # told when the shot is started
            return []
    return found.layers
