"""A second look at an OpenDocument sheet: how far it goes, and what calamine does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.problems import ProblemCode
from importer.reading.merged import MOST_MERGED
from importer.reading.ods_cells import STRING, Cell
from importer.reading.ods_styles import CellStyles, Defaults
from importer.reading.ods_xml import (
    CELLS,
    COLUMNS_REPEATED,
    DRAW,
    FORMULA,
    OFFICE,
    ROWS_REPEATED,
    TABLE,
    TEXT,
    count,
    unsure,
    xml_parser,
)
from importer.reading.package import feed
from importer.reading.scan import (
    AREA_LIMIT,
    Extent,
    Findings,
    Reach,
    SheetScan,
)
from importer.sheet_limits import COLUMN_LIMIT, ROW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.table import Place

_DEFAULT_STYLE = f"{TABLE}default-cell-style-name"
_GAPS = (f"{TEXT}tab", f"{TEXT}line-break")
_MARKS = ("soft-page-break", "bookmark", "bookmark-start", "bookmark-end")
_PLAIN = frozenset((*_GAPS, *(f"{TEXT}{name}" for name in ("p", "s", "span", "a", *_MARKS))))
"""What may stand in a cell and is read as it is shown."""


def scan_table(
    blocks: Iterator[bytes],
    number: int,
    place: Place,
    *,
    styles: CellStyles | None = None,
    exact: bool,
) -> SheetScan:
    """Go through one sheet, without keeping any value.

    Args:
        blocks: The content.
        number: Which sheet, from 0.
        place: File and sheet.
        styles: The formats of its cells.
        exact: Whether to count only cells whose value has text.

    Raises:
        SourceError: It is larger than the limit, or calamine would read it otherwise.
        ValueError: It is no OpenDocument spreadsheet.
    """
    scanner = _Scanner(number, place, styles or CellStyles(), exact=exact)
    feed(scanner.parser, blocks)
    return SheetScan(
        extent=scanner.reach.extent,
        hidden_rows=scanner.hidden_rows,
        hidden_columns=frozenset(scanner.hidden_columns),
        findings=scanner.findings,
        merged=tuple(scanner.merged),
    )


class _Scanner:
    """The state of one pass over the content."""

    def __init__(self, number: int, place: Place, styles: CellStyles, *, exact: bool) -> None:
        self._place = place
        self._styles = styles
        self._defaults = Defaults()
        self._exact = exact
        self._tables_before = number
        self._is_here = False
        self._row = 0
        self._row_count = 0
        self._is_hidden = False
        self._groups: list[bool] = []
        """Whether each group of rows around is hidden."""
        self._hidden_groups = 0
        self._column = 0
        self._cell: Cell | None = None
        self._aside = 0
        """How deep within a note or a drawing."""
        self._is_drawing = False
        self._paragraph: list[str] | None = None
        self._found: list[tuple[int, int, int]] = []
        self._has_value = False
        self.reach = Reach()
        self.hidden_rows = 0
        self.hidden_columns: set[int] = set()
        self._next_column = 0
        self._column_groups: list[bool] = []
        """Whether each group of columns around is hidden."""
        self.findings = Findings()
        self.merged: list[Extent] = []
        self.parser = xml_parser(place)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begins
        self.parser.EndElementHandler = self._ends
        self.parser.CharacterDataHandler = self._characters

    def _begins(self, name: str, attributes: dict[str, str]) -> None:
        if name == f"{TABLE}table":
            self._is_here = self._tables_before == 0
            self._tables_before -= 1
            self._defaults = Defaults()
        elif not self._is_here:
            return
        elif self._cell is not None:
            self._inside_cell(name)
        elif name == f"{TABLE}table-row":
            self._row_begins(attributes)
        elif name == f"{TABLE}table-column":
            self._columns_begin(attributes)
        elif name == f"{TABLE}table-column-group":
            self._column_groups.append(attributes.get(f"{TABLE}display") == "false")
        elif name == f"{TABLE}table-row-group":
            self._groups.append(attributes.get(f"{TABLE}display") == "false")
            self._hidden_groups += self._groups[-1]
        elif name in CELLS and self._row_count:
            self._cell = Cell(attributes)

    def _ends(self, name: str) -> None:
        if name == f"{TABLE}table":
            self._is_here = False
        elif not self._is_here:
            return
        elif self._aside:
            self._aside -= 1
        elif name in CELLS and self._cell is not None:
            self._cell_ends(self._cell)
            self._cell = None
        elif name == f"{TEXT}p" and self._cell is not None and self._paragraph is not None:
            self._cell.paragraphs.append("".join(self._paragraph))
            self._paragraph = None
        elif name == f"{TABLE}table-row":
            self._row_ends()
        elif name == f"{TABLE}table-row-group":
            self._hidden_groups -= self._groups.pop()
        elif name == f"{TABLE}table-column-group":
            self._column_groups.pop()

    def _inside_cell(self, name: str) -> None:
        if self._aside:
            self._aside += 1
        elif name == f"{OFFICE}annotation" or name.startswith(DRAW):
            self._aside, self._is_drawing = 1, name.startswith(DRAW)
        elif name == f"{TEXT}p":
            self._paragraph = []
        elif name.startswith(TEXT) and name not in _PLAIN:
            # A field shows another text than was saved, and ruby stands above its letters.
            raise unsure(self._place)
        elif name == f"{TEXT}s" and self._paragraph is not None:
            self._paragraph.append(" ")
        elif name in _GAPS and self._cell is not None:
            # calamine leaves them out, and would join the words on both sides.
            self._cell.has_gap = True

    def _characters(self, text: str) -> None:
        if self._aside and self._is_drawing and text.strip():
            # calamine takes the text of a drawing for the cell's.
            raise unsure(self._place)
        if self._paragraph is not None and not self._aside:
            self._paragraph.append(text)

    def _columns_begin(self, attributes: dict[str, str]) -> None:
        # Some programs write more columns than a sheet may have; nothing stands in them.
        first, repeated = self._next_column, count(attributes, COLUMNS_REPEATED, ROW_LIMIT)
        self._next_column = min(first + repeated, COLUMN_LIMIT)
        style = attributes.get(_DEFAULT_STYLE, "")
        self._defaults.add_columns(self._next_column - first, style)
        is_hidden = attributes.get(f"{TABLE}visibility", "visible") != "visible"
        if is_hidden or any(self._column_groups):
            self.hidden_columns.update(range(first, self._next_column))

    def _row_begins(self, attributes: dict[str, str]) -> None:
        self._row_count = count(attributes, ROWS_REPEATED, ROW_LIMIT)
        if self._row + self._row_count > ROW_LIMIT:
            raise ValueError
        is_hidden = attributes.get(f"{TABLE}visibility", "visible") != "visible"
        self._is_hidden = is_hidden or self._hidden_groups > 0
        self._column = 0
        self._has_value = False
        self._defaults.row = attributes.get(_DEFAULT_STYLE, "")

    def _cell_ends(self, cell: Cell) -> None:
        column, self._column = self._column, self._column + cell.repeated
        if self._column > COLUMN_LIMIT:
            raise unsure(self._place)
        is_formula = FORMULA in cell.attributes
        if not cell.kind and cell.text.strip() and not is_formula:
            raise unsure(self._place)
        counts = cell.kind != "string" or not self._exact
        if cell.kind and (counts or cell.text.strip() or cell.attributes.get(STRING)):
            self.reach.take_area(self._row, column, rows=self._row_count, columns=cell.repeated)
            self._has_value = True
        if not cell.is_plain:
            self._judge(cell, column)
        self._take_merged(cell, column)

    def _judge(self, cell: Cell, column: int) -> None:
        """Take note of what the cell's text, its format and its formula say of its value."""
        shown_as = None
        if cell.may_be_masked:
            shown_as = self._styles.format_of(cell.style or self._defaults.style(column))
        try:
            self._found += [(column, cell.repeated, code) for code in cell.findings(shown_as)]
        except ValueError:
            raise unsure(self._place) from None

    def _row_ends(self) -> None:
        if self._is_hidden and self._has_value:
            self.hidden_rows += self._row_count
        cells = sum(repeated for _, repeated, _ in self._found) * self._row_count
        if len(self.findings) + cells > AREA_LIMIT:
            raise self._place.refuse(ProblemCode.SOURCE_TOO_LARGE)
        if self._found:
            for row in range(self._row + 1, self._row + self._row_count + 1):
                for first, repeated, code in self._found:
                    for column in range(first, first + repeated):
                        self.findings.add(row, column, code)
        self._row += self._row_count
        self._row_count = 0
        self._found.clear()

    def _take_merged(self, cell: Cell, column: int) -> None:
        columns = count(cell.attributes, f"{TABLE}number-columns-spanned", COLUMN_LIMIT)
        rows = count(cell.attributes, f"{TABLE}number-rows-spanned", ROW_LIMIT)
        if columns * rows == 1:
            return
        if len(self.merged) >= MOST_MERGED:
            raise ValueError
        self.merged.append(
            Extent(
                first_row=self._row,
                first_column=column,
                last_row=self._row + rows - 1,
                last_column=column + columns - 1,
            )
        )
