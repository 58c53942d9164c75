"""Train the propagator's networks on rendered clips.

    python -m weights.train.train --work FOLDER [--rounds N] [--clips N] [--steps N] [--workers N] [--device cpu|cuda]

Rounds of two halves that run at the same time: workers render fresh clips and run the propagator over them with the
averaged weights of the round before, keeping what its networks saw; the learner takes steps on what the last rounds
gathered. The appearance network's start moves towards what it was fitted to. Everything follows from ``--seed``,
whatever the number of workers; FOLDER holds a checkpoint of every round, and the same command goes on from the last.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import connection, get_context, parent_process
from pathlib import Path

import numpy as np
import torch

from roto.track.learned.appearance import AppearanceNet
from roto.track.learned.certainty import FACTS

from .gather import Gathered, Job, gather
from .learner import Learner, Pool, draw
from .rollout import Effort

_FUSION_EVERY = 2  # steps: the other network is small and learns fast
_RIDGE = 1.0
_KEPT_ROUNDS = 6  # of samples
_APPEARANCE_RATE = 0.25  # how far its start moves towards the mean of what was fitted, each round


def _end_with_parent() -> None:
    """A worker whose trainer was killed must not go on."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def pools(stored: Sequence[dict], kind: str) -> list[Pool]:
    return [Pool(**{name: x.numpy() for name, x in clip[kind].items()}) for clip in stored if clip[kind]]


