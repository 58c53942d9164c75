"""Train the small Sam that the tests use, on rendered clips: ``python tests/segment/train_small_sam.py [-o FILE]``.

Built from segment-anything's own classes, 0.43 million parameters, 128 pixels; about twenty minutes on one core. The
loss and the prompts follow Kirillov et al., "Segment Anything", appendix A: one click or one box is answered three
times and the best answer is trained (the others a little, so that none dies); more clues are answered by the single
mask; the quality head learns every answer's intersection over union. Prints the scores on clips that it has not seen.

The shipped weights are four runs, each on from the one before and on other pictures:

    python tests/segment/train_small_sam.py -o first.pt
    python tests/segment/train_small_sam.py --start first.pt --seed 2 --steps 500 --rate 1.5e-3 -o second.pt
    python tests/segment/train_small_sam.py --start second.pt --seed 3 --steps 450 --rate 1.5e-3 -o third.pt
    python tests/segment/train_small_sam.py --start third.pt --seed 4 --steps 2200 --rate 2e-3
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent))
from rendered import TRAIN_SHELF, Array, Clip, Surfaces, click, held_out

from roto.image import bounding_box
from roto.segment.prompt import Prompt
from roto.segment.ranking import overlap
from roto.segment.sam import SamSegmenter
from roto.segment.sam.architecture import Architecture, build
from roto.segment.sam.package import segment_anything
from roto.segment.sam.prompts import Scaling
from roto.weights.files import find

segment_anything()
from segment_anything.utils.transforms import ResizeLongestSide  # noqa: E402 - torchvision may need mending first

SIZES = Architecture(
    image_size=128,
    patch_size=8,
    encoder_width=80,
    encoder_heads=4,
    encoder_hidden=160,
    encoder_bias=True,
    window=8,
    global_blocks=(3,),
    encoder_depth=4,
    width=64,
    mask_channels=16,
    answers=3,
    decoder_depth=2,
    decoder_hidden=128,
    quality_depth=3,
    quality_hidden=64,
)
SHAPES = ((256, 144), (256, 192), (256, 256))  # pictures, width and height
GRID = SIZES.image_size // SIZES.patch_size


class Example:
    """A picture as the encoder is shown it, and its subjects' mattes at full size."""

    def __init__(self, clip: Clip, time: int) -> None:
        picture = clip.frame(time)
        self.scaling = Scaling(clip.width, clip.height, SIZES.image_size, GRID)
        self.rgb = ResizeLongestSide(SIZES.image_size).apply_image(picture.rgb)
        self.mattes = [matte for matte in picture.mattes if matte.sum() > 250]


class Feed:
    """Pictures, each seen a few times: turned over, its colours swapped, prompted elsewhere."""

    def __init__(self, seed: int, kept: int, fresh: int, model: Any) -> None:
        self._rng = np.random.default_rng(seed)
        self._mean, self._deviation = (each.numpy().ravel() for each in (model.pixel_mean, model.pixel_std))
        self._shelf, self._kept, self._fresh = Surfaces(TRAIN_SHELF, 128), kept, fresh
        self._next = 1_000_000 * seed
        self._pool: list[Example] = []

    def batch(self, size: int) -> list[tuple[Scaling, Array, list[Array]]]:
        """How each picture lies in the square, the normalised square and the mattes."""
        while len(self._pool) < 4 * size:
            self._pool.append(self._rendered())
        for _ in range(self._fresh):
            self._pool.append(self._rendered())
        self._pool = self._pool[-self._kept :]
        return [self._turned(self._pool[int(i)]) for i in self._rng.integers(0, len(self._pool), size)]

    def _rendered(self) -> Example:
        while True:
            self._next += 1
            width, height = SHAPES[self._next % len(SHAPES)]
            example = Example(Clip(self._next, self._shelf, width, height), int(self._rng.integers(12)))
            if example.mattes:
                return example

    def _turned(self, example: Example) -> tuple[Scaling, Array, list[Array]]:
        rgb, mattes = example.rgb[..., self._rng.permutation(3)], example.mattes
        if self._rng.random() < 0.5:
            rgb, mattes = rgb[:, ::-1], [np.ascontiguousarray(matte[:, ::-1]) for matte in mattes]
        square = np.zeros((SIZES.image_size, SIZES.image_size, 3), np.float32)
        square[: rgb.shape[0], : rgb.shape[1]] = (rgb - self._mean) / self._deviation
        return example.scaling, square, mattes


