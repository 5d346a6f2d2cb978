"""From a file to checked rows, a chunk at a time, with the settings that make them requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.columns import ProfileColumns, plan_columns
from importer.drift import heading_changes
from importer.errors import OpenQuestion, SourceError
from importer.folding import folded
from importer.pipeline.file_errors import raise_first, sentence_of
from importer.pipeline.questions import FileQuestions, survey_orders
from importer.problems import ProblemCode, RowProblem
from importer.reading import ReadOptions, open_source, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from pathlib import Path

    from importer.columns import ColumnPlan
    from importer.field_columns import Rules
    from importer.near_duplicates import NearDuplicates
    from importer.problems import FileProblem
    from importer.reading import Chunk, Table
    from importer.reading.source import Source
    from importer.settings import Settings
    from importer.validate import CheckedRow


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

    def _text_columns(self) -> set[int]:
        """Return the columns whose cells are sent as the text that somebody typed.

        Where a profile translates words, TRUE may be one of them.
        """
        from importer.normalize import TEXT_FIELDS  # noqa: PLC0415 - only when a file is read

        fields = (name for name in TEXT_FIELDS if not self.rules.values.get(name))
        return {column for name in fields for column in self.plan.columns_of(name)}

    def chunks(self) -> Iterator[CheckedChunk]:
        """Yield every row of the file, checked; it may be asked for again.

        Raises:
            SourceError: The file turned out to be unusable, or one question about the whole
                file must be answered first.
        """
        questions = self.questions()
        if self.rules.dates.knows_a_zone:
            questions.raise_open(self.name)
        yield from self.chunks_with(questions)
        questions.raise_open(self.name)

    def questions(self) -> FileQuestions:
        """Return what the file asks before its rows are checked, from its columns of dates.

        Raises:
            SourceError: The file turned out to be unusable.
        """
        dates = self.rules.dates
        return FileQuestions(orders=survey_orders(self.table, self.plan, dates), rules=dates)

    def chunks_with(self, questions: FileQuestions) -> Iterator[CheckedChunk]:
        """Yield every row of the file, checked, and add what they ask to `questions`.

        Raises:
            SourceError: The file turned out to be unusable.
        """
        from importer.validate import check_chunk  # noqa: PLC0415 - pandera is slow

        rules = replace(self.rules, dates=questions.decided())
        for chunk in self.table.chunks(text_columns=self._text_columns()):
            rows = check_chunk(chunk, self.plan, rules, today=self.today)
            questions.zone.add(rows)
            yield CheckedChunk(chunk=chunk, rows=rows)


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
    table, plan = open_columns(path, settings, named)
    _raise_unusable(named, table, plan, settings)
    return Intake(
        name=named, table=table, plan=plan, rules=rules_of(settings), today=today_of(settings, now)
    )


def open_columns(path: Path, settings: Settings, name: str) -> tuple[Table, ColumnPlan]:
    """Open a file and return its table with what is known of its columns, right or wrong.

    Raises:
        SourceError: It cannot be read.
    """
    told = _options(settings, name)
    source = open_source(path, told)
    table = table_of(source, _as_it_was_written(source, told))
    plan = plan_columns(
        table.headings,
        profile=columns_of(settings),
        provided=settings.defaults.keys(),
        is_results=table.is_results,
        show_headings=settings.show_values,
    )
    return table, plan


def _raise_unusable(name: str, table: Table, plan: ColumnPlan, settings: Settings) -> None:
    """Raise if the headings are not clear, or not those that the profile was made for.

    Raises:
        OpenQuestion: They have changed, and nothing else is wrong with them.
        SourceError: What keeps the file from being read.
    """
    theirs = {c: text for c, text in enumerate(table.headings) if c not in plan.ours}
    expected = settings.headings
    changes = heading_changes(expected, theirs, show=settings.show_values) if expected else ()
    # Who lists the headings has seen that all of them are one table.
    answered = {ProblemCode.TABLES_UNCLEAR} if expected and not changes else set()
    errors = tuple(p for p in plan.problems if p.is_error and p.code not in answered)
    if not changes or errors:
        raise_first(name, (*changes, *errors))
        return
    raise OpenQuestion(
        f"{name}: {sentence_of(changes)}",
        todo=ProblemCode.HEADINGS_CHANGED.fix,
        code=ProblemCode.HEADINGS_CHANGED.code,
        question="The profile was made for other headings. Go on with these?",
        answers={"headings": ()},
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


def suspected_problem(row: CheckedRow, visits: NearDuplicates) -> RowProblem | None:
    """Return the warning of a row that may repeat one above, which `visits` has seen."""
    if row.request is None or row.appointment_at is None:
        return None
    above = visits.above(row.row_number, row.request, row.appointment_at)
    if above is None:
        return None
    code = ProblemCode.SUSPECTED_DUPLICATE
    return RowProblem(row_number=row.row_number, code=code, hint=f"row {above}")


def columns_of(settings: Settings) -> ProfileColumns:
    """Return what the settings say about columns."""
    return ProfileColumns(mapped=settings.columns, joined=settings.joined, split=settings.split)


def rules_of(settings: Settings) -> Rules:
    """Return the rules by which cells become requests."""
    from importer.field_columns import Rules  # noqa: PLC0415 - only when a file is read
    from importer.normalize import DateRules  # noqa: PLC0415 - as above

    return Rules(
        dates=DateRules(
            order=settings.date_order,
            order_by_field={**settings.confirmed_orders, **settings.date_orders},
            timezone=settings.timezone,
            timezone_by_location=settings.timezone_by_location,
            two_digit_pivot=settings.two_digit_pivot,
        ),
        defaults=settings.defaults,
        values={
            name: {folded(word): value for word, value in words.items()}
            for name, words in settings.value_maps.items()
        },
        pad_zip=settings.pad_zip,
        text_location_ids=settings.text_location_ids,
    )


def today_of(settings: Settings, now: datetime) -> date:
    """Return what day it is at the clinic."""
    return now.astimezone(settings.timezone).date() if settings.timezone else now.date()
