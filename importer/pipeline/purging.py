"""Purging ended runs: what goes, what stays and why, and doing it once somebody has agreed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from importer.audit import AuditKind, Entry
from importer.errors import SettingsError
from importer.ledger import Spool, purging
from importer.model import State
from importer.pipeline.ledgers import folder_of, history_of, opened_and_swept
from importer.reports import PurgedRun, PurgeReport, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from importer.ledger import History, LedgerFolder, RunRecord
    from importer.model import Clock
    from importer.settings import Settings


def purge_plan(
    settings: Settings, *, run_id: str | None = None, before: datetime | None = None
) -> PurgeReport:
    """Return what a purge would delete now; nothing is written, and a run may be under way.

    Args:
        settings: Whose ledger.
        run_id: This run.
        before: Or every run that ended before.

    Raises:
        SettingsError: There is no such run, it was purged already, or its rows are not settled.
        LedgerError: There is no ledger, or it cannot be read.
    """
    folder = folder_of(settings)
    with history_of(settings) as history:
        if run_id is not None:
            return _report(folder, history, [_run_to_purge(history, run_id)], ())
        runs = [run for run in history.runs() if run.purged_at is None]
        old = [run for run in runs if before is not None and _ended_at(run) < before]
        reasons = {run.run_number: _why_not(history, run) for run in old}
        kept = tuple(why for why in reasons.values() if why)
        gone = [run for run in old if not reasons[run.run_number]]
        return _report(folder, history, gone, kept)


def purge(settings: Settings, plan: PurgeReport, *, clock: Clock) -> None:
    """Delete what the runs of a plan hold of their rows.

    What keeps anybody from being booked twice stays: hashes, row keys, booking ids, states and
    decisions. The audit and the ledger come first, the files after them; a purge that is killed
    in between is brought to its end by the next import or purge.

    Raises:
        SettingsError: A run is not there any more as it was seen.
        LedgerBusy: A run is under way.
        LedgerError: The ledger cannot be trusted.
    """
    now = clock.now()
    with opened_and_swept(settings, clock) as ledger:
        with ledger.history() as history:
            runs = [_run_to_purge(history, run.run_id) for run in plan.runs]
            counts = {run.run_id: totals_of(history.counts(run.run_number)) for run in runs}
        entry = Entry(kind=AuditKind.PURGED, facts={"runs": counts})
        numbers = [run.run_number for run in runs]
        change = partial(purging.purge_runs, run_numbers=numbers, at=now.isoformat())
        ledger.tell(entry, change, at=now)
        purging.sweep(ledger)


def _run_to_purge(history: History, run_id: str) -> RunRecord:
    """Return a run that may be purged.

    Raises:
        SettingsError: There is none, it was purged already, or its rows are not settled.
    """
    run = history.run(run_id)
    if run is None:
        raise SettingsError(
            f"there is no run {run_id} for this target",
            todo="list the runs with: solv-import status",
        )
    if run.purged_at is not None:
        raise SettingsError(f"run {run_id} was purged already, on {run.purged_at[:10]}")
    why = _why_not(history, run)
    if why:
        what, _, todo = why.partition(": ")
        raise SettingsError(f"{what}, so it is not purged", todo=todo)
    return run


def _why_not(history: History, run: RunRecord) -> str:
    """Return why a run must stay as it is and what to do, "" when it need not."""
    counts = history.counts(run.run_number)
    unsettled = counts.get(State.UNKNOWN, 0) + counts.get(State.SENDING, 0)
    if unsettled:
        rows = _rows(unsettled)
        return f"run {run.run_id} has {rows} unknown: solv-import reconcile {run.run_id}"
    if counts.get(State.READY):
        rows = _rows(counts[State.READY])
        return f"run {run.run_id} has {rows} not sent: solv-import resume {run.run_id}"
    return ""


def _rows(count: int) -> str:
    return f"{count:,} row" + ("" if count == 1 else "s")


def _report(
    folder: LedgerFolder, history: History, runs: Sequence[RunRecord], kept: tuple[str, ...]
) -> PurgeReport:
    sizes = [path.stat().st_size for run in runs for path in _files(folder, run)]
    said = Spool(folder.spool / "none").words().keys()
    leaving = [run.run_number for run in runs]
    return PurgeReport(
        runs=tuple(_purged(history, run) for run in runs),
        files=len(sizes),
        size_bytes=sum(sizes),
        answers=len(said - history.keys_in_use(said, leaving)) if runs else 0,
        kept=kept,
    )


def _purged(history: History, run: RunRecord) -> PurgedRun:
    return PurgedRun(
        run_id=run.run_id,
        ended_at=_ended_at(run),
        rows=sum(history.counts(run.run_number).values()),
        problems=history.problem_count(run.run_number),
    )


def _files(folder: LedgerFolder, run: RunRecord) -> Iterator[Path]:
    """Yield the private files of a run that are left; mostly none, once it has ended."""
    return (path for path in (folder.spool / run.run_id).rglob("*") if path.is_file())


def _ended_at(run: RunRecord) -> datetime:
    """Return when a run ended, or when it was planned if it was killed before it could say so."""
    return datetime.fromisoformat(run.ended_at or run.planned_at)
