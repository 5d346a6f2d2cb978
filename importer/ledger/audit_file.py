"""The audit file beside the ledger: a line is on disk before the ledger says that it is there."""

from __future__ import annotations

import os
import platform
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.audit import (
    AuditKind,
    Entry,
    Tip,
    Writer,
    after,
    end_of,
    read_following,
    sealed_line,
)
from importer.errors import LedgerError
from importer.ledger.disk import sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

_META = ("audit_number", "audit_digest")

PUT_BACK = (
    "put it back as it was (solv-import verify --audit names the line); or move it away, keep it "
    "for whoever audits, and make an empty file in its place: the next run begins it anew, and "
    "says so"
)
"""What to do about an audit file that is not what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """How the file ends, held against what the ledger knows of it."""

    tip: Tip
    """Its last whole line."""
    size: int = 0
    """Bytes up to the end of that line."""
    unwritten: tuple[int, ...] = ()
    """Numbers of lines that the ledger does not know: a crash took their change back."""
    torn_bytes: int = 0
    """What a crash left of one more."""
    lost: int = 0
    """Lines that an empty file has lost: it begins anew."""


class AuditFile:
    """Adds lines to the end of the file; nothing in it is ever changed."""

    def __init__(self, path: Path, key: bytes, tail: Tail) -> None:
        """Name the file; `open` opens it."""
        self._path = path
        self._key = key
        self._tail = tail
        self._tip = tail.tip
        self._fd: int | None = None

    def open(self) -> None:
        """Open it, or make it; what a crash left of a line goes.

        Raises:
            LedgerError: The disk refuses it.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._fd = os.open(self._path, flags, 0o600)
            if os.fstat(self._fd).st_size > self._tail.size:
                os.ftruncate(self._fd, self._tail.size)
                os.fsync(self._fd)
            sync_folder(self._path.parent)
        except OSError as error:
            raise self._refused(error) from None

    def add(self, entry: Entry, at: datetime) -> dict[str, str]:
        """Put one line on disk; return what the ledger must keep of it.

        Raises:
            LedgerError: The disk refuses it.
        """
        line = sealed_line(entry, self._tip, at=at, who=whoami(), key=self._key)
        try:
            self._write(line)
        except OSError as error:
            raise self._refused(error) from None
        self._tip = after(self._tip, line)
        return facts_of(self._tip)

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _write(self, line: bytes) -> None:
        assert self._fd is not None  # noqa: S101 - opened with the ledger
        while line:
            line = line[os.write(self._fd, line) :]
        os.fsync(self._fd)

    def _refused(self, error: OSError) -> LedgerError:
        return LedgerError(
            f"the audit file {self._path} cannot be written: {error.strerror}",
            todo="free some disk space or mend the disk, then run the same command again",
        )


def facts_of(tip: Tip) -> dict[str, str]:
    """Return what the ledger keeps of the end of the file, by its names there."""
    return dict(zip(_META, (str(tip.number), tip.digest), strict=True))


def tip_in(facts: Mapping[str, str]) -> Tip:
    """Return what the ledger keeps of the end of the file."""
    number, digest = (facts.get(name, "") for name in _META)
    return Tip(number=int(number or 0), digest=digest)


def read_tail(path: Path, facts: Mapping[str, str], key: bytes, *, was_closed: bool) -> Tail:
    """Return how the file ends, if the ledger, or a crash, can have left it so.

    Args:
        path: The file.
        facts: What the ledger says about itself.
        key: Its key.
        was_closed: The last process ended in order, so that the ledger knows every line.

    Raises:
        LedgerError: It is missing, or does not end as the ledger knows.
    """
    tip = tip_in(facts)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if tip.number:
            raise LedgerError(f"the audit file {path} is missing", todo=PUT_BACK) from None
        return Tail(tip=tip)
    except OSError as error:
        raise LedgerError(
            f"the audit file {path} cannot be read: {error.strerror}", todo=PUT_BACK
        ) from None
    if tip.number and not content:
        return Tail(tip=tip, lost=tip.number)
    end = end_of(content, tip)
    if end is None or (was_closed and end < len(content)):
        raise LedgerError(f"the audit file {path} does not end as the ledger knows", todo=PUT_BACK)
    lines, last, following = read_following(content[end:], tip, key)
    return Tail(
        tip=last,
        size=end + following,
        unwritten=tuple(line.number for line in lines),
        torn_bytes=len(content) - end - following,
    )


def opening_entry(tail: Tail, about: Mapping[str, Any]) -> Entry | None:
    """Return what must be told first, None when the file goes on as it was left.

    Args:
        tail: How it was left.
        about: What is told of the ledger where the file begins.
    """
    if tail.lost or not tail.tip.number:
        return Entry(kind=AuditKind.BEGUN, facts={**about, "lost_lines": tail.lost})
    if tail.unwritten or tail.torn_bytes:
        told = {"unwritten": list(tail.unwritten), "torn_bytes": tail.torn_bytes}
        return Entry(kind=AuditKind.RECOVERED, facts=told)
    return None


def whoami() -> Writer:
    """Return the user of this process and the name of this machine, as the system has them."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:  # as in a container that knows no users
        user = f"uid {uid}"
    return Writer(user=user, host=platform.node())
