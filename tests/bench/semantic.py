"""Semantic masks against what is known: outlines drawn by eye for sky, skin and vegetation, DAVIS-2016 for motion.

    python tests/bench/semantic.py --data DIR [DIR ...] [--every 12] [--pictures DIR]

Each DIR holds JPEGImages/480p and Annotations/480p. For sky, skin and vegetation: intersection over union with the
outlines of semantic.json beside this file, where there is any, and on how many frames that have none one was found;
beside it the confidence. For what moves and for the subject: J with the true mask, every so many frames, the expected
one beside it. Last, how much the matte of a sky changes from frame to frame along the motion, by itself and with
neighbours.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from measures import region_similarity
from numpy.typing import NDArray

from roto.detect.find import working_picture
from roto.detect.moving import OFFSETS
from roto.image import Matte
from roto.motion.flow import dense_flow, grey, one_thread
from roto.motion.warp import warp
from roto.semantic import SURFACES
from roto.semantic.found import Found, FoundOptions
from roto.semantic.subject import AROUND, find_all_moving, find_subject
from roto.semantic.surface import find_surface

DRAWN_ON = (640, 360)
NEIGHBOURS = (-2, 2)
OPTIONS = FoundOptions()


class Clip:
    """A sequence of one of the folders."""

    def __init__(self, pictures: Path, masks: Path) -> None:
        self.name = pictures.name
        self._pictures, self._masks = sorted(pictures.glob("*.jpg")), sorted(masks.glob("*.png"))

    def __len__(self) -> int:
        return len(self._pictures)

    def rgb(self, number: int) -> NDArray[np.uint8]:
        return np.ascontiguousarray(cv2.imread(str(self._pictures[number]))[..., ::-1])

    def truth(self, number: int) -> NDArray[np.bool_]:
        return np.asarray(cv2.imread(str(self._masks[number]), cv2.IMREAD_GRAYSCALE) > 127)

    def around(self, number: int, offsets: tuple[int, ...]) -> dict[int, NDArray[np.uint8]]:
        return {each: working_picture(self.rgb(number + each)) for each in offsets if 0 <= number + each < len(self)}


def clips_in(folders: list[Path]) -> dict[str, Clip]:
    found = {}
    for folder in folders:
        for pictures in sorted((folder / "JPEGImages" / "480p").iterdir()):
            found[pictures.name] = Clip(pictures, folder / "Annotations" / "480p" / pictures.name)
    return dict(sorted(found.items()))


def filled(outlines: list[Any], width: int, height: int) -> NDArray[np.bool_]:
    inside = np.zeros((height, width), np.uint8)
    for outline in outlines:
        points = np.array(outline, np.float64) * (width / DRAWN_ON[0], height / DRAWN_ON[1])
        cv2.fillPoly(inside, [np.rint(points).astype(np.int32)], 1)
    return inside > 0


def surfaces(clips: dict[str, Clip], pictures: Path | None) -> None:
    labelled = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))["frames"]
    for kind in SURFACES:
        print(f"\n{kind:<24}{'IoU':>8}{'expected':>10}")
        overlaps, expected, alarms, none = [], [], [], 0
        for entry in labelled:
            name, number = entry["frame"].split("/")
            if kind not in entry or name not in clips:
                continue
            clip, frame = clips[name], int(number)
            rgb = clip.rgb(frame)
            found = find_surface(kind, rgb, clip.around(frame, NEIGHBOURS), OPTIONS)
            show(pictures, f"{kind}.{name}.{number}", rgb, found)
            if not entry[kind]:
                none += 1
                if found.matte.any():
                    alarms.append(f"{entry['frame']} {found.confidence:.2f}")
                continue
            truth = filled(entry[kind], rgb.shape[1], rgb.shape[0])
            overlaps.append(region_similarity(found.matte >= 0.5, truth))
            expected.append(found.confidence)
            print(f"  {entry['frame']:<22}{overlaps[-1]:8.2f}{found.confidence:10.2f}")
        if overlaps:
            print(f"  {'mean of ' + str(len(overlaps)):<22}{np.mean(overlaps):8.2f}{np.mean(expected):10.2f}")
        print(f"  found on {len(alarms)} of {none} frames that have none: {', '.join(alarms) or '-'}")


def motion(clips: dict[str, Clip], every: int, pictures: Path | None) -> None:
    print(f"\n{'':<20}{'moving J':>10}{'expected':>10}{'subject J':>11}{'expected':>10}")
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for clip in clips.values():
        row: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for number in range(every // 2, len(clip), every):
            truth = clip.truth(number)
            if not truth.any():
                continue
            rgb = clip.rgb(number)
            for title, found in (
                ("moving", find_all_moving(rgb, clip.around(number, OFFSETS), OPTIONS)),
                ("subject", find_subject(rgb, clip.around(number, AROUND), "auto", OPTIONS)),
            ):
                row[title].append((region_similarity(found.matte >= 0.5, truth), found.confidence))
                show(pictures, f"{title}.{clip.name}.{number:05d}", rgb, found)
        for title, some in row.items():
            pairs[title] += some
        cells = [np.mean(row[title], axis=0) for title in ("moving", "subject")]
        print(f"  {clip.name:<18}" + "".join(f"{j:10.2f}{confidence:10.2f} " for j, confidence in cells), flush=True)
    for title, some in pairs.items():
        j, confidence = np.array(some).T
        print(f"  {title}, mean of {len(some)}: J {j.mean():.3f}, expected {confidence.mean():.3f}", end="")
        print(f", off by {np.abs(j - confidence).mean():.3f}, correlation {np.corrcoef(j, confidence)[0, 1]:.2f}")


def flicker(clips: dict[str, Clip], names: tuple[str, ...] = ("boat", "surf")) -> None:
    print("\nmean change of a sky's matte against the frame before, along the motion, in 1/1000 of the picture")
    for name in names:
        if name not in clips:
            continue
        clip, changes = clips[name], defaultdict(list)
        before: dict[str, Matte] = {}
        for number in range(len(clip) // 2, min(len(clip) // 2 + 13, len(clip))):
            rgb = clip.rgb(number)
            for title, offsets in (("alone", ()), ("with neighbours", NEIGHBOURS)):
                matte = find_surface("sky", rgb, clip.around(number, offsets), OPTIONS).matte
                if title in before:
                    with one_thread():
                        moved = warp(before[title], dense_flow(grey(rgb), grey(clip.rgb(number - 1))))
                    changes[title].append(float(np.abs(matte - moved).mean()))
                before[title] = matte
        print(f"  {name:<18}" + ", ".join(f"{title} {1000 * np.mean(some):.2f}" for title, some in changes.items()))


def show(pictures: Path | None, name: str, rgb: NDArray[np.uint8], found: Found) -> None:
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        tint = rgb + (np.float32((255, 0, 255)) - rgb) * np.float32(0.55) * found.matte[..., None]
        cv2.imwrite(str(pictures / f"{name}.jpg"), tint[..., ::-1].astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--every", type=int, default=12)
    parser.add_argument("--pictures", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    clips = clips_in(args.data)
    surfaces(clips, args.pictures)
    flicker(clips)
    motion(clips, args.every, args.pictures)


if __name__ == "__main__":
    main()
