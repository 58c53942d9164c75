"""Kills, damage and full disks: does a batch end in the bytes of one that nobody disturbed?

    python tests/bench/chaos.py [--kills 200] [--seed 1] [--workers 2 | --scheduler local:2] [--shots 4] [--work FOLDER]

Renders a clip, runs a batch of it once undisturbed, and then again and again elsewhere, until so many of its processes
have been killed with SIGKILL: a worker, or the one that drives them, at a moment drawn from the seed. Some rounds
also have no room for a write (a limit on the size of files, so that every larger write fails as on a full disk), cut a
record of the work store short, flip a bit in one, set back its time by a day, or take the source away for a moment.
When nothing is left of the kills, the batch runs to its end. After every kill, and at the end:

- whatever has a final name is byte for byte what the undisturbed run has under it;
- no process is left that was started;
- at the end all files are there, and no temporary file is left.

Prints a table of what was done and what was found wrong; the exit code is 1 if anything was.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import psutil

SIZE, FRAMES, FIRST = (160, 120), 14, 1001
TELLS_TIMES = ("batch.html",)  # the one file that differs from run to run
EXPORTS = ("png", "ffv1", "exr")
DISTURBANCES = ("worker", "driver", "worker", "driver", "truncate", "flip", "old", "full", "vanish")


def render(folder: Path) -> Path:
    """A clip of a disc over noise and its first matte; returns the manifest's folder."""
    rng = np.random.default_rng(3)
    width, height = SIZE
    back = cv2.resize(rng.random((height // 6, width // 6, 3), np.float32), SIZE) * 0.7
    fore = cv2.resize(rng.random((height // 4, width // 4, 3), np.float32), SIZE) * 0.4 + 0.5
    y, x = np.mgrid[:height, :width] + 0.5
    (folder / "clip").mkdir(parents=True, exist_ok=True)
    for i in range(FRAMES):
        matte = np.clip(25.5 - np.hypot(x - 50 - 3 * i, y - 60), 0, 1)[..., None]
        picture = back * (1 - matte) + np.roll(fore, 3 * i, 1) * matte
        cv2.imwrite(str(folder / "clip" / f"shot.{FIRST + i}.png"), np.rint(picture * 255).astype(np.uint8))
        if i == 0:
            cv2.imwrite(str(folder / "key.png"), np.rint(matte[..., 0] * 255).astype(np.uint8))
    return folder


def write_manifest(folder: Path, shots: int) -> Path:
    lines = [f"defaults = {{exports = {list(EXPORTS)}, track = {{propagator = 'classical', segmenter = 'local'}}}}"]
    for index in range(shots):
        lines += ["[[shot]]", f"name = 'sh{index:03d}'", "source = 'clip/shot.####.png'"]
        lines += [f"range = '{FIRST}-{FIRST + FRAMES - 1 - index % 5}'", f"masks = {{{FIRST} = 'key.png'}}"]
        if index % 2:
            lines += ["edge = ['stabilise']", "stack = ['solid', 'rotoscope,operation=multiply']"]
    path = folder / "night.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def shown(folder: Path) -> dict[str, bytes]:
    """What has a final name below a folder. A file may go while this looks."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if not any(part.startswith(".") for part in name.parts) and name.name not in TELLS_TIMES:
            try:
                found[str(name)] = path.read_bytes()
            except (IsADirectoryError, FileNotFoundError):
                continue
    return found


def leftovers(folder: Path) -> list[str]:
    """Temporary files and folders."""
    names = [path.relative_to(folder) for path in folder.rglob("*")]
    return [
        str(name)
        for name in names
        if name.name.endswith(".tmp") or ".part" in name.name or (name.name.startswith(".") and name.name != ".roto")
    ]


@dataclass
class Chaos:
    """A batch that is disturbed. ``wrong`` has a line for whatever was not as it must be."""

    manifest: Path
    out: Path
    wanted: dict[str, bytes]
    random: random.Random
    workers: int = 2
    longest_s: float = 4.0  # how late something is killed at most
    scheduler: str | None = None  # of Dask, instead of workers of the batch's own
    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def command(self) -> list[str]:
        program = [sys.executable, "-m", "roto", "batch", str(self.manifest), "-o", str(self.out)]
        who = ["--workers", str(self.workers)] if self.scheduler is None else ["--scheduler", self.scheduler]
        return [*program, *who, "--quiet", "--retry", "20"]

    def start(self, limit: int | None = None) -> psutil.Popen:
        def bounded() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return psutil.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=bounded
        )

    def disturb(self, what: str) -> None:
        """Start the batch, disturb it once, and let it end, if it can. Where it was whole at the end, all is compared
        and, most times, removed, so that the next begins anew."""
        self.done[what] += 1
        restore: Callable[[], None] | None = None
        if what in ("truncate", "flip", "old"):
            self._damage(what)
        if what == "vanish":
            restore = self._take_source()
        process = self.start(self.random.choice([200, 1000, 4000]) if what == "full" else None)
        children: dict[int, psutil.Process] = {}
        if what in ("worker", "driver"):
            moment = time.monotonic() + self.random.uniform(0.2, self.longest_s)
            while process.poll() is None and time.monotonic() < moment:
                children |= {child.pid: child for child in _children(process)}
                time.sleep(0.02)
            alive = _children(process)
            children |= {child.pid: child for child in alive}
            if process.poll() is None:
                victims = [child for child in alive if "spawn_main" in " ".join(_words(child))]
                victim = self.random.choice(victims) if what == "worker" and victims else process
                try:
                    victim.send_signal(signal.SIGKILL)
                    self.done["kills"] += 1
                except psutil.NoSuchProcess:
                    pass
        try:
            _, error = process.communicate(timeout=300)
        finally:
            if restore is not None:
                restore()
        # a worker that was still starting when its driver was killed may say that nobody tells it what to do
        if process.returncode not in (0, 1, -signal.SIGKILL) or (process.returncode >= 0 and "Traceback" in error):
            self.wrong.append(f"{what}: exit code {process.returncode}: {error.strip()[-300:]}")
        self._look(what, children)
        if process.returncode == 0:
            self.finish()
            if self.random.random() < 0.7:
                shutil.rmtree(self.out, ignore_errors=True)

    def finish(self) -> None:
        """Run to the end, and compare."""
        self.done["compared"] += 1
        process = self.start()
        _, error = process.communicate(timeout=300)
        if process.returncode != 0:
            self.wrong.append(f"the last run: exit code {process.returncode}: {error.strip()[-300:]}")
        found = shown(self.out)
        for name in sorted(found.keys() ^ self.wanted.keys()):
            self.wrong.append(f"{name} is {'missing' if name in self.wanted else 'there and should not be'}")
        self._look("the last run", {})
        self.wrong += [f"{name} is left over" for name in leftovers(self.out)]

    def _look(self, what: str, children: dict[int, psutil.Process]) -> None:
        """Compare what has a final name, and see that nobody lives on."""
        for name, data in shown(self.out).items():
            if name in self.wanted and data != self.wanted[name]:
                self.wrong.append(f"{what}: {name} differs, {_difference(data, self.wanted[name])}")
        _, alive = psutil.wait_procs(list(children.values()), timeout=15)
        for process in alive:
            self.wrong.append(f"{what}: process {process.pid} lives on")
            process.kill()

    def _damage(self, what: str) -> None:
        records = sorted(path for path in self.out.glob("*/.roto/spans/*/**/*") if path.is_file())
        if not records:
            return
        path = self.random.choice(records)
        data = bytearray(path.read_bytes())
        if what == "old":
            day_before = path.stat().st_mtime - 86400
            os.utime(path, (day_before, day_before))
            return
        if what == "truncate" or not data:
            path.write_bytes(data[: self.random.randrange(len(data) + 1)])
        else:
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
            path.write_bytes(data)
        shot = path.relative_to(self.out).parts[0]
        for export in (self.out / shot).glob("matte*"):  # so that the record is needed again
            shutil.rmtree(export, ignore_errors=True)

    def _take_source(self) -> Callable[[], None]:
        clip, away = self.manifest.parent / "clip", self.manifest.parent / "away"
        clip.rename(away)

        def restore() -> None:
            away.rename(clip)

        return restore


def _difference(found: bytes, wanted: bytes) -> str:
    """Where two files differ, and how many pixels do if they are pictures."""
    first = next(
        (at for at, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), min(map(len, (found, wanted)))
    )
    where = f"{len(found)} bytes for {len(wanted)}, from byte {first}"
    pictures = [cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_UNCHANGED) for each in (found, wanted) if each]
    if len(pictures) != 2 or any(each is None for each in pictures) or pictures[0].shape != pictures[1].shape:
        return where
    apart = np.abs(pictures[0].astype(np.int64) - pictures[1])
    return f"{where}; {np.count_nonzero(apart)} values by up to {apart.max()}"


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def undisturbed(manifest: Path, out: Path, workers: int) -> tuple[dict[str, bytes], float]:
    """What a run that nobody disturbs delivers, and in how many seconds. It lies where the disturbed one will: a report
    names its files."""
    started = time.monotonic()
    calm = Chaos(manifest, out, {}, random.Random(0), workers)
    process = calm.start()
    _, error = process.communicate(timeout=600)
    if process.returncode != 0:
        raise RuntimeError(f"the undisturbed run failed: {error}")
    wanted = shown(out)
    shutil.rmtree(out)
    return wanted, time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scheduler", help="of Dask: local:N starts one with N workers, which are killed then")
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--work", type=Path, help="a folder to work in, kept (default: a temporary one)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = render(args.work or Path(temporary))
        manifest, out = write_manifest(folder, args.shots), folder / "out"
        started = time.monotonic()
        wanted, seconds = undisturbed(manifest, out, args.workers)
        chaos = Chaos(manifest, out, wanted, random.Random(args.seed), args.workers, seconds, args.scheduler)
        while chaos.done["kills"] < args.kills:
            chaos.disturb(chaos.random.choice(DISTURBANCES))
            told = f"{chaos.done['kills']} of {args.kills} kills, {len(chaos.wrong)} wrong"
            print(f"\r{told}, {time.monotonic() - started:.0f} s", end="", file=sys.stderr, flush=True)
        chaos.finish()
        print(file=sys.stderr)
        print(f"{'what':18}times")
        for what, count in sorted(chaos.done.items()):
            print(f"{what:18}{count}")
        print(f"{'files compared':18}{len(wanted)}")
        print(f"{'seconds':18}{time.monotonic() - started:.0f}")
        print(f"{'wrong':18}{len(chaos.wrong)}")
        for line in chaos.wrong:
            print(f"  {line}")
        return 1 if chaos.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
