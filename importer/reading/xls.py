"""XLS: what a pass of our own over the records of an Excel 97 workbook tells."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from importer.problems import ProblemCode
from importer.reading.binary_scan import CellTally, areas_of, rk_number
from importer.reading.grid import open_grid
from importer.reading.package import UNPACKED_LIMIT, sound_archive
from importer.reading.scan import Reach, refuse_large
from importer.reading.style_table import PIECE_LIMIT, StyleTable
from importer.reading.workbook import Sheet, Workbook, prove_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    import olefile

    from importer.reading.number_formats import NumberFormat
    from importer.reading.scan import SheetScan
    from importer.reading.source import Source
    from importer.reading.style_table import CellFormats
    from importer.reading.table import Place, ReadOptions, Table

_ROWS, _COLUMNS = 65_536, 256
_BOF, _EOF, _FILEPASS, _BOUNDSHEET = 0x0809, 0x000A, 0x002F, 0x0085
_ROW, _MERGED, _FORMULA, _SHARED_TEXT = 0x0208, 0x00E5, 0x0006, 0x00FD
_NUMBER, _RK, _LABEL, _RICH, _BOOL_OR_ERROR, _SEVERAL_RK = (
    *(0x0203, 0x027E, 0x0204, 0x00D6, 0x0205),
    0x00BD,
)
_TEXTS, _DIMENSIONS = 0x00FC, 0x0200
_FORMAT, _STYLE = 0x041E, 0x00E0
_VALUES = frozenset({_NUMBER, _RK, _LABEL, _RICH, _SHARED_TEXT})
_LABELS = frozenset({_LABEL, _RICH, _SHARED_TEXT})
_CELLS = _VALUES | {_BOOL_OR_ERROR, _SEVERAL_RK, _FORMULA}
_EXCEL_97 = 0x0600
_HIDDEN_ROW = 0x20
_COLUMNS_INFO, _HIDDEN_COLUMN = 0x007D, 0x01
_CALCULATE_ON_LOADING = 0x02
_NOT_A_NUMBER = 0xFFFF
_TEXT_RESULT, _TRUTH_RESULT, _ERROR_RESULT, _EMPTY_RESULT = 0, 1, 2, 3
_RK_SIZE = 6


def open_xls(source: Source, options: ReadOptions) -> Table:
    """Return the table of an Excel 97 workbook.

    Raises:
        SourceError: It is damaged, encrypted, of Excel 95, or its sheet or headings are not clear.
        SettingsError: The heading row asked for cannot be.
    """
    return open_grid(source, options, _XlsReader(source=source))


@dataclass(slots=True, kw_only=True)
class _XlsReader:
    """A workbook of records in one stream of an old Office container."""

    kind: ClassVar[str] = "xls"
    source: Source
    _stream: bytes = field(default=b"", init=False, repr=False)
    _styles: StyleTable = field(init=False)

    def describe(self) -> Workbook:
        """Take the stream out of its container, and read the names of the sheets."""
        import olefile  # noqa: PLC0415 - only for this format

        place = self.source.place
        with self.source.open() as file, sound_archive(place):
            size = file.seek(0, io.SEEK_END)
            if size > UNPACKED_LIMIT:
                raise place.refuse(ProblemCode.SOURCE_TOO_LARGE)
            container = olefile.OleFileIO(file)
            _prove_container(container, size)
            self._stream = container.openstream("Workbook").read()
            has_macros = container.exists("_VBA_PROJECT_CUR")
            sheets = tuple(_sheets(self._stream, place))
            self._styles = _styles(self._stream, place)
        prove_names(sheets, place)
        return Workbook(
            sheets=sheets, is_results=False, has_macros=has_macros, waits_for_calculation=False
        )

    def scan(self, sheet: Sheet, place: Place, *, exact: bool = False) -> SheetScan:  # noqa: ARG002 - both count alike here
        """Go through the records of that sheet."""
        with sound_archive(place):
            return _scan(self._stream, int(sheet.part), place, self._styles.formats())


def _prove_container(container: olefile.OleFileIO, size: int) -> None:
    """Check that nothing in the container says to be larger than the file.

    calamine takes as much memory as a count asks for, and the whole process ends when there
    is none.

    Raises:
        ValueError: Something does.
    """
    sectors = size // container.sector_size + 1
    counts = (
        container.num_fat_sectors,
        container.num_mini_fat_sectors,
        container.num_difat_sectors,
        container.num_dir_sectors,
    )
    sizes = (entry.size for entry in container.direntries if entry is not None)
    if max(counts) > sectors or any(one > size for one in sizes):
        raise ValueError


def _prove_counts(kind: int, content: bytes, stream: bytes) -> None:
    """Check that a record asks for no more room than there can be; as above.

    Raises:
        ValueError: It does.
    """
    if kind == _TEXTS and max(struct.unpack_from("<II", content)) > len(stream):
        raise ValueError
    if kind == _DIMENSIONS:
        first_row, end_row, first_column, end_column = struct.unpack_from("<IIHH", content)
        if not (first_row <= end_row <= _ROWS and first_column <= end_column <= _COLUMNS):
            raise ValueError


def _records(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records from there on: their type and their content."""
    position = start
    while position + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, position)
        position += 4
        if position + size > len(stream):
            raise ValueError
        yield kind, stream[position : position + size]
        position += size
    raise EOFError


