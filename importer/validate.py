"""Rows of text to booking requests and problems, all of a row's problems at once.

The only user of `schemas`; a frame never leaves it. The rules of `normalize` say what is wrong
most exactly; the schema is the net under them, for what a rule let through by mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pandas as pd
from pandera.errors import SchemaErrors

from importer.example import example_rows
from importer.field_columns import FieldColumn, Rules, field_columns
from importer.folding import folded
from importer.identity import comparable_name
from importer.model import ID_FIELDS, BookingRequest
from importer.normalize import split_name, tidy
from importer.problems import ProblemCode, RowProblem, Severity
from importer.problems_by_row import ProblemsByRow
from schemas import BOOKING, BOOKING_WITH_TEXT_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from importer.columns import ColumnPlan
    from importer.example import ExampleRow
    from importer.model import NamePattern

    _Columns: TypeAlias = Mapping[str, FieldColumn]

_NOT_DECODED = "\N{REPLACEMENT CHARACTER}"
_EXACT = re.compile("[0-9]{1,16}")
_BOOLEANS = {"true": True, "false": False}


class Chunk(Protocol):
    """Consecutive rows of a source, as reading hands them over."""

    @property
    def frame(self) -> pd.DataFrame:
        """Text, "" for an empty cell; index = row number, columns from 0."""

    @property
    def problems(self) -> Sequence[RowProblem]:
        """What reading itself found, by row number and column."""

    @property
    def lines(self) -> Sequence[int] | None:
        """The text line on which each row of a CSV begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """One row of the source: a request that may be sent, or what is wrong with it."""

    row_number: int
    line: int | None
    """The text line on which it begins; None for a workbook."""
    is_blank: bool
    """Nobody stands in it: every cell is empty, or it is the example row of the template."""
    request: BookingRequest | None = field(repr=False)
    """None when the row is blank or has a problem that is an error."""
    appointment_at: datetime | None = field(repr=False)
    """The instant of the appointment in UTC, also when another field is wrong."""
    problems: tuple[RowProblem, ...]
    """Errors and warnings, those about the row first, then by column."""
    middle_name: str = field(default="", repr=False)
    """What the profile's pattern leaves out of the name, as it is compared."""
    row_key: str
    """The ledger's name of the row, when the source is one of our results; else ""."""
    respelled: int = 0
    """How many cells are sent in another spelling, where that is counted and not told."""


def check_chunk(chunk: Chunk, plan: ColumnPlan, rules: Rules, *, today: date) -> list[CheckedRow]:
    """Return every row of the chunk once, in its order.

    Args:
        chunk: Rows as read; nothing in it is changed.
        plan: Which column holds which field.
        rules: What the settings say.
        today: The clinic's date; a birth after it is a problem. Whether an appointment has
            passed is not judged here.
    """
    numbers: list[int] = chunk.frame.index.tolist()
    columns = field_columns(
        lambda column: chunk.frame[column].tolist(), len(numbers), plan, rules, today
    )
    found = ProblemsByRow(plan)
    found.add_from_reading(_without_known_words(chunk, plan, rules))
    found.add_examples(numbers, _examples(chunk.frame, plan, columns))
    blank = _blank_rows(chunk.frame, plan, found)
    found.add_from_rules(numbers, columns, tells_spelling=rules.tells_spelling)
    found.add_from_schema(_schema_failures(numbers, columns, blank, rules))
    return [
        CheckedRow(
            row_number=number,
            line=line,
            is_blank=is_blank,
            request=request,
            appointment_at=None if is_blank else instant,
            problems=found.of_blank(number) if is_blank else found.of(number),
            middle_name=middle,
            row_key=row_key,
            respelled=0 if is_blank else found.respelled_in(number),
        )
        for number, line, is_blank, request, instant, middle, row_key in zip(
            numbers,
            chunk.lines if chunk.lines is not None else repeat(None, len(numbers)),
            blank,
            _requests(numbers, columns, blank, found),
            _instants(columns["appointment_date"]),
            _middle_names(chunk.frame, plan),
            _row_keys(chunk.frame, plan),
            strict=True,
        )
    ]


def _without_known_words(chunk: Chunk, plan: ColumnPlan, rules: Rules) -> Iterator[RowProblem]:
    """Yield what reading found, but for typed cells that are a word of the profile, as TRUE is."""
    sources = plan.sources
    for problem in chunk.problems:
        if problem.code is ProblemCode.CELL_NOT_TEXT and problem.column is not None:
            words = rules.value_maps.get(sources.get(problem.column, ""), {})
            if folded(str(chunk.frame.loc[problem.row_number, problem.column])) in words:
                continue
        yield problem


