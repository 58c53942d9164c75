"""A batch on a disk that fills up: at every page that it asks for, and at every file.

    python tests/bench/full_disk.py [--sizes 60] [--files 40] [--work FOLDER]

Runs a batch of one shot undisturbed, and then again and again into a small file system of its own (tmpfs in a private
mount namespace, so nobody needs to be root): one of so many pages, from none to as many as the batch needs, and of so
many files. Each time

- the batch says in a line that there is no room, with exit code 1, unless it had enough;
- whatever has a final name is byte for byte what the undisturbed run has under it;
- the file system is made larger, and the same command ends in the same bytes, with no temporary file left.

Prints what was met and what was found wrong; the exit code is 1 if anything was. Linux alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from chaos import leftovers, render, shown, write_manifest

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
ENOUGH = "size=256m,nr_inodes=0"  # without a limit of files
_FULL = "No space left on device"
_PRIVATE = ("unshare", "--user", "--map-root-user", "--mount")


def possible() -> bool:
    """Whether file systems of one's own may be mounted here."""
    try:
        return subprocess.run([*_PRIVATE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    except OSError:
        return False


@dataclass
class Disk:
    """Batches on small file systems at ``out``. ``wrong`` has a line for whatever was not as it must be."""

    manifest: Path
    out: Path
    wanted: dict[str, bytes] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def batch(self) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "roto", "batch", str(self.manifest), "-o", str(self.out)]
        return subprocess.run([*program, "--workers", "2", "--quiet"], capture_output=True, text=True)

    def needed(self) -> tuple[int, int]:
        """Run undisturbed; the pages and the files that are there at the end."""
        with mounted(self.out, ENOUGH):
            done = self.batch()
            if done.returncode != 0:
                raise RuntimeError(f"the undisturbed run failed: {done.stderr}")
            self.wanted = shown(self.out)
            stat = os.statvfs(self.out)
            files = sum(1 for _ in self.out.rglob("*"))
            return (stat.f_blocks - stat.f_bfree) * stat.f_frsize // PAGE_BYTES, files

    def fill(self, room: str) -> None:
        """A run that has ``room``, a mount option, and one that has enough."""
        with mounted(self.out, room):
            done = self.batch()
            full = done.returncode == 1 and _FULL in done.stderr
            self.met["no room" if full else "enough"] += 1
            if not (full or done.returncode == 0) or "Traceback" in done.stderr:
                self.wrong.append(f"{room}: exit code {done.returncode}: {done.stderr.strip()[-300:]}")
            self._compare(room, whole=done.returncode == 0)
            subprocess.run(["mount", "-o", f"remount,{ENOUGH}", str(self.out)], check=True)
            again = self.batch()
            if again.returncode != 0:
                self.wrong.append(f"{room}, then enough: exit code {again.returncode}: {again.stderr.strip()[-300:]}")
            self._compare(f"{room}, then enough", whole=True)
            self.wrong += [f"{room}, then enough: {name} is left over" for name in leftovers(self.out)]

    def _compare(self, when: str, whole: bool) -> None:
        found = shown(self.out)
        self.wrong += [f"{when}: {name} differs" for name in found if found[name] != self.wanted.get(name)]
        if whole:
            self.wrong += [f"{when}: {name} is missing" for name in self.wanted if name not in found]


class mounted:  # noqa: N801 - a context manager that reads like a word
    """A file system of its own at ``folder``, with ``options``."""

    def __init__(self, folder: Path, options: str) -> None:
        self._folder, self._options = folder, options

    def __enter__(self) -> None:
        self._folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", self._options, "none", str(self._folder)], check=True)

    def __exit__(self, *error: object) -> None:
        subprocess.run(["umount", str(self._folder)], check=True)


def spread(most: int, count: int) -> Iterator[int]:
    """``count`` whole numbers from 2 to ``most``, evenly."""
    return iter(sorted({int(each) for each in np.linspace(2, most, count)}))


def fill_up(folder: Path, sizes: int, files: int) -> Disk:
    """To be called where :data:`_PRIVATE` has put this process."""
    disk = Disk(write_manifest(render(folder), 1), folder / "out")
    pages, names = disk.needed()
    for count in spread(pages, sizes):
        disk.fill(f"size={count * PAGE_BYTES}")
    for count in spread(names, files):
        disk.fill(f"size=256m,nr_inodes={count}")
    return disk


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, default=60)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--work", type=Path, help="a folder to work in, kept (default: a temporary one)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if not args.inside:
        return subprocess.run([*_PRIVATE, sys.executable, __file__, *arguments, "--inside"]).returncode
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        disk = fill_up(folder, args.sizes, args.files)
        for what, count in sorted(disk.met.items()):
            print(f"{what:18}{count}")
        print(f"{'wrong':18}{len(disk.wrong)}")
        for line in disk.wrong:
            print(f"  {line}")
        return 1 if disk.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
