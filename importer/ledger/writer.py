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
        self,
        connection: Connection,
        before_commit: Callable[[Connection], None],
        after_commit: Callable[[], None],
    ) -> None:
        """Write on `connection`, alone.

        Args:
            connection: Nobody else writes on it.
            before_commit: May add to every batch.
            after_commit: Is told of every batch on disk before anybody who waits for it.
        """
        self._connection = connection
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._queue: queue.SimpleQueue[_Change[Any] | None] = queue.SimpleQueue()
        self._failure: LedgerError | None = None
        self._is_closed = False
        self._door = threading.Lock()
        """So that nothing queues behind the end, where nobody would answer it."""
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    @property
    def has_failed(self) -> bool:
        """Return whether the ledger can no longer be written."""
        return self._failure is not None

    def submit(self, change: Callable[[Connection], T]) -> Future[T]:
        """Queue a change; the future resolves once it is durable.

        It cannot be cancelled: whoever stops waiting for a change does not take it back.
        """
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()
        with self._door:
            refusal = self._failure
            if refusal is None and self._is_closed:
                refusal = LedgerError("the ledger is closed already")
            if refusal is None:
                self._queue.put(_Change(change, done))
        if refusal is not None:
            done.set_exception(refusal)
        return done

    def apply(self, change: Callable[[Connection], T]) -> T:
        """Do a change now and return its value once it is durable."""
        return self.submit(change).result()

    def close(self) -> None:
        """Finish what is queued and take nothing more; the connection stays open."""
        with self._door:
            self._is_closed = True
            self._queue.put(None)
        self._thread.join()

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
        if self._failure is not None:
            _refuse(batch, self._failure)
            return
        values: list[Any] = []
        try:
            with self._connection.begin():
                for change in batch:
                    values.append(change.apply(self._connection))  # noqa: PERF401 - counts on error
                self._before_commit(self._connection)
            self._after_commit()
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            self._fail(batch, len(values), error)
            return
        for change, value in zip(batch, values, strict=True):
            change.done.set_result(value)

    def _fail(self, batch: list[_Change[Any]], applied: int, error: BaseException) -> None:
        """Refuse a whole batch and all that follows; a bug is told to the change that has it."""
        self._failure = _as_ledger_error(error)
        is_bug = not isinstance(error, SQLAlchemyError | OSError | LedgerError)
        if is_bug and applied < len(batch):
            batch.pop(applied).done.set_exception(error)
        _refuse(batch, self._failure)


def _refuse(batch: list[_Change[Any]], failure: LedgerError) -> None:
    for change in batch:
        change.done.set_exception(failure)


def _as_ledger_error(error: BaseException) -> LedgerError:
    if isinstance(error, LedgerError):
        return error
    cause = getattr(error, "orig", None)
    words = str(cause) if cause is not None else type(error).__name__
    return LedgerError(
        f"the ledger cannot be written: {words}",
        todo="free some disk space or mend the disk, then run the same command again",
    )
