"""Sending what a run has planned, in the pace that earlier processes owe the server."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from importer.errors import ExitCode, LedgerError
from importer.model import State
from importer.pacing import wait_after_restart_s
from importer.posting import (
    LONGEST_PAUSE_S,
    Refusals,
    Session,
    Stop,
    hours_of,
    jitter_s_of,
    post_run,
    spacing_s_of,
)
from importer.rate import rate_text

if TYPE_CHECKING:
    from importer.pipeline.job import Job, OpenRun
    from importer.signals import Waiting

_LONGEST_ASKED_S = 86_400.0
_ANSWERED = (State.BOOKED, State.REJECTED, State.UNKNOWN)


def send(job: Job, opened: OpenRun, rows: int, waiting: Waiting) -> Stop | None:
    """Send the requests that lie in the spool; return why it ended before every row was tried."""
    refusals = _refusals(job, opened.run.run_number, rows)
    hours, now = hours_of(job.settings), job.clock.now()
    stop = hours.refusal(now) or refusals.before()
    if stop is not None:
        return stop
    wait_s, paused_s = owed_waits(job)
    if paused_s > LONGEST_PAUSE_S:
        return Stop(
            exit_code=ExitCode.STOPPED_EARLY,
            why=f"the server asked for a pause that lasts {paused_s / 60:.0f} more minutes",
            todo="run the same command again then",
        )
    session = Session(
        settings=job.settings,
        ledger=job.ledger,
        spool=opened.spool,
        clock=job.clock,
        observer=job.observer,
        run_id=opened.run.run_id,
        rows=rows,
        wait_s=wait_s,
        paused_s=paused_s,
        waiting=waiting,
        refusals=refusals,
        ends=hours.end(now),
    )
    rate = rate_text(job.settings.rate)
    try:
        if job.ledger.pace_memory().rate != rate:
            # A process killed while it waits for a new rate, or once it has sent at it, leaves
            # the wait for a whole window to the next, whatever the rate of that one is.
            job.ledger.remember_pace(rate="")
        stop = asyncio.run(post_run(session)).stop
        job.ledger.remember_pace(rate=rate)
    except LedgerError as error:
        return Stop(exit_code=error.exit_code, why=error.message, todo=error.todo)
    return stop


def hold_as_unknown(job: Job, opened: OpenRun) -> None:
    """Send nothing: whoever had the ledger that is lost may have sent these rows already."""
    rows = [request.row_id for request in opened.spool.requests()]
    doubted = job.ledger.doubt(rows, "a lost ledger may have sent it", job.clock.now())
    job.observer.notice(f"nothing was sent: {doubted:,} rows are unknown until they are settled")


def _refusals(job: Job, run_number: int, rows: int) -> Refusals:
    """Return the refusals that the run may have, with those of earlier processes counted."""
    with job.ledger.history() as history:
        counts = history.counts(run_number)
    answered = sum(counts.get(state, 0) for state in _ANSWERED)
    return Refusals(
        most=job.settings.max_rejects,
        rows=answered + rows,
        refused=counts.get(State.REJECTED, 0),
        canary=job.settings.canary or 1,
    )


def owed_waits(job: Job) -> tuple[float, float]:
    """Return how long to wait for the sake of earlier processes: for the pace, for the server."""
    memory = job.ledger.pace_memory()
    rate = job.settings.rate
    now = job.clock.now()
    since_s = _seconds_between(memory.last_request_at, now)
    paused_s = -(_seconds_between(memory.paused_until, now) or 0.0)
    if paused_s > _LONGEST_ASKED_S:
        paused_s = 0.0  # no server asks for that: this machine's clock was set back
    if rate is None:
        return 0.0, max(0.0, paused_s)
    has_changed = memory.rate != rate_text(rate)
    # The last request before may have come late, and the first one after may come early.
    whole_s = rate.window_s + jitter_s_of(job.settings)
    gap_s = whole_s if has_changed else spacing_s_of(job.settings)
    return wait_after_restart_s(since_s, gap_s), max(0.0, paused_s)


def _seconds_between(earlier: str, now: datetime) -> float | None:
    return (now - datetime.fromisoformat(earlier)).total_seconds() if earlier else None
