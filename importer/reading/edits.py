"""Cells of a source that a copy of it holds differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.problems import ProblemCode


class Edit(NamedTuple):
    """One cell of a copy, and why it differs."""

    row_number: int
    column: int
    """From 0."""
    before: str
    """What the source holds; a cell that holds anything else is left as it is."""
    after: str
    code: ProblemCode

    def __repr__(self) -> str:
        """Return it without the texts."""
        return f"Edit(row_number={self.row_number}, column={self.column}, {self.code.name})"


class Edits:
    """Edits in the order of the rows, handed out row by row."""

    def __init__(self, edits: Iterator[Edit]) -> None:
        """Take them one after the other, so that few are held at a time."""
        self._rest = edits
        self._next = next(edits, None)

    def of_row(self, number: int) -> dict[int, Edit]:
        """Return the edits of this row by column; rows are asked for in ascending order."""
        found: dict[int, Edit] = {}
        while self._next is not None and self._next.row_number <= number:
            if self._next.row_number == number:
                found[self._next.column] = self._next
            self._next = next(self._rest, None)
        return found
