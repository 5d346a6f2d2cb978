"""Merged cells: what a person sees in all of them stands in the first one only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.problems import ProblemCode, RowProblem
from importer.reading.characters import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.reading.scan import Extent

MOST_MERGED = 1_000_000
"""The most merged areas of a sheet that are looked at."""


class MergedCells:
    """The merged areas of a sheet, met row by row from the first one on."""

    def __init__(self, areas: Iterable[Extent]) -> None:
        """Begin above the first row."""
        self._coming = sorted(areas, key=lambda area: area.first_row, reverse=True)
        self._here: list[Extent] = []
        self._covered: frozenset[int] = frozenset()
        """The columns of the areas that go on."""

    def of_row(self, number: int, cells: Sequence[str]) -> tuple[RowProblem, ...]:
        """Return a problem for each cell that another one covers, but for a row that is blank.

        Raises:
            ValueError: Areas lie upon one another, which no spreadsheet program writes.
        """
        if not self._here and not self._begins_by(number):
            return ()
        covered = self._covered
        begun = self._begun(number, cells)
        if begun:
            covered |= {column for area in begun for column in _columns(area, cells)[1:]}
            self._here += begun
        if begun or any(area.last_row < number for area in self._here):
            self._here = [area for area in self._here if area.last_row >= number]
            columns = [column for area in self._here for column in _columns(area, cells)]
            self._covered = frozenset(columns)
            if len(self._covered) < len(columns):
                raise ValueError
        if not covered or is_blank(cells):
            return ()
        code = ProblemCode.CELL_MERGED
        return tuple(
            RowProblem(row_number=number, code=code, column=column) for column in sorted(covered)
        )

    def _begun(self, number: int, cells: Sequence[str]) -> list[Extent]:
        """Return the areas that begin in this row, but for those that hide nothing."""
        begun: list[Extent] = []
        width = 0
        while self._begins_by(number):
            area = self._coming.pop()
            # An area whose first cell is empty hides nothing.
            if area.first_row == number - 1 and "".join(cells[area.first_column :][:1]).strip():
                begun.append(area)
                width += len(_columns(area, cells))
                if width > len(cells):
                    raise ValueError
        return begun

    def _begins_by(self, number: int) -> bool:
        return bool(self._coming) and self._coming[-1].first_row < number


def _columns(area: Extent, cells: Sequence[str]) -> range:
    return range(area.first_column, min(area.last_column + 1, len(cells)))
