"""What a row may not be beside the others, or at this time: past, or one visit typed twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.problems import ProblemCode, RowProblem

if TYPE_CHECKING:
    from datetime import datetime

    from importer.columns import ColumnPlan
    from importer.near_duplicates import NearDuplicates
    from importer.validate import CheckedRow

ENOUGH_BYTES = 16
"""The beginning of a fingerprint by which the rows of one file are told apart."""


@dataclass(slots=True)
class MiddleNames:
    """Which middle name came first with each booking of a file.

    A pattern may leave the middle name out, and two children of one birth date and one slot
    are the same booking then. Only a person can say whether they are one child.
    """

    _first: dict[bytes, str] = field(default_factory=dict, init=False, repr=False)
    """By the beginning of a fingerprint; bookings without a middle name are left out."""

    def add(self, row: CheckedRow, fingerprint: bytes) -> None:
        """Take note of a row that is the first of its booking."""
        if row.middle_name:
            self._first[fingerprint[:ENOUGH_BYTES]] = row.middle_name

    def problem_of(self, row: CheckedRow, fingerprint: bytes, first: str = "") -> RowProblem:
        """Return what a row is that has the fingerprint of an earlier one.

        Args:
            row: The later row.
            fingerprint: Of both.
            first: Which row was earlier, for people.
        """
        is_same = self._first.get(fingerprint[:ENOUGH_BYTES], "") == row.middle_name
        code = ProblemCode.DUPLICATE_IN_FILE if is_same else ProblemCode.MIDDLE_NAME_DIFFERS
        return RowProblem(row_number=row.row_number, code=code, hint=first)


def passed_problem(row: CheckedRow, now: datetime, plan: ColumnPlan) -> RowProblem | None:
    """Return the problem of an appointment whose time has passed, None while it is to come."""
    if row.appointment_at is None or row.appointment_at > now:
        return None
    return RowProblem(
        row_number=row.row_number,
        code=ProblemCode.APPOINTMENT_IN_PAST,
        field="appointment_date",
        column=plan.fields.get("appointment_date"),
    )


def suspected_problem(row: CheckedRow, visits: NearDuplicates) -> RowProblem | None:
    """Return the warning of a row that may repeat one above, which `visits` has seen."""
    if row.request is None or row.appointment_at is None:
        return None
    above = visits.above(row.row_number, row.request, row.appointment_at)
    if above is None:
        return None
    code = ProblemCode.SUSPECTED_DUPLICATE
    return RowProblem(row_number=row.row_number, code=code, hint=f"row {above}")
