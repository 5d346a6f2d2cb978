"""Carrying a run on: the same rows, the same requests, and only what was never decided."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from importer.errors import LedgerError, SettingsError, SourceError
from importer.identity import day_of, identify
from importer.ledger import Spool, planning
from importer.ledger.followers import follow_booked_since
from importer.ledger.reschedules import hold_reschedules
from importer.model import State
from importer.pipeline.ending import is_still_needed
from importer.pipeline.planning import request_of
from importer.pipeline.recording import release
from importer.pipeline.reporting import refuse_purged
from importer.pipeline.stored_settings import (
    as_confirmed,
    differing,
    is_of_these_rules,
    refuse_others,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.ledger import History, Ledger, PlannedRequest, RowRecord, RunRecord
    from importer.pipeline.groups import Grouping
    from importer.pipeline.intake import Intake
    from importer.pipeline.job import Job
    from importer.validate import CheckedRow


_TO_CLOSE = (
    "another version of solv-import began it: run its file again with the same settings, which "
    "closes this run and sends what is left: solv-import run FILE"
)
_OTHERWISE = "carry on with the version of solv-import that began the run"


def is_unfinished(history: History, run: RunRecord) -> bool:
    """Return whether the run has rows that may still be sent."""
    counts = history.counts(run.run_number)
    return bool(counts.get(State.READY) or counts.get(State.SENDING))


def run_to_carry_on(job: Job, digest: str, sheet: str) -> RunRecord | None:
    """Return the unfinished run of this very file that goes on, None when it is planned anew.

    One that has sent nothing goes on only if it was planned with the same choices, and none
    does that was begun by other rules: its rows may mean other requests now, while the row
    keys keep whatever it has booked from being sent again.

    Raises:
        SourceError: It has sent something, with other settings.
    """
    newest = _newest_unfinished(job, digest, sheet)
    if newest is None:
        return None
    settings = as_confirmed(job.settings, newest.settings)
    if _has_sent(job, newest):
        refuse_others(newest.run_id, newest.settings, settings)
        is_alike = True
    else:
        is_alike = _is_whole(job, newest) and not differing(newest.settings, settings)
    return newest if is_alike and is_of_these_rules(newest.settings) else None


def close_unfinished(job: Job, digest: str, sheet: str) -> None:
    """Close what a run of this very file had still to send: the file is planned anew."""
    run = _newest_unfinished(job, digest, sheet)
    if run is None:
        return
    job.ledger.plan(partial(planning.supersede, run_number=run.run_number))
    with job.ledger.history() as history:
        counts = history.counts(run.run_number)
    if not is_still_needed(counts):
        Spool(job.ledger.folder.spool / run.run_id).remove()
    if _has_sent(job, run):
        job.observer.notice(
            f"run {run.run_id} was begun by another version of solv-import: it is closed, and "
            "its file is planned anew; what it booked is not sent again"
        )


def _newest_unfinished(job: Job, digest: str, sheet: str) -> RunRecord | None:
    with job.ledger.history() as history:
        newest = history.newest_run_of(digest, sheet)
        return newest if newest is not None and is_unfinished(history, newest) else None


def _has_sent(job: Job, run: RunRecord) -> bool:
    with job.ledger.history() as history:
        return history.has_sent(run.run_number)


def _is_whole(job: Job, run: RunRecord) -> bool:
    """Return whether no row was left out of the run, and none is to be left out now."""
    with job.ledger.history() as history:
        has_left_out = history.counts(run.run_number).get(State.LEFT_OUT)
    return job.selection.is_everything and not has_left_out


def left_to_send(job: Job, run: RunRecord) -> int:
    """Return how many rows of a run would go now, by the operator's selection."""
    with job.ledger.history() as history:
        ready = history.rows(run.run_number, State.READY)
        chosen = sum(job.selection.includes(row.row_number) for row in ready)
    limit = job.selection.limit
    return chosen if limit is None else min(chosen, limit)


def run_to_resume(ledger: Ledger, run_id: str | None) -> RunRecord:
    """Return the run of that id, or the newest that has rows to send and its source to send from.

    Raises:
        SettingsError: There is none, or a later run of its file has taken its rows over.
    """
    with ledger.history() as history:
        if run_id is not None:
            run = history.run(run_id)
            if run is None:
                raise SettingsError(
                    f"there is no run {run_id} for this target",
                    todo="list the runs with: solv-import status",
                )
            refuse_purged(run)
            _refuse_closed(history, run)
            return run
        unfinished = [
            run
            for run in history.runs()
            if is_unfinished(history, run)
            and Spool(ledger.folder.spool / run.run_id).source() is not None
        ]
    if not unfinished:
        raise SettingsError(
            "no run of this target has rows left to send",
            todo="list the runs with: solv-import status",
        )
    return unfinished[-1]


