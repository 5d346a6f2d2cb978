"""Importing a file: read and check all of it, plan it, send it, and write down what came of it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors import (
    ExitCode,
    ImporterError,
    LedgerError,
    SettingsError,
    SourceError,
    worst,
)
from importer.ledger import (
    NewRun,
    PaceMemory,
    Spool,
    planning,
)
from importer.model import State
from importer.pacing import wait_after_restart_s
from importer.pipeline.carrying_on import carry_on, is_unfinished
from importer.pipeline.ending import RunReport, finish, write_failure
from importer.pipeline.groups import Grouping
from importer.pipeline.intake import take_in
from importer.pipeline.job import Job, Unobserved
from importer.pipeline.ledgers import opened_and_swept
from importer.pipeline.planning import Planner
from importer.pipeline.reporting import default_place
from importer.pipeline.stored_settings import refuse_others, restored, stored
from importer.pipeline.views import plan_view
from importer.posting import (
    LONGEST_PAUSE_S,
    Session,
    Stop,
    jitter_s_of,
    post_run,
    spacing_s_of,
)
from importer.rate import rate_text
from importer.reading import copy_privately
from importer.results import default_results_path, prove_writable, results_kind
from importer.signals import PATIENCE, code_of_interrupt, kept_waiting, raise_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.ledger import Ledger, RunRecord
    from importer.model import Clock, RunId
    from importer.pipeline.intake import Intake
    from importer.reports import Observer, PlanView
    from importer.settings import Selection, Settings
    from importer.signals import Waiting


_LONGEST_ASKED_S = 86_400.0


def import_file(
    source: Path, settings: Settings, *, clock: Clock, observer: Observer, selection: Selection
) -> RunReport:
    """Book the rows of a file that may be booked, and write down what became of each.

    The newest run of this very file carries on while it has rows to send; otherwise a new run
    starts, in which every row that was booked before is `skipped`.

    Raises:
        SettingsError: A setting is missing, or the results could not be written.
        SourceError: The file as a whole cannot be used; nothing was sent.
        LedgerBusy: Another run holds the ledger.
        LedgerError: The ledger cannot be trusted; nothing was sent.
    """
    settings.require_target()
    results = settings.results or default_results_path(source)
    _prove_places(source, results, settings.summary)

    def work(ledger: Ledger) -> RunReport:
        job = Job(
            settings=settings,
            ledger=ledger,
            clock=clock,
            observer=observer,
            selection=selection,
            results=results,
            summary=settings.summary,
        )
        with _told_in_the_summary(job, source.name):
            return _import(job, source)

    return _with_ledger(settings, clock, work)


def plan_file(source: Path, settings: Settings, *, clock: Clock, selection: Selection) -> PlanView:
    """Return what importing a file would do now; nothing is sent, and the ledger stays as it is.

    Raises:
        SettingsError: A setting is missing.
        SourceError: The file as a whole cannot be used.
        LedgerBusy: Another run holds the ledger.
        LedgerError: The ledger cannot be trusted.
    """
    settings.require_target()
    with opened_and_swept(settings, clock) as ledger:
        job = Job(
            settings=settings,
            ledger=ledger,
            clock=clock,
            observer=Unobserved(),
            selection=selection,
            results=settings.results or default_results_path(source),
            summary=None,
        )
        run_id = planning.mint_run_id(f"{clock.now():%Y-%m-%d}")
        spool = Spool(ledger.folder.spool / run_id)
        try:
            digest, intake = _taken_in(job, spool, source)
            newest, is_begun = _unfinished(job, digest, intake.sheet)
            if newest is not None and is_begun:
                refuse_others(newest.run_id, newest.settings, settings)
                grouping = Grouping(intake.table.headings)
                return plan_view(job, newest, intake, grouping, left=_to_send(job, newest))
            run, grouping = _plan(job, run_id, source, digest, intake, spool)
            view = plan_view(job, run, intake, grouping, left=None)
            ledger.plan(partial(planning.forget_run, run_number=run.run_number))
            return view
        finally:
            spool.remove()


def resume_run(
    run_id: str | None, settings: Settings, *, clock: Clock, observer: Observer
) -> RunReport:
    """Carry a run on with its own settings, from its private copy of the source.

    Args:
        run_id: Which; None means the newest that has rows to send.
        settings: Where to and how fast; what makes requests comes from the run.
        clock: The time.
        observer: Is told how it goes.

    Raises:
        SettingsError: There is no such run, or nothing of it is left to send.
        SourceError: Its source is gone.
    """
    settings.require_target()

    def work(ledger: Ledger) -> RunReport:
        run = _run_to_resume(ledger, run_id)
        own = restored(settings, run.settings)
        source = Spool(ledger.folder.spool / run.run_id).source()
        if source is None:
            raise SourceError(
                f"run {run.run_id} has no copy of {run.source_name} any more",
                todo="run the file itself again: solv-import run FILE",
            )
        results = own.results or default_place(run)
        _prove_places(Path(run.source_path), results, own.summary)
        job = Job(
            settings=own,
            ledger=ledger,
            clock=clock,
            observer=observer,
            selection=own.selection,
            results=results,
            summary=own.summary,
        )
        with _told_in_the_summary(job, run.source_name):
            intake = take_in(source, own, now=clock.now(), name=run.source_name)
            return _carry_on(job, run, intake)

    return _with_ledger(settings, clock, work)


def _with_ledger(
    settings: Settings, clock: Clock, work: Callable[[Ledger], RunReport]
) -> RunReport:
    """Import with the ledger held; who asks for a stop once all is told changes no outcome."""
    report = None
    try:
        with opened_and_swept(settings, clock) as ledger:
            report = work(ledger)
    except KeyboardInterrupt as interrupt:
        if report is None:
            raise
        code = worst(report.exit_code, code_of_interrupt(interrupt))
        return replace(report, exit_code=code)
    return report


@contextmanager
def _told_in_the_summary(job: Job, source_name: str) -> Iterator[None]:
    """Let an import that fails as a whole leave a summary of its own, never last night's.

    Raises:
        LedgerError: The state folder cannot be written, or the ledger not trusted.
        ImporterError: Whatever else stopped it.
    """
    if job.summary is not None:
        job.summary.unlink(missing_ok=True)
    try:
        yield
    except OSError as error:
        failure = LedgerError(
            f"the state folder {job.ledger.folder.path} cannot be written: {error.strerror}",
            todo="free some disk space, then run the same command again",
        )
        write_failure(job, source_name, failure.exit_code, failure.message)
        raise failure from None
    except ImporterError as error:
        write_failure(job, source_name, error.exit_code, error.message)
        raise
    except KeyboardInterrupt as interrupt:
        if job.summary is not None and not job.summary.exists():  # else the run has told its own
            write_failure(job, source_name, code_of_interrupt(interrupt), "as asked")
        raise


def _import(job: Job, source: Path) -> RunReport:
    ledger = job.ledger
    run_id = planning.mint_run_id(f"{job.clock.now():%Y-%m-%d}")
    spool = Spool(ledger.folder.spool / run_id)
    is_kept = False
    try:
        digest, intake = _taken_in(job, spool, source)
        run = _to_carry_on(job, digest, intake.sheet)
        if run is not None:
            return _carry_on(job, run, intake)
        run, grouping = _plan(job, run_id, source, digest, intake, spool)
        is_kept = True
        return _send(job, run, intake, spool, grouping)
    finally:
        if not is_kept:
            spool.remove()


def _taken_in(job: Job, spool: Spool, source: Path) -> tuple[str, Intake]:
    """Copy a file into the spool; return its digest, and what was understood of the copy."""
    spool.prepare()
    copy = spool.place_for(source.name)
    digest = copy_privately(source, copy)
    return digest, take_in(copy, job.settings, now=job.clock.now())


def _unfinished(job: Job, digest: str, sheet: str) -> tuple[RunRecord | None, bool]:
    """Return the newest run of this very file if it has rows to send, and whether it goes on.

    One that has sent nothing goes on only if it was planned with the same choices.
    """
    with job.ledger.history() as history:
        newest = history.newest_run_of(digest, sheet)
        if newest is None or not is_unfinished(history, newest):
            return None, False
        is_whole = job.selection.is_everything and not history.counts(newest.run_number).get(
            State.LEFT_OUT
        )
        is_alike = is_whole and newest.settings == stored(job.settings)
        return newest, is_alike or history.has_sent(newest.run_number)


def _to_send(job: Job, run: RunRecord) -> int:
    """Return how many rows of a run would go now, by the operator's selection."""
    with job.ledger.history() as history:
        ready = history.rows(run.run_number, State.READY)
        chosen = sum(job.selection.includes(row.row_number) for row in ready)
    limit = job.selection.limit
    return chosen if limit is None else min(chosen, limit)


