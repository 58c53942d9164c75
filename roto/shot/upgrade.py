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

STEPS: Mapping[int, Step] = {}


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
