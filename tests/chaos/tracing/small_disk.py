"""A disk of a few kilobytes, which really gets full: a tmpfs that only root can mount."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.needs import need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LARGE = "size=64m"


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted disk."""

    path: Path

    def mend(self) -> None:
        """Make room."""
        _run("mount", "-o", f"remount,{_LARGE}", str(self.path))


@contextmanager
def small_disk(path: Path, kib: int) -> Iterator[SmallDisk]:
    """Lend a disk of that many KiB, mounted at `path`."""
    path.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"mode=700,size={kib}k", "tmpfs", str(path))
    try:
        yield SmallDisk(path)
    finally:
        _run("umount", "--lazy", str(path))


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Have one file or folder that nobody can write."""
    _run("mount", "--bind", str(path), str(path))
    try:
        _run("mount", "-o", "remount,bind,ro", str(path))
        yield
    finally:
        _run("umount", "--lazy", str(path))


def needs_mounts() -> None:
    """Skip the test where nothing can be mounted; with `CI=true` fail it: it must run there."""
    need(_why_not())


@functools.cache
def _why_not() -> str:
    with tempfile.TemporaryDirectory() as folder:
        try:
            _run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder)
        except (OSError, subprocess.CalledProcessError):
            return "a disk that gets full is a tmpfs of its own, which only root can mount"
        _run("umount", "--lazy", folder)
    return ""


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
