"""Registering a run: row keys, earlier bookings of the same rows, and the plan itself."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from importer.ledger import screening
from importer.ledger.records import Earlier
from importer.ledger.row_problems import add_problem, forget_requests
from importer.ledger.schema import LIVE, problem_table, row_table, run_table
from importer.model import RowKey, RunId, State
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection

    from importer.ledger.records import NewRun, PlannedRow

_MAX_VARIABLES = 500


def mint_row_key() -> RowKey:
    """Return a random key of 80 bits; its first letter keeps it from being read as a number."""
    return RowKey("r" + base64.b32encode(secrets.token_bytes(10)).decode().lower())


def mint_run_id(day: str) -> RunId:
    """Return a new name for a run of that day (`YYYY-MM-DD`)."""
    return RunId(f"{day}-{secrets.token_hex(3)}")


def begin_run(connection: Connection, run: NewRun) -> int:
    """Write down a run that has no rows yet; until `finish_planning` it cannot send anything."""
    result = connection.execute(
        insert(run_table).values(
            run_id=run.run_id,
            source_name=run.source_name,
            source_path=run.source_path,
            source_digest=run.source_digest,
            sheet=run.sheet,
            settings=run.settings,
            started_at=run.started_at,
        )
    )
    (run_number,) = result.inserted_primary_key or (0,)
    return int(run_number)


def add_rows(connection: Connection, run_number: int, rows: Sequence[PlannedRow]) -> list[int]:
    """Register rows with their problems; return their row ids in the same order."""
    first = connection.execute(select(func.coalesce(func.max(row_table.c.row_id), 0))).scalar_one()
    row_ids = list(range(first + 1, first + 1 + len(rows)))
    lines = [_line(run_number, row_id, row) for row_id, row in zip(row_ids, rows, strict=True)]
    if lines:
        connection.execute(insert(row_table), lines)
    _add_problems(connection, zip(row_ids, rows, strict=True))
    return row_ids


def replan_row(connection: Connection, run_number: int, row_id: int, row: PlannedRow) -> None:
    """Plan a row of a run that has not sent anything once more."""
    line = _line(run_number, row_id, row)
    connection.execute(update(row_table).where(row_table.c.row_id == row_id).values(**line))
    connection.execute(delete(problem_table).where(problem_table.c.row_id == row_id))
    _add_problems(connection, [(row_id, row)])


def _add_problems(connection: Connection, rows: Iterable[tuple[int, PlannedRow]]) -> None:
    problems = [
        {
            "row_id": row_id,
            "code": problem.code.code,
            "field": problem.field,
            "source_column": problem.column,
            "hint": screening.hint(problem.hint),
        }
        for row_id, row in rows
        for problem in row.problems
    ]
    if problems:
        connection.execute(insert(problem_table), problems)


def finish_planning(connection: Connection, run_number: int, at: str) -> None:
    """Let the run send: every row of the file has been read, validated and registered."""
    update_run(connection, run_number, planned_at=at)


def update_run(connection: Connection, run_number: int, **values: str | int | None) -> None:
    """Write down how a run goes."""
    connection.execute(
        update(run_table).where(run_table.c.run_number == run_number).values(**values)
    )


def sweep_unplanned(connection: Connection) -> None:
    """Forget runs that were stopped while their file was read; they have sent nothing.

    Their rows and problems go with them: the foreign keys say ON DELETE CASCADE.
    """
    connection.execute(delete(run_table).where(run_table.c.planned_at.is_(None)))


def forget_run(connection: Connection, run_number: int) -> None:
    """Forget a run that was planned only to be looked at."""
    update_run(connection, run_number, planned_at=None)
    sweep_unplanned(connection)


def live_by_fingerprint(
    connection: Connection, fingerprints: Iterable[bytes]
) -> dict[tuple[bytes, int], Earlier]:
    """Return the rows that are, or may be, booked, by fingerprint and occurrence."""
    found = _earlier(connection, row_table.c.fingerprint, fingerprints, LIVE)
    return {(row.fingerprint, row.occurrence): row for row in found if row.fingerprint is not None}


def live_by_key(connection: Connection, keys: Iterable[str]) -> dict[str, Earlier]:
    """Return the rows that are, or may be, booked, by their own row key."""
    return {row.row_key: row for row in _earlier(connection, row_table.c.row_key, keys, LIVE)}


def rows_of_bookings(
    connection: Connection, run_number: int, fingerprints: Iterable[bytes]
) -> Iterator[Earlier]:
    """Yield the rows of one run that have one of these fingerprints."""
    of_run = row_table.c.run_number == run_number
    yield from _earlier(connection, row_table.c.fingerprint, fingerprints, of_run)


def rejected_by_request(connection: Connection, requests: Iterable[bytes]) -> dict[bytes, Earlier]:
    """Return the newest rejected row of each request."""
    rejected = row_table.c.state == State.REJECTED
    found = _earlier(connection, row_table.c.request, requests, rejected)
    return {row.request: row for row in found if row.request is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstInFile:
    """The first row of a booking in this file, and how often the booking stands in it so far."""

    row_number: int
    count: int
    last: int
    """The highest occurrence that one of them has."""


def first_in_run(
    connection: Connection, run_number: int, fingerprints: Iterable[bytes]
) -> dict[bytes, FirstInFile]:
    """Return what earlier chunks of this file hold of these bookings.

    Rows that are not sent, and are no booking of this fingerprint either, hold nothing of it.
    """
    c, root = row_table.c, row_table.alias()
    follows = c.state.in_([State.SKIPPED, State.UNKNOWN])
    wanted = list(dict.fromkeys(fingerprints))
    found: dict[bytes, FirstInFile] = {}
    for start in range(0, len(wanted), _MAX_VARIABLES):
        rows = connection.execute(
            select(
                c.fingerprint,
                func.min(c.row_number).label("first"),
                func.count().label("rows"),
                func.max(c.occurrence).label("last"),
            )
            .outerjoin(root, root.c.row_id == c.refers_to)
            .where(
                c.fingerprint.in_(wanted[start : start + _MAX_VARIABLES]),
                c.run_number == run_number,
                or_(c.state == State.READY, and_(follows, root.c.fingerprint == c.fingerprint)),
            )
            .group_by(c.fingerprint)
        )
        for row in rows:
            found[row.fingerprint] = FirstInFile(
                row_number=row.first, count=row.rows, last=row.last
            )
    return found


def rows_by_id(connection: Connection, row_ids: Iterable[int]) -> dict[int, Earlier]:
    """Return these rows."""
    found = _earlier(connection, row_table.c.row_id, row_ids, row_table.c.row_id.is_not(None))
    return {row.row_id: row for row in found}


def hold_copies(connection: Connection, row_ids: Iterable[int]) -> int:
    """Hold rows that carry another row's key: they get keys of their own; return how many.

    They follow nothing any more: what became of the other row says nothing about them.
    """
    held = 0
    for row_id in row_ids:
        mine = row_table.c.row_id == row_id
        connection.execute(update(row_table).where(mine).values(row_key=mint_row_key()))
        stopped = (
            update(row_table)
            .where(mine, row_table.c.state.in_([State.READY, State.SKIPPED, State.UNKNOWN]))
            .values(state=State.INVALID, refers_to=None, booking_id=None, solv_status="")
        )
        if connection.execute(stopped).rowcount == 1:
            forget_requests(connection, row_id)
            held += 1
        add_problem(connection, row_id, ProblemCode.ROW_KEY_COPIED)
    return held


def follow_own_key(connection: Connection, row_id: int, booked: Earlier) -> bool:
    """Let a row follow what is booked under its own key unless another row of its run does.

    Returns whether it does now. What it says is another booking's, so a person must look at it.
    """
    c = row_table.c
    run_number = select(c.run_number).where(c.row_id == row_id).scalar_subquery()
    others = select(c.row_id).where(c.refers_to == booked.row_id, c.run_number == run_number)
    if connection.execute(others.limit(1)).first() is not None:
        return False
    is_booked = booked.state is State.BOOKED
    forget_requests(connection, row_id)
    connection.execute(
        update(row_table)
        .where(c.row_id == row_id)
        .values(
            state=State.SKIPPED if is_booked else State.UNKNOWN,
            refers_to=booked.row_id,
            booking_id=booked.booking_id,
            solv_status=booked.solv_status,
        )
    )
    code = ProblemCode.BOOKED_ROW_EDITED if is_booked else ProblemCode.UNKNOWN_BEFORE
    add_problem(connection, row_id, code)
    return True


def supersede(connection: Connection, run_number: int) -> None:
    """Close a run: the same file is planned anew, with other choices or by other rules.

    Its rows stay `not sent`, as its results say: nobody left them out.
    """
    connection.execute(
        update(row_table)
        .where(row_table.c.run_number == run_number, row_table.c.state == State.READY)
        .values(state=State.SUPERSEDED)
    )


def rows_by_key(connection: Connection, keys: Iterable[str]) -> dict[str, list[Earlier]]:
    """Return every row that ever had one of these row keys, oldest first."""
    found: dict[str, list[Earlier]] = {}
    for row in _earlier(connection, row_table.c.row_key, keys, row_table.c.row_id.is_not(None)):
        found.setdefault(row.row_key, []).append(row)
    return found


def keys_of_file(
    connection: Connection, source_digest: str, sheet: str, row_numbers: Sequence[int]
) -> dict[int, RowKey]:
    """Return the row keys minted before for these rows of this very file and sheet."""
    if not row_numbers:
        return {}
    first_run = (
        select(func.min(run_table.c.run_number))
        .where(run_table.c.source_digest == source_digest, run_table.c.sheet == sheet)
        .scalar_subquery()
    )
    found = connection.execute(
        select(row_table.c.row_number, row_table.c.row_key).where(
            row_table.c.run_number == first_run,
            row_table.c.row_number.between(min(row_numbers), max(row_numbers)),
        )
    )
    return {number: RowKey(key) for number, key in found}


def _earlier(
    connection: Connection,
    column: ColumnElement[Any],
    values: Iterable[Any],
    condition: ColumnElement[bool],
) -> Iterator[Earlier]:
    c = row_table.c
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), _MAX_VARIABLES):
        rows = connection.execute(
            select(
                c.row_id,
                c.run_number,
                c.row_key,
                c.state,
                c.fingerprint,
                c.occurrence,
                c.request,
                c.booking_id,
                c.solv_status,
                c.cancelled_at,
                c.refers_to,
                c.http_status,
            )
            .where(column.in_(wanted[start : start + _MAX_VARIABLES]), condition)
            .order_by(c.row_id)
        )
        for row in rows:
            yield Earlier(
                row_id=row.row_id,
                run_number=row.run_number,
                row_key=RowKey(row.row_key),
                state=State(row.state),
                fingerprint=row.fingerprint,
                occurrence=row.occurrence,
                request=row.request,
                booking_id=row.booking_id,
                solv_status=row.solv_status,
                is_cancelled=row.cancelled_at is not None,
                refers_to=row.refers_to,
                http_status=row.http_status,
            )


def _line(run_number: int, row_id: int, row: PlannedRow) -> dict[str, Any]:
    identity = row.identity
    return {
        "row_id": row_id,
        "run_number": run_number,
        "row_number": row.row_number,
        "row_key": row.row_key,
        "state": row.state.value,
        "fingerprint": identity.fingerprint if identity else None,
        "request": identity.request if identity else None,
        "visitor": identity.visitor if identity else None,
        "visit_day": row.visit_day,
        "occurrence": row.occurrence,
        "booking_id": row.booking_id,
        "solv_status": row.solv_status,
        "refers_to": row.refers_to,
        "http_status": row.http_status,
    }