class Prompts:
    """Prompts as an artist, or the tracker, would give them; all of one call hold the same number of clues."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def clicks(self, mattes: list[Array]) -> list[Prompt]:
        return [Prompt(points=(self._inside(matte),), labels=(True,)) for matte in mattes]

    def boxes(self, mattes: list[Array]) -> list[Prompt]:
        return [Prompt(box=self._box(matte)) for matte in mattes]

    def several(self, mattes: list[Array]) -> list[Prompt]:
        """Two to four points, or one or two with a box; the first is on the subject."""
        boxed = self._rng.random() < 0.4
        count = int(self._rng.integers(1, 3) if boxed else self._rng.integers(2, 5))
        prompts = []
        for matte in mattes:
            labels = (True, *(self._rng.random(count - 1) < 0.5).tolist())
            points = tuple(self._inside(matte) if label else self._outside(matte) for label in labels)
            prompts.append(Prompt(points=points, labels=labels, box=self._box(matte) if boxed else None))
        return prompts

    def masks(self, mattes: list[Array]) -> list[Prompt]:
        clicked = self._rng.random() < 0.5
        points = [(self._inside(matte),) if clicked else () for matte in mattes]
        labels = (True,) if clicked else ()
        return [Prompt(points=p, labels=labels, mask=self._worn(m)) for p, m in zip(points, mattes, strict=True)]

    def _inside(self, matte: Array) -> tuple[float, float]:
        if self._rng.random() < 0.4:
            return click(matte)
        rows, columns = np.nonzero(matte > 0.9)
        at = int(self._rng.integers(len(rows)))
        return float(columns[at]) + 0.5, float(rows[at]) + 0.5

    def _outside(self, matte: Array) -> tuple[float, float]:
        near = cv2.dilate(matte, np.ones((41, 41), np.uint8)) if self._rng.random() < 0.5 else np.ones_like(matte)
        rows, columns = np.nonzero((matte < 0.05) & (near > 0.5))
        at = int(self._rng.integers(len(rows)))
        return float(columns[at]) + 0.5, float(rows[at]) + 0.5

    def _box(self, matte: Array) -> tuple[float, float, float, float]:
        rows, columns = np.flatnonzero((matte > 0.5).any(1)), np.flatnonzero((matte > 0.5).any(0))
        x0, y0, x1, y1 = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        loose = self._rng.uniform(-0.05, 0.05, 4) * np.array([x1 - x0, y1 - y0, x1 - x0, y1 - y0])
        return tuple(np.array([x0, y0, x1, y1]) + loose)  # type: ignore[return-value]

    def _worn(self, matte: Array) -> Array:
        """As flow would have carried it: shifted, grown or shrunk, blurred, bitten."""
        move = np.float32([[1, 0, self._rng.uniform(-6, 6)], [0, 1, self._rng.uniform(-6, 6)]])
        worn = cv2.warpAffine(matte, move, matte.shape[::-1])
        side = int(self._rng.integers(1, 8))
        worn = (cv2.dilate if self._rng.random() < 0.5 else cv2.erode)(worn, np.ones((side, side), np.uint8))
        worn = cv2.GaussianBlur(worn, (0, 0), float(self._rng.uniform(0.5, 4)))
        if self._rng.random() < 0.3:
            x, y = self._inside(matte)
            cv2.circle(worn, (int(x), int(y)), int(self._rng.integers(4, 14)), 0.0, -1)
        return np.clip(worn, 0, 1).astype(np.float32)


def decode(model: Any, features: Any, prompts: list[Prompt], scalings: list[Scaling]) -> tuple[Any, Any]:
    """The package's prompt encoder and mask decoder, a picture and a prompt each: logits and qualities."""
    each = list(zip(prompts, scalings, strict=True))
    points = [scaling.points(prompt) for prompt, scaling in each]
    boxes = [scaling.box(prompt) for prompt, scaling in each]
    masks = [None if prompt.mask is None else scaling.mask_logits(prompt.mask)[None] for prompt, scaling in each]
    sparse, dense = model.prompt_encoder(
        points=None if points[0] is None else tuple(torch.from_numpy(np.stack(part)) for part in zip(*points)),  # noqa: B905
        boxes=None if boxes[0] is None else torch.from_numpy(np.stack(boxes)),
        masks=None if masks[0] is None else torch.from_numpy(np.stack(masks)),
    )
    decoder = model.mask_decoder
    tokens = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight]).expand(len(each), -1, -1)
    source = features + dense
    place = model.prompt_encoder.get_dense_pe().expand(len(source), -1, -1, -1)
    out, attended = decoder.transformer(source, place, torch.cat([tokens, sparse.expand(len(each), -1, -1)], dim=1))
    upscaled = decoder.output_upscaling(attended.transpose(1, 2).view(source.shape))
    kernels = [mlp(out[:, 1 + i]) for i, mlp in enumerate(decoder.output_hypernetworks_mlps)]
    logits = torch.einsum("bkc,bchw->bkhw", torch.stack(kernels, 1), upscaled)
    return logits, decoder.iou_prediction_head(out[:, 0])


def losses(logits: Any, target: Any) -> tuple[Any, Any]:
    """Loss and intersection over union of every answer, ``B x K`` each; target ``B x S x S`` in [0, 1]."""
    wanted = target[:, None].expand_as(logits)
    chance = logits.sigmoid()
    cross = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    hard = (chance - wanted).abs() ** 1.5
    focal = (cross * (0.1 + hard)).mean((2, 3)) * 20
    dice = 1 - (2 * (chance * wanted).sum((2, 3)) + 1) / (chance.sum((2, 3)) + wanted.sum((2, 3)) + 1)
    with torch.no_grad():
        a, b = logits > 0, wanted > 0.5
        overlap = (a & b).sum((2, 3)) / (a | b).sum((2, 3)).clamp(min=1)
    return focal + dice, overlap