def _sheets(stream: bytes, place: Place) -> Iterator[Sheet]:
    walked = area = 0
    for number, (kind, content) in enumerate(_records(stream, 0)):
        if number == 0 and (kind != _BOF or struct.unpack_from("<H", content)[0] != _EXCEL_97):
            sentence = "The workbook is of Excel 95 or older."
            raise place.refuse(ProblemCode.SOURCE_NOT_A_SPREADSHEET, sentence)
        if number > PIECE_LIMIT:
            raise place.refuse(ProblemCode.SOURCE_TOO_LARGE)
        _prove_counts(kind, content, stream)
        if kind == _FILEPASS:
            todo = "Save a copy without a password, or save it as XLSX with one."
            raise place.refuse(ProblemCode.SOURCE_ENCRYPTED, todo=todo)
        if kind == _BOUNDSHEET:
            start, state, what, length, is_wide = struct.unpack_from("<IBBBB", content)
            text = _text(content[8:], length, is_wide)
            end, size = _measured(stream, start)
            walked, area = walked + end - start, area + size
            if walked > len(stream):  # sheets that share their records, to be read again and again
                raise ValueError
            refuse_large(area, place)
            if what == 0:
                yield Sheet(name=text, part=str(start), is_visible=not state & 3)
        if kind == _EOF:
            return


def _text(content: bytes, length: int, flags: int) -> str:
    """Return the text of so many characters at the beginning of a content."""
    is_wide = flags & 1
    return content[: length * (1 + is_wide)].decode("utf-16-le" if is_wide else "latin-1")


def _styles(stream: bytes, place: Place) -> StyleTable:
    """Return the styles, which stand in front of the sheets.

    Raises:
        SourceError: There are too many.
    """
    table = StyleTable(place)
    for kind, content in _records(stream, 0):
        table.count.add_piece()
        if kind == _FORMAT:
            number, length, flags = struct.unpack_from("<HHB", content)
            table.add_format(number, _text(content[5:], length, flags))
        elif kind == _STYLE:
            table.add_style(struct.unpack_from("<H", content, 2)[0])
        elif kind == _EOF:
            break
    return table


def _measured(stream: bytes, start: int) -> tuple[int, int]:
    """Return where a sheet ends and over how many cells its values are spread.

    Nobody may want that sheet, but calamine decodes all of them.
    """
    depth, end, reach = 0, start, Reach()
    for kind, content in _records(stream, start):
        _prove_counts(kind, content, stream)
        end += 4 + len(content)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            break
        if kind in _CELLS:
            row, column = struct.unpack_from("<HH", content)
            reach.take_area(row, column, rows=1, columns=_columns_in(kind, content))
    return end, reach.extent.area if reach.extent else 0


def _columns_in(kind: int, content: bytes) -> int:
    """Return how many cells a record of cells holds."""
    return (len(content) - 6) // _RK_SIZE if kind == _SEVERAL_RK else 1


