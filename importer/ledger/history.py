"""Reading the ledger, without writing a byte to it: runs, their rows and their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import and_, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from importer.errors import LedgerError
from importer.ledger.asked import rows_allowed_again, rows_asking
from importer.ledger.connecting import Access, check_layout, connect, damaged, read_meta
from importer.ledger.folder import RESTORE
from importer.ledger.records import (
    Asked,
    OtherRuns,
    ProblemKind,
    ProblemRecord,
    RowRecord,
    RunRecord,
)
from importer.ledger.schema import (
    LIVE,
    decision_table,
    problem_table,
    row_table,
    run_table,
    written_table,
)
from importer.model import RowKey, RunId, State
from importer.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Connection, Row, Select

_PAGE = 5_000
_MOST_VARIABLES = 500
_TOLD_BY_FIRST = ("http_status", "server_ids", "reason", "sending_at", "row_key")
"""What a row that refers to another takes from that one where it has nothing of its own."""


class History:
    """A read-only view of one ledger; it may be open while a run writes."""

    def __init__(self, database: Path, over: Connection | None = None) -> None:
        """Open the ledger for reading; or look through `over`, which somebody else closes.

        Raises:
            LedgerError: There is none, or it is not one that we can read.
        """
        if over is None and not database.is_file():
            raise LedgerError(f"there is no ledger {database}", todo=RESTORE)
        self._is_borrowed = over is not None
        self._connection = over or connect(database, Access.READ)
        try:
            with self._connection.begin():
                check_layout(self._connection, database)
                self._facts = read_meta(self._connection)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            if isinstance(error, SQLAlchemyError):
                raise damaged(database, error) from None
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection, if it is our own."""
        if not self._is_borrowed:
            self._connection.close()

    def address(self) -> str:
        """Return the address of the target that this ledger belongs to."""
        return self._facts.get("address", "")

    def facts(self) -> Mapping[str, str]:
        """Return what the ledger said of itself when it was opened for reading."""
        return self._facts

    def runs(self) -> list[RunRecord]:
        """Return every planned run, the oldest first."""
        runs = select(run_table).where(run_table.c.planned_at.is_not(None))
        return [_run(row) for row in self._all(runs.order_by(run_table.c.run_number))]

    def run(self, run_id: str | None) -> RunRecord | None:
        """Return the run of that id, or the newest when None."""
        runs = select(run_table).where(run_table.c.planned_at.is_not(None))
        if run_id is not None:
            runs = runs.where(run_table.c.run_id == run_id)
        found = self._all(runs.order_by(run_table.c.run_number.desc()).limit(1))
        return _run(found[0]) if found else None

    def newest_run_of(self, source_digest: str, sheet: str | None = None) -> RunRecord | None:
        """Return the newest run of this very file, and of this sheet if one is named."""
        c = run_table.c
        runs = select(run_table).where(c.planned_at.is_not(None), c.source_digest == source_digest)
        if sheet is not None:
            runs = runs.where(c.sheet == sheet)
        found = self._all(runs.order_by(c.run_number.desc()).limit(1))
        return _run(found[0]) if found else None

    def counts(self, run_number: int) -> dict[State, int]:
        """Return how many rows of the run are in each state; states without rows are left out."""
        found = self._all(
            select(row_table.c.state, func.count().label("rows"))
            .where(row_table.c.run_number == run_number)
            .group_by(row_table.c.state)
        )
        return {State(row.state): int(row.rows) for row in found}

    def unknown(self) -> dict[str, int]:
        """Return how many rows nobody has settled, by the id of their run; the oldest first.

        A row that refers to another is settled with that one, and not counted.
        """
        found = self._all(
            select(run_table.c.run_id, func.count().label("rows"))
            .join(row_table, row_table.c.run_number == run_table.c.run_number)
            .where(row_table.c.state == State.UNKNOWN, row_table.c.refers_to.is_(None))
            .group_by(run_table.c.run_number)
            .order_by(run_table.c.run_number)
        )
        return {row.run_id: int(row.rows) for row in found}

    def requests(self, run_number: int) -> int:
        """Return how many booking requests of the run reached the wire, over its whole life."""
        total = select(func.coalesce(func.sum(row_table.c.requests), 0).label("requests"))
        (found,) = self._all(total.where(row_table.c.run_number == run_number))
        return int(found.requests)

    def rows(self, run_number: int, state: State | None = None) -> Iterator[RowRecord]:
        """Yield the run's rows in the order of the file, a page at a time.

        What a row does not say itself of its sending is that of the row it refers to.
        """
        first = row_table.alias()
        of_first = [first.c[name].label(f"first_{name}") for name in _TOLD_BY_FIRST]
        rows = row_table.outerjoin(first, first.c.row_id == row_table.c.refers_to)
        after = -1
        while True:
            page = (
                select(row_table, *of_first)
                .select_from(rows)
                .where(row_table.c.run_number == run_number, row_table.c.row_number > after)
            )
            if state is not None:
                page = page.where(row_table.c.state == state)
            found = self._all(page.order_by(row_table.c.row_number).limit(_PAGE))
            yield from (_row(row) for row in found)
            if len(found) < _PAGE:
                return
            after = found[-1].row_number

    def other_runs(self, run_number: int) -> dict[int, OtherRuns]:
        """Return what other runs did about the bookings of this one, by the row id of this one.

        A row that was left out has no fingerprint, so nothing is known of it.
        """
        c, mine = row_table.c, row_table.alias()
        is_other = c.run_number != run_number
        is_same_request = and_(is_other, c.request == mine.c.request)
        found = self._all(
            select(
                mine.c.row_id,
                func.sum(case((is_same_request, c.requests), else_=0)).label("sent"),
                func.count(c.occurrence.distinct()).label("occurrences"),
                func.sum(case((is_other, c.releases), else_=0)).label("released"),
                func.count(case((is_other, c.cancelled_at))).label("cancelled"),
                func.max(case((and_(is_other, LIVE), 1), else_=0)).label("is_live"),
                func.max(case((is_other, 1), else_=0)).label("is_other"),
            )
            .join(row_table, c.fingerprint == mine.c.fingerprint)
            .where(mine.c.run_number == run_number, c.requests > 0)
            .group_by(mine.c.row_id)
        )
        return {
            row.row_id: OtherRuns(
                requests=row.sent,
                occurrences=row.occurrences,
                released=row.released,
                cancelled=row.cancelled,
                is_live=bool(row.is_live),
            )
            for row in found
            if row.is_other
        }

    def asked(self, run_number: int) -> list[Asked]:
        """Return how often requests for the bookings of a run may have been booked."""
        again = {row.request: row.times for row in self._all(rows_allowed_again(run_number))}
        return [
            Asked(
                fingerprint=row.fingerprint,
                request=row.request,
                most=row.rows + again.get(row.request, 0),
            )
            for row in self._all(rows_asking(run_number))
        ]

    def problems(self, row_ids: list[int]) -> dict[int, list[ProblemRecord]]:
        """Return the problems of these rows."""
        by_row: dict[int, list[ProblemRecord]] = {}
        for start in range(0, len(row_ids), _MOST_VARIABLES):
            found = self._all(
                select(problem_table)
                .where(problem_table.c.row_id.in_(row_ids[start : start + _MOST_VARIABLES]))
                .order_by(problem_table.c.problem_id)
            )
            for row in found:
                problem = ProblemRecord(
                    code=problem_of(row.code),
                    field=row.field,
                    column=row.source_column,
                    hint=row.hint,
                )
                by_row.setdefault(row.row_id, []).append(problem)
        return by_row

    def decision_count(self) -> int:
        """Return how many decisions of people the ledger holds."""
        (found,) = self._all(select(func.count().label("decisions")).select_from(decision_table))
        return int(found.decisions)

    def problem_count(self, run_number: int) -> int:
        """Return how many problems the rows of a run have."""
        rows = select(row_table.c.row_id).where(row_table.c.run_number == run_number)
        (found,) = self._all(
            select(func.count().label("problems")).where(problem_table.c.row_id.in_(rows))
        )
        return int(found.problems)

    def keys_in_use(self, keys: Collection[str], leaving: Collection[int] = ()) -> set[str]:
        """Return those row keys that a run has which was not purged.

        Args:
            keys: Row keys.
            leaving: Numbers of runs that do not count.
        """
        wanted = list(keys)
        used: set[str] = set()
        for start in range(0, len(wanted), _MOST_VARIABLES):
            found = self._all(
                select(row_table.c.row_key)
                .join(run_table, run_table.c.run_number == row_table.c.run_number)
                .where(
                    row_table.c.row_key.in_(wanted[start : start + _MOST_VARIABLES]),
                    run_table.c.purged_at.is_(None),
                    run_table.c.run_number.not_in(leaving),
                )
                .distinct()
            )
            used.update(row.row_key for row in found)
        return used

    def problem_kinds(self, run_number: int, first: int = 5) -> list[ProblemKind]:
        """Return the kinds of problems of a run, each with its first few rows."""
        c, r = problem_table.c, row_table.c
        of_run = (
            select(c.code, c.field, c.source_column, func.count().label("rows"))
            .join(row_table, r.row_id == c.row_id)
            .where(r.run_number == run_number)
            .group_by(c.code, c.field, c.source_column)
        )
        kinds = []
        for kind in self._all(of_run):
            column = kind.source_column
            rows = self._all(
                select(r.row_number)
                .join(problem_table, r.row_id == c.row_id)
                .where(
                    r.run_number == run_number,
                    c.code == kind.code,
                    c.field == kind.field,
                    c.source_column.is_(None) if column is None else c.source_column == column,
                )
                .order_by(r.row_number)
                .limit(first)
            )
            kinds.append(
                ProblemKind(
                    code=problem_of(kind.code),
                    field=kind.field,
                    column=column,
                    rows=kind.rows,
                    first_rows=tuple(row.row_number for row in rows),
                )
            )
        return kinds

    def has_sent(self, run_number: int) -> bool:
        """Return whether any row of the run has left, or may have; every claim counts one."""
        return self.requests(run_number) > 0

    def has_booked(self, run_number: int) -> bool:
        """Return whether the run has booked a row itself, or may have."""
        c = row_table.c
        states = [State.SENDING, State.BOOKED, State.UNKNOWN]
        own = select(c.row_id).where(
            c.run_number == run_number, c.state.in_(states), c.refers_to.is_(None)
        )
        return bool(self._all(own.limit(1)))

    def wrote(self, digest: str, *, up_to_run: int | None = None) -> bool:
        """Return whether a file with this SHA-256 is results that we wrote.

        Args:
            digest: In hexadecimal.
            up_to_run: By this run or an earlier one; None means by any.
        """
        found = select(written_table.c.digest).where(written_table.c.digest == digest)
        if up_to_run is not None:
            found = found.where(written_table.c.run_number <= up_to_run)
        return bool(self._all(found))

    def has_written(self, run_number: int) -> bool:
        """Return whether any results file of the run is known, whatever stands there now."""
        found = select(written_table.c.digest).where(written_table.c.run_number == run_number)
        return bool(self._all(found.limit(1)))

    def _all(self, query: Select[Any]) -> list[Row[Any]]:
        try:
            with self._connection.begin():
                return list(self._connection.execute(query))
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None)
            raise LedgerError(f"the ledger cannot be read: {cause}", todo=RESTORE) from None


