"""How a source is looked at: through OpenColorIO, where what it stores is not what a display shows.

Flow, colour models and thumbnails need pictures that are encoded as for a display. A scene-linear source is encoded as
sRGB for them by itself (:meth:`roto.image.Frame.rgb8`); here an artist says what it really is, ACEScg or a camera's
log, and how it is shown. Plates that are written keep their own encoding.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import BackendUnavailable, SourceError
from roto.frames.source import LINEAR_NOTE, ClipInfo, FrameSource
from roto.image import Frame

CONFIG = "ocio://studio-config-v2.1.0_aces-v1.3_ocio-v2.3"  # one and the same on every machine
_OF_LINEAR = "Linear Rec.709 (sRGB)"


@dataclass(frozen=True, kw_only=True)
class View:
    """space: the source's colour space, as the configuration names it; None: scene-linear Rec. 709, for a source that
    is scene-linear. view: of the configuration's first display; None: the first. config: a .ocio file; None: the ACES
    studio configuration that OpenColorIO brings."""

    space: str | None = None
    view: str | None = None
    config: Path | None = None


class ViewedSource:
    """A source whose frames know how they are shown."""

    def __init__(self, source: FrameSource, view: View) -> None:
        """BackendUnavailable without OpenColorIO; SourceError for a space, view or configuration that is not there."""
        self._source = source
        config = _config(view.config)
        space, shown = _space(config, view, source.info), _shown(config, view)
        self._display = Display(config, space, *shown)
        note = f"tracked and shown as {space} through {' / '.join(reversed(shown))}"
        others = tuple(other for other in source.info.notes if other != LINEAR_NOTE)
        self._info = replace(source.info, notes=(*others, note))

    @property
    def info(self) -> ClipInfo:
        return self._info

    @property
    def display(self) -> Display:
        """How its frames are shown, and back."""
        return self._display

    def frame(self, number: int) -> Frame:
        return replace(self._source.frame(number), display=self._display)

    def frames(self, first: int, last: int) -> Iterator[Frame]:
        return (replace(frame, display=self._display) for frame in self._source.frames(first, last))

    def time(self, number: int) -> Fraction:
        return self._source.time(number)

    def fingerprint(self) -> str:
        return f"{self._source.fingerprint()}-{self._display.identity}"

    def close(self) -> None:
        self._source.close()


class Display:
    """From a source's pixels to what a display shows, both float32 ``H x W x 3``, the latter in [0, 1]."""

    def __init__(self, config: Any, space: str, display: str, view: str) -> None:
        from PyOpenColorIO import DisplayViewTransform

        self._config, self._of = config, {"src": space, "display": display, "view": view}
        processor = config.getProcessor(DisplayViewTransform(**self._of))
        self._transform = processor.getDefaultCPUProcessor()
        self.identity: str = self._transform.getCacheID()
        self.name = f"{view} / {display}"

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        shown = np.array(pixels, np.float32, order="C")  # it is changed in place
        self._transform.applyRGB(shown)
        return np.clip(np.nan_to_num(shown), 0, 1)

    def inverse(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """From what a display shows, float32 ``H x W x 3`` in [0, 1], to the source's pixels. SourceError for a view
        that OpenColorIO cannot turn around; whether what it shows comes back is another question."""
        import PyOpenColorIO

        try:
            turned = PyOpenColorIO.DisplayViewTransform(**self._of, direction=PyOpenColorIO.TRANSFORM_DIR_INVERSE)
            transform = self._config.getProcessor(turned).getDefaultCPUProcessor()
        except PyOpenColorIO.Exception as error:
            reason = " ".join(str(error).split())
            raise SourceError(f"the view {self.name} has no inverse: {reason[:200]}") from None

        def undo(shown: NDArray[np.float32]) -> NDArray[np.float32]:
            pixels = np.array(shown, np.float32, order="C")  # it is changed in place
            transform.applyRGB(pixels)
            return np.nan_to_num(pixels)

        return undo


def why_no_view() -> str | None:
    """Why a source cannot be looked at through OpenColorIO here, or None."""
    return None if find_spec("PyOpenColorIO") is not None else "it is not installed; pip install 'roto[ocio]'"


def _config(path: Path | None) -> Any:
    reason = why_no_view()
    if reason is not None:
        raise BackendUnavailable("OpenColorIO", reason)
    import PyOpenColorIO

    try:
        return PyOpenColorIO.Config.CreateFromFile(CONFIG if path is None else str(path))
    except PyOpenColorIO.ExceptionMissingFile:
        raise SourceError(f"{path} is not a file; --ocio names an OpenColorIO configuration") from None
    except PyOpenColorIO.Exception as error:
        reason = " ".join(str(error).split())
        raise SourceError(f"{path} is no OpenColorIO configuration: {reason[:200]}") from None


def _space(config: Any, view: View, info: ClipInfo) -> str:
    names = [space.getName() for space in config.getColorSpaces()]
    if view.space is None:
        if not info.linear:
            raise SourceError(f"{info.path} is not scene-linear: say which colour space it is in, --colour-space NAME")
        if _OF_LINEAR not in names:
            raise SourceError(f"the configuration has no {_OF_LINEAR!r}: say --colour-space; it has {_listed(names)}")
        return _OF_LINEAR
    found = config.getColorSpace(view.space)  # knows aliases and roles too
    if found is None:
        raise SourceError(f"there is no colour space {view.space!r}{_near(view.space, names)}")
    return str(found.getName())


def _shown(config: Any, view: View) -> tuple[str, str]:
    display = str(config.getDefaultDisplay())
    views = [str(name) for name in config.getViews(display)]
    if view.view is None:
        return display, views[0]
    if view.view not in views:
        raise SourceError(f"there is no view {view.view!r} of {display}; it has {_listed(views)}")
    return display, view.view


def _near(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, 3)
    return f", did you mean {_listed(near)}?" if near else f"; there are {_listed(names)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
