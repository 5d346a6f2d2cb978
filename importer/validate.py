"""Rows of text to booking requests and problems, all of a row's problems at once.

The only user of `schemas`; a frame never leaves it. The rules of `normalize` say what is wrong
most exactly; the schema is the net under them, for what a rule let through by mistake.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import pandas as pd
from pandera.errors import SchemaErrors

from importer.model import BOOKING_FIELDS, REQUIRED_FIELDS, BookingRequest
from importer.normalize import (
    FITS_DMY_ONLY,
    FITS_MDY_ONLY,
    Cell,
    DateRules,
    field_rules,
    normalize_appointment,
)
from importer.problems import ASIDES, FileProblem, ProblemCode, RowProblem, Severity
from schemas import BOOKING, BOOKING_WITH_TEXT_IDS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from importer.columns import ColumnPlan

    _Columns: TypeAlias = Mapping[str, "_Column"]
    _Failure: TypeAlias = tuple[int, str, ProblemCode]

QUESTIONS = (ProblemCode.TIMEZONE_NEEDED, ProblemCode.DATE_ORDER_NEEDED)
"""Problems of cells that one answer settles for the whole file."""

_ROWS_NAMED = 5
_NOT_DECODED = "\N{REPLACEMENT CHARACTER}"
_WHOLE_NUMBERS = frozenset({"location_id", "visit_type_id"})
_EXACT = re.compile("[0-9]{1,16}")
_BOOLEANS = {"true": True, "false": False}
_AFTER_ALL_COLUMNS = 1_000_000
_Text = TypeVar("_Text", bound="Hashable")


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
class Rules:
    """What the settings say about the content of cells."""

    dates: DateRules
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Text by field, for a column that is absent and for empty cells of one that is not."""
    pad_zip: bool = False
    """Put back leading zeros of ZIP codes."""
    text_location_ids: bool = False
    """Let a location be a short code instead of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """One row of the source: a request that may be sent, or what is wrong with it."""

    row_number: int
    line: int | None
    """The text line on which it begins; None for a workbook."""
    is_blank: bool
    request: BookingRequest | None = field(repr=False)
    """None when the row is blank or has a problem that is an error."""
    appointment_at: datetime | None = field(repr=False)
    """The instant of the appointment in UTC, also when another field is wrong."""
    problems: tuple[RowProblem, ...]
    """Errors and warnings, those about the row first, then by column."""
    row_key: str
    """The ledger's name of the row, when the source is one of our results; else ""."""


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
    columns = _normalized(chunk.frame, plan, rules, today)
    found = _Findings(plan)
    found.add_from_reading(chunk.problems)
    blank = _blank_rows(chunk.frame, plan, found)
    found.add_from_rules(numbers, columns)
    found.add_from_schema(_schema_failures(numbers, columns, blank, rules))
    return [
        CheckedRow(
            row_number=number,
            line=line,
            is_blank=is_blank,
            request=request,
            appointment_at=None if is_blank else instant,
            problems=() if is_blank else found.of(number),
            row_key=row_key,
        )
        for number, line, is_blank, request, instant, row_key in zip(
            numbers,
            chunk.lines if chunk.lines is not None else repeat(None, len(numbers)),
            blank,
            _requests(numbers, columns, blank, found),
            _instants(columns["appointment_date"]),
            _row_keys(chunk.frame, plan),
            strict=True,
        )
    ]