def regressed(facts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Weights of the logistic regression from a frame's facts to its overlap, by Newton's method."""
    rows = torch.cat(list(facts)).double()
    known, reached = rows[:, :-1], rows[:, -1]
    weights = torch.zeros(known.shape[1], dtype=torch.float64)
    for _ in range(30):
        share = torch.sigmoid(known @ weights)
        slope = known.T @ (reached - share) - _RIDGE * weights
        bend = (known.T * (share * (1 - share))) @ known + _RIDGE * torch.eye(len(weights), dtype=torch.float64)
        weights += torch.linalg.solve(bend, slope)
    return weights.float()


def reach(round_: int) -> int:
    """Frames that a pass may run: few at first, while the networks are poor."""
    return 8 if round_ < 2 else 16 if round_ < 4 else 30 if round_ < 7 else 1000


class Training:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.folder: Path = args.work
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(args.seed)
        self.learner = Learner(args.device, args.rate)
        self.appearance = AppearanceNet()
        self.confidence = torch.zeros(FACTS)
        self.round = 0
        self.rng = np.random.default_rng(args.seed)
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True, map_location=args.device)
            self.learner.load(state["learner"])
            self.appearance.load_state_dict(state["appearance"])
            self.confidence = state["confidence"]
            self.round = state["round"]
        elif args.start:
            state = torch.load(args.start, weights_only=True, map_location=args.device)
            for nets in (self.learner.nets, self.learner.average):
                nets.load_state_dict({f"{kind}.{k}": v for kind in nets for k, v in state[kind].items()})
            self.appearance.load_state_dict(state["appearance"])

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def weights(self) -> dict:
        average = {kind: net.state_dict() for kind, net in self.learner.average.items()}
        cpu = {kind: {name: x.detach().cpu() for name, x in state.items()} for kind, state in average.items()}
        return cpu | {"appearance": self.appearance.state_dict(), "confidence": {"weights": self.confidence}}

    def save(self) -> None:
        state = {"learner": self.learner.state(), "appearance": self.appearance.state_dict(), "round": self.round}
        _write(state | {"confidence": self.confidence}, self.checkpoint)
        _write(self.weights(), self.folder / "weights.pt")

    def samples(self, round_: int) -> list[Path]:
        return [self.folder / f"samples-{round_:04d}-{at:03d}.pt" for at in range(self.args.clips)]

    def run(self) -> None:
        args = self.args
        kept: dict[int, list[dict]] = {}
        for past in range(max(0, self.round - _KEPT_ROUNDS), self.round):
            kept[past] = [
                torch.load(path, weights_only=True, mmap=True) for path in self.samples(past) if path.exists()
            ]
        with ProcessPoolExecutor(
            args.workers, mp_context=get_context("spawn"), initializer=_end_with_parent
        ) as workers:
            while self.round <= args.rounds:
                began = time.monotonic()
                jobs = self._submit(workers) if self.round < args.rounds else []
                losses = self._learn([clip for clips in kept.values() for clip in clips])
                learned = time.monotonic() - began
                gathered = [job.result() for job in jobs]
                kept[self.round] = [torch.load(g.path, weights_only=True, mmap=True) for g in gathered]
                self._move_appearance([clip["looks"] for clip in kept[self.round] if clip["looks"]])
                for old in [past for past in kept if past <= self.round - _KEPT_ROUNDS]:
                    del kept[old]
                    for path in self.samples(old):
                        path.unlink(missing_ok=True)
                self._tell(gathered, losses, learned, time.monotonic() - began)
                self.confidence = regressed([clip["facts"] for clips in kept.values() for clip in clips])
                self.round += 1
                self.save()

    def _submit(self, workers: ProcessPoolExecutor) -> list[Future[Gathered]]:
        path = self.folder / "acting.pt"
        _write(self.weights(), path)
        effort = Effort(reach=reach(self.round) if not self.args.start else 1000, fit_steps=self.args.fit_steps)
        return [
            workers.submit(
                gather, Job(self.args.seed, self.round, at, path, out, effort, 48 if at % 4 else 72, self.args.footage)
            )
            for at, out in enumerate(self.samples(self.round))
        ]

    def _learn(self, stored: list[dict]) -> tuple[float, float]:
        if not stored:
            return 0.0, 0.0
        seen, joined = pools(stored, "propagation"), pools(stored, "fusion")
        rng = np.random.default_rng([self.args.seed, 1, self.round])
        total = np.zeros(2)
        for step in range(self.args.steps):
            progress = (self.round - 1 + step / self.args.steps) / self.args.rounds
            other = draw(joined, self.args.batch, rng, fusion=True) if step % _FUSION_EVERY == 0 and joined else None
            total += self.learner.step(draw(seen, self.args.batch, rng, fusion=False), other, progress)
        return total[0] / self.args.steps, _FUSION_EVERY * total[1] / self.args.steps

    def _move_appearance(self, fitted: list[dict]) -> None:
        if not fitted:
            return
        state = self.appearance.state_dict()
        for name, value in state.items():
            if value.is_floating_point():
                value.lerp_(torch.stack([net[name] for net in fitted]).mean(0), _APPEARANCE_RATE)
        self.appearance.load_state_dict(state)

    def _tell(self, gathered: list[Gathered], losses: tuple[float, float], learned: float, took: float) -> None:
        row = {
            "round": self.round,
            "loss": round(losses[0], 4),
            "fusion_loss": round(losses[1], 4),
            "overlap": round(float(np.mean([g.overlap for g in gathered])), 4) if gathered else None,
            "fused_overlap": round(float(np.nanmean([g.fused for g in gathered])), 4) if gathered else None,
            "learning_s": round(learned),
            "round_s": round(took),
        }
        with (self.folder / "progress.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")
        left = (self.args.rounds - self.round) * took / 60
        print(" ".join(f"{k} {v}" for k, v in row.items()), f"about {left:.0f} min left", flush=True)


def _write(state: dict, path: Path) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and samples")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--clips", type=int, default=6, help="fresh clips a round")
    parser.add_argument("--steps", type=int, default=500, help="training steps a round")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--fit-steps", type=int, default=40, help="of the appearance network, on each clip")
    parser.add_argument("--workers", type=int, default=max((os.cpu_count() or 2) - 1, 1))
    parser.add_argument("--threads", type=int, default=1, help="of the learner; its result depends on them")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--footage", type=Path, help="real sequences to mix in, a folder laid out as DAVIS is")
    parser.add_argument("--start", type=Path, help="weights to go on from, with full passes at once")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    Training(args).run()


if __name__ == "__main__":
    main()
