"""Problems of rows, gathered by kind: a person fixes a kind, not a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.lettering import column_letter
from importer.problems import Severity
from importer.reports import Finding, Look, ProblemExample, ProblemGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.ledger import ProblemKind
    from importer.problems import ProblemCode, RowProblem
    from importer.reading import Chunk
    from importer.validate import CheckedRow

_SEVERITIES = tuple(Severity)
"""The heaviest first."""

Kind = tuple["ProblemCode", str, int | None]
"""Code, API field and source column."""


@dataclass(slots=True)
class _Group:
    rows: int = 0
    fixable: int = 0
    examples: list[ProblemExample] = field(default_factory=list)


@dataclass(slots=True)
class Grouping:
    """Counts problems by kind while rows go by; keeps the first few rows of each."""

    headings: Sequence[str]
    look: Look = field(default_factory=Look)
    _groups: dict[Kind, _Group] = field(default_factory=dict, init=False)

    def add(self, chunk: Chunk, position: int, row: CheckedRow) -> None:
        """Count all problems of one row; `position` is its line in the chunk's frame."""
        for problem in row.problems:
            self.count(chunk, position, row, problem)

    def groups(self) -> tuple[ProblemGroup, ...]:
        """Return the kinds, errors before warnings before notes, most rows first."""
        found = [self._group(kind, group) for kind, group in self._groups.items()]
        return tuple(sorted(found, key=_weight))

    def groups_of(self, kinds: Iterable[ProblemKind]) -> tuple[ProblemGroup, ...]:
        """Return the kinds that a run has in the ledger, with the examples that were seen here.

        Planning finds problems that no row shows alone: a time that has passed, a copied row.
        """
        return tuple(sorted((self._with_examples(kind) for kind in kinds), key=_weight))

    def _with_examples(self, kind: ProblemKind) -> ProblemGroup:
        seen = self._groups.get((kind.code, kind.field, kind.column))
        numbers = [ProblemExample(number, None, "", "") for number in kind.first_rows]
        examples = numbers if seen is None else seen.examples
        group = _Group(rows=kind.rows, examples=examples)
        return self._group((kind.code, kind.field, kind.column), group)

    def count(self, chunk: Chunk, position: int, row: CheckedRow, problem: RowProblem) -> None:
        """Count one problem of one row, and keep it as an example while there are few."""
        kind = (problem.code, problem.field, problem.column)
        group = self._groups.setdefault(kind, _Group())
        group.rows += 1
        group.fixable += bool(problem.suggestion)
        look = self.look
        is_kept = look.examples is None or len(group.examples) < look.examples
        if not is_kept and look.tell is None:
            return
        example = _example(chunk, position, row, problem)
        if is_kept:
            group.examples.append(example)
        if look.tell is not None:
            letter = _letter(problem.column)
            look.tell(Finding(problem.code, problem.field, letter, example))

    def _group(self, kind: Kind, group: _Group) -> ProblemGroup:
        code, field_name, column = kind
        return ProblemGroup(
            code=code,
            field=field_name,
            column_letter=_letter(column),
            heading="" if column is None else _heading_of(self.headings, column),
            rows=group.rows,
            fixable=group.fixable,
            examples=tuple(group.examples),
        )


def _example(chunk: Chunk, position: int, row: CheckedRow, problem: RowProblem) -> ProblemExample:
    column = problem.column
    return ProblemExample(
        row_number=row.row_number,
        line=row.line,
        value="" if column is None else str(chunk.frame[column].iat[position]),
        hint=problem.hint,
        suggestion=problem.suggestion,
    )


def _letter(column: int | None) -> str:
    return "" if column is None else column_letter(column)


def _heading_of(headings: Sequence[str], column: int) -> str:
    """Return their heading of a column, "" beyond the last."""
    return headings[column] if column < len(headings) else ""


def _weight(group: ProblemGroup) -> tuple[int, int, str]:
    """Return what groups are sorted by."""
    return (_SEVERITIES.index(group.code.severity), -group.rows, group.code.code)
