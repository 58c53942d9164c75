"""Render the sample clips: ``python clips/render.py [NAME ...] [-o FOLDER]``.

Each clip becomes FOLDER/NAME with ``plate.mp4``, ``alpha.mkv`` (the exact matte, frame by frame) and three keyframes in
``keys/``. Everything is drawn by the programs in this folder from fixed seeds: the same clip every time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import cv2
import film
import keys
import numpy as np
from dancer import Dancer
from greenscreen import GreenScreen
from koi import Koi
from numpy.typing import NDArray

SCENES: dict[str, type[film.Scene]] = {scene.name: scene for scene in (Dancer, Koi, GreenScreen)}


@cache
def scene(name: str) -> film.Scene:
    """One scene a process, so that its textures are made once."""
    return SCENES[name]()


def frame(name: str, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Plate and matte of one frame, 8 bits, before any encoding."""
    cv2.setNumThreads(1)
    return film.shot_frame(scene(name), index)


def render(name: str, folder: Path, pool: ProcessPoolExecutor) -> None:
    """Render one clip into ``folder/name``."""
    what = scene(name)
    target = folder / name
    (target / "keys").mkdir(parents=True, exist_ok=True)

    def frames() -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        for index, (plate, matte) in enumerate(pool.map(frame, [name] * what.frames, range(what.frames))):
            if index in what.keys:
                drawn = keys.document(keys.polygons(matte))
                (target / "keys" / f"{index:04d}.json").write_text(drawn, encoding="utf-8")
            print(f"\r{name}: frame {index + 1} of {what.frames}", end="", file=sys.stderr, flush=True)
            yield plate, matte

    film.write_clip(what, frames(), target)
    print(file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which clips: {', '.join(SCENES)} (default: all)")
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parent, help="folder (default: clips/)")
    parser.add_argument("-j", "--jobs", type=int, default=None, help="processes (default: one a core)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in SCENES]
    if unknown:
        parser.error(f"no clip is called {unknown[0]!r}; there are {', '.join(SCENES)}")
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for name in arguments.names or SCENES:
            render(name, arguments.out, pool)


if __name__ == "__main__":
    main()
