"""What the second looks at binary workbooks share: cells taken in, whatever record says them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.reading.merged import MOST_MERGED
from importer.reading.scan import (
    ERROR,
    MASKED,
    NOT_CALCULATED,
    VALUE_USED,
    Extent,
    Findings,
    Reach,
    SheetScan,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.number_formats import NumberFormat
    from importer.reading.style_table import CellFormats


@dataclass(slots=True, kw_only=True)
class CellTally:
    """The cells of one sheet, as its records say them; rows and columns count from 0."""

    row_limit: int
    column_limit: int
    formats: CellFormats
    """The formats of cells by style."""
    reach: Reach = field(default_factory=Reach)
    merged: list[Extent] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)
    _hidden: set[int] = field(default_factory=set)
    _filled: set[int] = field(default_factory=set)
    _found: list[tuple[int, int, int]] = field(default_factory=list)
    _empty: list[tuple[int, int]] = field(default_factory=list)
    _has_results: bool = False

    def value(self, row: int, column: int) -> None:
        """Take a cell with a value; ValueError when there is no such cell."""
        if not (0 <= row < self.row_limit and 0 <= column < self.column_limit):
            raise ValueError
        self.reach.take(row, column)
        self._filled.add(row)

    def error(self, row: int, column: int) -> None:
        """Take a cell that shows an error."""
        self.value(row, column)
        self._found.append((row + 1, column, ERROR))

    def formula(
        self, row: int, column: int, *, is_calculated: bool = True, is_empty: bool = False
    ) -> None:
        """Take a cell whose value a formula gave; an empty text may be one, or the lack of one."""
        self.value(row, column)
        if is_empty:
            self._empty.append((row + 1, column))
        else:
            self._has_results = self._has_results or is_calculated
            self._found.append((row + 1, column, VALUE_USED if is_calculated else NOT_CALCULATED))

    def number(self, row: int, column: int, shown: NumberFormat, value: float) -> None:
        """Hold the number of a cell, which was taken, against what its format shows."""
        if value < shown.plain_from:
            self._take(row, column, shown.finding(value))

    def text(self, row: int, column: int, shown: NumberFormat) -> None:
        """Hold a cell of text, which was taken, against its format."""
        self._take(row, column, MASKED if shown.alters_texts else None)

    def truth(self, row: int, column: int, shown: NumberFormat, *, value: bool) -> None:
        """Hold TRUE or FALSE, which was taken, against its format."""
        self._take(row, column, shown.truth_finding(value=value))

    def _take(self, row: int, column: int, finding: int | None) -> None:
        if finding is not None:
            self._found.append((row + 1, column, finding))

    def hide(self, row: int) -> None:
        """Take note of a row that people do not see."""
        self._hidden.add(row)

    def hide_columns(self, first: int, last: int) -> None:
        """Take note of columns that people do not see."""
        self.hidden_columns.update(range(first, min(last + 1, self.column_limit)))

    def merge(self, area: tuple[int, int, int, int]) -> None:
        """Take merged cells: first and last row, first and last column."""
        if len(self.merged) >= MOST_MERGED:
            raise ValueError
        first_row, last_row, first_column, last_column = area
        self.merged.append(
            Extent(
                first_row=first_row,
                first_column=first_column,
                last_row=last_row,
                last_column=last_column,
            )
        )

    def scan(self) -> SheetScan:
        """Return what was seen."""
        findings = Findings()
        # Where no formula of a sheet has a result, its writer could not calculate.
        code_of_empty = VALUE_USED if self._has_results else NOT_CALCULATED
        empty = [(row, column, code_of_empty) for row, column in self._empty]
        for row, column, code in sorted(self._found + empty):
            findings.add(row, column, code)
        return SheetScan(
            extent=self.reach.extent,
            hidden_rows=len(self._hidden & self._filled),
            hidden_columns=frozenset(self.hidden_columns),
            findings=findings,
            merged=tuple(self.merged),
        )


def areas_of(numbers: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    """Yield numbers in fours."""
    for at in range(0, len(numbers) - 3, 4):
        yield numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]


def rk_number(packed: int) -> float:
    """Return the number in the four bytes that both formats keep a short one in.

    The two lowest bits say whether it is a hundredth, and whether it is a whole number; the
    others are that number, or the upper half of a float.
    """
    if packed & 2:
        value = float((packed ^ 0x8000_0000) - 0x8000_0000 >> 2)
    else:
        value = float(struct.unpack("<d", struct.pack("<Q", (packed & ~3) << 32))[0])
    return value / 100 if packed & 1 else value
