"""One sheet of a workbook to rows of text, with what two readers of it agree on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from importer.lettering import column_letter
from importer.problems import FileProblem, ProblemCode, RowProblem
from importer.reading.asides import AsideCheck, aside_check
from importer.reading.calm import calm
from importer.reading.cells import CellValue, cell_text, doubt_of, loss_of
from importer.reading.characters import CELL_LIMIT, error_values, has_odd, inspect, is_blank
from importer.reading.headings import (
    SAMPLE_ROWS,
    checked_header_row,
    lettered_headings,
    prove_headings,
    trimmed_headings,
)
from importer.reading.merged import MergedCells
from importer.reading.rows import Layout, Row, chunks_of
from importer.reading.scan import Extent, Findings, SheetScan, refuse_large
from importer.reading.table import Chunk, Place, ReadOptions, Table
from importer.reading.workbook import Sheet, Workbook, choose_sheet, warnings_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from python_calamine import CalamineSheet

    from importer.errors import SourceError
    from importer.reading.source import Source

_CELLS_AT_ONCE = 20_000
"""About so many are taken from calamine in one go, while standard error is kept from it."""
_SIGNS_OF_DOUBT = ("1900-0", "1899-", "nan", "inf")
_HALF_CHARACTER = re.compile("_x[dD][89a-fA-F][0-9a-fA-F]{2}_")
"""How XLSX would write half of a character, which calamine leaves as it is."""


class SecondReader(Protocol):
    """A pass of our own over a workbook, which keeps no value.

    It sees what calamine shows as empty, and says how far a sheet goes.
    """

    @property
    def kind(self) -> str:
        """Return the format, such as `xlsx`."""

    def describe(self) -> Workbook:
        """Prove the workbook safe to read; return what stands in it.

        Raises:
            SourceError: It is damaged, too large, encrypted or made to do harm.
        """

    def scan(self, sheet: Sheet, place: Place, *, exact: bool = False) -> SheetScan:
        """Go through a sheet once.

        Args:
            sheet: One of the workbook's.
            place: File and sheet.
            exact: Whether to count only cells whose value has text, which takes longer.

        Raises:
            SourceError: The sheet is damaged, or larger than the limit.
        """


def open_grid(source: Source, options: ReadOptions, second: SecondReader) -> Table:
    """Prove a workbook safe, choose its sheet and return its table.

    Raises:
        SourceError: It is damaged, too large, or its sheet or headings are not clear.
        SettingsError: The heading row asked for cannot be.
    """
    checked_header_row(options.header_row)
    workbook = second.describe()
    sheet = choose_sheet(workbook, options.sheet, source.place)
    at = replace(source.place, sheet=sheet.name)
    scan = second.scan(sheet, at)
    if scan.extent is None:
        raise _nothing(scan, at)
    refuse_large(scan.extent.area, at)
    grid = _Grid(source=source, place=at, sheet=sheet, scan=scan, options=options)
    grid.prepare()
    _prove_extent(grid, second)
    return Table(
        kind=second.kind,
        sheet=sheet.name,
        headings=trimmed_headings(grid.headings),
        warnings=(*source.warnings, *_warnings(workbook, grid)),
        is_results=workbook.is_results,
        is_template=workbook.is_template,
        read=grid.chunks,
    )


@dataclass(slots=True, kw_only=True)
class _Grid:
    """A sheet of a workbook that was proven safe."""

    source: Source
    place: Place
    sheet: Sheet
    scan: SheetScan
    options: ReadOptions
    headings: list[str] = field(default_factory=list, repr=False)
    loaded: CalamineSheet | None = field(default=None, repr=False)
    """The decoded sheet, kept for the first reading only: it is as large as the file."""
    aside_of: AsideCheck | None = field(default=None, repr=False)
    """None until the headings are known."""

    def prepare(self) -> None:
        """Find the headings and prove them."""
        self.loaded = _load(self.source, self.place, self.sheet)
        rows = self._rows(self.loaded)
        header_row = self.options.header_row
        if header_row:
            heading = next((row for row in rows if row.number == header_row), None)
            for found in heading.problems if heading else ():
                if found.is_error and found.column is not None:
                    at = f"row {header_row:,}, column {column_letter(found.column)}"
                    raise self.place.refuse(found.code, at=at)
            self.headings = list(heading.cells) if heading else []
        else:
            self.headings = list(lettered_headings(_width(self.loaded)))
        filled = ((row.number, row.cells) for row in rows if not is_blank(row.cells))
        below = list(islice(filled, SAMPLE_ROWS))
        if header_row:
            prove_headings(self.headings, header_row, below, self.place)
        named = self.headings if header_row else ()
        self.aside_of = aside_check(named, [cells for _, cells in below], len(self.headings))

    def chunks(self, text_columns: Collection[int]) -> Iterator[Chunk]:
        """Yield the rows below the headings; typed cells are problems in the columns of text."""
        loaded, self.loaded = self.loaded, None
        sheet = loaded or _load(self.source, self.place, self.sheet)
        layout = Layout(
            place=self.place,
            headings=trimmed_headings(self.headings),
            named=len(self.headings),
            width=len(self.headings),
        )
        rows = self._rows(sheet, text_columns)
        below = (row for row in rows if row.number > self.options.header_row)
        yield from chunks_of(below, layout, chunk_rows=self.options.chunk_rows, with_lines=False)

    def _rows(self, sheet: CalamineSheet, text_columns: Collection[int] = ()) -> Iterator[Row]:
        """Yield every row from the first one of the sheet, from column A on."""
        findings = _Upcoming(self.scan.findings)
        merged = MergedCells(self.scan.merged)
        header_row = self.options.header_row
        # calamine gives the rows above the first value, but not the columns left of it.
        left = sheet.start[1] if sheet.start else 0
        text_places = [column - left for column in text_columns if column >= left]
        for number, values in enumerate(_values_of(sheet, self.place), start=1):
            cells = [""] * left + [v if type(v) is str else cell_text(v) for v in values]
            text = "".join(cells)
            problems: tuple[RowProblem, ...] = ()
            if findings.row == number:
                problems = _where_text_is_sent(findings.of_row(number), text_columns)
            problems += _odd(number, cells, text)
            if any(sign in text for sign in _SIGNS_OF_DOUBT):
                problems += _doubts(number, values, left)
            if any(type(values[place]) is not str for place in text_places):
                problems += _losses(number, values, text_places, left)
            covered = self._covered(merged, number, cells)
            if number > header_row:
                problems += covered
                if aside := self.aside_of(cells) if self.aside_of else None:
                    problems = (RowProblem(row_number=number, code=aside),)
            yield Row(number, 0, cells, len(text), problems)
        # Rows of nothing but formulas without results lie behind calamine's last one.
        nothing = [""] * _width(sheet)
        number = sheet.end[0] + 1 if sheet.end else 0
        while findings.row:
            number += 1
            problems = _where_text_is_sent(findings.of_row(number), text_columns)
            yield Row(number, 0, nothing, 0, problems)

    def _covered(
        self, merged: MergedCells, number: int, cells: list[str]
    ) -> tuple[RowProblem, ...]:
        try:
            return merged.of_row(number, cells)
        except ValueError:
            sentence = "Merged cells lie upon one another."
            raise self.place.refuse(ProblemCode.SOURCE_CORRUPT, sentence) from None


class _Upcoming:
    """The findings of the scan, handed out row by row."""

    def __init__(self, findings: Findings) -> None:
        self._rest = iter(findings)
        self._next = next(self._rest, None)

    @property
    def row(self) -> int:
        """Return the row of the next finding, 0 when there is none."""
        return self._next[0] if self._next else 0

    def of_row(self, number: int) -> tuple[RowProblem, ...]:
        """Return the findings of that row, which is the next one that has any."""
        found: list[RowProblem] = []
        while self._next and self._next[0] == number:
            _, column, code = self._next
            found.append(RowProblem(row_number=number, code=code, column=column))
            self._next = next(self._rest, None)
        return tuple(found)


def _values_of(sheet: CalamineSheet, place: Place) -> Iterator[list[CellValue]]:
    """Yield the typed cells of each row; calamine makes them some rows at a time.

    Raises:
        SourceError: A value cannot be, so that calamine gives up.
    """
    rows = sheet.iter_rows()
    some = max(1, _CELLS_AT_ONCE // max(1, _width(sheet)))
    while True:
        with calm(place):
            batch = list(islice(rows, some))
        if not batch:
            return
        yield from batch


def _odd(number: int, cells: list[str], text: str) -> tuple[RowProblem, ...]:
    """Return what is odd about the texts of a row, which are made fit for a frame."""
    found: tuple[RowProblem, ...] = ()
    if len(text) > CELL_LIMIT or has_odd(text):
        cells[:], found = inspect(number, cells)
    if "#" in text:
        found += error_values(number, cells)
    if "_x" in text:
        code = ProblemCode.CELL_NOT_DECODABLE
        found += tuple(
            RowProblem(row_number=number, code=code, column=column)
            for column, cell in enumerate(cells)
            if _HALF_CHARACTER.search(cell)
        )
    return found


def _doubts(number: int, values: list[CellValue], left: int) -> tuple[RowProblem, ...]:
    """Return a problem for each typed cell whose text would be a guess."""
    return tuple(
        RowProblem(row_number=number, code=code, column=column)
        for column, value in enumerate(values, start=left)
        if (code := doubt_of(value)) is not None
    )


def _losses(
    number: int, values: list[CellValue], places: list[int], left: int
) -> tuple[RowProblem, ...]:
    """Return a problem for each cell at these places that is not the text that was typed."""
    return tuple(
        RowProblem(row_number=number, code=code, column=place + left)
        for place in places
        if (code := loss_of(values[place])) is not None
    )


def _where_text_is_sent(
    found: tuple[RowProblem, ...], text_columns: Collection[int]
) -> tuple[RowProblem, ...]:
    """Return the problems without formats of cells that are sent as numbers or dates."""
    masked = ProblemCode.CELL_SHOWN_OTHERWISE
    return tuple(p for p in found if p.code is not masked or p.column in text_columns)


def _width(sheet: CalamineSheet) -> int:
    return sheet.end[1] + 1 if sheet.end else 0


def _nothing(scan: SheetScan, place: Place) -> SourceError:
    if next(iter(scan.findings), None) is not None:
        sentence = "The sheet holds formulas whose results were never saved, and nothing else."
        return place.refuse(ProblemCode.FORMULA_NOT_CALCULATED, sentence)
    return place.refuse(ProblemCode.SOURCE_EMPTY, "The sheet is empty.")


def _load(source: Source, place: Place, sheet: Sheet) -> CalamineSheet:
    """Decode the sheet.

    Raises:
        SourceError: calamine finds it damaged.
    """
    from python_calamine import CalamineWorkbook  # noqa: PLC0415 - a refused file need not wait

    with (
        source.open() as file,
        calm(place),
        CalamineWorkbook.from_filelike(file) as workbook,
    ):
        return workbook.get_sheet_by_name(sheet.name)


def _prove_extent(grid: _Grid, second: SecondReader) -> None:
    """Check that both readers saw the same rows and columns.

    Raises:
        SourceError: They did not, so that rows could be missing.
    """
    sheet = grid.loaded
    seen = None
    if sheet is not None and sheet.start is not None and sheet.end is not None:
        seen = Extent(
            first_row=sheet.start[0],
            first_column=sheet.start[1],
            last_row=sheet.end[0],
            last_column=sheet.end[1],
        )
    if seen == grid.scan.extent:
        return
    # Cells that are there without a value count for one reader only.
    exact = second.scan(grid.sheet, grid.place, exact=True).extent
    outer = grid.scan.extent
    agrees = seen is not None and outer is not None and outer.covers(seen)
    if not agrees or (exact is not None and seen is not None and not seen.covers(exact)):
        sentence = "The rows and columns of the sheet cannot be told for sure."
        raise grid.place.refuse(ProblemCode.SOURCE_CORRUPT, sentence)


def _warnings(workbook: Workbook, grid: _Grid) -> Iterator[FileProblem]:
    yield from warnings_of(workbook, grid.sheet, grid.place)
    if grid.scan.hidden_rows:
        hint = f"({grid.scan.hidden_rows:,} of them)"
        code = ProblemCode.HIDDEN_ROWS
        yield FileProblem(code=code, place=str(grid.place), hint=hint)
