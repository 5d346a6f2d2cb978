"""The ledger, open for writing: what was sent and what came of it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import delete, insert, update

from importer import __version__
from importer.errors import LedgerError
from importer.ledger import changes, planning
from importer.ledger.audit_file import AuditFile, opening_entry
from importer.ledger.connecting import empty_log, hang_up, read_meta, write_meta
from importer.ledger.decisions import Refusal, Ruling, decide, decided_entry
from importer.ledger.folder import RESTORE
from importer.ledger.history import History
from importer.ledger.lock import LedgerLock
from importer.ledger.opening import Opened, note_closing, open_for_writing
from importer.ledger.rescue import RescuedAnswer, RescueFile
from importer.ledger.schema import meta_table, written_table
from importer.ledger.writer import Writer
from importer.signals import PATIENCE, kept_waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future
    from datetime import datetime
    from types import TracebackType

    from sqlalchemy import Connection

    from importer.audit import Entry
    from importer.ledger.folder import LedgerFolder, Phase, Target
    from importer.ledger.records import NewRun, PlannedRow
    from importer.model import Outcome, State
    from importer.problems import ProblemCode

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceMemory:
    """What the next process must know of the pace: wall-clock times, ISO 8601."""

    rate: str = ""
    last_request_at: str = ""
    paused_until: str = ""


class Ledger:
    """Everything that writes to the ledger of one target; one process at a time.

    Use it as a context manager. Changes made while posting return a future that resolves after
    their COMMIT; everything else waits for it.
    """

    def __init__(
        self, folder: LedgerFolder, opened: Opened, lock: LedgerLock, rescue: RescueFile
    ) -> None:
        """Take over what `open_ledger` has opened."""
        self.folder = folder
        self.key = opened.key
        self.ledger_id = opened.ledger_id
        self.interrupted = 0
        """How many rows were found `sending` and are unknown now."""
        self.has_purged = False
        """What was deleted must not stay in the log, either."""
        self._opened = opened
        self._lock = lock
        self._rescue = rescue
        self._audit = AuditFile(folder.audit_file, opened.key, opened.tail)
        self._last_request_at = self._kept_request_at = ""
        self._commits = opened.commits
        self._place = _place_of(folder)
        self._writer = Writer(opened.connection, self._complete_batch, self._count_batch)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close in order; after a failed write the sidecar is left as a crash would leave it.

        A half-closed ledger looks like a lost log: no hurry of anybody may leave one.
        """
        with kept_waiting(most=PATIENCE):
            connection = self._opened.connection
            try:
                self._writer.close()
                if self._note_closing("closing"):
                    if self.has_purged:
                        empty_log(connection)
                    connection.close()
                    self._note_closing("closed")
                else:
                    hang_up(connection, self.folder.database)
            finally:
                self._opened.count.close()
                self._audit.close()
                self._rescue.close()
                self._lock.release()

    @property
    def has_failed(self) -> bool:
        """Return whether the ledger can no longer be written."""
        return self._writer.has_failed

    def history(self) -> History:
        """Return a read-only view, on a connection of its own.

        A ledger that has failed may no longer be where it was; what it holds is still shown.
        """
        over = self._opened.connection if self._writer.has_failed else None
        return History(self.folder.database, over)

    def plan(self, change: Callable[[Connection], T]) -> T:
        """Do one planning step, durably; see `importer.ledger.planning`."""
        return self._writer.apply(change)

    def tell(self, entry: Entry, change: Callable[[Connection], T], *, at: datetime) -> T:
        """Do a step that the audit tells of, durably: both, or after a crash neither.

        The line is on disk before the ledger is; one that the ledger does not know, because a
        crash came between, is called so by the next opening.
        """

        def told(connection: Connection) -> T:
            value = change(connection)
            self._add_line(connection, entry, at)
            return value

        return self.plan(told)

    def begin_run(self, run: NewRun) -> int:
        """Write down a run that has no rows yet."""
        return self.plan(partial(planning.begin_run, run=run))

    def add_rows(self, run_number: int, rows: Sequence[PlannedRow]) -> list[int]:
        """Register rows of a run; return their row ids."""
        return self.plan(partial(planning.add_rows, run_number=run_number, rows=rows))

    def finish_planning(self, run_number: int, at: datetime) -> None:
        """Let the run send."""
        self.plan(partial(planning.finish_planning, run_number=run_number, at=at.isoformat()))

    def claim(self, row_id: int, at: datetime) -> Future[State]:
        """Move a row from `ready` to `sending`; resolves to SENDING only if it is ours now."""
        self._last_request_at = at.isoformat()
        return self._writer.submit(partial(changes.claim, row_id=row_id, at=at.isoformat()))

    def record(self, row_id: int, outcome: Outcome, at: datetime) -> Future[Outcome]:
        """Write down what came of a row that is `sending`; resolves to what was written."""
        return self._writer.submit(
            partial(changes.record, row_id=row_id, outcome=outcome, at=at.isoformat())
        )

    def invalidate(self, row_id: int, code: ProblemCode, at: datetime) -> Future[None]:
        """Keep a `ready` row from being sent."""
        return self._writer.submit(
            partial(changes.invalidate, row_id=row_id, code=code, at=at.isoformat())
        )

    def doubt(self, row_ids: Iterable[int], reason: str, at: datetime) -> int:
        """Make `ready` rows unknown, all of them or none; return how many there were."""
        change = partial(changes.doubt, row_ids=row_ids, reason=reason, at=at.isoformat())
        return self.plan(change)

    def release(self, row_ids: list[int]) -> Future[None]:
        """Put rejected rows back to `ready`."""
        return self._writer.submit(partial(changes.release, row_ids=row_ids))

    def note_request(self, at: datetime) -> None:
        """Remember that a request that is no booking was sent."""
        self._last_request_at = at.isoformat()

    def rescue(self, row_id: int, row_key: str, outcome: Outcome) -> bool:
        """Put an answer where the next opening finds it; return whether the disk has it."""
        return self._rescue.write(RescuedAnswer(row_id=row_id, row_key=row_key, outcome=outcome))

    def pace_memory(self) -> PaceMemory:
        """Return what earlier processes left about the pace."""
        return self.plan(_read_pace)

    def remember_pace(self, **values: str) -> None:
        """Keep facts about the pace for the next process, such as its rate."""
        self.plan(partial(write_meta, values=values))

    def remember_pause(self, now: datetime, wait_s: float) -> Future[None]:
        """Keep until when the server asked everybody to wait."""
        until = (now + timedelta(seconds=wait_s)).isoformat()
        return self._writer.submit(partial(write_meta, values={"paused_until": until}))

    def update_run(self, run_number: int, **values: str | int | None) -> None:
        """Write down how a run goes: results_path, exit_code."""
        self.plan(lambda connection: planning.update_run(connection, run_number, **values))

    def note_written(self, run_number: int, digest: str) -> None:
        """Remember a results file as ours, before it stands in its place."""

        def change(connection: Connection) -> None:
            connection.execute(delete(written_table).where(written_table.c.digest == digest))
            connection.execute(insert(written_table).values(digest=digest, run_number=run_number))

        self.plan(change)

    def decide(
        self, run_number: int, rulings: Sequence[Ruling], *, who: str, at: datetime
    ) -> list[Refusal]:
        """Take the operator's decisions, and tell the audit; return those that cannot be taken."""

        def change(connection: Connection) -> list[Refusal]:
            answers = [decide(connection, run_number, r, who=who, at=at) for r in rulings]
            taken = [r for r, refusal in zip(rulings, answers, strict=True) if refusal is None]
            if taken:
                entry = decided_entry(connection, run_number, taken, who)
                self._add_line(connection, entry, at)
            return [answer for answer in answers if answer is not None]

        return self.plan(change)

    def take_up(self, at: datetime) -> None:
        """Settle what a crash left: rescued answers, rows found sending, half-read files."""
        rescued = self._rescue.answers()
        about = {"ledger": self.ledger_id, "version": __version__}
        first = opening_entry(self._opened.tail, about)

        def change(connection: Connection) -> int:
            self._audit.open()  # here, so that one that cannot be opened ends as a crash would
            if first is not None:
                self._add_line(connection, first, at)
            planning.sweep_unplanned(connection)
            if not self._opened.was_closed:
                _note_lost_request(connection, at)
            for answer in rescued:
                changes.rescue(connection, answer, at.isoformat())
            return changes.interrupt_sending(connection, at.isoformat())

        self.interrupted = self.plan(change)
        self._rescue.clear()

    def _add_line(self, connection: Connection, entry: Entry, at: datetime) -> None:
        """Put a line of the audit on disk, and its number and hash into this very change."""
        write_meta(connection, self._audit.add(entry, at))

    def _note_closing(self, phase: Phase) -> bool:
        """Write down how far the ledger is closed; return whether that could be done."""
        if self._writer.has_failed:
            return False
        return note_closing(self.folder, self._opened, phase, self._commits)

    def _complete_batch(self, connection: Connection) -> None:
        """Add to a batch what every batch holds; refuse it if the ledger was taken from us.

        Raises:
            LedgerError: The folder was moved, deleted or replaced while it was open.
        """
        if _place_of(self.folder) != self._place:
            raise LedgerError(f"{self.folder.path} was moved while it was in use", todo=RESTORE)
        self._commits += 1
        write_meta(connection, {"commits": str(self._commits)})
        at = self._last_request_at
        if at != self._kept_request_at:
            write_meta(connection, {"last_request_at": at})
            self._kept_request_at = at

    def _count_batch(self) -> None:
        """Tell beside the ledger that it has taken another batch."""
        self._opened.count.note(self._commits)


