"""The one connection that writes: a thread that commits whatever has queued meanwhile."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from importer.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

T = TypeVar("T")

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class _Change(Generic[T]):
    """One change and the future that its COMMIT resolves."""

    apply: Callable[[Connection], T]
    done: Future[T]


class Writer:
    """Applies changes in order and resolves each only after its COMMIT has returned.

    There is no timer: a batch is whatever queued while the last one was being committed.
    After the first failure nothing is written any more, and no sync is tried twice.
    """

    def __init__(
        self, connection: Connection, before_commit: Callable[[Connection], None] | None = None
    ) -> None:
        """Take over `connection`; `before_commit` may add to every batch."""
        self._connection = connection
        self._before_commit = before_commit
        self._queue: queue.SimpleQueue[_Change[Any] | None] = queue.SimpleQueue()
        self._failure: LedgerError | None = None
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    @property
    def has_failed(self) -> bool:
        """Return whether the ledger can no longer be written."""
        return self._failure is not None

    def submit(self, change: Callable[[Connection], T]) -> Future[T]:
        """Queue a change; the future resolves once it is durable."""
        done: Future[T] = Future()
        self._queue.put(_Change(change, done))
        return done

    def apply(self, change: Callable[[Connection], T]) -> T:
        """Do a change now and return its value once it is durable."""
        return self.submit(change).result()

    def close(self) -> None:
        """Finish what is queued, then close the connection."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, is_last = self._fill(first)
            self._commit(batch)
            if is_last:
                return

    def _fill(self, first: _Change[Any]) -> tuple[list[_Change[Any]], bool]:
        batch = [first]
        while len(batch) < _BATCH:
            try:
                change = self._queue.get_nowait()
            except queue.Empty:
                break
            if change is None:
                return batch, True
            batch.append(change)
        return batch, False

    def _commit(self, batch: list[_Change[Any]]) -> None:
        if self._failure is None:
            try:
                with self._connection.begin():
                    values = [change.apply(self._connection) for change in batch]
                    if self._before_commit is not None:
                        self._before_commit(self._connection)
            except (SQLAlchemyError, OSError, LedgerError) as error:
                self._failure = _as_ledger_error(error)
            except BaseException as error:  # a bug must not leave callers waiting for ever
                for change in batch:
                    change.done.set_exception(error)
                self._failure = LedgerError("the ledger's writer has stopped")
                raise
            else:
                for change, value in zip(batch, values, strict=True):
                    change.done.set_result(value)
                return
        for change in batch:
            change.done.set_exception(self._failure)


def _as_ledger_error(error: Exception) -> LedgerError:
    if isinstance(error, LedgerError):
        return error
    cause = getattr(error, "orig", None)
    words = str(cause) if cause is not None else type(error).__name__
    return LedgerError(
        f"the ledger cannot be written: {words}",
        todo="free some disk space or mend the disk, then run the same command again",
    )
