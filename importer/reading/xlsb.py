"""XLSB: what a pass of our own over the binary parts of a workbook tells."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from importer.reading.binary_scan import CellTally, rk_number
from importer.reading.grid import open_grid
from importer.reading.package import opened_package
from importer.reading.style_table import StyleTable
from importer.reading.workbook import (
    Sheet,
    Workbook,
    has_active_parts,
    prove_names,
    worksheet_parts,
)
from importer.sheet_limits import COLUMN_LIMIT, ROW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.number_formats import NumberFormat
    from importer.reading.scan import SheetScan
    from importer.reading.source import Source
    from importer.reading.style_table import CellFormats
    from importer.reading.table import Place, ReadOptions, Table

_WORKBOOK = "xl/workbook.bin"
_RELATIONS = "xl/_rels/workbook.bin.rels"
_STYLES = "xl/styles.bin"
_ROW, _DIMENSIONS, _SHEET, _MERGED = 0, 148, 156, 176
_BLANK, _ERROR, _ERROR_RESULT = 1, 3, 11
_VALUES = frozenset({2, 4, 5, 6, 7})
_FORMULAS = frozenset({8, 9, 10})
_RK, _NUMBERS, _TEXTS = 2, frozenset({5, 9}), frozenset({6, 7, 8})
_TRUTHS = frozenset({4, 10})
_FORMAT, _STYLE, _STYLES_BEGIN, _STYLES_END, _NAMED_BEGIN = 44, 47, 617, 618, 626
_NOT_READ = frozenset({*range(12, 19), 62})
"""Cells in forms that Excel saves nowhere in a sheet, and calamine does not know."""
_HIDDEN_ROW = 0x10
_COLUMNS_INFO, _HIDDEN_COLUMN = 60, 0x01
_SIZE_BYTES = 4
_RECORD_LIMIT = 1 << 20


def open_xlsb(source: Source, options: ReadOptions) -> Table:
    """Return the table of a binary workbook.

    Raises:
        SourceError: It is damaged, too large, or its sheet or headings are not clear.
        SettingsError: The heading row asked for cannot be.
    """
    return open_grid(source, options, _XlsbReader(source=source))


@dataclass(slots=True, kw_only=True)
class _XlsbReader:
    """A workbook whose parts are records."""

    kind: ClassVar[str] = "xlsb"
    source: Source
    _styles: StyleTable = field(init=False)

    def describe(self) -> Workbook:
        """Unpack every part once, and read the names of the sheets."""
        place = self.source.place
        with opened_package(self.source, place) as package:
            package.prove()
            parts = worksheet_parts(package, _RELATIONS, place)
            found = [_sheet(c) for kind, c in _records(package.blocks(_WORKBOOK)) if kind == _SHEET]
            has_macros = has_active_parts(package)
            self._styles = StyleTable(place)
            if _STYLES in package:
                read_styles(package.blocks(_STYLES), self._styles)
        sheets = tuple(
            Sheet(name=name, part=parts[relation], is_visible=is_visible)
            for relation, name, is_visible in found
            if relation in parts
        )
        prove_names(sheets, place)
        return Workbook(
            sheets=sheets, is_results=False, has_macros=has_macros, waits_for_calculation=False
        )

    def scan(self, sheet: Sheet, place: Place, *, exact: bool = False) -> SheetScan:  # noqa: ARG002 - both count alike here
        """Go through the records of the sheet's part."""
        with opened_package(self.source, place) as package:
            return _scan(_records(package.blocks(sheet.part)), self._styles.formats())


