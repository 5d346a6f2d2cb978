"""A second look at a sheet: how far it goes, and the cells that calamine shows as empty."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.problems import ProblemCode
from importer.reading.merged import MOST_MERGED
from importer.reading.package import refuse_doctype
from importer.reading.table import column_letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.reading.table import Place

AREA_LIMIT = 20_000_000
"""The most cells between the first and the last one with a value."""
ROW_LIMIT = 1_048_576
COLUMN_LIMIT = 16_384

_SEEN = (
    ProblemCode.CELL_ERROR_VALUE,
    ProblemCode.FORMULA_NOT_CALCULATED,
    ProblemCode.FORMULA_VALUE_USED,
    ProblemCode.CELL_CONTROL_CHARACTER,
)
ERROR, NOT_CALCULATED, VALUE_USED, CONTROL = range(len(_SEEN))
"""What `Findings.add` takes: the places of these problems."""
_MOST_LETTERS = 3
_AREA = re.compile("([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_NO_CELL = "no cell"
_NEGATIVE_INDEX = re.compile(rb"""\st=["']s["'][^<>]{0,99}>\s{0,9}<(?:\w{1,9}:)?v>\s{0,9}-""")
_LONGEST_CELL_START = 200
_TRUE = ("1", "true")
_NO_HEIGHT = ("0", "0.0")


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

    def __init__(self) -> None:
        """Begin with no value."""
        self._rows: tuple[int, int] | None = None
        self._columns = (0, 0)

    def take(self, row: int, column: int, *, rows: int = 1, columns: int = 1) -> None:
        """Take an area of values in; row and column count from 0."""
        last_row, last_column = row + rows - 1, column + columns - 1
        if self._rows is None:
            self._rows, self._columns = (row, last_row), (column, last_column)
            return
        self._rows = (min(self._rows[0], row), max(self._rows[1], last_row))
        self._columns = (min(self._columns[0], column), max(self._columns[1], last_column))

    @property
    def extent(self) -> Extent | None:
        """Return the area, None when no cell has a value."""
        if self._rows is None:
            return None
        return Extent(
            first_row=self._rows[0],
            first_column=self._columns[0],
            last_row=self._rows[1],
            last_column=self._columns[1],
        )


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

    def __iter__(self) -> Iterator[tuple[int, int, ProblemCode]]:
        """Yield row number, column and problem of each."""
        for row, column, code in zip(self._rows, self._columns, self._codes, strict=True):
            yield row, column, _SEEN[code]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetScan:
    """What the second look saw."""

    extent: Extent | None
    """None when no cell has a value."""
    hidden_rows: int
    findings: Findings
    merged: tuple[Extent, ...] = ()
    """The areas of merged cells."""


def scan_sheet(
    blocks: Iterator[bytes], place: Place, *, waits_for_calculation: bool, exact: bool = False
) -> SheetScan:
    """Go through a worksheet's part once, without keeping any value.

    Args:
        blocks: The part.
        place: File and sheet.
        waits_for_calculation: Whether a formula's 0 may be its writer's stand-in.
        exact: Whether to count only cells whose value has text, which takes longer.

    Raises:
        SourceError: The sheet holds a document type definition.
        ValueError: It is out of order, or no XML.
    """
    scanner = _Scanner(place, waits_for_calculation=waits_for_calculation, exact=exact)
    tail = b""
    for block in blocks:
        scanner.parser.Parse(block, False)  # noqa: FBT003 - expat takes no keyword
        # Such an index is none; calamine takes the first text for it.
        if _NEGATIVE_INDEX.search(tail + block):
            raise ValueError
        tail = block[-_LONGEST_CELL_START:]
    scanner.parser.Parse(b"", True)  # noqa: FBT003 - as above
    scanner.end_cell()
    return SheetScan(
        extent=scanner.extent,
        hidden_rows=scanner.hidden_rows,
        findings=scanner.findings,
        merged=tuple(scanner.merged),
    )


class ColumnNumbers(dict[str, int]):
    """The number of each column by its letters, found as they are needed."""

    def __missing__(self, letters: str) -> int:
        """Return the column, from 0; ValueError when no sheet has it."""
        number = 0
        for letter in letters[:_MOST_LETTERS]:
            number = number * 26 + ord(letter) - ord("A") + 1
        if not 0 < number <= COLUMN_LIMIT or column_letter(number - 1) != letters:
            raise ValueError
        self[letters] = number - 1
        return number - 1


class _Scanner:
    """The state of one pass; what is out of order raises ValueError."""

    def __init__(self, place: Place, *, waits_for_calculation: bool, exact: bool) -> None:
        self._waits = waits_for_calculation
        self._exact = exact
        self._columns = ColumnNumbers()
        self._actions: dict[str, Callable[[dict[str, str]], None]] = {
            "row": self._row_begins,
            "c": self._cell_begins,
            "f": self._formula_begins,
            "v": self._value_begins,
            "is": self._value_begins,
            "t": self._text_begins,
            "mergeCell": self._merged_begins,
        }
        self._row = 0
        self._row_text = ""
        self._is_hidden = False
        self._column = -1
        self._type: str | None = None
        self._is_formula = False
        self._has_value = False
        self._text = ""
        self._first_row = 0
        self._last_row = 0
        self._first_column = COLUMN_LIMIT
        self._last_column = -1
        self.hidden_rows = 0
        self.findings = Findings()
        self.merged: list[Extent] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._element_begins
        refuse_doctype(self.parser, place)
        if exact:
            self.parser.CharacterDataHandler = self._characters
            self.parser.EndElementHandler = self._element_ends

    @property
    def extent(self) -> Extent | None:
        """Return the area of the values seen so far."""
        if not self._last_row:
            return None
        return Extent(
            first_row=self._first_row - 1,
            first_column=self._first_column,
            last_row=self._last_row - 1,
            last_column=self._last_column,
        )

    def _element_begins(self, name: str, attributes: dict[str, str]) -> None:
        action = self._actions.get(name)
        if action is None:
            action = self._actions.get(name.rpartition(":")[2], self._other_begins)
            self._actions[name] = action
        action(attributes)

    def _row_begins(self, attributes: dict[str, str]) -> None:
        self.end_cell()
        text = attributes.get("r") or str(self._row + 1)
        row = int(text)
        if not self._row < row <= ROW_LIMIT:
            raise ValueError
        self._row, self._row_text, self._column = row, text, -1
        self._is_hidden = attributes.get("hidden") in _TRUE or attributes.get("ht") in _NO_HEIGHT

    def _cell_begins(self, attributes: dict[str, str]) -> None:
        if self._is_formula:
            self.end_cell()
        place = attributes.get("r")
        if place is None:
            column = self._column + 1
        elif place.endswith(self._row_text):
            column = self._columns[place[: -len(self._row_text)]]
        else:
            raise ValueError
        if not self._column < column < COLUMN_LIMIT:
            raise ValueError
        self._column = column
        self._has_value = False
        self._type = kind = attributes.get("t")
        if kind == "e":
            self.findings.add(self._row, column, ERROR)

    def _formula_begins(self, _: dict[str, str]) -> None:
        if self._type != _NO_CELL:
            self._is_formula = True
            self.parser.CharacterDataHandler = self._characters

    def _value_begins(self, _: dict[str, str]) -> None:
        if self._has_value and self._type != _NO_CELL:  # two in one cell: calamine shows neither
            raise ValueError
        self._text = ""
        self._has_value = True
        if not self._exact:
            self._mark()

    def _text_begins(self, _: dict[str, str]) -> None:
        self._text = ""

    def _other_begins(self, _: dict[str, str]) -> None:
        # Behind the rows stand elements with an `f` of their own, which belongs to no cell.
        self.end_cell()
        self._type = _NO_CELL

    def _merged_begins(self, attributes: dict[str, str]) -> None:
        self._other_begins(attributes)
        if len(self.merged) >= MOST_MERGED:
            raise ValueError
        area = _AREA.fullmatch(attributes.get("ref", ""))
        if area is None:
            raise ValueError
        columns = self._columns
        self.merged.append(
            Extent(
                first_row=int(area[2]) - 1,
                first_column=columns[area[1]],
                last_row=int(area[4] or area[2]) - 1,
                last_column=columns[area[3] or area[1]],
            )
        )

    def _element_ends(self, _: str) -> None:
        if self._has_value and self._text.strip():
            self._mark()
            self._text = ""

    def _characters(self, text: str) -> None:
        self._text += text

    def _mark(self) -> None:
        """Take the cell into the extent."""
        column = self._column
        # min() and max() take three times as long, and every cell comes by.
        if column < self._first_column:  # noqa: PLR1730 - asked of every cell: a call costs more
            self._first_column = column
        if column > self._last_column:  # noqa: PLR1730 - asked of every cell: a call costs more
            self._last_column = column
        self._first_row = self._first_row or self._row
        self._last_row = self._row
        if self._is_hidden:
            self.hidden_rows += 1
            self._is_hidden = False

    def end_cell(self) -> None:
        """Judge the formula of the cell that ends, if it has one."""
        if not self._is_formula:
            return
        self._is_formula = False
        if not self._exact:
            self.parser.CharacterDataHandler = None
        if self._type == "e":
            return
        value = self._text.strip() if self._has_value else ""
        is_empty_text = self._type == "str" and self._has_value
        if (not value and not is_empty_text) or (self._waits and value == "0"):
            self.findings.add(self._row, self._column, NOT_CALCULATED)
        else:
            self.findings.add(self._row, self._column, VALUE_USED)
