"""From a file to checked rows, a chunk at a time, with the settings that make them requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.columns import plan_columns
from importer.errors import SourceError
from importer.problems import ProblemCode, RowProblem
from importer.reading import ReadOptions, open_source, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from pathlib import Path

    from importer.columns import ColumnPlan
    from importer.problems import FileProblem
    from importer.reading import Chunk, Table
    from importer.reading.source import Source
    from importer.settings import Settings
    from importer.validate import CheckedRow, Rules

_PLACES_SHOWN = 6
"""As many as there are fields that every booking needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedChunk:
    """Some rows of the file, checked; one for each line of the chunk's frame."""

    chunk: Chunk
    rows: list[CheckedRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A file whose headings are understood, ready to be read through."""

    name: str
    table: Table
    plan: ColumnPlan
    rules: Rules
    today: date

    @property
    def sheet(self) -> str:
        """Return the sheet that is read, "" for a file without sheets."""
        return self.table.sheet or ""

    @property
    def warnings(self) -> tuple[FileProblem, ...]:
        """Return what a person may want to know of the whole file."""
        return (*self.table.warnings, *(p for p in self.plan.problems if not p.is_error))

    @property
    def source_columns(self) -> list[int]:
        """Return the columns that are theirs, our own results of an earlier run left out."""
        ours = set(self.plan.ours)
        return [n for n in range(len(self.table.headings)) if n not in ours]

    def chunks(self) -> Iterator[CheckedChunk]:
        """Yield every row of the file, checked; it may be asked for again.

        Raises:
            SourceError: The file turned out to be unusable, or one question about the whole
                file must be answered first.
        """
        from importer.validate import FileQuestions, check_chunk  # noqa: PLC0415 - pandera is slow

        questions = FileQuestions()
        for chunk in self.table.chunks():
            rows = check_chunk(chunk, self.plan, self.rules, today=self.today)
            questions.add(rows)
            yield CheckedChunk(chunk=chunk, rows=rows)
        raise_first(self.name, questions.problems())


def take_in(path: Path, settings: Settings, *, now: datetime, name: str = "") -> Intake:
    """Open a file and understand its headings.

    Args:
        path: What is read; for a run, the private copy.
        settings: Sheet, headings, zone, defaults.
        now: Decides what day it is at the clinic.
        name: The file as the user knows it.

    Raises:
        SourceError: It cannot be read, or required columns are missing.
    """
    named = name or path.name
    told = _options(settings, named)
    source = open_source(path, told)
    table = table_of(source, _as_it_was_written(source, told))
    plan = plan_columns(
        table.headings,
        mapped=settings.columns,
        provided=settings.defaults.keys(),
        is_results=table.is_results,
        show_headings=settings.show_values,
    )
    raise_first(named, tuple(p for p in plan.problems if p.is_error))
    return Intake(
        name=named, table=table, plan=plan, rules=rules_of(settings), today=_today(settings, now)
    )


def _options(settings: Settings, name: str) -> ReadOptions:
    return ReadOptions(
        sheet=settings.sheet,
        delimiter=settings.delimiter,
        header_row=settings.header_row,
        encoding=settings.encoding,
        password=settings.source_password,
        name=name,
    )


def _as_it_was_written(source: Source, told: ReadOptions) -> ReadOptions:
    """Return how to read a file; results of ours are read as we wrote them, not as their source."""
    usual = ReadOptions(name=told.name, password=told.password)
    return usual if told != usual and _is_ours(source, usual) else told


def _is_ours(source: Source, usual: ReadOptions) -> bool:
    try:
        table = table_of(source, usual)
    except SourceError:
        return False
    plan = plan_columns(table.headings, is_results=table.is_results, show_headings=False)
    return plan.row_key is not None


def passed_problem(row: CheckedRow, now: datetime, plan: ColumnPlan) -> RowProblem | None:
    """Return the problem of an appointment whose time has passed, None while it is to come."""
    if row.appointment_at is None or row.appointment_at > now:
        return None
    return RowProblem(
        row_number=row.row_number,
        code=ProblemCode.APPOINTMENT_IN_PAST,
        field="appointment_date",
        column=plan.fields.get("appointment_date"),
    )


def rules_of(settings: Settings) -> Rules:
    """Return the rules by which cells become requests."""
    from importer.normalize import DateRules  # noqa: PLC0415 - only when a file is read
    from importer.validate import Rules  # noqa: PLC0415 - pandera is slow to import

    return Rules(
        dates=DateRules(
            order=settings.date_order,
            timezone=settings.timezone,
            timezone_by_location=settings.timezone_by_location,
            two_digit_pivot=settings.two_digit_pivot,
        ),
        defaults=settings.defaults,
        pad_zip=settings.pad_zip,
        text_location_ids=settings.text_location_ids,
    )


def raise_first(name: str, problems: tuple[FileProblem, ...]) -> None:
    """Raise for problems of a whole file, if there are any.

    Raises:
        SourceError: Says each kind once, with its first few places and the fix of the first.
    """
    if not problems:
        return
    kinds: dict[ProblemCode, list[FileProblem]] = {}
    for problem in problems:
        kinds.setdefault(problem.code, []).append(problem)
    sentences = [_sentence(code, alike) for code, alike in kinds.items()]
    raise SourceError(
        f"{name}: {' '.join(sentences)}", todo=problems[0].code.fix, code=problems[0].code.code
    )


def _sentence(code: ProblemCode, alike: list[FileProblem]) -> str:
    """Return what is wrong, once, and where."""
    places = [": ".join(word for word in (p.place, p.hint) if word) for p in alike]
    told = [place for place in places if place]
    more = len(told) - _PLACES_SHOWN
    shown = [*told[:_PLACES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return f"{code.sentence.removesuffix('.')}: {'; '.join(shown)}." if shown else code.sentence


def _today(settings: Settings, now: datetime) -> date:
    return now.astimezone(settings.timezone).date() if settings.timezone else now.date()
