"""What a change wrote: every line of the ledger as any other program reads it, before and after."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from importer.ledger import Ruling
from importer.model import Booked
from tests.edges.ledger_kit import AT, claim, make_row, plan, record, row_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.ledger import Ledger, PlannedRow
    from importer.model import Answer

SENT, LATER = AT + timedelta(minutes=1), AT + timedelta(hours=1)
IDS = "x-request-id=a1"
WHO = {"settled_at": LATER.isoformat(), "settled_by": "Ana B."}
Lines = dict[int, dict[str, Any]]


def lines_of(ledger: Ledger, table: str = "row") -> Lines:
    """Return every column of every row, as any other program would read it."""
    with closing(sqlite3.connect(f"file:{ledger.folder.database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(f"SELECT rowid AS line, * FROM {table}")  # noqa: S608 - ours
        return {line["line"]: dict(line) for line in found}


def changed(ledger: Ledger, change: Callable[[], object], table: str = "row") -> Lines:
    """Make a change; return what is different in each line that it changed."""
    before = lines_of(ledger, table)
    change()
    after = lines_of(ledger, table)
    assert before.keys() <= after.keys(), "a change deletes nothing"
    told = {
        number: {
            name: value
            for name, value in line.items()
            if number not in before or before[number][name] != value
        }
        for number, line in after.items()
    }
    return {number: line for number, line in told.items() if line}


def two_runs(ledger: Ledger) -> list[int]:
    """Plan two runs of two rows each, so that there are others to leave alone."""
    first = plan(ledger, make_row(2, "a"), make_row(3, "b"), run_id="first")
    return first + plan(ledger, make_row(2, "c"), make_row(3, "d"), run_id="second")


def decide(
    ledger: Ledger,
    run_id: str,
    run_number: int,
    row_number: int,
    answer: Answer,
    booking_id: int | None = None,
) -> None:
    """Take one decision about a row."""
    key = row_of(ledger, row_number, run_id).row_key
    ruling = Ruling(row_key=key, answer=answer, booking_id=booking_id)
    assert ledger.decide(run_number, [ruling], who="Ana B.", at=LATER) == []


def booked_as(ledger: Ledger, *rows: PlannedRow, run_id: str = "first") -> list[int]:
    """Book rows of one run, the first as 501."""
    row_ids = plan(ledger, *rows, run_id=run_id)
    for place, row_id in enumerate(row_ids):
        claim(ledger, row_id, SENT)
        record(ledger, row_id, Booked(booking_id=501 + place), SENT)
    return row_ids
