"""The sheets of an OpenDocument spreadsheet: their names, who sees them, and how large they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.reading.ods_xml import (
    CELLS,
    COLUMNS_REPEATED,
    FORMULA,
    ROWS_REPEATED,
    STYLE,
    TABLE,
    TEXT,
    VALUE_TYPE,
    count,
    unsure,
    xml_parser,
)
from importer.reading.package import feed
from importer.reading.scan import Reach
from importer.sheet_limits import COLUMN_LIMIT, ROW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.table import Place

_PARAGRAPH = f"{TEXT}p"
_ROW = f"{TABLE}table-row"


class OpenSheets:
    """What one pass over the content tells of every sheet, whichever is going to be read."""

    def __init__(self, blocks: Iterator[bytes], place: Place) -> None:
        """Go through the content once.

        Raises:
            SourceError: A table lies within another one.
            ValueError: It is no OpenDocument spreadsheet.
        """
        self.sheets: list[tuple[str, bool]] = []
        self.named: set[str] = set()
        """The names that ranges of it have, in lower case."""
        self.area = 0
        """How many cells calamine makes room for: it decodes every sheet, whichever is asked."""
        self._place = place
        self._hidden: set[str] = set()
        self._style = ""
        self._depth = 0
        self._reach = Reach()
        self._row = 0
        self._row_count = 0
        self._column = 0
        self._cell_columns = 0
        parser = xml_parser(place)
        parser.StartElementHandler = self._begins
        parser.EndElementHandler = self._ends
        feed(parser, blocks)

    def _begins(self, name: str, attributes: dict[str, str]) -> None:
        if name in CELLS:
            self._cell_begins(attributes)
        elif name == _PARAGRAPH:
            self._fill()
        elif name == _ROW:
            self._row += self._row_count
            self._row_count = count(attributes, ROWS_REPEATED, ROW_LIMIT)
            self._column = self._cell_columns = 0
        elif name == f"{STYLE}style":
            self._style = attributes.get(f"{STYLE}name", "")
        elif name == f"{STYLE}table-properties":
            if attributes.get(f"{TABLE}display") == "false":
                self._hidden.add(self._style)
        elif name == f"{TABLE}table":
            self._table_begins(attributes)
        elif name == f"{TABLE}named-range":
            self.named.add(attributes.get(f"{TABLE}name", "").casefold())

    def _table_begins(self, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > 1:
            raise unsure(self._place)
        is_visible = attributes.get(f"{TABLE}style-name", "") not in self._hidden
        self.sheets.append((attributes.get(f"{TABLE}name", ""), is_visible))
        self._reach = Reach()
        self._row = self._row_count = self._column = self._cell_columns = 0

    def _cell_begins(self, attributes: dict[str, str]) -> None:
        self._column += self._cell_columns
        self._cell_columns = count(attributes, COLUMNS_REPEATED, COLUMN_LIMIT)
        if VALUE_TYPE in attributes or FORMULA in attributes:
            self._fill()

    def _fill(self) -> None:
        """Take in the cell, and the empty ones on its left, which take as much room."""
        if self._row_count and self._cell_columns:
            columns = self._column + self._cell_columns
            self._reach.take_area(self._row, 0, rows=self._row_count, columns=columns)

    def _ends(self, name: str) -> None:
        if name == f"{TABLE}table":
            self._depth -= 1
            extent = self._reach.extent
            self.area += extent.area if extent else 0
