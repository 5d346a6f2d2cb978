"""Invented rows, every number another patient at another time, and files of them."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from importer.problems import ProblemCode
    from importer.validate import CheckedRow

Row: TypeAlias = dict[str, str]

_FIRST_TIME = datetime(2090, 5, 1, 8, 0, tzinfo=timezone(timedelta(hours=-7)))
_LETTERS = str.maketrans("0123456789", "abcdefghij")
"""Digits become letters, so that a number may stand in a name."""


def invented_row(number: int = 2, **changes: str) -> Row:
    """Return the row of a patient who does not exist."""
    row = {
        "first_name": "Ada",
        "last_name": f"Sample{number}".translate(_LETTERS),
        "phone": f"+1206555{100 + number % 100:04}",
        "birth_date": (date(1990, 1, 1) + timedelta(days=number)).isoformat(),
        "appointment_date": (_FIRST_TIME + timedelta(minutes=15 * number)).isoformat(),
        "location_id": "4021",
        "reason": "",
        "emr_patient_id": f"MRN-{number}",
    }
    return row | changes


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    """Write rows that all have the same headings as CSV; return where."""
    listed = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, listed[0])
        writer.writeheader()
        writer.writerows(listed)
    return path


def told(row: CheckedRow) -> list[tuple[ProblemCode, str, int | None]]:
    """Return code, field and column of all that is said of a checked row."""
    return [(problem.code, problem.field, problem.column) for problem in row.problems]