def step(model: Any, feed: Feed, prompts: Prompts, batch: int) -> tuple[Any, float, float]:
    """One batch's loss, and the mean overlap of a click's best answer and of the single answer to more clues."""
    scalings, pictures, mattes = zip(*feed.batch(batch), strict=True)
    features = model.image_encoder(torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).copy()))
    total, shown = torch.zeros(()), {}
    for turn, ask in enumerate((prompts.clicks, prompts.boxes, prompts.several, prompts.masks)):
        chosen = [each[turn % len(each)] for each in mattes]
        logits, quality = decode(model, features, ask(chosen), list(scalings))
        target = np.stack([answer(matte, scaling) for matte, scaling in zip(chosen, scalings, strict=True)])
        loss, overlap_ = losses(logits, torch.from_numpy(target))
        if turn < 2:
            total = total + loss[:, 1:].min(dim=1).values.mean() + 0.15 * loss[:, 1:].mean()
            shown[turn] = float(overlap_[:, 1:].max(1).values.mean())
        if turn > 0:
            total = total + loss[:, 0].mean() * (0.5 if turn == 1 else 1.0) + 0.15 * loss[:, 1:].mean()
            shown[turn] = float(overlap_[:, 0].mean())
        total = total + 2 * ((quality - overlap_) ** 2).mean()
    return total / 2, shown[0], shown[2]


def answer(matte: Array, scaling: Scaling) -> Array:
    """The answer that is wanted: coverage of the model's cells."""
    side = max(scaling.width, scaling.height)
    square = np.zeros((side, side), np.float32)
    square[: scaling.height, : scaling.width] = matte
    size = (scaling.answer_size, scaling.answer_size)
    return np.asarray(cv2.resize(square, size, interpolation=cv2.INTER_AREA), np.float32)


def train(steps: int, batch: int, seed: int, rate: float, start: Path | None) -> Any:
    torch.manual_seed(seed)
    model = build(SIZES)
    for name, parameter in model.named_parameters():
        if name.endswith("pos_embed") or "rel_pos" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    if start:
        model.load_state_dict({name: tensor.float() for name, tensor in find(str(start)).state().items()})
    hidden = [
        p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name and "rel_pos" not in name
    ]
    known = {id(p) for p in hidden}
    others = [p for p in model.parameters() if id(p) not in known]
    optimisers = [
        torch.optim.Muon(hidden, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]
    warm = max(steps // 30, 1)

    def pace(i: int) -> float:
        return min((i + 1) / warm, 0.5 + 0.5 * float(np.cos(np.pi * min(i / steps, 1))))

    schedules = [torch.optim.lr_scheduler.LambdaLR(each, pace) for each in optimisers]
    feed, prompts, started, means = Feed(seed, 1500, batch // 2, model), Prompts(seed), time.perf_counter(), np.zeros(3)
    for i in range(steps):
        loss, one, many = step(model, feed, prompts, batch)
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for each in (*optimisers, *schedules):
            each.step()
        means = 0.98 * means + 0.02 * np.array([loss.item(), one, many])
        if (i + 1) % 100 == 0:
            shown = means / (1 - 0.98 ** (i + 1))
            spent = time.perf_counter() - started
            print(f"{i + 1:6d} of {steps}  {spent:5.0f} s  loss {shown[0]:.3f}", end="")
            print(f"  a click {shown[1]:.3f}  several {shown[2]:.3f}", flush=True)
    return model.eval()


def print_scores(path: Path) -> None:
    """Mean intersection over union on unseen clips, of the first candidate and of all, for each kind of prompt."""
    segmenter = SamSegmenter(find(str(path)), "cpu")
    kinds: dict[str, Callable[[Array], Prompt]] = {
        "click": lambda matte: Prompt(points=(click(matte),), labels=(True,)),
        "box": lambda matte: Prompt(box=tuple(map(float, bounding_box(matte > 0.5)))),  # type: ignore[arg-type]
        "mask": lambda matte: Prompt(mask=np.roll(matte, (4, -4), (0, 1))),
    }
    for count in (1, 2):
        subjects = [(segmenter.embed(rgb), matte) for rgb, matte in held_out(40 // count, count)]
        for kind, ask in kinds.items():
            found = np.array([[overlap(c.matte, m) for c in segmenter.answer(each, ask(m))] for each, m in subjects])
            print(f"{count} in a picture, {kind:>5}: first {found[:, 0].mean():.3f}, all {found.mean():.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parent / "data" / "small_sam.pt")
    parser.add_argument("--start", type=Path, help="weights to go on from; take another seed, and thus other pictures")
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    model = train(arguments.steps, arguments.batch, arguments.seed, arguments.rate, arguments.start)
    state: Mapping[str, Any] = {name: tensor.half() for name, tensor in model.state_dict().items()}
    torch.save(state, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e3:.0f} kB")
    print_scores(arguments.out)


if __name__ == "__main__":
    main()
