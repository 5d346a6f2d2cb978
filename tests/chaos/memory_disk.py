"""A folder that is only memory: what loses no power here need not wait for a disk."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it is private


@contextmanager
def folder_in_memory(prefix: str) -> Iterator[Path]:
    """Lend a folder, in memory where the system has such a place."""
    place = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place) as folder:
        yield Path(folder)
