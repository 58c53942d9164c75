"""A shot of a batch: everything that its tasks have to know, as a value that any machine can be handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from roto.export import EXPORTERS
from roto.export.exporter import ExportName
from roto.export.naming import Template
from roto.shot.document import Document
from roto.shot.edit import with_quality
from roto.shot.file import load

DOCUMENT = "shot.roto.json"
SUFFIX = ".roto.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchShot:
    """A shot. Paths are absolute: ``document``; ``out``, the folder of its report, its confidences and its record of
    outputs; ``root``, where exports go, which is ``out`` unless ``names`` has templates of their names by kind.
    quality: instead of the document's, None leaves that. JSON-able, see :meth:`to_json`."""

    name: str
    document: str
    out: str
    root: str
    exports: tuple[str, ...]
    names: tuple[tuple[str, str], ...] = ()
    quality: str | None = None
    device: str = "auto"
    keep_going: bool = False
    overwrite: bool = False
    whole_folder: bool = False  # everything in ``out`` is the batch's own

    def load(self) -> Document:
        """The document, as this batch wants it."""
        return with_quality(load(Path(self.document)), self.quality)

    def export_names(self) -> Mapping[str, ExportName]:
        """What the files of a kind are called, where not as roto calls them."""
        return {kind: self._name(kind, Template(text)) for kind, text in self.names}

    def _name(self, kind: str, template: Template) -> ExportName:
        exporter = EXPORTERS[kind]
        return template.of(
            shot=self.name.replace("/", "_"), kind=kind, extension=exporter.extension, numbered=exporter.numbered
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BatchShot:
        names = tuple((str(kind), str(text)) for kind, text in data["names"])
        return cls(**{**data, "exports": tuple(data["exports"]), "names": names})
