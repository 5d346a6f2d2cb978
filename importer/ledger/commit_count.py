"""How many changes a ledger has taken, told beside it: one that was rolled back holds fewer."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from importer.errors import LedgerError
from importer.ledger.disk import write_durably
from importer.ledger.folder import RESTORE

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS = 20


class CommitCount:
    """Counts commits in a small file that is written over in place, and not waited for.

    Whatever kills the process, it tells of every commit that anybody was told of. A power loss may
    take it back, but it never runs ahead, as it counts only what is on disk: so a ledger that
    holds fewer was put in the place of a newer one.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; `open` opens it."""
        self._path = path
        self._fd: int | None = None

    def make(self, commits: int) -> None:
        """Make the file, durably."""
        write_durably(self._path, _line(commits))

    def told(self) -> int | None:
        """Return how many commits it tells of, None when there is no such file.

        Raises:
            LedgerError: It does not say what we write.
        """
        try:
            line = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            line = b""
        if len(line) != _DIGITS + 1 or not line[:-1].isdigit():
            raise LedgerError(f"{self._path} cannot be read", todo=RESTORE)
        return int(line)

    def open(self) -> None:
        """Open it for writing."""
        self._fd = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)

    def note(self, commits: int) -> None:
        """Tell of so many commits; where the disk refuses that, it goes on telling of fewer."""
        if self._fd is not None:
            with suppress(OSError):
                os.pwrite(self._fd, _line(commits), 0)

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _line(commits: int) -> bytes:
    return f"{commits:0{_DIGITS}}\n".encode()
