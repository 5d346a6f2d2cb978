"""What is wrong with each row of a chunk: every cell's first error, and all of its warnings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.field_columns import Trouble
from importer.model import BOOKING_FIELDS
from importer.problems import ASIDES, ProblemCode, RowProblem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from importer.columns import ColumnPlan
    from importer.example import ExampleRow
    from importer.field_columns import FieldColumn

_AFTER_ALL_COLUMNS = 1_000_000


class ProblemsByRow:
    """Problems by row; the first to name an error of a cell is the one that is told."""

    def __init__(self, plan: ColumnPlan) -> None:
        """Begin with none; `plan` says which column holds which field."""
        self._columns = plan.fields
        self._fields = plan.sources
        self._problems: defaultdict[int, list[RowProblem]] = defaultdict(list)
        self._refused: set[tuple[int, str]] = set()
        self.broken_rows: set[int] = set()
        """Rows with at least one error."""
        self.examples: set[int] = set()
        """Rows that are the template's example, as it came."""
        self._respelled: defaultdict[int, int] = defaultdict(int)

    def add_from_reading(self, problems: Iterable[RowProblem]) -> None:
        """Add what reading found about rows, and about cells that are sent."""
        for problem in problems:
            if problem.column is None:
                self._add(problem)
            elif (sent_as := self._fields.get(problem.column)) is not None:
                self._add(replace(problem, field=sent_as))

    def add_examples(self, numbers: Sequence[int], found: Mapping[int, ExampleRow]) -> None:
        """Set the template's example aside, and refuse a row that holds a part of it."""
        for position, example in found.items():
            number = numbers[position]
            if example.is_whole and number not in self.broken_rows:
                self.examples.add(number)
                continue
            told: list[str] = []
            for name in example.fields:
                # Both names may stand in one cell, which is told once.
                is_told = any(self._is_same_cell(name, other) for other in told)
                trouble = Trouble(code=ProblemCode.EXAMPLE_LEFT_OVER, is_told=is_told)
                self._add_cell(number, name, trouble)
                told.append(name)

    def add_from_rules(
        self, numbers: Sequence[int], columns: Mapping[str, FieldColumn], *, tells_spelling: bool
    ) -> None:
        """Add what the rules refused or changed; count what is only spelled another way."""
        for field_name, column in columns.items():
            for position, trouble in column.problems.items():
                if trouble.code is ProblemCode.WRITTEN_OTHERWISE and not tells_spelling:
                    self._respelled[numbers[position]] += 1
                else:
                    self._add_cell(numbers[position], field_name, trouble)

    def add_from_schema(self, failures: Iterable[tuple[int, str, ProblemCode]]) -> None:
        """Add what only the schema saw: cells that no rule refused."""
        for number, field_name, code in failures:
            self._add_cell(number, field_name, Trouble(code=code))

    def of(self, number: int) -> tuple[RowProblem, ...]:
        """Return a row's problems: those about the row first, then by column."""
        found = self._problems.get(number, [])
        asides = tuple(problem for problem in found if problem.code in ASIDES)
        return asides or tuple(sorted(found, key=_place))

    def respelled_in(self, number: int) -> int:
        """Return how many cells of a row are spelled another way; none of one set aside."""
        count = self._respelled.get(number, 0)
        return 0 if count and any(problem.code in ASIDES for problem in self.of(number)) else count

    def of_blank(self, number: int) -> tuple[RowProblem, ...]:
        """Return what is told of a row in which nobody stands."""
        example = RowProblem(row_number=number, code=ProblemCode.EXAMPLE_ROW)
        return (example,) if number in self.examples else ()

    def _add_cell(self, number: int, field_name: str, trouble: Trouble) -> None:
        is_error = trouble.code.severity is Severity.ERROR
        if is_error and (number, field_name) in self._refused:
            return
        if trouble.is_told:
            self._refused.add((number, field_name))
            return
        column = self._columns.get(field_name) if trouble.column is None else trouble.column
        self._add(
            RowProblem(
                row_number=number,
                code=trouble.code,
                field=field_name,
                column=column,
                hint=trouble.hint,
                suggestion=trouble.suggestion,
            )
        )

    def _is_same_cell(self, name: str, other: str) -> bool:
        return self._columns.get(name) == self._columns.get(other)

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
