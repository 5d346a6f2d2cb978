"""Looking at runs without touching them; pandas is never needed for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors import ExitCode, SettingsError
from importer.ledger import History, LedgerFolder, is_held
from importer.model import State
from importer.pipeline.ledgers import existing_folders
from importer.pipeline.stored_settings import target_in
from importer.reports import RunStatus, totals_of

if TYPE_CHECKING:
    from importer.ledger import RunRecord
    from importer.settings import Settings


def run_statuses(settings: Settings, run_id: str | None) -> list[RunStatus]:
    """Return the runs of the target, or of every target when none is set; the oldest first.

    Raises:
        SettingsError: There is no run of that id.
        LedgerError: A ledger cannot be read.
    """
    folders = existing_folders(settings)
    found = [status for folder in folders for status in _statuses(folder, run_id)]
    if run_id is not None and not found:
        raise SettingsError(
            f"there is no run {run_id}", todo="list the runs with: solv-import status"
        )
    return sorted(found, key=lambda status: status.started_at)


def _statuses(folder: LedgerFolder, run_id: str | None) -> list[RunStatus]:
    with History(folder.database) as history:
        runs = history.runs() if run_id is None else [history.run(run_id)]
        known = [run for run in runs if run is not None]
        newest = history.run(None) if is_held(folder.lock_file) else None
        return [_status(history, folder, run, is_running=run == newest) for run in known]


def _status(
    history: History, folder: LedgerFolder, run: RunRecord, *, is_running: bool
) -> RunStatus:
    counts = history.counts(run.run_number)
    return RunStatus(
        run_id=run.run_id,
        source=run.source_name,
        target=target_in(run.settings) or history.address(),
        ledger=folder.database,
        started_at=datetime.fromisoformat(run.started_at),
        ended_at=datetime.fromisoformat(run.ended_at) if run.ended_at else None,
        is_running=is_running,
        rows_in=sum(counts.values()),
        **totals_of(counts),
        results=Path(run.results_path) if run.results_path else None,
        exit_code=None if run.exit_code is None else ExitCode(run.exit_code),
        purged_at=datetime.fromisoformat(run.purged_at) if run.purged_at else None,
        is_closed=bool(counts.get(State.SUPERSEDED)) and not counts.get(State.READY),
    )
