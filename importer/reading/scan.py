"""What a second look at a sheet tells, whatever its format: how far it goes, and what is odd."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from importer.problems import ProblemCode
from importer.sheet_limits import COLUMN_LIMIT, ROW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.table import Place

AREA_LIMIT = 20_000_000
"""The most cells between the first and the last one with a value."""

_SEEN = (
    ProblemCode.CELL_ERROR_VALUE,
    ProblemCode.FORMULA_NOT_CALCULATED,
    ProblemCode.FORMULA_VALUE_USED,
    ProblemCode.CELL_CONTROL_CHARACTER,
    ProblemCode.CELL_SHOWN_OTHERWISE,
    ProblemCode.CELL_SHOWN_OTHERWISE,
    ProblemCode.DATE_BELOW_ZERO,
    ProblemCode.DATE_BEFORE_MARCH_1900,
)
ERROR, NOT_CALCULATED, VALUE_USED, CONTROL, MASKED, RESTYLED, BELOW_ZERO, NO_DAY = range(len(_SEEN))
"""What `Findings.add` takes: the places of these problems.

RESTYLED is the same number in other characters, such as zeros in front, which is a problem
only where text is sent; MASKED is another value, or none.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The smallest area that holds every value; rows and columns from 0, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    @property
    def area(self) -> int:
        """Return how many cells it has."""
        rows = self.last_row - self.first_row + 1
        return rows * (self.last_column - self.first_column + 1)

    def covers(self, other: Extent) -> bool:
        """Return whether `other` lies within it."""
        return (
            self.first_row <= other.first_row
            and self.first_column <= other.first_column
            and self.last_row >= other.last_row
            and self.last_column >= other.last_column
        )


class Reach:
    """How far the values of a sheet go, as they are met."""

    __slots__ = ("_first_column", "_first_row", "_last_column", "_last_row")

    def __init__(self) -> None:
        """Begin with no value."""
        self._first_row, self._first_column = ROW_LIMIT, COLUMN_LIMIT
        self._last_row = self._last_column = -1

    def take(self, row: int, column: int) -> None:
        """Take in a cell with a value; row and column count from 0."""
        # Every cell comes by, and a call of min() or max() costs several times as much.
        if column < self._first_column:  # noqa: PLR1730 - see above
            self._first_column = column
        if column > self._last_column:  # noqa: PLR1730 - see above
            self._last_column = column
        if row < self._first_row:  # noqa: PLR1730 - see above
            self._first_row = row
        if row > self._last_row:  # noqa: PLR1730 - see above
            self._last_row = row

    def take_area(self, row: int, column: int, *, rows: int, columns: int) -> None:
        """Take in an area of such cells from its first one on."""
        self.take(row, column)
        self.take(row + rows - 1, column + columns - 1)

    @property
    def extent(self) -> Extent | None:
        """Return the area, None when no cell has a value."""
        if self._last_row < 0:
            return None
        return Extent(
            first_row=self._first_row,
            first_column=self._first_column,
            last_row=self._last_row,
            last_column=self._last_column,
        )


def refuse_large(area: int, place: Place) -> None:
    """Raise when so many cells are more than are read.

    Raises:
        SourceError: They are.
    """
    if area > AREA_LIMIT:
        sentence = f"Its values are spread over {area:,} cells, at most {AREA_LIMIT:,} are read."
        raise place.refuse(ProblemCode.SOURCE_TOO_LARGE, sentence)


class Finding(NamedTuple):
    """A cell of which more is to be said than its value; rows count from 1, columns from 0."""

    row: int
    column: int
    code: ProblemCode
    is_of_text: bool
    """Whether it is a problem only where text is sent."""


class Findings:
    """Cells of which more is to be said than their value, in the order of the sheet.

    Arrays, because a sheet of formulas has millions of them.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._rows = array("I")
        self._columns = array("H")
        self._codes = array("B")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def add(self, row: int, column: int, code: int) -> None:
        """Add one; `row` counts from 1, rows come in their order."""
        self._rows.append(row)
        self._columns.append(column)
        self._codes.append(code)

    def __iter__(self) -> Iterator[Finding]:
        """Yield each."""
        for row, column, code in zip(self._rows, self._columns, self._codes, strict=True):
            yield Finding(row, column, _SEEN[code], code == RESTYLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetScan:
    """What the second look saw."""

    extent: Extent | None
    """None when no cell has a value."""
    hidden_rows: int
    findings: Findings
    hidden_columns: frozenset[int] = frozenset()
    """Columns that people do not see, from 0."""
    merged: tuple[Extent, ...] = ()
    """The areas of merged cells."""
