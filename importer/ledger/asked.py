"""How often the rows of all runs ask for one request, which is how often it may be booked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from importer.ledger.schema import row_table

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select


def rows_asking(run_number: int) -> Select[Any]:
    """Return the query of how many rows of one run, at most, are each request's own booking.

    Lines: fingerprint, request, rows; of all requests that have a fingerprint of the run's rows
    and were sent. One file names every row once, and two files that name a row mean the same one.
    """
    c, root = row_table.c, row_table.alias()
    per_run = (
        select(
            c.fingerprint,
            c.request,
            func.count(root.c.row_id.distinct()).label("rows"),
        )
        .join(root, root.c.row_id == func.coalesce(c.refers_to, c.row_id))
        .where(_is_of(run_number), root.c.request == c.request, root.c.requests > 0)
        .group_by(c.fingerprint, c.request, c.run_number)
        .subquery()
    )
    most = func.max(per_run.c.rows).label("rows")
    return select(per_run.c.fingerprint, per_run.c.request, most).group_by(
        per_run.c.fingerprint, per_run.c.request
    )


def rows_allowed_again(run_number: int) -> Select[Any]:
    """Return the query of how often a person let such requests be sent again: request, times."""
    c = row_table.c
    times = func.sum(c.releases) + func.count(c.cancelled_at)
    return (
        select(c.request, times.label("times"))
        .where(_is_of(run_number))
        .group_by(c.request)
        .having(times > 0)
    )


def _is_of(run_number: int) -> ColumnElement[bool]:
    mine = row_table.alias()
    prints = select(mine.c.fingerprint).where(
        mine.c.run_number == run_number, mine.c.fingerprint.is_not(None)
    )
    return row_table.c.fingerprint.in_(prints)
