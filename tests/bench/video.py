"""What a video model costs at its real size: seconds, memory, and what a session keeps, frame by frame.

    python tests/bench/video.py [--family sam2] [--folder FOLDER] [--device auto] [--type float32] [--frames 10]

Without a folder the weights are random: the time is the same. Pictures are 1920 x 1080; both ends are keyed, as in a
span. "kept" is what the session holds between two frames, which must stop growing; "state" is the time from the
model's answer to the frame's edge.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from roto.image import EMPTY_BOX
from roto.segment.pretrained import package, quiet
from roto.track.video_model import state_of
from roto.track.video_session import TransformersVideoModel
from roto.weights.model_folder import model_folder

WIDTH, HEIGHT = 1920, 1080


def sam2(transformers: Any) -> Any:
    return transformers.Sam2VideoModel(transformers.Sam2VideoConfig())  # the sizes of sam2.1-hiera-tiny


def edgetam(transformers: Any) -> Any:
    arguments = {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]}
    vision = {
        "model_type": "edgetam_vision_model",
        "backbone_config": transformers.TimmWrapperConfig(architecture="repvit_m1", model_args=arguments),
        "backbone_channel_list": [384, 192, 96, 48],
    }
    return transformers.EdgeTamVideoModel(transformers.EdgeTamVideoConfig(vision_config=vision))


def sam3(transformers: Any) -> Any:
    return transformers.Sam3TrackerVideoModel(transformers.Sam3TrackerVideoConfig())


FAMILIES = {"sam2": sam2, "edgetam": edgetam, "sam3": sam3}


def random_weights(family: str, folder: Path) -> None:
    import torch

    transformers = package("video")
    torch.manual_seed(1)
    with quiet(transformers), torch.no_grad():
        model = FAMILIES[family](transformers)
        model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(3.0)  # the subject is there
        model.save_pretrained(folder)
        size = {"height": model.image_size, "width": model.image_size}
        transformers.Sam2ImageProcessor(size=size).save_pretrained(folder)


def kept(value: Any) -> int:
    """The bytes of the tensors in what a session holds."""
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if isinstance(value, dict):
        return sum(map(kept, value.values()))
    return sum(map(kept, value)) if isinstance(value, (list, tuple)) else 0


def peak_mb(device: str) -> float:
    import torch

    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def measure(folder: Path, device: str, kind: str | None, frames: int) -> None:
    started = time.perf_counter()
    model = TransformersVideoModel(model_folder(folder, "video"), device, kind)
    count = sum(parameter.numel() for parameter in model.model.parameters())
    print(f"{count / 1e6:.0f} M parameters on {model.device} in {model.precision}, ", end="")
    print(f"opened in {time.perf_counter() - started:.1f} s")
    print(f"{'frame':>6} {'s':>8} {'CPU s':>8} {'state s':>8} {'kept MB':>8} {'peak MB':>8}")
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    matte = (np.hypot(rows - HEIGHT / 2, columns - WIDTH / 2) < HEIGHT / 4).astype(np.float32)
    rgb = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    session = model.session()
    for index in (0, frames, *range(1, frames)):
        keyed = index in (0, frames)
        started, busy = time.perf_counter(), time.process_time()
        seen = session.key(index, rgb, matte) if keyed else session.see(index, rgb)
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        started = time.perf_counter()
        if seen is not None:
            state_of(index, index, seen, (HEIGHT, WIDTH), EMPTY_BOX)
        held = (kept(vars(session.kept)) + kept(vars(session.kept.cache))) / 1e6
        print(
            f"{f'key {index}' if keyed else index:>6} {seconds:8.2f} {busy:8.2f} {time.perf_counter() - started:8.2f}"
            f" {held:8.1f} {peak_mb(model.device):8.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=FAMILIES, default="sam2")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--type", choices=("float32", "bfloat16", "float16"))
    parser.add_argument("--frames", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        if args.folder is None:
            random_weights(args.family, Path(made))
        measure(args.folder or Path(made), args.device, args.type, args.frames)


if __name__ == "__main__":
    main()
