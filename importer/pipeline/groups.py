"""Problems of rows, gathered by kind: a person fixes a kind, not a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.problems import Severity
from importer.reading import column_letter
from importer.reports import ProblemExample, ProblemGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.problems import ProblemCode, RowProblem
    from importer.reading import Chunk
    from importer.validate import CheckedRow

EXAMPLES = 5

Kind = tuple["ProblemCode", str, int | None]
"""Code, API field and source column."""


@dataclass(slots=True)
class _Group:
    rows: int = 0
    examples: list[ProblemExample] = field(default_factory=list)


@dataclass(slots=True)
class Grouping:
    """Counts problems by kind while rows go by; keeps the first few rows of each."""

    headings: Sequence[str]
    _groups: dict[Kind, _Group] = field(default_factory=dict, init=False)

    def add(self, chunk: Chunk, position: int, row: CheckedRow) -> None:
        """Count all problems of one row; `position` is its line in the chunk's frame."""
        for problem in row.problems:
            self._add(chunk, position, row, problem)

    def count(
        self, row: CheckedRow, code: ProblemCode, field_name: str, column: int | None
    ) -> None:
        """Count one problem that is not the row's own, such as a time that has passed."""
        group = self._groups.setdefault((code, field_name, column), _Group())
        group.rows += 1
        if len(group.examples) < EXAMPLES:
            group.examples.append(ProblemExample(row.row_number, row.line, "", ""))

    def groups(self) -> tuple[ProblemGroup, ...]:
        """Return the kinds, errors before warnings, most rows first."""
        found = [self._group(kind, group) for kind, group in self._groups.items()]
        return tuple(sorted(found, key=weight))

    def _add(self, chunk: Chunk, position: int, row: CheckedRow, problem: RowProblem) -> None:
        kind = (problem.code, problem.field, problem.column)
        group = self._groups.setdefault(kind, _Group())
        group.rows += 1
        if len(group.examples) < EXAMPLES:
            column = problem.column
            value = "" if column is None else str(chunk.frame[column].iat[position])
            group.examples.append(ProblemExample(row.row_number, row.line, value, problem.hint))

    def _group(self, kind: Kind, group: _Group) -> ProblemGroup:
        code, field_name, column = kind
        return ProblemGroup(
            code=code,
            field=field_name,
            column_letter="" if column is None else column_letter(column),
            heading="" if column is None else heading_of(self.headings, column),
            rows=group.rows,
            examples=tuple(group.examples),
        )


def heading_of(headings: Sequence[str], column: int) -> str:
    """Return their heading of a column, "" beyond the last."""
    return headings[column] if column < len(headings) else ""


def weight(group: ProblemGroup) -> tuple[bool, int, str]:
    """Return what groups are sorted by."""
    return (group.code.severity is not Severity.ERROR, -group.rows, group.code.code)
