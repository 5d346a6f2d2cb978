"""One sheet of a workbook to a table, once two readers agree on how far it goes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from importer.lettering import column_letter
from importer.problems import FileProblem, ProblemCode
from importer.reading.asides import AsideCheck, aside_check
from importer.reading.calamine_errors import calm
from importer.reading.characters import is_blank
from importer.reading.groups_above import others_above
from importer.reading.heading_row import (
    SAMPLE_ROWS,
    checked_header_row,
    lettered_headings,
    prove_headings,
    trimmed_headings,
)
from importer.reading.rows import Layout, chunks_of
from importer.reading.scan import Extent, SheetScan, refuse_large
from importer.reading.sheet_rows import SheetRows, width_of
from importer.reading.table import Chunk, Place, ReadOptions, Table
from importer.reading.workbook import Sheet, Workbook, choose_sheet, warnings_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from python_calamine import CalamineSheet

    from importer.errors import SourceError
    from importer.reading.source import Source


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
        of_others=grid.of_others,
        hidden_columns=scan.hidden_columns,
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
    of_others: dict[int, str] = field(default_factory=dict)
    """Columns over which a line above the headings names somebody else."""
    loaded: CalamineSheet | None = field(default=None, repr=False)
    """The decoded sheet, kept for the first reading only: it is as large as the file."""
    aside_of: AsideCheck | None = field(default=None, repr=False)
    """None until the headings are known."""

    def prepare(self) -> None:
        """Find the headings and prove them."""
        self.loaded = _load(self.source, self.place, self.sheet)
        rows = self._rows_of(self.loaded).rows()
        header_row = self.options.header_row
        if header_row:
            above = [(row.number, row.cells) for row in islice(rows, header_row - 1)]
            heading = next(rows, None)
            for found in heading.problems if heading else ():
                if found.is_error and found.column is not None:
                    at = f"row {header_row:,}, column {column_letter(found.column)}"
                    raise self.place.refuse(found.code, at=at)
            self.headings = list(heading.cells) if heading else []
            self.of_others = others_above(above, self.headings, self.scan.merged)
        else:
            self.headings = list(lettered_headings(width_of(self.loaded)))
        filled = ((row.number, row.cells) for row in rows if not is_blank(row.cells))
        below = list(islice(filled, SAMPLE_ROWS))
        if header_row:
            prove_headings(self.headings, header_row, below, self.place)
        named = self.headings if header_row else ()
        self.aside_of = aside_check(named, [cells for _, cells in below], len(self.headings))

    def chunks(
        self, text_columns: Collection[int], date_columns: Collection[int]
    ) -> Iterator[Chunk]:
        """Yield the rows below the headings; typed cells are problems in the columns of text."""
        loaded, self.loaded = self.loaded, None
        sheet = loaded or _load(self.source, self.place, self.sheet)
        layout = Layout(
            place=self.place,
            headings=trimmed_headings(self.headings),
            named=len(self.headings),
            width=len(self.headings),
        )
        rows = self._rows_of(sheet).rows(text_columns, self.aside_of, date_columns)
        below = (row for row in rows if row.number > self.options.header_row)
        yield from chunks_of(below, layout, chunk_rows=self.options.chunk_rows, with_lines=False)

    def _rows_of(self, sheet: CalamineSheet) -> SheetRows:
        header_row = self.options.header_row
        return SheetRows(sheet=sheet, scan=self.scan, place=self.place, header_row=header_row)


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
