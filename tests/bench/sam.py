"""What SAM costs at its real sizes: seconds and peak memory of an embedding and of a prompt.

    python tests/bench/sam.py [--model vit_b] [--device cpu] [--checkpoint FILE] [--repeat 1]

Without a checkpoint the weights are random: the time is the same. Each row is a process of its own, so that its peak
memory is its own. "picture" is a 1920 x 1080 frame, "crop" a region of it of 480 x 480; "all" threads is what torch
would take, roto itself always computes with one, because the last bits depend on their number (the last line).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

FIELDS = ("what", "type", "threads", "batch")


class File:
    def __init__(self, path: Path) -> None:
        self.name, self.identity, self._path = path.stem, "0" * 64, path

    def state(self) -> dict[str, Any]:
        import torch

        return dict(torch.load(self._path, map_location="cpu", weights_only=True, mmap=True))


def random_weights(model: str, path: Path) -> None:
    import torch

    from roto.segment.sam.package import segment_anything

    torch.manual_seed(1)
    state = segment_anything().sam_model_registry[model]().state_dict()
    for name, tensor in state.items():
        if "pos" in name and not tensor.any():  # what the package starts at zero
            torch.nn.init.normal_(tensor, std=0.02)
    torch.save(state, path)


def picture(width: int, height: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(1).integers(0, 40, (height, width, 3))
    inside = np.hypot(rows - height / 2, columns - width / 2) < height / 4
    return (noise + np.where(inside[..., None], 180, 60)).astype(np.uint8)


def measured(row: dict[str, Any], path: Path, device: str, repeat: int) -> dict[str, Any]:
    import torch

    from roto.segment import device as devices
    from roto.segment.prompt import Prompt
    from roto.segment.sam import SamSegmenter

    if row["threads"] == "all":
        devices.repeatable = nullcontext  # type: ignore[assignment]
    segmenter = SamSegmenter(File(path), device)
    segmenter.precision = row["type"]
    height, width = (480, 480) if row["what"] == "crop" else (1080, 1920)
    rgb = picture(width, height)
    centre = Prompt(points=((width / 2, height / 2),), labels=(True,))
    model = segmenter.model
    if row["batch"] > 1:
        stacked = model.preprocess(segmenter._resized(rgb, model.image_encoder.img_size))[None]
        stacked = stacked.expand(row["batch"], -1, -1, -1).contiguous()

        def work() -> Any:
            with torch.inference_mode(), devices.repeatable(), devices.computing(segmenter.device, row["type"]):
                return model.image_encoder(stacked).float().cpu().numpy()
    elif row["what"] == "prompt":
        embedding = segmenter.embed(rgb)

        def work() -> Any:
            return segmenter.answer(embedding, centre)[0].matte
    else:

        def work() -> Any:
            return segmenter.embed(rgb).features

    if device != "cpu":
        work()  # the first call sets the GPU up
    seconds, busy = [], []
    for _ in range(repeat):
        started, used = time.perf_counter(), time.process_time()
        result = work()
        seconds.append((time.perf_counter() - started) / row["batch"])
        busy.append((time.process_time() - used) / row["batch"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    if segmenter.device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 1e6
    digest = hashlib.sha256(np.ascontiguousarray(result).tobytes()).hexdigest()
    return {"seconds": min(seconds), "busy": min(busy), "peak": peak, "digest": digest}


def rows(types: list[str], device: str) -> list[dict[str, Any]]:
    threads = ["1", "all"] if device == "cpu" else ["1"]
    found = [("picture", kind, count, 1) for kind in types for count in threads]
    found += [("crop", kind, "1", 1) for kind in types]
    found += [("picture", kind, "1", batch) for kind in types for batch in (2, 4)]
    found += [("prompt", types[-1], count, 1) for count in threads]
    return [dict(zip(FIELDS, each, strict=True)) for each in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="vit_b")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.row:
        print(json.dumps(measured(json.loads(args.row), args.checkpoint, args.device, args.repeat)))
        return
    from roto.segment import device as devices

    device = devices.resolve(args.device)
    types = list(dict.fromkeys(["float32", devices.precision(device)]))
    print(f"{args.model} on {device}, {os.cpu_count()} cores")
    print(f"{'what':>8} {'type':>9} {'threads':>7} {'batch':>5} {'s/picture':>10} {'CPU s':>8} {'peak MB':>8}")
    digests: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = args.checkpoint or Path(folder) / f"{args.model}.pt"
        if not args.checkpoint:
            random_weights(args.model, path)
        for row in rows(types, device):
            command = [sys.executable, __file__, "--row", json.dumps(row), "--checkpoint", str(path)]
            command += ["--device", device, "--repeat", str(args.repeat)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            result = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{row['what']:>8} {row['type']:>9} {row['threads']:>7} {row['batch']:5d} {result['seconds']:10.2f}"
                f" {result['busy']:8.2f} {result['peak']:8.0f}",
                flush=True,
            )
            digests[f"{row['what']} {row['type']} {row['threads']} {row['batch']}"] = result["digest"]
    for kind in types:
        one, many = (digests.get(f"picture {kind} {count} 1") for count in ("1", "all"))
        if many:
            print(f"{kind}: one thread and all threads give {'the same' if one == many else 'different'} bits")


if __name__ == "__main__":
    main()
