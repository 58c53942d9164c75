"""Documents of older versions become the newest on reading: one step a version, from dict to dict.

In memory there are only documents of the newest version, so that nothing but these steps knows of older ones. A new
version adds one function to STEPS, under the version that it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from roto.errors import DocumentError
from roto.options import describe
from roto.shot.document import VERSION

Step = Callable[[dict[str, Any]], dict[str, Any]]


def _edge_as_steps(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had two options, ``{"edge": {"grow_px": 1, "feather_px": 3}}``, which a layer could set one by one."""
    shared = data.get("edge", {})
    upgraded = {**data, "edge": _steps(shared, {})} if "edge" in data else dict(data)
    if isinstance(data.get("layers"), list):
        upgraded["layers"] = [
            {**layer, "edge": _steps(layer["edge"], shared)} if _has_edge(layer) else layer for layer in data["layers"]
        ]
    return upgraded


def _has_edge(layer: Any) -> bool:
    return isinstance(layer, Mapping) and "edge" in layer


def _steps(options: Any, shared: Any) -> Any:
    """The steps of a layer, or of the document. What was not valid stays as it is: the reader refuses it."""
    known = {"grow_px": "grow", "feather_px": "feather"}
    if not isinstance(options, Mapping) or not isinstance(shared, Mapping) or not {*options, *shared} <= {*known}:
        return options
    both = {**shared, **options}
    return [{"type": kind, "px": both[name]} for name, kind in known.items() if both.get(name, 0) != 0]


STEPS: Mapping[int, Step] = {1: _edge_as_steps}


def upgrade(data: Mapping[str, Any], steps: Mapping[int, Step] = STEPS, newest: int = VERSION) -> dict[str, Any]:
    """``data`` as a document of version ``newest``. DocumentError for a version that is not known here."""
    version = data.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        problem = f"{describe(version)} is not a version" if "version" in data else "missing"
        raise DocumentError("version", f'{problem}; a shot document says "version": {newest}')
    if version > newest:
        raise DocumentError(
            "version", f"the document is of version {version} and this roto reads up to version {newest}; update roto"
        )
    upgraded = dict(data)
    for number in range(version, newest):
        upgraded = {**steps[number](upgraded), "version": number + 1}
    return upgraded
