"""One state change each: one UPDATE that names the state it leaves, and its own rowcount."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from importer.errors import LedgerError
from importer.ledger import screening
from importer.ledger.folder import RESTORE
from importer.ledger.followers import follow_live_row, free_followers, skip_followers
from importer.ledger.row_problems import add_problem, forget_requests
from importer.ledger.schema import row_table, run_table
from importer.model import (
    Booked,
    NotTaken,
    NotTakenCause,
    Outcome,
    Rejected,
    State,
    Unknown,
)
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection

    from importer.ledger.rescue import RescuedAnswer

_REFUSALS = {
    403: ProblemCode.API_FORBIDDEN,
    404: ProblemCode.API_NOT_FOUND,
    409: ProblemCode.API_CONFLICT,
}


def claim(connection: Connection, row_id: int, at: str) -> State:
    """Move a row from `ready` to `sending`; return SENDING if it is ours now, else its state.

    A row that somebody else is sending is UNKNOWN to us. One that is the same booking as a live
    row follows that one: the unique index decides, so two runs that race cannot both send.
    """
    planned = select(run_table.c.run_number).where(run_table.c.planned_at.is_not(None))
    claimed = (
        update(row_table)
        .where(
            row_table.c.row_id == row_id,
            row_table.c.state == State.READY,
            row_table.c.run_number.in_(planned),
        )
        .values(
            state=State.SENDING,
            sending_at=at,
            requests=row_table.c.requests + 1,
            settled_at=None,  # what was decided about an earlier attempt says nothing of this one
            settled_by=None,
        )
    )
    try:
        if connection.execute(claimed).rowcount == 1:
            return State.SENDING
    except IntegrityError:
        return follow_live_row(connection, row_id, at)
    found = connection.execute(select(row_table.c.state).where(row_table.c.row_id == row_id))
    state = State(found.scalar_one())
    return State.UNKNOWN if state is State.SENDING else state


def record(connection: Connection, row_id: int, outcome: Outcome, at: str) -> Outcome:
    """Write down what came of a row that is `sending`.

    Returns:
        What was written: a booking whose id stands on another row already is unknown.

    Raises:
        LedgerError: The row was not `sending`: somebody else changed the ledger.
    """
    written = _settle(connection, row_id, outcome, at)
    if written is None:
        raise LedgerError("a row that was being sent is no longer so in the ledger", todo=RESTORE)
    if isinstance(outcome, NotTaken) and outcome.cause is NotTakenCause.TOO_MANY_REQUESTS:
        _count_wait(connection, row_id)
    return written


def doubt(connection: Connection, row_ids: Iterable[int], reason: str, at: str) -> int:
    """Make `ready` rows unknown without sending them; return how many there were.

    They count as sent: somebody whose ledger is lost may have sent them.
    """
    doubted = 0
    for row_id in row_ids:
        if claim(connection, row_id, at) is State.SENDING:
            record(connection, row_id, Unknown(reason=reason), at)
            doubted += 1
    return doubted


def rescue(connection: Connection, answer: RescuedAnswer, at: str) -> None:
    """Take up an answer that could not be recorded when it came, unless its row is settled."""
    mine = row_table.c.row_key == answer.row_key
    _settle(connection, answer.row_id, answer.outcome, at, mine)


def release(connection: Connection, row_ids: list[int]) -> None:
    """Put rejected rows back to `ready`: the answer was about the whole run, not about them."""
    for row_id in row_ids:
        released = (
            update(row_table)
            .where(row_table.c.row_id == row_id, row_table.c.state == State.REJECTED)
            .values(state=State.READY, http_status=None, server_ids="", decided_at=None)
        )
        if connection.execute(released).rowcount == 1:
            forget_requests(connection, row_id)


def invalidate(connection: Connection, row_id: int, code: ProblemCode, at: str) -> None:
    """Keep a `ready` row from being sent: a rule that depends on the clock came true."""
    changed = (
        update(row_table)
        .where(row_table.c.row_id == row_id, row_table.c.state == State.READY)
        .values(state=State.INVALID, decided_at=at)
    )
    if connection.execute(changed).rowcount == 1:
        add_problem(connection, row_id, code)


def interrupt_sending(connection: Connection, at: str) -> int:
    """Make every row found `sending` at start-up `unknown`; return how many there were."""
    found = connection.execute(
        select(row_table.c.row_id).where(row_table.c.state == State.SENDING)
    ).scalars()
    row_ids = list(found)
    for row_id in row_ids:
        record(connection, row_id, Unknown(reason="interrupted while sending"), at)
    return len(row_ids)


def _doubted(connection: Connection, row_id: int, outcome: Outcome) -> Outcome:
    """Return the outcome, or that it is unknown: one booking id cannot stand for two rows."""
    if not isinstance(outcome, Booked):
        return outcome
    c = row_table.c
    others = select(c.row_id).where(
        c.booking_id == outcome.booking_id,
        c.row_id != row_id,
        c.refers_to.is_(None),
        c.cancelled_at.is_(None),
    )
    if connection.execute(others).first() is None:
        return outcome
    return Unknown(
        reason="answered with the booking id of another row",
        http_status=outcome.http_status,
        server_ids=outcome.server_ids,
    )


def _settle(
    connection: Connection, row_id: int, outcome: Outcome, at: str, *also: ColumnElement[bool]
) -> Outcome | None:
    """Give a row that is `sending` its outcome, and its followers too.

    Returns:
        The outcome that it was given, None when the row was not `sending`.
    """
    outcome = _doubted(connection, row_id, outcome)
    changed = (
        update(row_table)
        .where(row_table.c.row_id == row_id, row_table.c.state == State.SENDING, *also)
        .values(**_values_of(outcome, at))
    )
    if connection.execute(changed).rowcount != 1:
        return None
    match outcome:
        case Booked():
            booking = {"booking_id": outcome.booking_id, "decided_at": at}
            status = screening.status_word(outcome.solv_status)
            skip_followers(connection, row_id, solv_status=status, **booking)
        case Rejected():
            _add_rejection(connection, row_id, outcome)
            free_followers(connection, row_id)
        case Unknown():
            add_problem(connection, row_id, ProblemCode.OUTCOME_UNKNOWN)
        case NotTaken():
            free_followers(connection, row_id)
        case _:
            assert_never(outcome)
    return outcome


def _values_of(outcome: Outcome, at: str) -> dict[str, Any]:
    match outcome:
        case Booked():
            return {
                "state": State.BOOKED,
                "booking_id": outcome.booking_id,
                "solv_status": screening.status_word(outcome.solv_status),
                "emr_booking_id": screening.emr_id(outcome.emr_booking_id),
                "http_status": outcome.http_status,
                "server_ids": screening.server_ids(outcome.server_ids),
                "reason": "",
                "decided_at": at,
            }
        case Rejected():
            return {
                "state": State.REJECTED,
                "http_status": outcome.http_status,
                "server_ids": screening.server_ids(outcome.server_ids),
                "reason": "",
                "decided_at": at,
            }
        case Unknown():
            return {
                "state": State.UNKNOWN,
                "http_status": outcome.http_status,
                "server_ids": screening.server_ids(outcome.server_ids),
                "reason": outcome.reason,
                "decided_at": at,
            }
        case NotTaken():
            unsent = 0 if outcome.left else 1
            requests = row_table.c.requests - unsent
            return {"state": State.READY, "requests": requests, "reason": "", "decided_at": None}
        case _:
            assert_never(outcome)


def _add_rejection(connection: Connection, row_id: int, outcome: Rejected) -> None:
    for error in outcome.errors:
        add_problem(
            connection,
            row_id,
            ProblemCode.API_FIELD_REFUSED,
            field=screening.field_in(error.loc),
            hint=screening.error_type(error.type),
        )
    if not outcome.errors:
        code = _REFUSALS.get(outcome.http_status, ProblemCode.API_REJECTED)
        add_problem(connection, row_id, code, hint=f"HTTP {outcome.http_status}")


def _count_wait(connection: Connection, row_id: int) -> None:
    run = select(row_table.c.run_number).where(row_table.c.row_id == row_id).scalar_subquery()
    connection.execute(
        update(run_table)
        .where(run_table.c.run_number == run)
        .values(waits_429=run_table.c.waits_429 + 1)
    )