def _scan(stream: bytes, start: int, place: Place, formats: CellFormats) -> SheetScan:
    cells = CellTally(row_limit=_ROWS, column_limit=_COLUMNS, formats=formats)
    depth = 0
    seen = bytearray(_ROWS * _COLUMNS // 8)
    for kind, content in _records(stream, start):
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if not depth:
                break
        elif depth > 1 and kind in _CELLS:
            # A chart keeps copies of its values in such records; calamine takes them for cells.
            sentence = "A chart lies on the sheet, and what it shows cannot be told from the cells."
            todo = "Delete the chart, or save the workbook as XLSX."
            raise place.refuse(ProblemCode.SOURCE_CORRUPT, sentence, todo=todo)
        elif depth == 1:
            _take(cells, seen, kind, content)
    return cells.scan()


def _take(cells: CellTally, seen: bytearray, kind: int, content: bytes) -> None:
    if kind in _CELLS:
        _take_cells(cells, seen, kind, content)
    elif kind == _ROW:
        row, flags = struct.unpack_from("<H10xH", content)
        if flags & _HIDDEN_ROW:
            cells.hide(row)
    elif kind == _COLUMNS_INFO:
        first, last, flags = struct.unpack_from("<HH4xH", content)
        if flags & _HIDDEN_COLUMN:
            cells.hide_columns(first, last)
    elif kind == _MERGED:
        count = struct.unpack_from("<H", content)[0]
        for area in areas_of(struct.unpack_from(f"<{4 * count}H", content, 2)):
            cells.merge(area)


def _take_cells(cells: CellTally, seen: bytearray, kind: int, content: bytes) -> None:
    row, column = struct.unpack_from("<HH", content)
    for one in range(column, column + _columns_in(kind, content)):
        at, bit = divmod(row * _COLUMNS + one, 8)
        if seen[at] & 1 << bit:  # two values for one cell
            raise ValueError
        seen[at] |= 1 << bit
        if kind == _FORMULA:
            _take_formula(cells, row, one, content)
        elif kind == _BOOL_OR_ERROR and content[7]:
            cells.error(row, one)
        else:
            cells.value(row, one)
        shown = cells.formats[_style(kind, content, one - column)]
        if shown is not None:
            _take_format(cells, (row, one, shown), kind, content)


def _style(kind: int, content: bytes, nth: int) -> int:
    """Return the style of the nth cell of a record."""
    at = 4 + _RK_SIZE * nth if kind == _SEVERAL_RK else 4
    return content[at] | content[at + 1] << 8


def _take_format(
    cells: CellTally, cell: tuple[int, int, NumberFormat], kind: int, content: bytes
) -> None:
    """Hold what a cell keeps against what its format shows."""
    if kind in _LABELS:
        cells.text(*cell)
    elif kind == _NUMBER:
        cells.number(*cell, struct.unpack_from("<d", content, 6)[0])
    elif kind in (_RK, _SEVERAL_RK):
        first = struct.unpack_from("<H", content, 2)[0]
        at = 6 + _RK_SIZE * (cell[1] - first)
        cells.number(*cell, rk_number(struct.unpack_from("<I", content, at)[0]))
    elif kind == _FORMULA:
        _take_result(cells, cell, content[6:14])
    elif kind == _BOOL_OR_ERROR and not content[7]:
        cells.truth(*cell, value=content[6] != 0)


def _take_result(cells: CellTally, cell: tuple[int, int, NumberFormat], result: bytes) -> None:
    if struct.unpack_from("<H", result, 6)[0] != _NOT_A_NUMBER:
        cells.number(*cell, struct.unpack("<d", result)[0])
    elif result[0] == _TEXT_RESULT:
        cells.text(*cell)
    elif result[0] == _TRUTH_RESULT:
        cells.truth(*cell, value=result[2] != 0)


def _take_formula(cells: CellTally, row: int, column: int, content: bytes) -> None:
    result, flags = content[6:14], struct.unpack_from("<H", content, 14)[0]
    is_number = struct.unpack_from("<H", result, 6)[0] != _NOT_A_NUMBER
    if not is_number and result[0] == _ERROR_RESULT:
        cells.error(row, column)
        return
    # A writer that cannot calculate leaves nothing, or a 0 and asks for it on opening.
    is_stand_in = is_number and not any(result) and bool(flags & _CALCULATE_ON_LOADING)
    is_empty = not is_number and result[0] == _EMPTY_RESULT
    cells.formula(row, column, is_calculated=not is_stand_in, is_empty=is_empty)
