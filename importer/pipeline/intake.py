"""From a file to checked rows, a chunk at a time, with the settings that make them requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.columns import plan_columns
from importer.errors import SourceError
from importer.reading import ReadOptions, open_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from pathlib import Path

    from importer.columns import ColumnPlan
    from importer.problems import FileProblem
    from importer.reading import Chunk, Table
    from importer.settings import Settings
    from importer.validate import CheckedRow, Rules

_QUESTIONS_SHOWN = 3


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
    options = ReadOptions(
        sheet=settings.sheet,
        delimiter=settings.delimiter,
        header_row=settings.header_row,
        name=name or None,
    )
    table = open_table(path, options)
    plan = plan_columns(
        table.headings,
        mapped=settings.columns,
        provided=settings.defaults.keys(),
        is_results=table.is_results,
        show_headings=settings.show_values,
    )
    named = name or path.name
    raise_first(named, tuple(p for p in plan.problems if p.is_error))
    return Intake(
        name=named, table=table, plan=plan, rules=rules_of(settings), today=_today(settings, now)
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
        SourceError: Says the first few, with the fix of the first.
    """
    if not problems:
        return
    sentences = [problem.sentence() for problem in problems[:_QUESTIONS_SHOWN]]
    more = len(problems) - _QUESTIONS_SHOWN
    if more > 0:
        sentences.append(f"And {more} more.")
    raise SourceError(
        f"{name}: {' '.join(sentences)}", todo=problems[0].code.fix, code=problems[0].code.code
    )


def _today(settings: Settings, now: datetime) -> date:
    return now.astimezone(settings.timezone).date() if settings.timezone else now.date()
