"""The problems of one row: what was wrong with its cells, and what became of its request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from importer.ledger.schema import problem_table
from importer.problems import ProblemCode, Severity, problem_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

_OF_REQUESTS = (
    ProblemCode.ALREADY_BOOKED,
    ProblemCode.BOOKED_ROW_EDITED,
    ProblemCode.REJECTED_BEFORE,
    ProblemCode.UNKNOWN_BEFORE,
    ProblemCode.API_REJECTED,
    ProblemCode.API_FIELD_REFUSED,
    ProblemCode.API_FORBIDDEN,
    ProblemCode.API_NOT_FOUND,
    ProblemCode.API_CONFLICT,
    ProblemCode.OUTCOME_UNKNOWN,
    ProblemCode.BOOKING_CANCELLED,
)
"""What a row has because of a request, its own or an earlier one, and not of its cells."""


def add_problem(
    connection: Connection, row_id: int, code: ProblemCode, *, field: str = "", hint: str = ""
) -> None:
    """Add one problem to a row."""
    connection.execute(
        insert(problem_table).values(row_id=row_id, code=code.code, field=field, hint=hint)
    )


def forget_requests(connection: Connection, row_id: int) -> None:
    """Delete what became of earlier requests; what is wrong with the row's cells stays."""
    connection.execute(
        problem_table.delete().where(
            problem_table.c.row_id == row_id,
            problem_table.c.code.in_([problem.code for problem in _OF_REQUESTS]),
        )
    )


def has_error(connection: Connection, row_id: int) -> bool:
    """Return whether something about the row itself keeps it from being sent."""
    codes = connection.execute(
        select(problem_table.c.code).where(problem_table.c.row_id == row_id)
    ).scalars()
    return any(problem_of(code).severity is Severity.ERROR for code in codes)