def _to_carry_on(job: Job, digest: str, sheet: str) -> RunRecord | None:
    """Return the run of this very file that goes on, if there is one.

    One that has sent nothing and was planned with other choices is closed instead.
    """
    newest, is_begun = _unfinished(job, digest, sheet)
    if newest is None or is_begun:
        return newest
    job.ledger.plan(partial(planning.supersede, run_number=newest.run_number))
    Spool(job.ledger.folder.spool / newest.run_id).remove()
    return None


def _plan(
    job: Job, run_id: RunId, source: Path, digest: str, intake: Intake, spool: Spool
) -> tuple[RunRecord, Grouping]:
    """Read and check the whole file and register its rows; nothing is sent yet."""
    run_number = job.ledger.begin_run(
        NewRun(
            run_id=run_id,
            source_name=source.name,
            source_path=str(source.absolute()),
            source_digest=digest,
            sheet=intake.sheet,
            settings=stored(job.settings),
            started_at=job.clock.now().isoformat(timespec="seconds"),
        )
    )
    planner = Planner(
        ledger=job.ledger,
        run_number=run_number,
        source_digest=digest,
        sheet=intake.sheet,
        columns=intake.plan,
        settings=job.settings,
        selection=job.selection,
        now=job.clock.now(),
    )
    grouping = Grouping(intake.table.headings)
    try:
        with spool.request_writer() as write:
            for checked in intake.chunks():
                for position, row in enumerate(checked.rows):
                    grouping.add(checked.chunk, position, row)
                for request in planner.plan(checked.rows):
                    write(request)
        planner.finish()
    except ImporterError:
        if not job.ledger.has_failed:
            job.ledger.plan(planning.sweep_unplanned)
        raise
    job.ledger.finish_planning(run_number, job.clock.now())
    return _run_of(job.ledger, run_id), grouping


