"""Followers: rows that are the same booking as an earlier row, and are settled with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, update

from importer.ledger.row_problems import add_problem, forget_requests, has_error
from importer.ledger.schema import LIVE, row_table
from importer.model import State
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


def follow_live_row(connection: Connection, row_id: int, at: str) -> State:
    """Let a `ready` row follow the live row that is the same booking; return its new state."""
    c = row_table.c
    mine = connection.execute(select(row_table).where(c.row_id == row_id)).one()
    same_booking = and_(c.fingerprint == mine.fingerprint, c.occurrence == mine.occurrence)
    same_row = c.row_key == mine.row_key
    live = connection.execute(select(row_table).where(or_(same_booking, same_row), LIVE)).all()
    first = next((row for row in live if row.fingerprint == mine.fingerprint), live[0])
    if first.state == State.BOOKED:
        booking = {"booking_id": first.booking_id, "solv_status": first.solv_status}
        _skip(connection, mine, first, refers_to=first.row_id, decided_at=at, **booking)
        return State.SKIPPED
    _change(connection, mine, State.UNKNOWN, refers_to=first.row_id, decided_at=at)
    add_problem(connection, row_id, ProblemCode.UNKNOWN_BEFORE)
    return State.UNKNOWN


def skip_followers(connection: Connection, first_id: int, **booking: Any) -> None:  # noqa: ANN401 - column values
    """Settle the unknown followers of a row that is booked now: they are that booking."""
    followers = _unknown_followers(connection, first_id)
    if followers:
        first = connection.execute(select(row_table).where(row_table.c.row_id == first_id)).one()
        for follower in followers:
            _skip(connection, follower, first, **booking)


def free_followers(connection: Connection, first_id: int, **settled: Any) -> None:  # noqa: ANN401 - column values
    """Let the unknown followers of a row that is not booked stand for themselves again.

    One with an error of its own is `invalid`. The others are `ready`, and if they and the first
    are still the same booking, the claim lets only one of them go.
    """
    for follower in _unknown_followers(connection, first_id):
        forget_requests(connection, follower.row_id)
        state = State.INVALID if has_error(connection, follower.row_id) else State.READY
        _change(connection, follower, state, refers_to=None, decided_at=None, **settled)


def _unknown_followers(connection: Connection, first_id: int) -> list[Row[Any]]:
    c = row_table.c
    found = select(row_table).where(c.refers_to == first_id, c.state == State.UNKNOWN)
    return list(connection.execute(found))


def _skip(connection: Connection, row: Row[Any], first: Row[Any], **booking: Any) -> None:  # noqa: ANN401 - column values
    _change(connection, row, State.SKIPPED, **booking)
    forget_requests(connection, row.row_id)
    is_edited = row.request != first.request
    code = ProblemCode.BOOKED_ROW_EDITED if is_edited else ProblemCode.ALREADY_BOOKED
    add_problem(connection, row.row_id, code)


def _change(connection: Connection, row: Row[Any], state: State, **values: Any) -> None:  # noqa: ANN401 - column values
    """Change the state of a row from the one it was found in."""
    connection.execute(
        update(row_table)
        .where(row_table.c.row_id == row.row_id, row_table.c.state == row.state)
        .values(state=state, **values)
    )
