"""A second look at a worksheet of XLSX: how far it goes, and what calamine shows as empty."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.lettering import column_index
from importer.reading.merged import MOST_MERGED
from importer.reading.package import refuse_doctype
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
from importer.reading.xlsx_styles import NamedFormats
from importer.sheet_limits import COLUMN_LIMIT, ROW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.reading.number_formats import NumberFormat
    from importer.reading.table import Place

_MOST_LETTERS = 3
_AREA = re.compile("([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_NO_CELL = "no cell"
_NEGATIVE_INDEX = re.compile(rb"""\st=["']s["'][^<>]{0,99}>\s{0,9}<(?:\w{1,9}:)?v>\s{0,9}-""")
_LONGEST_CELL_START = 200
_TRUE = ("1", "true")
_NO_HEIGHT = ("0", "0.0")
_NUMBERS = (None, "n")
_TRUTH, _DATE = "b", "d"
_TEXTS = ("s", "str", "inlineStr")


def scan_sheet(
    blocks: Iterator[bytes],
    place: Place,
    *,
    waits_for_calculation: bool,
    formats: NamedFormats | None = None,
    exact: bool = False,
) -> SheetScan:
    """Go through a worksheet's part once, without keeping any value.

    Args:
        blocks: The part.
        place: File and sheet.
        waits_for_calculation: Whether a formula's 0 may be its writer's stand-in.
        formats: The formats of its cells, by style.
        exact: Whether to count only cells whose value has text, which takes longer.

    Raises:
        SourceError: The sheet holds a document type definition.
        ValueError: It is out of order, or no XML.
    """
    waits = waits_for_calculation
    shown = NamedFormats() if formats is None else formats
    scanner = _Scanner(place, shown, waits_for_calculation=waits, exact=exact)
    tail = b""
    for block in blocks:
        scanner.parser.Parse(block, False)  # noqa: FBT003 - expat takes no keyword
        # Such an index is none; calamine takes the first text for it.
        if _NEGATIVE_INDEX.search(tail + block):
            raise ValueError
        tail = block[-_LONGEST_CELL_START:]
    scanner.parser.Parse(b"", True)  # noqa: FBT003 - as above
    scanner.end_row()
    return SheetScan(
        extent=scanner.reach.extent,
        hidden_rows=scanner.hidden_rows,
        hidden_columns=frozenset(scanner.hidden_columns),
        findings=scanner.findings,
        merged=tuple(scanner.merged),
    )


class ColumnNumbers(dict[str, int]):
    """The number of each column by its letters, found as they are needed."""

    def __missing__(self, letters: str) -> int:
        """Return the column, from 0; ValueError when no sheet has it."""
        index = column_index(letters) if len(letters) <= _MOST_LETTERS else None
        if index is None or index >= COLUMN_LIMIT:
            raise ValueError
        self[letters] = index
        return index


class _Scanner:
    """The state of one pass; what is out of order raises ValueError."""

    def __init__(
        self,
        place: Place,
        formats: NamedFormats,
        *,
        waits_for_calculation: bool,
        exact: bool,
    ) -> None:
        self._formats = formats
        self._format: NumberFormat | None = None
        """Of the cell, where it may show something else than the cell keeps."""
        self._waits = waits_for_calculation
        self._exact = exact
        self._columns = ColumnNumbers()
        self._actions: dict[str, Callable[[dict[str, str]], None]] = {
            "col": self._columns_begin,
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
        self._filled_to = -1
        """The last column of the row that has a value."""
        self._type: str | None = None
        self._is_formula = False
        self._is_open = False
        """Whether the end of the cell brings something to light: a formula, or a format."""
        self._has_value = False
        self._text = ""
        self.reach = Reach()
        self.hidden_rows = 0
        self.hidden_columns: set[int] = set()
        self.findings = Findings()
        self.merged: list[Extent] = []
        self._listener = self._characters
        """Bound once: it is set and taken away for every cell of a date."""
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._element_begins
        refuse_doctype(self.parser, place)
        if exact:
            self.parser.CharacterDataHandler = self._listener
            self.parser.EndElementHandler = self._element_ends

    def _element_begins(self, name: str, attributes: dict[str, str]) -> None:
        action = self._actions.get(name)
        if action is None:
            action = self._actions.get(name.rpartition(":")[2], self._other_begins)
            self._actions[name] = action
        action(attributes)

    def _columns_begin(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in _TRUE or attributes.get("width") in _NO_HEIGHT:
            first, last = (int(attributes.get(name, "")) for name in ("min", "max"))
            self.hidden_columns.update(range(first - 1, min(last, COLUMN_LIMIT)))

    def _row_begins(self, attributes: dict[str, str]) -> None:
        self.end_row()
        text = attributes.get("r") or str(self._row + 1)
        row = int(text)
        if not self._row < row <= ROW_LIMIT:
            raise ValueError
        self._row, self._row_text, self._column = row, text, -1
        self._is_hidden = attributes.get("hidden") in _TRUE or attributes.get("ht") in _NO_HEIGHT

    def _cell_begins(self, attributes: dict[str, str]) -> None:
        if self._is_open:
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
        self._format = self._formats[attributes.get("s", "0")]
        if kind == "e":
            self.findings.add(self._row, column, ERROR)

    def _formula_begins(self, _: dict[str, str]) -> None:
        if self._type != _NO_CELL:
            self._is_formula = self._is_open = True
            self.parser.CharacterDataHandler = self._listener

    def _value_begins(self, _: dict[str, str]) -> None:
        if self._has_value and self._type != _NO_CELL:  # two in one cell: calamine shows neither
            raise ValueError
        self._text = ""
        self._has_value = True
        if self._format is not None:
            self._take_format(self._format)
        if not self._exact:
            self._mark()

    def _take_format(self, shown: NumberFormat) -> None:
        if self._type in _NUMBERS or self._type == _TRUTH:
            self._is_open = True
            self.parser.CharacterDataHandler = self._listener
        elif self._type in _TEXTS:
            if shown.alters_texts:
                self.findings.add(self._row, self._column, MASKED)
        elif self._type == _DATE and shown.says_more:
            self.findings.add(self._row, self._column, MASKED)

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
        """Take the cell in, which has a value; the cells of a row come from left to right."""
        if self._filled_to < 0:
            self.reach.take(self._row - 1, self._column)
            self.hidden_rows += self._is_hidden
        self._filled_to = self._column

    def end_row(self) -> None:
        """Take in how far the row goes that ends."""
        self.end_cell()
        if self._filled_to >= 0:
            self.reach.take(self._row - 1, self._filled_to)
            self._filled_to = -1

    def end_cell(self) -> None:
        """Judge the formula and the format of the cell that ends, if it has them."""
        if not self._is_open:
            return
        if self._column < 0:  # a formula in front of the row's first cell
            raise ValueError
        self._is_open = False
        if not self._exact:
            self.parser.CharacterDataHandler = None
        if self._is_formula:
            self._is_formula = False
            self._judge_formula()
        if self._format is not None and self._has_value:
            if self._type in _NUMBERS:
                self._judge_number(self._format)
            elif self._type == _TRUTH:
                self._judge_truth(self._format)

    def _judge_formula(self) -> None:
        if self._type == "e":
            return
        value = self._text.strip() if self._has_value else ""
        is_empty_text = self._type == "str" and self._has_value
        if (not value and not is_empty_text) or (self._waits and value == "0"):
            self.findings.add(self._row, self._column, NOT_CALCULATED)
        else:
            self.findings.add(self._row, self._column, VALUE_USED)

    def _judge_number(self, shown: NumberFormat) -> None:
        try:
            value = float(self._text)
        except ValueError:  # no number, which calamine says as well
            return
        if value < shown.plain_from and (finding := shown.finding(value)) is not None:
            self.findings.add(self._row, self._column, finding)

    def _judge_truth(self, shown: NumberFormat) -> None:
        finding = shown.truth_finding(value=self._text.strip() in _TRUE)
        if finding is not None:
            self.findings.add(self._row, self._column, finding)
