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
    _further: dict[bytes, dict[str, int]] = field(default_factory=dict, init=False, repr=False)
    """The same of further rows that are bookings of their own: middle name -> row number."""

    def add(self, row: CheckedRow, fingerprint: bytes) -> None:
        """Take note of a row that is the first of its booking."""
        if row.middle_name:
            self._first[fingerprint[:ENOUGH_BYTES]] = row.middle_name

    def add_further(self, row: CheckedRow, fingerprint: bytes) -> None:
        """Take note of a later row that is another booking, such as that of a twin."""
        known = self._further.setdefault(fingerprint[:ENOUGH_BYTES], {})
        known.setdefault(row.middle_name, row.row_number)

    def problem_of(self, row: CheckedRow, fingerprint: bytes, first: str = "") -> RowProblem:
        """Return what a row is that has the fingerprint of an earlier one.

        Args:
            row: The later row.
            fingerprint: Of both.
            first: Which row was earlier, for people.
        """
        place = fingerprint[:ENOUGH_BYTES]
        is_same = self._first.get(place, "") == row.middle_name
        further = None if is_same else self._further.get(place, {}).get(row.middle_name)
        is_told = is_same or further is not None
        code = ProblemCode.DUPLICATE_IN_FILE if is_told else ProblemCode.MIDDLE_NAME_DIFFERS
        told = first if further is None else f"row {further}"
        return RowProblem(row_number=row.row_number, code=code, hint=told)


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