def _carry_on(job: Job, run: RunRecord, intake: Intake) -> RunReport:
    """Send what an earlier process left of a run; decided rows stay decided."""
    spool = Spool(job.ledger.folder.spool / run.run_id)
    spool.prepare()
    grouping = Grouping(intake.table.headings)
    left = 0
    with spool.request_writer() as write:
        for request in carry_on(job, run, intake, grouping):
            write(request)
            left += 1
    job.observer.notice(_carrying_on_words(job.ledger, run))
    return _send(job, run, intake, spool, grouping, left=left)


def _send(
    job: Job,
    run: RunRecord,
    intake: Intake,
    spool: Spool,
    grouping: Grouping,
    *,
    left: int | None = None,
) -> RunReport:
    plan = plan_view(job, run, intake, grouping, left=left)
    may_go = job.observer.planned(plan)
    raise_again()
    with kept_waiting(most=PATIENCE) as waiting:  # what was sent is in the results, whatever comes
        stop = None
        if not may_go:
            stop = _held(is_held=plan.is_held)
        elif plan.to_send:
            job.ledger.update_run(run.run_number, is_accepted=1)
            stop = _post(job, run, spool, plan.to_send, waiting)
        return finish(job, run, intake, spool, stop, waiting)


def _post(job: Job, run: RunRecord, spool: Spool, rows: int, waiting: Waiting) -> Stop | None:
    wait_s, paused_s = _owed_waits(job)
    if paused_s > LONGEST_PAUSE_S:
        return Stop(
            exit_code=ExitCode.STOPPED_EARLY,
            why=f"the server asked for a pause that lasts {paused_s / 60:.0f} more minutes",
            todo="run the same command again then",
        )
    session = Session(
        settings=job.settings,
        ledger=job.ledger,
        spool=spool,
        clock=job.clock,
        observer=job.observer,
        run_id=run.run_id,
        rows=rows,
        wait_s=wait_s,
        paused_s=paused_s,
        waiting=waiting,
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


def _owed_waits(job: Job) -> tuple[float, float]:
    """Return how long to wait for the sake of earlier processes: for the pace, for the server."""
    memory: PaceMemory = job.ledger.pace_memory()
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


def _held(*, is_held: bool) -> Stop:
    if is_held:
        return Stop(
            exit_code=ExitCode.SOURCE,
            why="some rows are invalid, so nothing was sent",
            todo="correct them and run again, or send the others with --only-valid",
        )
    return Stop(exit_code=ExitCode.SOURCE, why="not confirmed, so nothing was sent")


def _prove_places(source: Path, results: Path, summary: Path | None) -> None:
    """Prove before the first request that results and summary can be written, and over nothing.

    Raises:
        SettingsError: They cannot, or two of the three are one file.
    """
    results_kind(results)
    prove_writable(results)
    if summary is None:
        return
    if summary.resolve() in (source.resolve(), results.resolve()):
        raise SettingsError(
            f"the summary would be written over {summary.name}",
            todo="name another file with --summary",
        )
    prove_writable(summary)


def _run_of(ledger: Ledger, run_id: str) -> RunRecord:
    with ledger.history() as history:
        run = history.run(run_id)
    if run is None:
        raise LedgerError(f"run {run_id} is not in the ledger although it was just planned")
    return run


def _run_to_resume(ledger: Ledger, run_id: str | None) -> RunRecord:
    with ledger.history() as history:
        if run_id is not None:
            run = history.run(run_id)
            if run is None:
                raise SettingsError(
                    f"there is no run {run_id} for this target",
                    todo="list the runs with: solv-import status",
                )
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


def _carrying_on_words(ledger: Ledger, run: RunRecord) -> str:
    with ledger.history() as history:
        counts = history.counts(run.run_number)
    to_go = counts.get(State.READY, 0)
    unknown = counts.get(State.UNKNOWN, 0)
    decided = sum(counts.values()) - to_go - unknown
    unsure = f", {unknown:,} sent without answer (not re-sent)" if unknown else ""
    return f"resuming run {run.run_id}: {decided:,} decided{unsure}, {to_go:,} to go"
