"""The end of a run: its exit code, its results, its summary, and what may be deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer import __version__
from importer.errors import ExitCode, ImporterError, LedgerError, SettingsError, worst
from importer.model import State
from importer.pipeline.groups import Grouping
from importer.pipeline.recording import note_end
from importer.pipeline.reporting import reopened, write_run_results
from importer.problems import ProblemCode
from importer.reports import totals_of
from importer.results import Summary, write_summary
from importer.signals import code_of_interrupt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.ledger import History, ProblemKind, RunRecord
    from importer.pipeline.job import Job, OpenRun
    from importer.posting import Stop
    from importer.problems import FileProblem
    from importer.reports import ProblemGroup
    from importer.signals import Waiting

_NEED_A_PERSON = (State.INVALID, State.REJECTED, State.LEFT_OUT, State.SUPERSEDED)
_STILL_NEEDED = (State.READY, State.SENDING, State.UNKNOWN)
_MANY_ROWS = 50_000
_INTERRUPTED = (ExitCode.INTERRUPTED, ExitCode.TERMINATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """How a run ended, and where its results are."""

    summary: Summary
    results_path: Path | None
    groups: tuple[ProblemGroup, ...]
    exit_code: ExitCode
    stop: Stop | None = None
    """Why it ended before every row was tried, None when it did not."""


def finish(job: Job, opened: OpenRun, stop: Stop | None, waiting: Waiting) -> RunReport:
    """Write results and summary of a run, and remember how it ended.

    A request to stop waits for that, unless there are so many rows that it would take too long;
    one that comes before all is told counts in what is told.
    """
    ended_at = job.clock.now().isoformat(timespec="seconds")
    with job.ledger.history() as history:
        record = history.run(opened.run.run_id) or opened.run
        standing = standing_of(history, record)
    told = opened.intake.warnings(standing.rows_in)
    target = job.settings.base_url
    summary = summary_of(record, standing, target, told, ended_at=ended_at, stop=stop)
    if stop is not None:
        job.observer.notice(_words_of(stop))
    written, code = _write_results(job, opened, summary, stop, waiting)
    summary = replace(_worsened(summary, code), results=str(written or ""))
    if written is not None and standing.is_done and not job.ledger.has_failed:
        opened.spool.remove()
    summary = _told(job, record, summary, waiting)
    return RunReport(
        summary=summary,
        results_path=written,
        groups=Grouping(opened.intake.table.headings).groups_of(standing.kinds),
        exit_code=worst(ExitCode(summary.exit_code), waiting.take() or ExitCode.OK),
        stop=stop,
    )


def _told(job: Job, run: RunRecord, summary: Summary, waiting: Waiting) -> Summary:
    """Write the summary and how the run ended; again if a request to stop came meanwhile."""
    summary = _worsened(summary, waiting.take())
    summary = _worsened(summary, _write_summary(job, summary))
    failure = _note_end(job, run, summary)
    if failure is None and not waiting.numbers:
        return summary
    return _told(job, run, _worsened(summary, failure), waiting)


def _note_end(job: Job, run: RunRecord, summary: Summary) -> ExitCode | None:
    """Write down in the ledger how the run ended, if it can still be written."""
    if job.ledger.has_failed:
        return None
    try:
        note_end(job, run, summary)
    except LedgerError as error:
        job.observer.notice(error.message)
        return error.exit_code
    return None


def _worsened(summary: Summary, *codes: ExitCode | None) -> Summary:
    """Return the summary with the exit code that also counts what went wrong at the end."""
    named = [code for code in codes if code is not None]
    code = worst(ExitCode(summary.exit_code), *named)
    return replace(summary, exit_code=int(code), exit_reason=code.reason)


def write_failure(job: Job, source_name: str, code: ExitCode, why: str) -> None:
    """Write a summary of an import that failed as a whole: none of last night's may stay there."""
    now = job.clock.now().isoformat(timespec="seconds")
    summary = Summary(
        run_id="",
        exit_code=int(code),
        exit_reason=code.reason,
        source=source_name,
        rows_in=0,
        started_at=now,
        ended_at=now,
        target=job.settings.base_url,
        version=__version__,
        why=why,
    )
    _write_summary(job, summary)


def _write_summary(job: Job, summary: Summary) -> ExitCode | None:
    """Write the summary if one was asked for; what was booked is not undone when that fails."""
    if job.summary is None:
        return None
    try:
        write_summary(job.summary, summary)
    except ImporterError as error:
        job.observer.notice(error.message)
        return error.exit_code
    return None


def _words_of(stop: Stop) -> str:
    """Return why the run ended early and what to do, as one line."""
    why = f"stopped: {stop.why.removesuffix('.')}"
    return f"{why}; {stop.todo}" if stop.todo else why


