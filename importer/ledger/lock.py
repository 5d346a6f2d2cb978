"""One writer at a time: an OS lock that a killed process gives up by itself."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from importer.errors import LedgerBusy

if TYPE_CHECKING:
    from pathlib import Path


class LedgerLock:
    """Holds the ledger for this process, and says in the lock file who that is."""

    def __init__(self, path: Path) -> None:
        """Name the lock file; nothing is locked yet."""
        self._path = path
        self._fd: int | None = None

    def acquire(self, *, since: str) -> Self:
        """Take the lock at once or not at all.

        Raises:
            LedgerBusy: Another process holds it; the message names the holder.
        """
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(fd)
            os.ftruncate(fd, 0)
            os.pwrite(fd, json.dumps({"pid": os.getpid(), "since": since}).encode(), 0)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        return self

    def release(self) -> None:
        """Give the lock up; the file stays, so that nobody locks two different files."""
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):  # a name left behind is of a process that has ended
                os.ftruncate(fd, 0)
            os.close(fd)

    def _lock(self, fd: int) -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(fd) from None


def refuse_if_held(path: Path) -> None:
    """Raise if another process holds the ledger; the lock is left as it is.

    Raises:
        LedgerBusy: One does; the message names it.
    """
    if not is_held(path):
        return
    # The number of a process that was killed may be another's by now: only the lock knows.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(fd) from None
    finally:
        os.close(fd)


def _busy(fd: int) -> LedgerBusy:
    holder = os.pread(fd, 4096, 0).decode(errors="replace")
    return LedgerBusy(
        f"another run holds this ledger{_describe(holder)}",
        todo="wait until it has ended, then run the same command again",
    )


def is_held(path: Path) -> bool:
    """Return whether a living process says in the lock file that it holds the ledger.

    It only reads: trying the lock could turn away a run that starts at this very moment.
    """
    try:
        pid = int(json.loads(path.read_text())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return pid > 0 and _is_alive(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _describe(holder: str) -> str:
    try:
        who = json.loads(holder)
        return f": process {int(who['pid'])}, since {who['since']}"
    except (ValueError, KeyError, TypeError):
        return ""