def _records(blocks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a part: their type and their content; ValueError when it is cut off."""
    rest = bytearray()
    for block in blocks:
        rest += block
        used = 0
        while (found := _record(rest, used)) is not None:
            kind, content, used = found
            yield kind, content
        del rest[:used]
    if rest:
        raise ValueError


def _record(rest: bytearray, start: int) -> tuple[int, bytes, int] | None:
    """Return the record that begins there and where the next one does, None when it is not whole.

    Type and size are numbers of seven bits a byte, the lowest first.
    """
    kind, at = _number(rest, start, 2)
    size, at = _number(rest, at, _SIZE_BYTES)
    if at < 0:
        return None
    if size > _RECORD_LIMIT:
        raise ValueError
    end = at + size
    return (kind, bytes(rest[at:end]), end) if end <= len(rest) else None


def _number(rest: bytearray, start: int, most: int) -> tuple[int, int]:
    """Return a number and where it ends, -1 when it is not whole."""
    number = 0
    for place in range(most if start >= 0 else 0):
        if start + place >= len(rest):
            return 0, -1
        byte = rest[start + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # noqa: PLR2004 - the eighth bit says that more follows
            return number, start + place + 1
    return (number, start + most) if start >= 0 else (0, -1)


def _sheet(content: bytes) -> tuple[str, str, bool]:
    """Return the relation, the name and the visibility of a sheet."""
    state = struct.unpack_from("<I", content)[0]
    relation, at = _text(content, 8)
    name, _ = _text(content, at)
    return relation, name, not state


def _text(content: bytes, start: int) -> tuple[str, int]:
    length = struct.unpack_from("<I", content, start)[0]
    end = start + 4 + 2 * length
    if end > len(content):
        raise ValueError
    return content[start + 4 : end].decode("utf-16-le"), end


def read_styles(blocks: Iterator[bytes], table: StyleTable) -> None:
    """Take in the styles of cells, and no record behind them.

    Raises:
        SourceError: There are too many.
        ValueError: A record is cut off.
    """
    open_list = 0
    for kind, content in _records(blocks):
        table.count.add_piece()
        if kind in (_STYLES_BEGIN, _NAMED_BEGIN):
            open_list = kind
        elif kind == _FORMAT:
            table.add_format(struct.unpack_from("<H", content)[0], _text(content, 2)[0])
        elif kind == _STYLE and open_list == _STYLES_BEGIN:
            table.add_style(struct.unpack_from("<H", content, 2)[0])
        elif kind == _STYLE and open_list == _NAMED_BEGIN:
            table.add_named()
        elif kind == _STYLES_END and table.is_complete:
            return


def _scan(records: Iterator[tuple[int, bytes]], formats: CellFormats) -> SheetScan:
    cells = CellTally(row_limit=ROW_LIMIT, column_limit=COLUMN_LIMIT, formats=formats)
    row = column = -1
    for kind, content in records:
        if kind == _ROW:
            above, column = row, -1
            row, flags = struct.unpack_from("<I7xB", content)
            if row <= above:
                raise ValueError
            if flags & _HIDDEN_ROW:
                cells.hide(row)
        elif kind in _VALUES or kind in _FORMULAS or kind in (_ERROR, _ERROR_RESULT, _BLANK):
            before, column = column, struct.unpack_from("<I", content)[0]
            if column <= before:
                raise ValueError
            _take_cell(cells, kind, row, column)
            shown = formats[int.from_bytes(content[4:7], "little")]
            if shown is not None:
                _take_format(cells, (row, column, shown), kind, content)
        elif kind in (_COLUMNS_INFO, _MERGED):
            _take_area(cells, kind, content)
        elif kind in _NOT_READ or (kind == _DIMENSIONS and not _is_possible(content)):
            raise ValueError
    return cells.scan()


def _take_area(cells: CellTally, kind: int, content: bytes) -> None:
    if kind == _MERGED:
        cells.merge(struct.unpack_from("<4I", content))
        return
    first, last, flags = struct.unpack_from("<II8xH", content)
    if flags & _HIDDEN_COLUMN:
        cells.hide_columns(first, last)


def _is_possible(dimensions: bytes) -> bool:
    """Return whether a sheet may be as large as it says, for which calamine makes room."""
    first_row, last_row, first_column, last_column = struct.unpack("<4I", dimensions)
    rows_fit = first_row <= last_row < ROW_LIMIT
    return bool(rows_fit and first_column <= last_column < COLUMN_LIMIT)


def _take_cell(cells: CellTally, kind: int, row: int, column: int) -> None:
    if kind in (_ERROR, _ERROR_RESULT):
        cells.error(row, column)
    elif kind in _FORMULAS:
        cells.formula(row, column)
    elif kind != _BLANK:
        cells.value(row, column)


def _take_format(
    cells: CellTally, cell: tuple[int, int, NumberFormat], kind: int, content: bytes
) -> None:
    """Hold what a cell keeps against what its format shows."""
    if kind in _TEXTS:
        cells.text(*cell)
    elif kind in _NUMBERS:
        cells.number(*cell, struct.unpack_from("<d", content, 8)[0])
    elif kind == _RK:
        cells.number(*cell, rk_number(struct.unpack_from("<I", content, 8)[0]))
    elif kind in _TRUTHS:
        cells.truth(*cell, value=content[8] != 0)
