"""Errors that a user can cause or mend.

Everything raised on purpose derives from :class:`RotoError`; its text is one clear line that says what was
wrong, what is allowed and what to do. The command line prints that line and exits with code 1. Any other
exception is a bug of ours and keeps its traceback.
"""

from __future__ import annotations


class RotoError(Exception):
    """A mistake in the input, or something missing that the user can supply."""


class SourceError(RotoError):
    """A clip, image or sequence that cannot be opened or read."""


class DocumentError(RotoError):
    """A shot document, shape file or option that is not valid.

    ``place`` names where, in the document's own terms: ``layers[1].keyframes[3].shapes[0].points``.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.place = place
        self.problem = problem

    def __reduce__(self) -> tuple[type[DocumentError], tuple[str, str]]:
        return type(self), (self.place, self.problem)  # an error crosses from a worker process whole


class BackendUnavailable(RotoError):  # noqa: N818 - says what happened, as the field does
    """A segmenter, propagator or exporter that was asked for by name and cannot run here."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is not available: {reason}")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type[BackendUnavailable], tuple[str, str]]:
        return type(self), (self.name, self.reason)


class OutputError(RotoError):
    """An output that exists already, cannot be written, or cannot hold what was asked of it."""


class DamagedRecord(OutputError):  # noqa: N818 - says what happened
    """A record of the work store that is damaged. Its result has been dropped: the same again solves it."""