def _refuse_closed(history: History, run: RunRecord) -> None:
    if not is_unfinished(history, run) and history.counts(run.run_number).get(State.SUPERSEDED):
        raise SettingsError(
            f"run {run.run_id} is closed: its file was planned anew in a later run",
            todo="list the runs with: solv-import status",
        )


def carry_on(
    job: Job, run: RunRecord, intake: Intake, grouping: Grouping
) -> Iterator[PlannedRequest]:
    """Yield what is left to send of a run, once it is proven that nothing has changed.

    Rows that another run has booked meanwhile follow that booking, so that nobody signs in for
    them alone.

    Raises:
        SourceError: The settings, or a row's request, are not what the run began with.
        LedgerError: A row of the file is not in the ledger.
    """
    ledger, selection = job.ledger, job.selection
    refuse_others(run.run_id, run.settings, job.settings)
    if job.settings.retry_rejected:
        _release_rejected(job, run)
    if not (job.settings.allow_reschedules or job.settings.as_unknown):
        today = day_of(job.clock.now())
        ledger.plan(partial(hold_reschedules, run_number=run.run_number, today=today))
    sent = 0
    with ledger.history() as history:
        records = history.rows(run.run_number)
        for checked in intake.chunks():
            ready = []
            for position, row in enumerate(checked.rows):
                record = _same_row(run, row, next(records, None))
                grouping.add(checked.chunk, position, row)
                is_ready = _is_ready(ledger, run, row, record)
                if is_ready and selection.includes(row.row_number):
                    ready.append(request_of(row, record.row_id, record.row_key))
            for request in _unbooked(job, run, ready):
                if not selection.is_reached(sent):
                    sent += 1
                    yield request


def _unbooked(job: Job, run: RunRecord, ready: Sequence[PlannedRequest]) -> list[PlannedRequest]:
    """Return the requests behind which there is, or may be, no booking of another run."""
    followers = job.ledger.plan(
        partial(
            follow_booked_since,
            run_number=run.run_number,
            row_ids=[request.row_id for request in ready],
            at=job.clock.now().isoformat(),
            allow=job.settings.allow_duplicates,
        )
    )
    return [request for request in ready if request.row_id not in followers]


def _release_rejected(job: Job, run: RunRecord) -> None:
    with job.ledger.history() as history:
        rejected = history.rows(run.run_number, State.REJECTED)
        chosen = [row for row in rejected if job.selection.includes(row.row_number)]
    release(job, run, chosen)


def _same_row(run: RunRecord, row: CheckedRow, record: RowRecord | None) -> RowRecord:
    if record is None or record.row_number != row.row_number:
        raise LedgerError(
            f"run {run.run_id} does not hold row {row.row_number} of {run.source_name}",
            todo="report this as a bug; nothing was sent",
        )
    return record


def _is_ready(ledger: Ledger, run: RunRecord, row: CheckedRow, record: RowRecord) -> bool:
    """Return whether a row may be sent, as the run planned it; False for a row that is decided.

    Raises:
        SourceError: The row would be sent otherwise than the run planned it.
    """
    if record.state is not State.READY:
        return False
    identity = None
    if row.request is not None and row.appointment_at is not None:
        identity = identify(row.request, row.appointment_at, ledger.key, unsent=row.middle_name)
    if identity is None or identity.request != record.request:
        raise SourceError(
            f"row {row.row_number} of {run.source_name} would be sent otherwise than run "
            f"{run.run_id} planned it",
            todo=_TO_CLOSE if not is_of_these_rules(run.settings) else _OTHERWISE,
        )
    return True


def carrying_on_words(ledger: Ledger, run: RunRecord) -> str:
    """Return what the first line of a resumed run says."""
    with ledger.history() as history:
        counts = history.counts(run.run_number)
    to_go = counts.get(State.READY, 0)
    unknown = counts.get(State.UNKNOWN, 0)
    decided = sum(counts.values()) - to_go - unknown
    unsure = f", {unknown:,} sent without answer (not re-sent)" if unknown else ""
    return f"resuming run {run.run_id}: {decided:,} decided{unsure}, {to_go:,} to go"
