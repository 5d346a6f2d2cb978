"""Results, derived from the ledger and the source: they can be written again at any time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors import SettingsError, SourceError
from importer.lettering import column_letter
from importer.model import State
from importer.pipeline.advice import what_to_fix
from importer.pipeline.intake import take_in
from importer.pipeline.stored_settings import restored
from importer.problems import ProblemCode, Severity
from importer.reading import source_digest
from importer.results import (
    ErrorKind,
    ResultRow,
    default_results_path,
    digest_of,
    safe_target,
    write_results,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.ledger import (
        History,
        Ledger,
        ProblemRecord,
        RowRecord,
        RunRecord,
        Spool,
    )
    from importer.model import Clock
    from importer.pipeline.intake import Intake
    from importer.pipeline.job import OpenRun
    from importer.results import Summary
    from importer.settings import Settings

_OF_EARLIER_RUNS = (ProblemCode.REJECTED_BEFORE,)


def write_run_results(
    opened: OpenRun, summary: Summary, path: Path, *, work_dir: Path | None = None
) -> Path:
    """Write the results of a run and return where.

    A file that somebody changed, or that holds the results of a later run, is left alone.

    Args:
        opened: What became of the rows; its spool has room to work in.
        summary: The totals.
        path: Where the results should go.
        work_dir: Another place to work in, when the spool has no room.

    Raises:
        SettingsError: The place cannot be written.
    """
    ledger, run = opened.ledger, opened.run
    if work_dir is None:
        opened.spool.prepare()
    with ledger.history() as history:
        is_ours = partial(history.wrote, up_to_run=run.run_number)
        target = safe_target(path, is_ours, run.run_id)

        def before_replace(digest: str) -> None:
            """Remember it as ours; a file that somebody saved meanwhile is left alone."""
            if not ledger.has_failed:
                ledger.note_written(run.run_number, digest)
            there = digest_of(target)
            if there is not None and not is_ours(there):
                raise SettingsError(
                    f"{target.name} was changed while the results were written",
                    todo=f"write them again: solv-import results {run.run_id}",
                )

        headings, columns = opened.intake.table.headings, opened.intake.source_columns
        if not ledger.has_failed:
            ledger.update_run(run.run_number, results_path=str(target))
        write_results(
            target,
            headings=[headings[n] for n in columns],
            rows=_result_rows(history, opened),
            summary=summary,
            errors=_error_kinds(history, run, opened.intake),
            work_dir=work_dir or opened.spool.work,
            before_replace=before_replace,
        )
    return target


def run_named(ledger: Ledger, run_id: str | None) -> RunRecord:
    """Return a run of this target.

    Raises:
        SettingsError: There is none of that name.
    """
    with ledger.history() as history:
        run = history.run(run_id)
    if run is None:
        what = f"there is no run {run_id}" if run_id else "there is no run"
        raise SettingsError(
            f"{what} for this target", todo="list the runs with: solv-import status"
        )
    return run


def refuse_purged(run: RunRecord) -> None:
    """Raise if a run's history was deleted.

    Raises:
        SettingsError: It was; the message says when.
    """
    if run.purged_at is not None:
        raise SettingsError(
            f"run {run.run_id} was purged on {run.purged_at[:10]}: what became of its rows is "
            "known only in its results beside the file",
            todo="what it booked is not booked again: run its file to see the booking ids",
        )


def reopened(
    run: RunRecord, spool: Spool, settings: Settings, source: Path | None, clock: Clock
) -> Intake:
    """Open the source of an earlier run: its private copy, or the file itself if unchanged.

    Raises:
        SettingsError: The run was purged.
        SourceError: It is gone, or is not the file that was imported.
    """
    refuse_purged(run)
    path = source or spool.source() or Path(run.source_path)
    if not path.exists():
        raise SourceError(
            f"{run.source_name} is no longer where it was",
            todo="say where it is now with --source",
        )
    if source_digest(path) != run.source_digest:
        raise SourceError(
            f"{path.name} is not the file that run {run.run_id} imported: it has changed",
            todo="name the unchanged file with --source",
        )
    return take_in(path, restored(settings, run.settings), now=clock.now(), name=run.source_name)


def _result_rows(history: History, opened: OpenRun) -> Iterator[ResultRow]:
    """Yield every row of the source once, with what became of it."""
    columns, words = opened.intake.source_columns, opened.spool.words()
    places = {column: index for index, column in enumerate(columns)}
    records = history.rows(opened.run.run_number)
    for chunk in opened.intake.table.chunks():
        batch = [next(records) for _ in range(len(chunk.frame))]
        problems = _problems_of(history, batch)
        cells = zip(*(chunk.frame[n].tolist() for n in columns), strict=True)
        for record, texts in zip(batch, cells, strict=True):
            found = problems.get(record.row_id, [])
            yield _result_row(record, texts, found, places, words.get(record.told_key, ""))


def _problems_of(history: History, records: Sequence[RowRecord]) -> dict[int, list[ProblemRecord]]:
    """Return the problems of rows; one refused before has those of its refusal as well."""
    problems = history.problems([record.row_id for record in records])
    refused = {r.row_id: r.refers_to for r in records if r.state is State.REJECTED and r.refers_to}
    earlier = history.problems(list(refused.values()))
    for row_id, first in refused.items():
        told = [p for p in earlier.get(first, []) if p.code not in _OF_EARLIER_RUNS]
        problems[row_id] = [*problems.get(row_id, []), *told]
    return problems


def _result_row(
    record: RowRecord,
    cells: tuple[str, ...],
    problems: list[ProblemRecord],
    places: dict[int, int],
    words: str,
) -> ResultRow:
    red = tuple(
        (places[p.column], p.code.sentence)
        for p in problems
        if p.column in places and p.code.severity is Severity.ERROR
    )
    return ResultRow(
        row_number=record.row_number,
        cells=cells,
        status=record.state,
        booking_id=record.booking_id,
        what_to_fix=what_to_fix(record, problems, words),
        solv_status=record.solv_status,
        emr_booking_id=record.emr_booking_id,
        http_status=record.http_status,
        server_ids=record.server_ids,
        row_key="" if record.state is State.BLANK else record.row_key,
        problem_cells=red,
    )


def _error_kinds(history: History, run: RunRecord, intake: Intake) -> list[ErrorKind]:
    kinds = sorted(
        history.problem_kinds(run.run_number), key=lambda kind: (-kind.rows, kind.code.code)
    )
    return [
        ErrorKind(
            code=kind.code.code,
            field=kind.field,
            column_letter=_letter_in_results(kind.column, intake),
            problem=kind.code.sentence,
            rows=kind.rows,
            first_rows=kind.first_rows,
            fix=kind.code.fix,
        )
        for kind in kinds
    ]


def _letter_in_results(column: int | None, intake: Intake) -> str:
    """Return the letter of a source column as it stands in the results."""
    columns = intake.source_columns
    return column_letter(columns.index(column)) if column in columns else ""


def default_place(run: RunRecord) -> Path:
    """Return where the results of a run were written, or would be."""
    if run.results_path:
        return Path(run.results_path)
    return default_results_path(Path(run.source_path))
