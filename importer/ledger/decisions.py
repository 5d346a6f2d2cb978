"""What the operator decides about a row: booked after all, not booked, or cancelled since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, update

from importer.ledger.changes import add_problem
from importer.ledger.schema import LIVE, decision_table, problem_table, row_table
from importer.model import Answer, State
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

QUIET = timedelta(minutes=15)
"""A request may still arrive and be booked for this long after it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One decision about one row."""

    row_key: str
    answer: Answer
    booking_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A decision that cannot be taken, and why."""

    row_key: str
    why: str


def decide(
    connection: Connection, run_number: int, ruling: Ruling, *, who: str, at: datetime
) -> Refusal | None:
    """Take one decision, for the row and for every row that points at it.

    Returns:
        Why it cannot be taken, None when it was.
    """
    row = _row(connection, run_number, ruling.row_key)
    if row is None:
        return Refusal(row_key=ruling.row_key, why="this run has no row with that row key")
    root = row if row.refers_to is None else _by_id(connection, row.refers_to)
    why = _objection(connection, root, ruling, at)
    if why:
        return Refusal(row_key=ruling.row_key, why=why)
    match ruling.answer:
        case Answer.BOOKED:
            _book(connection, root, ruling.booking_id, who, at)
        case Answer.NOT_BOOKED:
            _free(connection, root, who, at)
        case Answer.CANCELLED:
            _cancel(connection, root, who, at)
    connection.execute(
        insert(decision_table).values(
            row_id=root.row_id,
            answer=ruling.answer.value,
            booking_id=ruling.booking_id,
            decided_by=who,
            decided_at=at.isoformat(),
        )
    )
    return None


def _objection(connection: Connection, root: Row[Any], ruling: Ruling, at: datetime) -> str:
    """Return why the decision does not fit the row, "" when it does."""
    if ruling.answer is Answer.CANCELLED:
        is_booked = root.state == State.BOOKED and root.cancelled_at is None
        return "" if is_booked else f"only a booked row can be cancelled; it is {root.state}"
    if root.state != State.UNKNOWN:
        return f"it is {root.state}, not unknown"
    if ruling.answer is Answer.NOT_BOOKED:
        if root.sending_at and at - datetime.fromisoformat(root.sending_at) < QUIET:
            return "it was sent less than 15 minutes ago and may still be booked"
        return ""
    if ruling.booking_id is None:
        return "the booking id is missing"
    other = connection.execute(
        select(row_table.c.row_number).where(
            row_table.c.booking_id == ruling.booking_id,
            row_table.c.row_id != root.row_id,
            or_(row_table.c.refers_to.is_(None), row_table.c.refers_to != root.row_id),
        )
    ).first()
    return f"that booking id already stands on row {other.row_number}" if other else ""


def _book(
    connection: Connection, root: Row[Any], booking_id: int | None, who: str, at: datetime
) -> None:
    settled = {"booking_id": booking_id, "settled_at": at.isoformat(), "settled_by": who}
    _move(connection, root, State.BOOKED, **settled)
    for row_id in _referring(connection, root):
        connection.execute(
            update(row_table)
            .where(row_table.c.row_id == row_id)
            .values(state=State.SKIPPED, **settled)
        )
        _replace_problems(connection, row_id, ProblemCode.ALREADY_BOOKED)


def _free(connection: Connection, root: Row[Any], who: str, at: datetime) -> None:
    """Let the row, and those that point at it, be sent; the claim lets only one of them go."""
    settled = {"settled_at": at.isoformat(), "settled_by": who}
    _move(connection, root, State.READY, releases=row_table.c.releases + 1, **settled)
    for row_id in _referring(connection, root):
        connection.execute(
            update(row_table)
            .where(row_table.c.row_id == row_id)
            .values(state=State.READY, refers_to=None, **settled)
        )
        _replace_problems(connection, row_id, None)


def _cancel(connection: Connection, root: Row[Any], who: str, at: datetime) -> None:
    connection.execute(
        update(row_table)
        .where(row_table.c.row_id == root.row_id, row_table.c.state == State.BOOKED, LIVE)
        .values(cancelled_at=at.isoformat(), settled_at=at.isoformat(), settled_by=who)
    )
    _replace_problems(connection, root.row_id, ProblemCode.BOOKING_CANCELLED)


def _move(connection: Connection, root: Row[Any], state: State, **values: Any) -> None:  # noqa: ANN401 - column values
    connection.execute(
        update(row_table)
        .where(row_table.c.row_id == root.row_id, row_table.c.state == State.UNKNOWN)
        .values(state=state, **values)
    )
    _replace_problems(connection, root.row_id, None)


def _replace_problems(connection: Connection, row_id: int, code: ProblemCode | None) -> None:
    connection.execute(problem_table.delete().where(problem_table.c.row_id == row_id))
    if code is not None:
        add_problem(connection, row_id, code)


def _row(connection: Connection, run_number: int, row_key: str) -> Row[Any] | None:
    return connection.execute(
        select(row_table).where(
            row_table.c.run_number == run_number, row_table.c.row_key == row_key
        )
    ).first()


def _by_id(connection: Connection, row_id: int) -> Row[Any]:
    return connection.execute(select(row_table).where(row_table.c.row_id == row_id)).one()


def _referring(connection: Connection, root: Row[Any]) -> list[int]:
    found = connection.execute(
        select(row_table.c.row_id).where(
            row_table.c.refers_to == root.row_id, row_table.c.state == State.UNKNOWN
        )
    )
    return list(found.scalars())