class FileQuestions:
    """What one answer would settle for a whole file, gathered over its chunks."""

    def __init__(self) -> None:
        """Start with no question."""
        self._rows: Counter[ProblemCode] = Counter()
        self._first: defaultdict[ProblemCode, list[int]] = defaultdict(list)
        self._evidence: Counter[str] = Counter()

    def add(self, rows: Iterable[CheckedRow]) -> None:
        """Count the rows that wait for an answer."""
        for row in rows:
            asked = {p.code: p for p in row.problems if p.code in QUESTIONS}
            if _has_wrong_location(row):
                asked.pop(ProblemCode.TIMEZONE_NEEDED, None)
            for code, problem in asked.items():
                self._rows[code] += 1
                self._evidence[problem.hint] += 1
                if len(self._first[code]) < _ROWS_NAMED:
                    self._first[code].append(row.row_number)

    def problems(self) -> tuple[FileProblem, ...]:
        """Return one problem for each open question, with the first rows that ask it."""
        return tuple(
            FileProblem(code=code, hint=self._hint(code)) for code in QUESTIONS if self._rows[code]
        )

    def _hint(self, code: ProblemCode) -> str:
        count = self._rows[code]
        first = ", ".join(str(number) for number in self._first[code])
        hint = f"{count:,} {'row asks' if count == 1 else 'rows ask'}, first {first}"
        if code is not ProblemCode.DATE_ORDER_NEEDED:
            return hint
        month_first, day_first = self._evidence[FITS_MDY_ONLY], self._evidence[FITS_DMY_ONLY]
        return f"{hint}; {month_first:,} can only be MDY, {day_first:,} only DMY"


