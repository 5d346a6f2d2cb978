"""Deleting what ended runs hold of their rows, but for what keeps anybody from a second booking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from importer.ledger.connecting import write_meta
from importer.ledger.schema import problem_table, row_table, run_table
from importer.ledger.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from importer.ledger.ledger import Ledger

_HISTORY = {
    "solv_status": "",
    "emr_booking_id": "",
    "http_status": None,
    "server_ids": "",
    "reason": "",
    "decided_at": None,
}
"""What goes of a row. The rest recognizes it: hashes, key, state, booking id, whom it follows."""
_UNSWEPT = "unswept"


def purge_runs(connection: Connection, run_numbers: Sequence[int], at: str) -> None:
    """Delete the history and the problems of these runs' rows; their files go after the commit."""
    for run_number in run_numbers:
        of_run = row_table.c.run_number == run_number
        rows = select(row_table.c.row_id).where(of_run)
        connection.execute(delete(problem_table).where(problem_table.c.row_id.in_(rows)))
        connection.execute(update(row_table).where(of_run).values(_HISTORY))
        connection.execute(
            update(run_table).where(run_table.c.run_number == run_number).values(purged_at=at)
        )
    write_meta(connection, {_UNSWEPT: "1"})


def sweep(ledger: Ledger) -> None:
    """Delete the files of runs that were purged, if a purge has not come to that yet."""
    with ledger.history() as history:
        if history.facts().get(_UNSWEPT) != "1":
            return
        ledger.has_purged = True
        purged = [run for run in history.runs() if run.purged_at is not None]
        for run in purged:
            Spool(ledger.folder.spool / run.run_id).remove()
        spool = Spool(ledger.folder.spool / "none")
        said = spool.words().keys()
        unused = said - history.keys_in_use(said)
    spool.forget_words(unused)
    ledger.plan(_note_swept)


def _note_swept(connection: Connection) -> None:
    write_meta(connection, {_UNSWEPT: "0"})
