"""The simulated machine's disk: a real ledger whose commits take simulated time and may be cut off.

Every change goes through the ledger's own code into a real database; only the thread that would
commit it is replaced by the timeline, so that the same seed is the same run.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy

from importer.ledger import LedgerFolder, connecting, open_ledger, target_of
from tests.chaos.memory_disk import folder_in_memory
from tests.chaos.simulation.timeline import STARTED, SimulatedLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from importer.ledger import Ledger
    from importer.ledger.writer import Writer

BASE_URL = "http://127.0.0.1:1"
CLIENT_ID = "simulated-clinic"
TARGET = target_of(BASE_URL, CLIENT_ID)


@contextmanager
def disk_in_memory() -> Iterator[Path]:
    """Lend a folder that holds the files of simulated machines."""
    with folder_in_memory("simulated-") as folder, _compiled_once():
        with open_ledger(LedgerFolder(folder / "new"), TARGET, at=STARTED):
            pass  # every machine starts with a copy: to make one takes longer than to use it
        yield folder


@contextmanager
def _compiled_once() -> Iterator[None]:
    """Let all ledgers share their compiled SQL: for a few rows it takes longer than to run it."""
    place: Any = connecting
    first, create_engine = sqlalchemy.create_engine("sqlite://"), sqlalchemy.create_engine

    def create(*args: Any, **options: Any) -> Engine:
        engine = create_engine(*args, **options)
        engine.dialect = first.dialect
        engine._compiled_cache = first._compiled_cache  # noqa: SLF001 - has no public name
        return engine

    place.create_engine = create
    try:
        yield
    finally:
        place.create_engine = create_engine


@dataclass(slots=True, kw_only=True)
class Disk:
    """Holds the ledger of one machine, from process to process."""

    folder: Path
    """Where machines have their files."""
    commit_s: Callable[[], float]
    """How long the next commit takes."""
    step: Callable[[], object]
    """Told of every moment at which a crash would leave something else behind."""
    _ledger: LedgerFolder = field(init=False)
    _crashes: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Start with an empty ledger."""
        self._ledger = LedgerFolder(self.folder / "machine")
        shutil.copytree(self.folder / "new", self._ledger.path)

    @contextmanager
    def opened(self, at: datetime) -> Iterator[Ledger]:
        """Open the ledger for one process."""
        with open_ledger(self._ledger, TARGET, at=at) as ledger:
            _SteppedQueue(ledger._writer, self)  # noqa: SLF001 - the one thread of the product
            try:
                yield ledger
            finally:
                if ledger.folder != self._ledger:  # of a process that was killed: gone with it
                    shutil.rmtree(ledger.folder.path)

    def crash(self) -> None:
        """Keep what is on the disk now; what the process still writes, it writes nowhere."""
        self._crashes += 1
        left = LedgerFolder(self.folder / f"machine-{self._crashes}")
        shutil.copytree(self._ledger.path, left.path)
        self._ledger = left

    def read(self) -> LedgerFolder:
        """Return the folder, to be read while no process has it open."""
        return self._ledger

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self._ledger.path)


class _SteppedQueue:
    """Stands between the ledger's writer and its thread: commits when the timeline says so."""

    def __init__(self, writer: Writer, disk: Disk) -> None:
        self._writer, self._disk = writer, disk
        self._thread, writer._queue = writer._queue, self  # type: ignore[assignment]  # noqa: SLF001 - it takes its place
        self._changes: list[Any] = []
        self._is_committing = False

    def get(self) -> Any:
        """Wait for the end, as the thread does that had not begun when it was left without work."""
        return self._thread.get()

    def put(self, change: Any) -> None:
        """Queue a change, None to end: it is committed after a while, at once outside posting."""
        if change is not None:
            self._changes.append(change)
        loop = _loop_now()
        if change is None or loop is None or loop.is_over or loop.is_in_thread:
            self._commit()
        elif not self._is_committing:
            self._is_committing = True
            loop.call_later(self._disk.commit_s(), self._commit_later, loop)
        if change is None:
            self._thread.put(None)

    def _commit_later(self, loop: SimulatedLoop) -> None:
        self._is_committing = False
        if not loop.is_over:
            self._disk.step()
        self._commit()
        if not loop.is_over:
            self._disk.step()

    def _commit(self) -> None:
        changes, self._changes = self._changes, []
        if changes:
            self._writer._commit(changes)  # noqa: SLF001 - what its thread would call


def _loop_now() -> SimulatedLoop | None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    assert isinstance(loop, SimulatedLoop)
    return loop
