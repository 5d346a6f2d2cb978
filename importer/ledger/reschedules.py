"""People who are booked for a visit to come, and whom a new file wants at another time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select, update

from importer.ledger.row_problems import add_problem, forget_requests
from importer.ledger.schema import LIVE, LIVE_STATES, row_table
from importer.model import State
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from sqlalchemy import Connection


def hold_reschedules(connection: Connection, run_number: int, today: int) -> int:
    """Leave out what may be a visit that was moved; return how many rows that are.

    A row is held when the same person has a booking to come at the same location, made by
    another run, that no row of this file is: somebody may have typed another time over it. A
    second visit beside the first, which is still in the file, is no reschedule.

    Args:
        connection: The ledger's.
        run_number: The run whose rows have just been planned.
        today: As `identity.day_of` counts; a visit of today may be to come.
    """
    booked, mine, alike = row_table.alias().c, row_table.alias().c, row_table.c
    is_alike = alike.fingerprint == booked.fingerprint
    # Without the sum SQLite would go through the whole run for each row: it has another index.
    rows = select(func.count()).where(is_alike, alike.run_number + 0 == run_number)
    bookings = select(func.count()).where(is_alike, LIVE)
    is_to_come = exists().where(
        booked.visitor == mine.visitor,
        booked.visit_day >= today,
        booked.row_key != mine.row_key,  # its own booking, which the claim will see
        *(booked.state.in_(LIVE_STATES), booked.refers_to.is_(None)),
        booked.cancelled_at.is_(None),
        # Of twins one may have moved while the other is still there.
        rows.scalar_subquery() < bookings.scalar_subquery(),
    )
    ready = [mine.run_number == run_number, mine.state == State.READY]
    held = list(connection.execute(select(mine.row_id).where(*ready, is_to_come)).scalars())
    for row_id in held:
        left_out = (
            update(row_table)
            .where(row_table.c.row_id == row_id, row_table.c.state == State.READY)
            .values(state=State.LEFT_OUT)
        )
        connection.execute(left_out)
        forget_requests(connection, row_id)
        add_problem(connection, row_id, ProblemCode.POSSIBLE_RESCHEDULE)
    return len(held)
