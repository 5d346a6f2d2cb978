"""Settling unknown rows: a worksheet out, a person's decisions back in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import SettingsError, SourceError
from importer.ledger import Ruling, Spool
from importer.model import Answer, State
from importer.pipeline.ending import exit_code_of, standing_of
from importer.pipeline.ledgers import opened
from importer.pipeline.reporting import reopened, run_named
from importer.pipeline.rewriting import rewrite
from importer.reports import DecisionReport
from importer.results import UnknownRow, prove_writable, read_decisions, write_worksheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.ledger import Ledger, RowRecord, RunRecord
    from importer.model import Clock
    from importer.pipeline.intake import Intake
    from importer.settings import Settings

_SHOWN = {
    "first_name": "first_name",
    "last_name": "last_name",
    "phone": "phone",
    "birth_date": "birth_date",
    "appointment": "appointment_date",
    "location": "location_id",
}
"""Column of the worksheet -> API field whose cell stands there."""


def unknown_worksheet(run_id: str | None, settings: Settings, path: Path, *, clock: Clock) -> int:
    """Write the unknown rows of a run with what finds the patient in Solv; return how many.

    Raises:
        SettingsError: There is no such run, or the place cannot be written.
        SourceError: The source is gone, or is not the file that was imported.
    """
    prove_writable(path)
    with opened(settings, clock) as ledger:
        run = run_named(ledger, run_id)
        spool = Spool(ledger.folder.spool / run.run_id)
        spool.prepare()
        intake = reopened(run, spool, settings, None, clock)
        rows = list(_unknown_rows(ledger, run, intake))
        write_worksheet(path, rows, work_dir=spool.work)
    return len(rows)


def apply_decisions(
    run_id: str | None, settings: Settings, path: Path, *, who: str, clock: Clock
) -> DecisionReport:
    """Take the decisions of a worksheet, all that can be taken, and write the results again.

    Raises:
        SettingsError: There is no such run.
        SourceError: The worksheet cannot be read, or a decision is not one of ours.
    """
    decisions = read_decisions(path)
    with opened(settings, clock) as ledger:
        run = run_named(ledger, run_id)
        rulings = [
            Ruling(
                row_key=d.row_key,
                answer=d.answer,
                booking_id=d.booking_id,
                row_number=d.row_number,
                sent_at=d.sent_at,
            )
            for d in decisions
        ]
        refusals = ledger.decide(run.run_number, rulings, who=who, at=clock.now())
        refused_keys = {refusal.row_key for refusal in refusals}
        places = {d.row_key: d.place for d in decisions}
        taken = [r.answer for r in rulings if r.row_key not in refused_keys]
        with ledger.history() as history:
            standing = standing_of(history, run)
        written = _rewritten(ledger, run, settings, clock)
    unknown = standing.counts.get(State.UNKNOWN, 0)
    return DecisionReport(
        run_id=run.run_id,
        booked=taken.count(Answer.BOOKED),
        released=taken.count(Answer.NOT_BOOKED),
        cancelled=taken.count(Answer.CANCELLED),
        left=unknown,
        refused=tuple(f"{places[r.row_key]}: {r.why}" for r in refusals),
        still_unknown=unknown,
        exit_code=exit_code_of(standing),
        results_path=written,
    )


def _rewritten(ledger: Ledger, run: RunRecord, settings: Settings, clock: Clock) -> Path | None:
    """Write the results again; decisions that were taken stand, also when that fails."""
    try:
        return rewrite(ledger, run, settings, source=None, results=None, clock=clock)
    except (SettingsError, SourceError, OSError):
        return None


def _unknown_rows(ledger: Ledger, run: RunRecord, intake: Intake) -> Iterator[UnknownRow]:
    columns = {name: intake.plan.columns_of(field) for name, field in _SHOWN.items()}
    with ledger.history() as history:
        unknown = {row.row_number: row for row in history.rows(run.run_number, State.UNKNOWN)}
    for chunk in intake.table.chunks():
        wanted = [n for n in chunk.frame.index.tolist() if n in unknown]
        for number in wanted:
            cells = {
                name: " ".join(str(chunk.frame.at[number, column]) for column in held)
                for name, held in columns.items()
            }
            yield _worksheet_row(unknown[number], cells)


def _worksheet_row(record: RowRecord, cells: dict[str, str]) -> UnknownRow:
    return UnknownRow(
        row_number=record.row_number,
        row_key=record.row_key,
        sent_at=record.sending_at or "",
        reason=record.reason,
        server_ids=record.server_ids,
        **cells,
    )