def _run(row: Row[Any]) -> RunRecord:
    return RunRecord(
        run_number=row.run_number,
        run_id=RunId(row.run_id),
        source_name=row.source_name,
        source_path=row.source_path,
        source_digest=row.source_digest,
        sheet=row.sheet,
        settings=row.settings,
        waits_429=row.waits_429,
        started_at=row.started_at,
        planned_at=row.planned_at,
        ended_at=row.ended_at,
        exit_code=row.exit_code,
        is_accepted=bool(row.is_accepted),
        results_path=row.results_path,
        ended_counts=row.ended_counts,
        purged_at=row.purged_at,
    )


def _row(row: Row[Any]) -> RowRecord:
    return RowRecord(
        row_id=row.row_id,
        row_number=row.row_number,
        row_key=RowKey(row.row_key),
        state=State(row.state),
        occurrence=row.occurrence,
        request=row.request,
        booking_id=row.booking_id,
        solv_status=row.solv_status,
        emr_booking_id=row.emr_booking_id,
        http_status=row.http_status or row.first_http_status,
        server_ids=row.server_ids or row.first_server_ids or "",
        reason=row.reason or row.first_reason or "",
        requests=row.requests,
        sending_at=row.sending_at or row.first_sending_at,
        refers_to=row.refers_to,
        told_key=RowKey(row.first_row_key or row.row_key),
        is_cancelled=row.cancelled_at is not None,
        releases=row.releases,
        is_settled=row.settled_at is not None,
    )
