"""What the operator decides about a row: booked after all, not booked, or cancelled since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import insert, select, update

from importer.audit import AuditKind, Entry
from importer.ledger.followers import free_followers, skip_followers
from importer.ledger.row_problems import add_problem, forget_requests
from importer.ledger.schema import decision_table, row_table, run_table
from importer.model import STATUS_WORDS, Answer, State
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

QUIET = timedelta(minutes=15)
"""A request may still arrive and be booked for this long after it was sent."""
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One decision about one row."""

    row_key: str
    answer: Answer
    booking_id: int | None = None
    row_number: int | None = None
    """The row that it was written beside; None where nobody says."""
    sent_at: str = ""
    """The attempt that it is about; "" where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A decision that cannot be taken, and why."""

    row_key: str
    why: str


def decide(
    connection: Connection, run_number: int, ruling: Ruling, *, who: str, at: datetime
) -> Refusal | None:
    """Take one decision, for the row and for every row that follows it.

    Returns:
        Why it cannot be taken, None when it was.
    """
    row = _row(connection, run_number, ruling.row_key)
    if row is None:
        return Refusal(row_key=ruling.row_key, why="this run has no row with that row key")
    first = row if row.refers_to is None else _by_id(connection, row.refers_to)
    why = _is_of_another(row, first, ruling) or _objection(connection, first, ruling, at)
    if why:
        return Refusal(row_key=ruling.row_key, why=why)
    match ruling.answer:
        case Answer.BOOKED:
            _book(connection, first, ruling.booking_id, who, at)
        case Answer.NOT_BOOKED:
            _free(connection, first, who, at)
        case Answer.CANCELLED:
            _cancel(connection, first, who, at)
        case _:
            assert_never(ruling.answer)
    connection.execute(
        insert(decision_table).values(
            row_id=first.row_id,
            answer=ruling.answer.value,
            booking_id=ruling.booking_id,
            decided_by=who,
            decided_at=at.isoformat(),
        )
    )
    return None


def decided_entry(
    connection: Connection, run_number: int, taken: Sequence[Ruling], who: str
) -> Entry:
    """Return what the audit tells of decisions that were taken."""
    numbers = {r.row_key: _row(connection, run_number, r.row_key) for r in taken}
    rows = [
        {
            "row": found.row_number,
            "row_key": ruling.row_key,
            "answer": ruling.answer.value,
            "booking_id": ruling.booking_id,
        }
        for ruling in taken
        if (found := numbers[ruling.row_key]) is not None
    ]
    run = select(run_table.c.run_id).where(run_table.c.run_number == run_number)
    run_id = connection.execute(run).scalar_one()
    return Entry(kind=AuditKind.DECIDED, facts={"run": run_id, "decided_by": who, "rows": rows})


def _is_of_another(row: Row[Any], first: Row[Any], ruling: Ruling) -> str:
    """Return why the decision is not about this attempt of this row, "" when it may be."""
    if ruling.row_number not in (None, row.row_number):
        return f"its row key is that of row {row.row_number}: was the sheet sorted in part?"
    if ruling.sent_at and ruling.sent_at != (first.sending_at or ""):
        return "it is about an earlier attempt: write a new worksheet"
    return ""


def _objection(connection: Connection, first: Row[Any], ruling: Ruling, at: datetime) -> str:
    """Return why the decision does not fit the row, "" when it does."""
    state = "cancelled already" if first.cancelled_at else STATUS_WORDS[State(first.state)]
    if ruling.answer is Answer.CANCELLED:
        is_booked = state == STATUS_WORDS[State.BOOKED]
        return "" if is_booked else f"only a booked row can be cancelled; it is {state}"
    if first.state != State.UNKNOWN:
        return f"it is {state}, not unknown"
    if ruling.answer is Answer.NOT_BOOKED:
        if first.sending_at and at - datetime.fromisoformat(first.sending_at) < QUIET:
            until = datetime.fromisoformat(first.sending_at) + QUIET
            return f"it may still be booked; decide again after {until:%H:%M} UTC"
        return ""
    return _objection_to_id(connection, ruling.booking_id)


def _objection_to_id(connection: Connection, booking_id: int | None) -> str:
    if booking_id is None:
        return "the booking id is missing"
    if not 0 < booking_id <= _LARGEST_ID:
        return "no booking has such an id"
    other = connection.execute(
        select(row_table.c.row_number).where(row_table.c.booking_id == booking_id)
    ).first()
    return f"that booking id already stands on row {other.row_number}" if other else ""


def _book(
    connection: Connection, first: Row[Any], booking_id: int | None, who: str, at: datetime
) -> None:
    settled = {"booking_id": booking_id, "settled_at": at.isoformat(), "settled_by": who}
    _settle(connection, first, State.BOOKED, reason="", **settled)
    skip_followers(connection, first.row_id, **settled)


def _free(connection: Connection, first: Row[Any], who: str, at: datetime) -> None:
    """Let the row, and those that follow it, be sent; the claim lets only one of them go."""
    settled = {"settled_at": at.isoformat(), "settled_by": who}
    _settle(
        connection,
        first,
        State.READY,
        releases=row_table.c.releases + 1,
        http_status=None,
        server_ids="",
        reason="",
        decided_at=None,
        **settled,
    )
    free_followers(connection, first.row_id, **settled)


def _cancel(connection: Connection, first: Row[Any], who: str, at: datetime) -> None:
    settled = {"settled_at": at.isoformat(), "settled_by": who}
    _settle(connection, first, State.BOOKED, cancelled_at=at.isoformat(), **settled)
    add_problem(connection, first.row_id, ProblemCode.BOOKING_CANCELLED)


def _settle(connection: Connection, first: Row[Any], state: State, **values: Any) -> None:  # noqa: ANN401 - column values
    """Change a row from the state it was found in, and forget what its request came to."""
    connection.execute(
        update(row_table)
        .where(row_table.c.row_id == first.row_id, row_table.c.state == first.state)
        .values(state=state, **values)
    )
    forget_requests(connection, first.row_id)


def _row(connection: Connection, run_number: int, row_key: str) -> Row[Any] | None:
    return connection.execute(
        select(row_table).where(
            row_table.c.run_number == run_number, row_table.c.row_key == row_key
        )
    ).first()


def _by_id(connection: Connection, row_id: int) -> Row[Any]:
    return connection.execute(select(row_table).where(row_table.c.row_id == row_id)).one()
