"""Followers: rows that are the same booking as an earlier row, and are settled with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from importer.ledger.booked_since import booked_since, keep_apart
from importer.ledger.row_problems import add_problem, forget_requests, has_error
from importer.ledger.schema import row_table
from importer.model import State
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from importer.ledger.records import Earlier


def follow_live_row(connection: Connection, row_id: int, at: str) -> State:
    """Let a `ready` row whose claim met a booking follow it; return its new state.

    The index has found it in the way, by occurrence or by row key; which it follows is for the
    rule of all rows to say.
    """
    mine = connection.execute(select(row_table).where(row_table.c.row_id == row_id)).one()
    known = booked_since(connection, mine.run_number, [row_id])
    (row,) = known.rows
    live = known.of(row, allow_duplicates=False)
    assert live is not None  # noqa: S101 - the index has just refused the claim because of it
    return follow(connection, row_id, live, at)


def follow_booked_since(
    connection: Connection, run_number: int, row_ids: Sequence[int], *, at: str, allow: bool
) -> set[int]:
    """Let `ready` rows of a run follow what was booked since it was planned; return who does.

    Args:
        connection: In a transaction.
        run_number: Of the run, which goes on.
        row_ids: Its rows that are to be sent.
        at: The time.
        allow: Whether the run wants equal bookings, where its rows ask for them.
    """
    known = booked_since(connection, run_number, row_ids)
    followers = set()
    for row in known.rows:
        live = known.of(row, allow_duplicates=allow)
        if live is None:
            keep_apart(connection, row, known.free_occurrence(row))
        else:
            follow(connection, row.row_id, live, at)
            followers.add(row.row_id)
    return followers


def follow(connection: Connection, row_id: int, live: Earlier, at: str) -> State:
    """Let a `ready` row be the same booking as a live one; return its new state."""
    mine = connection.execute(select(row_table).where(row_table.c.row_id == row_id)).one()
    if live.state == State.BOOKED:
        booking = {"booking_id": live.booking_id, "solv_status": live.solv_status}
        _skip(connection, mine, live, refers_to=live.row_id, decided_at=at, **booking)
        return State.SKIPPED
    _change(connection, mine, State.UNKNOWN, refers_to=live.row_id, decided_at=at)
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


def _skip(connection: Connection, row: Row[Any], first: Row[Any] | Earlier, **booking: Any) -> None:  # noqa: ANN401 - column values
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