def _blank_rows(frame: pd.DataFrame, plan: ColumnPlan, found: ProblemsByRow) -> list[bool]:
    """Return for each row whether nobody stands in it.

    All of the source's own cells are empty then, or they are the template's example.
    """
    # A row that reading refused holds something, if only beyond the last heading.
    blank = [number not in found.broken_rows for number in frame.index.tolist()]
    for column in range(frame.shape[1]):
        if not any(blank):
            break
        if column not in plan.ours:
            texts = frame[column].tolist()
            blank = [b and not text.strip() for b, text in zip(blank, texts, strict=True)]
    if found.examples:
        numbers = frame.index.tolist()
        blank = [b or n in found.examples for b, n in zip(blank, numbers, strict=True)]
    return blank


def _examples(frame: pd.DataFrame, plan: ColumnPlan, columns: _Columns) -> dict[int, ExampleRow]:
    """Return by position the rows that hold the template's example, or a part of it."""

    def cell_of(name: str, position: int) -> str:
        return " ".join(str(frame[column].iloc[position]) for column in plan.columns_of(name))

    return example_rows({name: columns[name].texts for name in plan.fields}, cell_of)


def _schema_failures(
    numbers: Sequence[int], columns: _Columns, blank: Sequence[bool], rules: Rules
) -> list[tuple[int, str, ProblemCode]]:
    """Return row number, field and problem of every cell that fails the schema.

    Its report holds values of patients, so it is taken apart here and goes nowhere.
    """
    filled = [not is_blank for is_blank in blank]
    if not any(filled):
        return []
    texts = {name: list(compress(_schema_texts(c), filled)) for name, c in columns.items()}
    frame = pd.DataFrame(texts, index=list(compress(numbers, filled)), dtype=str)
    schema = BOOKING_WITH_TEXT_IDS if rules.text_location_ids else BOOKING
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        report = error.failure_cases
    else:
        return []
    failures = zip(report["index"], report["column"], report["check"], strict=True)
    return [(int(number), str(name), ProblemCode[str(check)]) for number, name, check in failures]


def _schema_texts(column: FieldColumn) -> list[str]:
    """Return texts fit to stand in a frame: not every pandas keeps what was not decoded."""
    texts = column.texts
    undecoded = [
        position
        for position, trouble in column.problems.items()
        if trouble.code is ProblemCode.CELL_NOT_DECODABLE
    ]
    if undecoded:
        texts = texts.copy()
        for position in undecoded:
            texts[position] = _NOT_DECODED
    return texts


def _requests(
    numbers: Sequence[int], columns: _Columns, blank: Sequence[bool], found: ProblemsByRow
) -> Iterator[BookingRequest | None]:
    """Yield each row's booking request, None for a row that is blank or has an error."""
    rows = zip(*(_values(name, column.texts) for name, column in columns.items()), strict=True)
    for number, is_blank, row in zip(numbers, blank, rows, strict=True):
        if is_blank or number in found.broken_rows:
            yield None
        else:
            yield BookingRequest(**dict(zip(columns, row, strict=True)))


def _values(name: str, texts: Sequence[str]) -> list[Any]:
    """Return normalized texts as the type that the API documents, None for an empty cell."""
    if name in ID_FIELDS:
        return [int(text) if _EXACT.fullmatch(text) else text or None for text in texts]
    if name == "is_walk_in":
        return [_BOOLEANS.get(text) for text in texts]
    return [text or None for text in texts]


def _instants(appointments: FieldColumn) -> Iterator[datetime | None]:
    """Yield each row's appointment in UTC; normalized text has an offset."""
    for position, text in enumerate(appointments.texts):
        problem = appointments.problems.get(position)
        is_refused = problem is not None and problem.code.severity is Severity.ERROR
        is_known = text and not is_refused
        yield datetime.fromisoformat(text).astimezone(UTC) if is_known else None


def _middle_names(frame: pd.DataFrame, plan: ColumnPlan) -> list[str]:
    """Return what the pattern leaves out of each row's name, "" where it leaves nothing."""
    if plan.split is None or plan.split.pattern != "Last, First Middle":
        return [""] * len(frame)
    texts: list[str] = frame[plan.split.column].tolist()
    known = {text: _middle_name(text, plan.split.pattern) for text in set(texts)}
    return [known[text] for text in texts]


def _middle_name(text: str, pattern: NamePattern) -> str:
    name = split_name(tidy(text, joins_lines=False).text, pattern)
    return "" if name is None else comparable_name(name.middle).strip(".")


def _row_keys(frame: pd.DataFrame, plan: ColumnPlan) -> list[str]:
    """Return each row's key, "" where the source is none of our results."""
    if plan.row_key is None:
        return [""] * len(frame)
    return [text.strip() for text in frame[plan.row_key].tolist()]
