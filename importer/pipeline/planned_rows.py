"""One planned row, put into the state that a rule gives it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model import State
from importer.problems import ProblemCode, RowProblem

if TYPE_CHECKING:
    from importer.ledger import Earlier, PlannedRow


def in_state(row: PlannedRow, state: State, problem: RowProblem | None) -> PlannedRow:
    """Return the row in that state, with one more problem if there is one."""
    problems = row.problems if problem is None else (*row.problems, problem)
    return replace(row, state=state, problems=problems)


def following(row: PlannedRow, live: Earlier) -> PlannedRow:
    """Return the row as the same booking as an earlier one, which is or may be booked.

    A row without an identity has an error, so it was edited.
    """
    is_booked = live.state in (State.BOOKED, State.SKIPPED)
    state = State.SKIPPED if is_booked else State.UNKNOWN
    followed = replace(
        row,
        state=state,
        refers_to=live.refers_to or live.row_id,
        booking_id=live.booking_id,
        solv_status=live.solv_status,
    )
    is_edited = row.identity is None or row.identity.request != live.request
    if is_booked and not is_edited:
        return followed
    code = ProblemCode.BOOKED_ROW_EDITED if is_booked else ProblemCode.UNKNOWN_BEFORE
    return in_state(followed, state, RowProblem(row_number=row.row_number, code=code))


def refused_before(row: PlannedRow, refused: Earlier) -> PlannedRow:
    """Return the row as rejected, as an earlier one was that asked for the very same."""
    problem = RowProblem(row_number=row.row_number, code=ProblemCode.REJECTED_BEFORE)
    told = refused.refers_to or refused.row_id
    carried = replace(row, http_status=refused.http_status, refers_to=told)
    return in_state(carried, State.REJECTED, problem)
