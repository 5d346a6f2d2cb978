"""Bugs of processes: what a stop, a second run, a log or a temporary file can do wrong."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from importer.ledger.lock import LedgerLock
from importer.model import NotTaken, NotTakenCause
from importer.posting import poster, records, sender, session
from importer.results import xlsx
from tests.chaos.planted import Replace, bug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.ledger import PlannedRequest
    from importer.model import Outcome


@bug("lock-removed")
def _lock_removed(replace: Replace) -> None:
    """Two runs write to one ledger."""

    def lock(_self: LedgerLock, _fd: int) -> None:
        """Let everybody in."""

    replace(LedgerLock, "_lock", lock)


@bug("sigterm-kills-mid-send")
def _no_drain(replace: Replace) -> None:
    """A stop waits for no answer, and takes what is in flight for not sent."""
    replace(session, "_DRAIN_S", 0.0)
    replace(sender, "_interrupted", _never_sent)


@bug("unknown-after-stop-is-ready")
def _ready_after_stop(replace: Replace) -> None:
    """A second stop puts what it abandons back to `ready`."""

    def abandon(self: poster.Poster, *, leaves_sending: bool) -> None:
        del leaves_sending
        for worker in self._workers:
            worker.cancel()

    replace(poster.Poster, "abandon", abandon)
    replace(sender, "_interrupted", _never_sent)


@bug("body-in-log")
def _body_in_log(replace: Replace) -> None:
    """A log line for the person who looks for a fault shows the request."""

    def log_row(request: PlannedRequest, outcome: Outcome) -> None:
        structlog.get_logger().info(f"{type(outcome).__name__}: {request.body.decode()}")

    replace(records, "_log_row", log_row)


@bug("temp-in-tmpdir")
def _temp_in_tmpdir(replace: Replace) -> None:
    """The rows of the results wait where every program's temporary files are."""

    @contextmanager
    def private_folder(_work_dir: Path) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="solv-import-") as folder:
            yield Path(folder)

    replace(xlsx, "private_folder", private_folder)


@bug("crash-with-a-patient")
def _crash(replace: Replace) -> None:
    """An error of our own quotes a request: the report must not, and nothing else may."""

    def log_row(request: PlannedRequest, outcome: Outcome) -> None:
        raise ValueError(request.body.decode(), outcome)

    replace(records, "_log_row", log_row)


def _never_sent(*, has_left: bool) -> Outcome:
    del has_left
    return NotTaken(cause=NotTakenCause.HELD_BACK, left=False)
