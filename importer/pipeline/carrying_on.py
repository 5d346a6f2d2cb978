"""Carrying a run on: the same rows, the same requests, and only what was never decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import LedgerError, SourceError
from importer.identity import identify
from importer.model import State
from importer.pipeline.planning import request_of
from importer.pipeline.stored_settings import refuse_others

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.ledger import History, Ledger, PlannedRequest, RowRecord, RunRecord
    from importer.pipeline.groups import Grouping
    from importer.pipeline.intake import Intake
    from importer.settings import Selection, Settings
    from importer.validate import CheckedRow


def is_unfinished(history: History, run: RunRecord) -> bool:
    """Return whether the run has rows that may still be sent."""
    counts = history.counts(run.run_number)
    return bool(counts.get(State.READY) or counts.get(State.SENDING))


def carry_on(
    ledger: Ledger,
    run: RunRecord,
    intake: Intake,
    settings: Settings,
    selection: Selection,
    grouping: Grouping,
) -> Iterator[PlannedRequest]:
    """Yield what is left to send of a run, once it is proven that nothing has changed.

    Raises:
        SourceError: The settings, or a row's request, are not what the run began with.
        LedgerError: A row of the file is not in the ledger.
    """
    refuse_others(run.run_id, run.settings, settings)
    if settings.retry_rejected:
        _release_rejected(ledger, run)
    picked = 0
    with ledger.history() as history:
        records = history.rows(run.run_number)
        for checked in intake.chunks():
            for position, row in enumerate(checked.rows):
                record = _same_row(run, row, next(records, None))
                grouping.add(checked.chunk, position, row)
                _refuse_edit(ledger, run, row, record)
                is_within = selection.limit is None or picked < selection.limit
                if not row.is_blank and is_within and selection.includes(row.row_number):
                    picked += 1
                    if record.state is State.READY and row.request is not None:
                        yield request_of(row, record.row_id, record.row_key)


def _release_rejected(ledger: Ledger, run: RunRecord) -> None:
    with ledger.history() as history:
        rejected = [row.row_id for row in history.rows(run.run_number, State.REJECTED)]
    ledger.release(rejected).result()


def _same_row(run: RunRecord, row: CheckedRow, record: RowRecord | None) -> RowRecord:
    if record is None or record.row_number != row.row_number:
        raise LedgerError(
            f"run {run.run_id} does not hold row {row.row_number} of {run.source_name}",
            todo="report this as a bug; nothing was sent",
        )
    return record


def _refuse_edit(ledger: Ledger, run: RunRecord, row: CheckedRow, record: RowRecord) -> None:
    """Raise if a row would be sent otherwise than the run planned it.

    Raises:
        SourceError: Names the row.
    """
    if record.state is not State.READY:
        return
    request = None
    if row.request is not None and row.appointment_at is not None:
        request = identify(row.request, row.appointment_at, ledger.key).request
    if request != record.request:
        raise SourceError(
            f"row {row.row_number} of {run.source_name} would be sent otherwise than run "
            f"{run.run_id} planned it",
            todo="carry on with the version of solv-import that began the run",
        )
