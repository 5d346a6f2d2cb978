"""Writing the results of an earlier run once more, and deleting what it needs no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.ledger import Spool
from importer.pipeline.ending import standing_of, summary_of
from importer.pipeline.job import OpenRun
from importer.pipeline.ledgers import opened
from importer.pipeline.reporting import default_place, reopened, run_named, write_run_results

if TYPE_CHECKING:
    from pathlib import Path

    from importer.ledger import Ledger, RunRecord
    from importer.model import Clock
    from importer.settings import Settings


def write_results_again(
    run_id: str | None,
    settings: Settings,
    *,
    source: Path | None,
    results: Path | None,
    clock: Clock,
) -> Path:
    """Write the results of an earlier run once more and return where they are.

    Args:
        run_id: Which run; None means the newest.
        settings: Whose ledger.
        source: The file that was imported, when it is no longer where it was.
        results: Where they go; None means where they went before.
        clock: The time.

    Raises:
        SettingsError: There is no such run, or the place cannot be written.
        SourceError: The source is gone, or is not the file that was imported.
    """
    with opened(settings, clock) as ledger:
        run = run_named(ledger, run_id)
        return rewrite(ledger, run, settings, source=source, results=results, clock=clock)


def rewrite(
    ledger: Ledger,
    run: RunRecord,
    settings: Settings,
    *,
    source: Path | None,
    results: Path | None,
    clock: Clock,
) -> Path:
    """Write the results of a run from the ledger as it is now.

    Raises:
        SettingsError: The place cannot be written.
        SourceError: The source is gone, or is not the file that was imported.
    """
    spool = Spool(ledger.folder.spool / run.run_id)
    with ledger.history() as history:
        standing = standing_of(history, run)
    intake = reopened(run, spool, settings, source, clock)
    target, ended_at = settings.base_url, run.ended_at or ""
    told = intake.warnings(standing.rows_in)
    summary = summary_of(run, standing, target, told, ended_at=ended_at)
    opened_run = OpenRun(ledger=ledger, run=run, intake=intake, spool=spool)
    written = write_run_results(opened_run, summary, results or default_place(run))
    ledger.update_run(run.run_number, exit_code=summary.exit_code)
    if standing.is_done:
        spool.remove()
    return written