def _has_wrong_location(row: CheckedRow) -> bool:
    """Return whether the row has no zone only because it has no location."""
    return any(p.field == "location_id" and p.is_error for p in row.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One field of every row, as its rule left it."""

    texts: list[str] = field(repr=False)
    """Normalized text; where a rule refused the cell, what the source holds."""
    problems: dict[int, tuple[ProblemCode, str]]
    """Problem and hint of a cell, by position; few, so that no object is kept for every cell."""


class _Findings:
    """Problems by row; the first to name an error of a cell is the one that is told."""

    def __init__(self, plan: ColumnPlan) -> None:
        self._columns = plan.fields
        self._fields = {column: field for field, column in plan.fields.items()}
        self._problems: defaultdict[int, list[RowProblem]] = defaultdict(list)
        self._refused: set[tuple[int, str]] = set()
        self.broken_rows: set[int] = set()
        """Rows with at least one error."""
        self.broken_cells: set[int] = set()
        """Rows of which reading could not tell what a cell holds, so that "" is not empty."""

    def add_from_reading(self, problems: Iterable[RowProblem]) -> None:
        """Add what reading found about rows, and about cells that are sent."""
        for problem in problems:
            if problem.column is None:
                self._add(problem)
            elif (sent_as := self._fields.get(problem.column)) is not None:
                self._add(replace(problem, field=sent_as))
                if problem.is_error:
                    self.broken_cells.add(problem.row_number)

    def add_from_rules(self, numbers: Sequence[int], columns: _Columns) -> None:
        """Add what the rules refused or changed."""
        for field_name, column in columns.items():
            for position, (code, hint) in column.problems.items():
                self._add_cell(numbers[position], field_name, code, hint)

    def add_from_schema(self, failures: Iterable[_Failure]) -> None:
        """Add what only the schema saw: cells that no rule refused."""
        for number, field_name, code in failures:
            self._add_cell(number, field_name, code)

    def of(self, number: int) -> tuple[RowProblem, ...]:
        """Return a row's problems: those about the row first, then by column."""
        found = self._problems.get(number, [])
        asides = tuple(problem for problem in found if problem.code in ASIDES)
        return asides or tuple(sorted(found, key=_place))

    def _add_cell(self, number: int, field_name: str, code: ProblemCode, hint: str = "") -> None:
        is_error = code.severity is Severity.ERROR
        if is_error and (number, field_name) in self._refused:
            return
        self._add(
            RowProblem(
                row_number=number,
                code=code,
                field=field_name,
                column=self._columns.get(field_name),
                hint=hint,
            )
        )

    def _add(self, problem: RowProblem) -> None:
        self._problems[problem.row_number].append(problem)
        if problem.is_error:
            self.broken_rows.add(problem.row_number)
            self._refused.add((problem.row_number, problem.field))


def _place(problem: RowProblem) -> tuple[int, int]:
    """Return where a problem stands in its row; a default's, which has no column, at the end."""
    if not problem.field:
        return (-1, 0)
    column = _AFTER_ALL_COLUMNS if problem.column is None else problem.column
    return (column, BOOKING_FIELDS.index(problem.field))


def _normalized(
    frame: pd.DataFrame, plan: ColumnPlan, rules: Rules, today: date
) -> dict[str, _Column]:
    """Return every field that has a column or a default, or that must be there."""
    columns: dict[str, _Column] = {}
    by_field = field_rules(
        rules.dates,
        today,
        pad_zip=rules.pad_zip,
        text_location_ids=rules.text_location_ids,
    )
    # The location comes first in it, because it chooses the appointment's zone.
    for name, rule in by_field.items():
        default = rules.defaults.get(name, "")
        if name in plan.fields:
            texts: list[str] = frame[plan.fields[name]].tolist()
        elif default or name in REQUIRED_FIELDS:
            texts = [""] * len(frame)
        else:
            continue
        if default:
            texts = [text if text.strip() else default for text in texts]
        if name == "appointment_date" and rules.dates.timezone_by_location:
            columns[name] = _appointments(texts, columns["location_id"].texts, rules.dates)
        else:
            columns[name] = _by_rule(texts, rule)
    return columns


def _by_rule(texts: Sequence[_Text], rule: Callable[[_Text], Cell]) -> _Column:
    """Return each text as the rule leaves it; one that comes again is looked at once."""
    normalized: dict[_Text, str] = {}
    troubled: dict[_Text, tuple[ProblemCode, str]] = {}
    for text in texts:
        if text not in normalized:
            cell = rule(text)
            normalized[text] = cell.text
            if cell.problem is not None:
                troubled[text] = (cell.problem, cell.hint)
    problems = {
        position: troubled[text]
        for position, text in enumerate(texts if troubled else ())
        if text in troubled
    }
    return _Column(texts=[normalized[text] for text in texts], problems=problems)


def _appointments(texts: Sequence[str], locations: Sequence[str], dates: DateRules) -> _Column:
    """Return each row's appointment, in the zone of the row's own location."""

    def rule(pair: tuple[str, str]) -> Cell:
        return normalize_appointment(pair[0], dates, pair[1])

    return _by_rule(list(zip(texts, locations, strict=True)), rule)


def _blank_rows(frame: pd.DataFrame, plan: ColumnPlan, found: _Findings) -> list[bool]:
    """Return for each row whether all of the source's own cells are empty."""
    blank = [number not in found.broken_cells for number in frame.index.tolist()]
    for column in range(frame.shape[1]):
        if not any(blank):
            break
        if column not in plan.ours:
            texts = frame[column].tolist()
            blank = [b and not text.strip() for b, text in zip(blank, texts, strict=True)]
    return blank


def _schema_failures(
    numbers: Sequence[int], columns: _Columns, blank: Sequence[bool], rules: Rules
) -> list[_Failure]:
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


def _schema_texts(column: _Column) -> list[str]:
    """Return texts fit to stand in a frame: not every pandas keeps what was not decoded."""
    texts = column.texts
    undecoded = [
        position
        for position, (code, _) in column.problems.items()
        if code is ProblemCode.CELL_NOT_DECODABLE
    ]
    if undecoded:
        texts = texts.copy()
        for position in undecoded:
            texts[position] = _NOT_DECODED
    return texts


def _requests(
    numbers: Sequence[int], columns: _Columns, blank: Sequence[bool], found: _Findings
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
    if name in _WHOLE_NUMBERS:
        return [int(text) if _EXACT.fullmatch(text) else text or None for text in texts]
    if name == "is_walk_in":
        return [_BOOLEANS.get(text) for text in texts]
    return [text or None for text in texts]


def _instants(appointments: _Column) -> Iterator[datetime | None]:
    """Yield each row's appointment in UTC; normalized text has an offset."""
    for position, text in enumerate(appointments.texts):
        problem = appointments.problems.get(position)
        is_refused = problem is not None and problem[0].severity is Severity.ERROR
        is_known = text and not is_refused
        yield datetime.fromisoformat(text).astimezone(UTC) if is_known else None


def _row_keys(frame: pd.DataFrame, plan: ColumnPlan) -> list[str]:
    """Return each row's key, "" where the source is none of our results."""
    if plan.row_key is None:
        return [""] * len(frame)
    return [text.strip() for text in frame[plan.row_key].tolist()]
