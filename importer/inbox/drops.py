"""The files that lie in a folder, or that a pattern names, without what is none of ours."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIXES = frozenset(
    {
        *(".csv", ".tsv", ".txt", ".tab", ".psv", ".gz", ".zip"),
        *(".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"),
    }
)
"""Ends of names that may hold rows; anything else in a folder is somebody's other file."""
_OURS = re.compile(r"\.results(-[0-9]+)?(\.[0-9a-z-]+)*\.(xlsx|csv|jsonl)$", re.IGNORECASE)
"""Results of earlier nights, which lie beside their files."""
_OPEN_IN_OFFICE = ("~$", ".~lock.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A file of an inbox as one look saw it."""

    path: Path
    """Where it lies, on the machine that has it."""
    size: int
    """Bytes."""
    changed_at: datetime
    """When somebody last wrote to it, by the clock of that machine."""
    url: str = ""
    """The address of its folder on another machine; "" for one of this machine."""

    @property
    def place(self) -> str:
        """Return where it lies, as people name it."""
        return f"{self.url}/{self.path.name}" if self.url else str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one look at an inbox saw."""

    drops: tuple[Drop, ...]
    """Whoever came first stands first."""
    others: tuple[Path, ...]
    """Files that no import reads, by their name's end."""


def is_as_it_was(drop: Drop) -> bool:
    """Return whether nobody has written to a file of this machine since it was looked at."""
    return _drop(drop.path) == drop


def folder_of(named: str) -> Path:
    """Return the folder of an inbox; of a pattern the part before the first magic."""
    path = Path(named)
    while glob.has_magic(str(path)):
        path = path.parent
    return path


def is_inbox(named: str) -> bool:
    """Return whether the command line names a folder or a pattern, and not one file."""
    path = Path(named)
    return path.is_dir() or (glob.has_magic(named) and not path.exists())


def prove_folder(named: str) -> None:
    """Raise unless an inbox can be looked into.

    Raises:
        SourceError: There is no such folder, or it may not be read.
    """
    folder = folder_of(named)
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise SourceError(
            f"the folder {folder} cannot be read: {error.strerror}",
            todo="correct its name, or let this user read it",
        ) from None


def drops_in(named: Iterable[str]) -> Found:
    """Look into folders and patterns once; subfolders and hidden files are left alone.

    Args:
        named: Folders and patterns, as the command line names them.
    """
    paths = dict.fromkeys(path for one in named for path in _paths(one))
    return sorted_out(drop for path in paths if (drop := _drop(path)) is not None)


def sorted_out(seen: Iterable[Drop]) -> Found:
    """Return the files that may hold rows, the oldest first, and those that never do."""
    visible = [d for d in seen if not d.path.name.startswith((".", *_OPEN_IN_OFFICE))]
    read = [d for d in visible if d.path.suffix.lower() in _SUFFIXES]
    first = sorted(read, key=lambda drop: (drop.changed_at, drop.path.name))
    return Found(
        drops=tuple(drop for drop in first if not _OURS.search(drop.path.name)),
        others=tuple(sorted(drop.path for drop in visible if drop not in read)),
    )


def _paths(named: str) -> list[Path]:
    folder = Path(named)
    if folder.is_dir():
        return list(folder.iterdir())
    return [Path(found) for found in glob.glob(named)]  # noqa: PTH207 - Path.glob takes no absolute pattern


def _drop(path: Path) -> Drop | None:
    """Return a file as it is now, None when it is no file or is gone again."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not path.is_file():
        return None
    changed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return Drop(path=path, size=status.st_size, changed_at=changed_at)
