"""Importing a file: read and check all of it, plan it, send it, and write down what came of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors import ExitCode, ImporterError, LedgerError, SourceError, worst
from importer.ledger import Spool, planning
from importer.pipeline.carrying_on import (
    carry_on,
    carrying_on_words,
    close_unfinished,
    left_to_send,
    run_to_carry_on,
    run_to_resume,
)
from importer.pipeline.ending import RunReport, finish, write_failure
from importer.pipeline.groups import Grouping
from importer.pipeline.guarding import guarded, refuse_other_server, stop_of
from importer.pipeline.intake import take_in, understand
from importer.pipeline.job import Job, OpenRun, Unobserved
from importer.pipeline.ledgers import opened_and_swept
from importer.pipeline.planning import plan_run
from importer.pipeline.profile_changes import prove_profile
from importer.pipeline.recording import accept
from importer.pipeline.reporting import default_place
from importer.pipeline.sending import hold_as_unknown, send
from importer.pipeline.stored_settings import as_confirmed, restored
from importer.pipeline.views import plan_view
from importer.posting import Stop
from importer.reading import copy_privately, prove_unchanged
from importer.results import default_results_path, prove_columns, prove_places
from importer.signals import PATIENCE, code_of_interrupt, kept_waiting, raise_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.ledger import Ledger, RunRecord
    from importer.model import Clock
    from importer.pipeline.intake import Intake
    from importer.reports import Observer, PlanView
    from importer.settings import Selection, Settings


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
    refuse_other_server(settings)
    results = settings.results or default_results_path(source)
    prove_places(source, results, settings.summary)

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
    refuse_other_server(settings)
    with opened_and_swept(settings, clock) as ledger:
        job = Job(
            settings=settings,
            ledger=ledger,
            clock=clock,
            observer=Unobserved(),
            selection=selection,
            results=settings.results or default_results_path(source),
            summary=None,
            is_rehearsal=True,
        )
        run_id = planning.mint_run_id(f"{clock.now():%Y-%m-%d}")
        spool = Spool(ledger.folder.spool / run_id)
        try:
            digest, intake = _taken_in(job, spool, source)
            begun = run_to_carry_on(job, digest, intake.sheet)
            if begun is not None:
                job, intake = _confirmed(job, begun, intake)
                grouping = Grouping(intake.table.headings)
                return plan_view(job, begun, intake, grouping, left=left_to_send(job, begun))
            job = _proven_new(job, intake, digest)
            run, grouping = plan_run(job, run_id, source, digest, intake, spool)
            view = guarded(job, plan_view(job, run, intake, grouping, left=None), run, spool)
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
    refuse_other_server(settings)

    def work(ledger: Ledger) -> RunReport:
        run = run_to_resume(ledger, run_id)
        own = restored(settings, run.settings)
        refuse_other_server(own)
        source = Spool(ledger.folder.spool / run.run_id).source()
        if source is None:
            raise SourceError(
                f"run {run.run_id} has no copy of {run.source_name} any more",
                todo="run the file itself again: solv-import run FILE",
            )
        results = own.results or default_place(run)
        prove_places(Path(run.source_path), results, own.summary)
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
            prove_columns(results, len(intake.source_columns))
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
        run = run_to_carry_on(job, digest, intake.sheet)
        if run is not None:
            job, intake = _confirmed(job, run, intake)
            return _carry_on(job, run, intake)
        job = _proven_new(job, intake, digest)
        close_unfinished(job, digest, intake.sheet)
        run, grouping = plan_run(job, run_id, source, digest, intake, spool)
        is_kept = True
        opened = OpenRun(ledger=job.ledger, run=run, intake=intake, spool=spool)
        return _send(job, opened, grouping)
    finally:
        if not is_kept:
            spool.remove()


def _taken_in(job: Job, spool: Spool, source: Path) -> tuple[str, Intake]:
    """Copy a file into the spool; return its digest, and what was understood of the copy.

    Raises:
        SourceError: The file cannot be used, or changes while it is read.
        SettingsError: The results could not hold its columns.
    """
    spool.prepare()
    copy = spool.place_for(source.name)
    digest = copy_privately(source, copy)
    intake = understand(copy, job.settings, now=job.clock.now())
    prove_unchanged(source, digest)
    prove_columns(job.results, len(intake.source_columns))
    return digest, intake


def _confirmed(job: Job, run: RunRecord, intake: Intake) -> tuple[Job, Intake]:
    """Return both with what a person confirmed when the run began.

    Raises:
        OpenQuestion: The profile lists other headings now.
    """
    settings = as_confirmed(job.settings, run.settings)
    intake.prove_headings(settings)
    return replace(job, settings=settings), intake.with_settings(settings)


def _proven_new(job: Job, intake: Intake, digest: str) -> Job:
    """Return the job with which a new run of the file may be planned.

    Raises:
        OpenQuestion: The headings are not the profile's, or the profile has changed.
    """
    intake.prove_headings(job.settings)
    return prove_profile(job, intake, digest)


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
    job.observer.notice(carrying_on_words(job.ledger, run))
    opened = OpenRun(ledger=job.ledger, run=run, intake=intake, spool=spool)
    return _send(job, opened, grouping, left=left)


def _send(job: Job, opened: OpenRun, grouping: Grouping, *, left: int | None = None) -> RunReport:
    """Show the plan; if nobody holds it, send it; write down what came of it, whatever did."""
    run = opened.run
    plan = plan_view(job, run, opened.intake, grouping, left=left)
    plan = guarded(job, plan, run, opened.spool)
    may_go = job.observer.planned(plan)
    raise_again()
    with kept_waiting(most=PATIENCE) as waiting:  # what was sent is in the results, whatever comes
        stop = None
        if not may_go:
            stop = _held(plan)
        elif plan.to_send:
            accept(job, run, plan)
            if job.settings.as_unknown:
                hold_as_unknown(job, opened)
            else:
                stop = send(job, opened, plan.to_send, waiting)
        return finish(job, opened, stop, waiting)


def _held(plan: PlanView) -> Stop:
    if plan.held_by:
        return stop_of(plan.held_by)
    if plan.is_held:
        return Stop(
            exit_code=ExitCode.SOURCE,
            why="some rows are invalid, so nothing was sent",
            todo="correct them and run again, or send the others with --only-valid",
        )
    return Stop(exit_code=ExitCode.SOURCE, why="not confirmed, so nothing was sent")
