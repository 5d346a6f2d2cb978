"""From a file to checked rows, a chunk at a time, with the settings that make them requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.columns import plan_columns
from importer.drift import heading_changes
from importer.errors import OpenQuestion, SourceError
from importer.example import is_example_date
from importer.folding import folded
from importer.lettering import column_letter
from importer.model import DATE_FIELDS, TEXT_FIELDS, HeadingsAccepted
from importer.our_columns import their_headings
from importer.pipeline.file_errors import raise_first, sentence_of
from importer.pipeline.questions import FileQuestions, survey_orders
from importer.problems import FileProblem, ProblemCode, RowProblem
from importer.reading import ReadOptions, open_source, table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date, datetime
    from pathlib import Path

    from importer.columns import ColumnPlan
    from importer.field_columns import Rules
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
    settled_orders: frozenset[str] = frozenset()
    """Fields of dates whose order was given by somebody who knew the heading."""

    @property
    def sheet(self) -> str:
        """Return the sheet that is read, "" for a file without sheets."""
        return self.table.sheet or ""

    def warnings(self, rows_in: int) -> tuple[FileProblem, ...]:
        """Return what a person may want to know of the whole file, which has so many rows."""
        of_headings = (p for p in self.plan.problems if not p.is_error)
        told = (*self.table.warnings, *self._hidden_columns(), *of_headings)
        return told if rows_in else (*told, FileProblem(code=ProblemCode.NO_ROWS))

    def _hidden_columns(self) -> Iterator[FileProblem]:
        """Yield a warning for each column that is sent although nobody sees it."""
        for column, name in sorted(self.plan.sources.items()):
            if column in self.table.hidden_columns:
                place = f"column {column_letter(column)}"
                hint = f"it is read as {name}"
                yield FileProblem(code=ProblemCode.HIDDEN_COLUMN, place=place, hint=hint)

    @property
    def source_columns(self) -> list[int]:
        """Return the columns that are theirs, our own results of an earlier run left out."""
        ours = set(self.plan.ours)
        return [n for n in range(len(self.table.headings)) if n not in ours]

    def _text_columns(self) -> set[int]:
        """Return the columns whose cells are sent as the text that somebody typed."""
        return {column for name in TEXT_FIELDS for column in self.plan.columns_of(name)}

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
        survey = survey_orders(self.table, self.plan, dates, self.settled_orders)
        return FileQuestions(orders=survey, rules=dates)

    def with_settings(self, settings: Settings) -> Intake:
        """Return the same file as other settings read its cells."""
        settled = _settled_orders(self.table, self.plan, settings)
        return replace(self, rules=rules_of(settings), settled_orders=settled)

    def prove_headings(self, settings: Settings) -> None:
        """Raise if the headings are not those that the profile was made for.

        Raises:
            OpenQuestion: They are not, and no person has let this file go on.
        """
        expected = settings.headings
        changes = _changes(self.table, self.plan, settings)
        is_accepted = expected == settings.accepted_headings or "headings" in settings.override
        if changes and not is_accepted:
            raise OpenQuestion(
                f"{self.name}: {sentence_of(changes)}",
                todo=ProblemCode.HEADINGS_CHANGED.fix,
                code=ProblemCode.HEADINGS_CHANGED.code,
                question="The profile was made for other headings. Go on with these?",
                answer=HeadingsAccepted(expected=expected),
            )

    def chunks_with(self, questions: FileQuestions) -> Iterator[CheckedChunk]:
        """Yield every row of the file, checked, and add what they ask to `questions`.

        Raises:
            SourceError: The file turned out to be unusable.
        """
        from importer.validate import check_chunk  # noqa: PLC0415 - pandera is slow

        rules = replace(self.rules, dates=questions.decided())
        turned = questions.orders.turned
        for read in self.table.chunks(
            text_columns=self._text_columns(), date_columns=turned.values()
        ):
            chunk = replace(read, problems=(*read.problems, *_turned(read, turned)))
            rows = check_chunk(chunk, self.plan, rules, today=self.today)
            questions.zone.add(rows)
            yield CheckedChunk(chunk=chunk, rows=rows)


def _turned(chunk: Chunk, columns: Mapping[str, int]) -> Iterator[RowProblem]:
    """Yield a problem for each date in which a spreadsheet may have changed day and month round."""
    from importer.normalize import may_be_turned  # noqa: PLC0415 - only when a file is read

    code = ProblemCode.DATE_PERHAPS_TURNED
    for name, column in columns.items():
        for number in chunk.typed_dates.get(column, ()):
            text = str(chunk.frame.loc[number, column])
            if may_be_turned(text) and not is_example_date(name, text):
                yield RowProblem(row_number=number, code=code, column=column)


def take_in(path: Path, settings: Settings, *, now: datetime, name: str = "") -> Intake:
    """Open a file, understand its headings, and hold them against those of the profile.

    Args:
        path: What is read; for a run, the private copy.
        settings: Sheet, headings, zone, defaults.
        now: Decides what day it is at the clinic.
        name: The file as the user knows it.

    Raises:
        OpenQuestion: The headings have changed, and nothing else is wrong with them.
        SourceError: It cannot be read, or required columns are missing.
    """
    intake = understand(path, settings, now=now, name=name)
    intake.prove_headings(settings)
    return intake


def understand(path: Path, settings: Settings, *, now: datetime, name: str = "") -> Intake:
    """Do as `take_in`, but leave to the caller whether the profile's headings are proven.

    Raises:
        SourceError: It cannot be read, or required columns are missing.
    """
    named = name or path.name
    table, plan = open_columns(path, settings, named)
    changes = _changes(table, plan, settings)
    # Who lists the headings has seen that all of them are one table.
    answered = {ProblemCode.TABLES_UNCLEAR} if settings.headings and not changes else set()
    errors = tuple(p for p in plan.problems if p.is_error and p.code not in answered)
    if errors:
        # What keeps the file from being read is explained by what has changed in it.
        raise_first(named, (*changes, *errors))
    return Intake(
        name=named,
        table=table,
        plan=plan,
        rules=rules_of(settings),
        today=today_of(settings, now),
        settled_orders=_settled_orders(table, plan, settings),
    )


def open_columns(path: Path, settings: Settings, name: str) -> tuple[Table, ColumnPlan]:
    """Open a file and return its table with what is known of its columns, right or wrong.

    Raises:
        SourceError: It cannot be read.
    """
    told = _options(settings, name)
    source = open_source(path, told)
    table = table_of(source, _as_it_was_written(source, told, settings.by_flag))
    plan = plan_columns(
        table.headings,
        profile=settings.profile_columns,
        provided=settings.defaults.keys(),
        is_results=table.is_results,
        of_others=table.of_others,
        show_headings=settings.show_values,
    )
    return table, plan


def _changes(table: Table, plan: ColumnPlan, settings: Settings) -> tuple[FileProblem, ...]:
    """Return what differs from the headings that the profile lists, nothing if it lists none."""
    if not settings.headings:
        return ()
    theirs = their_headings(table.headings, plan.ours)
    return heading_changes(settings.headings, theirs, show=settings.show_values)


def _settled_orders(table: Table, plan: ColumnPlan, settings: Settings) -> frozenset[str]:
    """Return the fields of dates whose order was given by somebody who knew the heading.

    A person has just confirmed it, or the profile lists this very heading beside it. A flag
    knows no headings.
    """
    is_by_flag = "date_order" in settings.by_flag
    listed = {folded(heading) for heading in settings.headings if not is_by_flag}
    columns = {name: plan.fields[name] for name in DATE_FIELDS if name in plan.fields}
    headings = their_headings(table.headings, plan.ours)
    known = {name for name, c in columns.items() if folded(headings[c]) in listed}
    return frozenset({*known, *settings.confirmed_orders})


def _options(settings: Settings, name: str) -> ReadOptions:
    return ReadOptions(
        sheet=settings.sheet,
        delimiter=settings.delimiter,
        header_row=settings.header_row,
        encoding=settings.encoding,
        password=settings.source_password,
        name=name,
    )


def _as_it_was_written(source: Source, told: ReadOptions, by_flag: Collection[str]) -> ReadOptions:
    """Return how to read a file; what we wrote is read so, not as the files of its profile are.

    An encoding is about the program that saved it last, whatever it is; UTF-8, in which we
    write, is known without being named. A sheet that a flag names is meant if it is there:
    beside ours somebody has put one of their own. The flags of the source's run are usual, too.
    """
    usual = ReadOptions(encoding=told.encoding, password=told.password, name=told.name)
    if told == usual:
        return told
    of_sheet = replace(usual, sheet=told.sheet)
    if "sheet" in by_flag and _has_sheet(source, of_sheet):
        usual = of_sheet
    return usual if _is_ours(source, usual) else told


def _has_sheet(source: Source, of_sheet: ReadOptions) -> bool:
    try:
        table_of(source, of_sheet)
    except SourceError as error:
        return error.code != ProblemCode.SHEET_NOT_FOUND.code
    return True


def _is_ours(source: Source, usual: ReadOptions) -> bool:
    try:
        table = table_of(source, usual)
    except SourceError:
        return False
    plan = plan_columns(table.headings, is_results=table.is_results, show_headings=False)
    return table.is_template or plan.row_key is not None


def rules_of(settings: Settings) -> Rules:
    """Return the rules by which cells become requests."""
    from importer.field_columns import Rules  # noqa: PLC0415 - only when a file is read
    from importer.normalize import DateRules  # noqa: PLC0415 - as above

    return Rules(
        dates=DateRules(
            order=settings.date_order,
            orders={**settings.confirmed_orders, **settings.date_orders},
            timezone=settings.timezone,
            timezone_by_location=settings.timezone_by_location,
            two_digit_pivot=settings.two_digit_pivot,
        ),
        defaults=settings.defaults,
        value_maps={
            name: {folded(word): value for word, value in words.items()}
            for name, words in settings.value_maps.items()
        },
        pad_zip=settings.pad_zip,
        text_location_ids=settings.text_location_ids,
    )


def today_of(settings: Settings, now: datetime) -> date:
    """Return what day it is at the clinic."""
    return now.astimezone(settings.timezone).date() if settings.timezone else now.date()
