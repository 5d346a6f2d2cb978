"""One state change each: one UPDATE that names the state it leaves, and its own rowcount."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from importer.errors import LedgerError
from importer.ledger.schema import LIVE, problem_table, row_table, run_table
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
    from sqlalchemy import Connection

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")
_LOC = re.compile(r"[A-Za-z0-9_.\[\]-]{1,80}\Z")


def claim(connection: Connection, row_id: int, at: str) -> State:
    """Move a row from `ready` to `sending`; return the state it has now.

    SENDING means that it is ours. A row that is the same booking as a live one is settled with
    that one instead: the unique index decides, so two runs that race cannot both send.
    """
    claimed = (
        update(row_table)
        .where(row_table.c.row_id == row_id, row_table.c.state == State.READY)
        .values(state=State.SENDING, sending_at=at, requests=row_table.c.requests + 1)
    )
    try:
        if connection.execute(claimed).rowcount == 1:
            return State.SENDING
    except IntegrityError:
        return _follow_live_row(connection, row_id, at)
    found = connection.execute(select(row_table.c.state).where(row_table.c.row_id == row_id))
    return State(found.scalar_one())


def _follow_live_row(connection: Connection, row_id: int, at: str) -> State:
    c = row_table.c
    mine = connection.execute(select(row_table).where(c.row_id == row_id)).one()
    first = connection.execute(
        select(row_table).where(
            c.fingerprint == mine.fingerprint, c.occurrence == mine.occurrence, LIVE
        )
    ).one()
    is_booked = first.state == State.BOOKED
    state = State.SKIPPED if is_booked else State.UNKNOWN
    code = ProblemCode.ALREADY_BOOKED if is_booked else ProblemCode.UNKNOWN_BEFORE
    if is_booked and first.request != mine.request:
        code = ProblemCode.BOOKED_ROW_EDITED
    connection.execute(
        update(row_table)
        .where(c.row_id == row_id, c.state == State.READY)
        .values(
            state=state,
            refers_to=first.row_id,
            booking_id=first.booking_id,
            solv_status=first.solv_status,
            decided_at=at,
        )
    )
    add_problem(connection, row_id, code)
    return state


def record(connection: Connection, row_id: int, outcome: Outcome, at: str) -> None:
    """Write down what came of a row that is `sending`.

    Raises:
        LedgerError: The row was not `sending`: somebody else changed the ledger.
    """
    changed = (
        update(row_table)
        .where(row_table.c.row_id == row_id, row_table.c.state == State.SENDING)
        .values(**_values_of(outcome, at))
    )
    if connection.execute(changed).rowcount != 1:
        raise LedgerError("a row that was being sent is no longer so in the ledger")
    if isinstance(outcome, Rejected):
        _add_rejection(connection, row_id, outcome)
    if isinstance(outcome, Unknown):
        add_problem(connection, row_id, ProblemCode.OUTCOME_UNKNOWN)
    if isinstance(outcome, NotTaken) and outcome.cause is NotTakenCause.TOO_MANY_REQUESTS:
        _count_wait(connection, row_id)


def release(connection: Connection, row_ids: list[int]) -> None:
    """Put rejected rows back to `ready`: the answer was about the whole run, not about them."""
    for row_id in row_ids:
        connection.execute(
            update(row_table)
            .where(row_table.c.row_id == row_id, row_table.c.state == State.REJECTED)
            .values(state=State.READY, http_status=None, decided_at=None)
        )
        connection.execute(problem_table.delete().where(problem_table.c.row_id == row_id))


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


def rescue(connection: Connection, row_id: int, outcome: Outcome, at: str) -> None:
    """Take up an answer that could not be recorded when it came; a settled row stays as it is."""
    connection.execute(
        update(row_table)
        .where(
            row_table.c.row_id == row_id,
            row_table.c.state.in_([State.SENDING, State.UNKNOWN]),
            row_table.c.settled_at.is_(None),
        )
        .values(**_values_of(outcome, at))
    )
    connection.execute(problem_table.delete().where(problem_table.c.row_id == row_id))
    if isinstance(outcome, Rejected):
        _add_rejection(connection, row_id, outcome)


def add_problem(
    connection: Connection,
    row_id: int,
    code: ProblemCode,
    *,
    field: str = "",
    hint: str = "",
) -> None:
    """Add one problem to a row."""
    connection.execute(
        insert(problem_table).values(row_id=row_id, code=code.code, field=field, hint=hint)
    )


def _values_of(outcome: Outcome, at: str) -> dict[str, Any]:
    match outcome:
        case Booked():
            return {
                "state": State.BOOKED,
                "booking_id": outcome.booking_id,
                "solv_status": _word(outcome.solv_status),
                "emr_booking_id": _word(outcome.emr_booking_id),
                "http_status": outcome.http_status,
                "server_ids": outcome.server_ids,
                "reason": "",
                "decided_at": at,
            }
        case Rejected():
            return {
                "state": State.REJECTED,
                "http_status": outcome.http_status,
                "server_ids": outcome.server_ids,
                "decided_at": at,
            }
        case Unknown():
            return {
                "state": State.UNKNOWN,
                "http_status": outcome.http_status,
                "server_ids": outcome.server_ids,
                "reason": outcome.reason,
                "decided_at": at,
            }
        case NotTaken():
            unsent = 0 if outcome.left else 1
            return {"state": State.READY, "requests": row_table.c.requests - unsent}
        case _:
            assert_never(outcome)


def _add_rejection(connection: Connection, row_id: int, outcome: Rejected) -> None:
    codes = {
        403: ProblemCode.API_FORBIDDEN,
        404: ProblemCode.API_NOT_FOUND,
        409: ProblemCode.API_CONFLICT,
    }
    code = codes.get(outcome.http_status, ProblemCode.API_REJECTED)
    for error in outcome.errors:
        loc = error.loc if _LOC.match(error.loc) else ""
        kind = error.type if _LOC.match(error.type) else ""
        field = loc.rpartition(".")[2]
        add_problem(connection, row_id, ProblemCode.API_FIELD_REFUSED, field=field, hint=kind)
    if not outcome.errors:
        add_problem(connection, row_id, code, hint=f"HTTP {outcome.http_status}")


def _count_wait(connection: Connection, row_id: int) -> None:
    run = select(row_table.c.run_number).where(row_table.c.row_id == row_id).scalar_subquery()
    connection.execute(
        update(run_table)
        .where(run_table.c.run_number == run)
        .values(waits_429=run_table.c.waits_429 + 1)
    )


def _word(text: str) -> str:
    """Return one word of the server's, or nothing: free text may hold a patient."""
    return text if _WORD.match(text) else ""