def open_ledger(folder: LedgerFolder, target: Target, *, at: datetime) -> Ledger:
    """Open the ledger of `target` for this process alone, or make it.

    Raises:
        LedgerBusy: Another process holds it.
        LedgerError: It cannot be trusted: nothing may be sent.
        SettingsError: Its folder cannot be made or written.
    """
    folder.prepare()
    with ExitStack() as closing:
        with kept_waiting(most=PATIENCE):
            ledger = closing.enter_context(_opened(folder, target, at))
        closing.pop_all()
    return ledger


def _opened(folder: LedgerFolder, target: Target, at: datetime) -> Ledger:
    with ExitStack() as undo:
        try:
            lock = LedgerLock(folder.lock_file).acquire(since=at.isoformat(timespec="seconds"))
            undo.callback(lock.release)
            opened = open_for_writing(folder, target)
            undo.callback(hang_up, opened.connection, folder.database)
            undo.callback(opened.count.close)
            rescue = RescueFile(folder.rescue_file)
            undo.callback(rescue.close)
            rescue.prepare()
            undo.pop_all()  # from here on, the ledger closes all of these itself
            ledger = undo.enter_context(Ledger(folder, opened, lock, rescue))
            ledger.take_up(at)
            undo.pop_all()
        except OSError as error:
            raise LedgerError(
                f"the ledger in {folder.path} cannot be opened: {error.strerror}",
                todo="free some disk space or mend the disk, then run the same command again",
            ) from None
    return ledger


def _place_of(folder: LedgerFolder) -> tuple[int, ...]:
    """Return what tells the files of the ledger from others of the same names."""
    try:
        found = [path.stat() for path in (folder.database, folder.lock_file)]
    except FileNotFoundError:
        return ()
    return tuple(number for stat in found for number in (stat.st_dev, stat.st_ino))


def _read_pace(connection: Connection) -> PaceMemory:
    facts = read_meta(connection)
    return PaceMemory(
        rate=facts.get("rate", ""),
        last_request_at=facts.get("last_request_at", ""),
        paused_until=facts.get("paused_until", ""),
    )


def _note_lost_request(connection: Connection, at: datetime) -> None:
    """Count what a killed process owes the pace from now: it may have sent until a moment ago."""
    last = meta_table.c.name == "last_request_at"
    connection.execute(update(meta_table).where(last).values(value=at.isoformat()))