def is_still_needed(counts: Mapping[State, int]) -> bool:
    """Return whether any row of a run still needs the private copy of its source."""
    return any(counts.get(state) for state in _STILL_NEEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a run stands in the ledger, read once: over a million rows it takes its time."""

    counts: Mapping[State, int]
    kinds: list[ProblemKind]
    requests: int

    @property
    def rows_in(self) -> int:
        """Return how many rows the source has."""
        return sum(self.counts.values())

    @property
    def is_done(self) -> bool:
        """Return whether no row needs the private copy of the source any more."""
        return not is_still_needed(self.counts)


def standing_of(history: History, run: RunRecord) -> Standing:
    """Return how a run stands now."""
    return Standing(
        counts=history.counts(run.run_number),
        kinds=history.problem_kinds(run.run_number),
        requests=history.requests(run.run_number),
    )


def exit_code_of(standing: Standing, stop: Stop | None = None) -> ExitCode:
    """Return the exit code of a run; the worst that applies wins."""
    counts = standing.counts
    codes = [ExitCode.OK]
    if counts.get(State.UNKNOWN) or counts.get(State.SENDING):
        codes.append(ExitCode.UNKNOWN_OUTCOMES)
    if stop is not None:
        codes.append(stop.exit_code)
    elif counts.get(State.READY):
        codes.append(ExitCode.STOPPED_EARLY)
    is_edited = any(kind.code is ProblemCode.BOOKED_ROW_EDITED for kind in standing.kinds)
    if is_edited or any(counts.get(state) for state in _NEED_A_PERSON):
        codes.append(ExitCode.NEEDS_A_PERSON)
    return worst(*codes)


def summary_of(
    run: RunRecord,
    standing: Standing,
    target: str,
    warnings: tuple[FileProblem, ...],
    *,
    ended_at: str,
    stop: Stop | None = None,
) -> Summary:
    """Return the totals of a run, which add up to its rows, and what is told of its file."""
    code = exit_code_of(standing, stop)
    return Summary(
        run_id=run.run_id,
        exit_code=int(code),
        exit_reason=code.reason,
        source=run.source_name,
        rows_in=standing.rows_in,
        **totals_of(standing.counts),
        requests=standing.requests,
        waits_429=run.waits_429,
        started_at=run.started_at,
        ended_at=ended_at,
        target=target,
        sheet=run.sheet,
        results="",
        version=__version__,
        why=stop.why if stop else "",
        warnings=warnings,
    )


def _write_results(
    job: Job, opened: OpenRun, summary: Summary, stop: Stop | None, waiting: Waiting
) -> tuple[Path | None, ExitCode | None]:
    """Write the results, unless that would keep a request to stop waiting for too long."""
    is_long = summary.rows_in > _MANY_ROWS
    later = f"results are written by: solv-import results {summary.run_id}"
    patience = waiting.most
    try:
        waiting.most = 0 if is_long else 1
        # Not the exit code of the run: one that left rows unknown was asked to stop as well.
        if is_long and (waiting.numbers or (stop is not None and stop.exit_code in _INTERRUPTED)):
            job.observer.notice(later)
            return None, None
        return _written(job, opened, summary)
    except KeyboardInterrupt as interrupt:
        job.observer.notice(later)
        return None, code_of_interrupt(interrupt)
    finally:
        waiting.most = patience


def _written(job: Job, opened: OpenRun, summary: Summary) -> tuple[Path | None, ExitCode | None]:
    """Write the results; a run that ended is not undone by a disk that refuses them."""
    try:
        return write_run_results(opened, summary, job.results), None
    except (ImporterError, OSError):
        return _write_elsewhere(job, opened, summary)


def _write_elsewhere(
    job: Job, opened: OpenRun, summary: Summary
) -> tuple[Path | None, ExitCode | None]:
    """Write the results without the spool: it may be full, or gone, while its ids must be kept."""
    run = opened.run
    try:
        original = reopened(run, opened.spool, job.settings, Path(run.source_path), job.clock)
        again = replace(opened, intake=original)
        beside = job.results.absolute().parent
        written = write_run_results(again, summary, job.results, work_dir=beside)
    except OSError as error:
        failure = SettingsError(f"the results could not be written: {error.strerror}")
        return _told_later(job, run, failure)
    except ImporterError as error:
        return _told_later(job, run, error)
    return written, None


def _told_later(job: Job, run: RunRecord, error: ImporterError) -> tuple[None, ExitCode]:
    message = error.message.removesuffix(".")
    later = f"the results can be written later: solv-import results {run.run_id}"
    job.observer.notice(f"{message}; {later}")
    return None, error.exit_code
