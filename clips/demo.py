"""The main job on a sample clip: three polygon keyframes in; ProRes 4444, 16-bit PNGs and a report out, and a score."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from roto.frames.open import open_source

CLIPS = Path(__file__).resolve().parent
CLIP = "dancer"


def main() -> None:
    out = CLIPS.parent / "demo"
    shutil.rmtree(out, ignore_errors=True)  # from the start, so that the speed is that of the whole job
    clip = CLIPS / CLIP
    command = [sys.executable, "-m", "roto", "track", str(clip / "plate.mp4"), "-o", str(out), "--layer", CLIP]
    for file in sorted((clip / "keys").glob("*.json")):
        command += ["--polygon", f"{int(file.stem)}={file}"]
    command += ["--export", "png", "prores4444", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    result = json.loads(done.stdout)
    overlap, error, frames = score(out / CLIP, clip / "alpha.mkv")
    print(f"mattes    {out / CLIP}/{CLIP}.####.png  ({frames} frames, 16-bit grey)")
    print(f"video     {out / CLIP}.mov  (ProRes 4444 with alpha)")
    print(f"report    {result['report']}")
    print(f"document  {result['document']}")
    print(f"speed     {result['frames_per_second']:.1f} frames a second, from decode to files")
    print(f"score     mean IoU {overlap:.3f}, mean matte error {error:.4f}, against the clip's exact alpha")


def score(mattes: Path, truth: Path) -> tuple[float, float, int]:
    """Mean IoU at half coverage and mean absolute error within the subject's surroundings, all frames."""
    overlaps, errors = [], []
    source = open_source(truth)
    try:
        for frame in source.frames(source.info.range.first, source.info.range.last):
            true = frame.rgb_float()[..., 0]
            file = next(mattes.glob(f"*.{frame.number:04d}.png"))
            matte = cv2.imread(str(file), cv2.IMREAD_UNCHANGED).astype(np.float32) / 65535
            a, b = true >= 0.5, matte >= 0.5
            overlaps.append((a & b).sum() / max((a | b).sum(), 1))
            errors.append(np.abs(true - matte).sum() / max(true.sum(), 1))
    finally:
        source.close()
    return float(np.mean(overlaps)), float(np.mean(errors)), len(overlaps)


if __name__ == "__main__":
    main()
