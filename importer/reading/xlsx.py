"""XLSX: one sheet to rows of text, with what two readers of it agree on."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO, TYPE_CHECKING

from importer.problems import FileProblem, ProblemCode, RowProblem
from importer.reading.cells import cell_text
from importer.reading.characters import CELL_LIMIT, has_odd, inspect, is_blank
from importer.reading.files import opened
from importer.reading.headings import (
    SAMPLE_ROWS,
    checked_header_row,
    prove_headings,
    trimmed_headings,
)
from importer.reading.package import Package, sound_archive
from importer.reading.rows import Layout, Row, chunks_of
from importer.reading.sheet_scan import Extent, Findings, SheetScan, scan_sheet
from importer.reading.table import Chunk, Place, ReadOptions, Table, column_letter
from importer.reading.workbook import Sheet, Workbook, choose_sheet, describe, warnings_of
from importer.reading.xlsx_copy import copy_workbook

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

    from python_calamine import CalamineSheet

    from importer.errors import SourceError
    from importer.reading.edits import Edits


@dataclass(slots=True, kw_only=True)
class _XlsxSource:
    """A workbook that was proven safe, and the sheet of it that is read."""

    path: Path
    place: Place
    sheet: Sheet
    scan: SheetScan
    options: ReadOptions
    headings: list[str] = field(default_factory=list, repr=False)
    loaded: CalamineSheet | None = field(default=None, repr=False)
    """The decoded sheet, kept for the first reading only: it is as large as the file."""

    def prepare(self) -> None:
        """Find the headings and prove them."""
        self.loaded = _load(self.path, self.place, self.sheet)
        rows = self._rows(self.loaded)
        header_row = self.options.header_row
        heading = next((row for row in rows if row.number == header_row), None)
        for found in heading.problems if heading else ():
            if found.is_error and found.column is not None:
                at = f"row {header_row:,}, column {column_letter(found.column)}"
                raise self.place.refuse(found.code, at=at)
        self.headings = list(heading.cells) if heading else []
        below = ((row.number, row.cells) for row in rows if not is_blank(row.cells))
        prove_headings(self.headings, header_row, list(islice(below, SAMPLE_ROWS)), self.place)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows below the headings."""
        loaded, self.loaded = self.loaded, None
        sheet = loaded or _load(self.path, self.place, self.sheet)
        layout = Layout(
            place=self.place,
            headings=trimmed_headings(self.headings),
            named=len(self.headings),
            width=len(self.headings),
        )
        below = (row for row in self._rows(sheet) if row.number > self.options.header_row)
        yield from chunks_of(below, layout, chunk_rows=self.options.chunk_rows, with_lines=False)

    def copy(self, edits: Edits, out: IO[bytes]) -> Counter[ProblemCode]:
        """Write the workbook again with edits in its sheet; return how many were, by problem."""
        with _package(self.path, self.place) as package:
            return copy_workbook(package, self.sheet.part, edits, out, self.place)

    def _rows(self, sheet: CalamineSheet) -> Iterator[Row]:
        """Yield every row from the first one of the sheet, from column A on."""
        findings = _Upcoming(self.scan.findings)
        header_row = self.options.header_row
        for number, cells in enumerate(_texts(sheet), start=1):
            problems = findings.of_row(number) if findings.row == number else ()
            text = "".join(cells)
            if len(text) > CELL_LIMIT or has_odd(text):
                cells, odd = inspect(number, cells)  # noqa: PLW2901 - the same cells, made clean
                problems += odd
            if cells == self.headings and number > header_row:
                again = RowProblem(row_number=number, code=ProblemCode.HEADER_REPEATED)
                problems += (again,)
            yield Row(number, 0, cells, len(text), problems)
        # Rows of nothing but formulas without results lie behind calamine's last one.
        nothing = [""] * _width(sheet)
        number = sheet.end[0] + 1 if sheet.end else 0
        while findings.row:
            number += 1
            yield Row(number, 0, nothing, 0, findings.of_row(number))


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


def _texts(sheet: CalamineSheet) -> Iterator[list[str]]:
    # calamine gives the rows above the first value, but not the columns left of it.
    left = [""] * (sheet.start[1] if sheet.start else 0)
    for values in sheet.iter_rows():
        yield left + [v if type(v) is str else cell_text(v) for v in values]


def _width(sheet: CalamineSheet) -> int:
    return sheet.end[1] + 1 if sheet.end else 0


def open_xlsx(path: Path, options: ReadOptions, place: Place) -> Table:
    """Prove a workbook safe, choose its sheet and return its table.

    Raises:
        SourceError: It is damaged, too large, or its sheet or headings are not clear.
        SettingsError: The heading row asked for cannot be.
    """
    checked_header_row(options.header_row)
    with _package(path, place) as package:
        package.prove()
        workbook = describe(package, place)
        sheet = choose_sheet(workbook, options.sheet, place)
        at = replace(place, sheet=sheet.name)
        scan = _scan(package, workbook, sheet, at)
        if scan.extent is None:
            raise _nothing(scan, at)
    source = _XlsxSource(path=path, place=at, sheet=sheet, scan=scan, options=options)
    source.prepare()
    _prove_extent(source, workbook)
    return Table(
        kind="xlsx",
        sheet=sheet.name,
        headings=trimmed_headings(source.headings),
        warnings=tuple(_warnings(workbook, source)),
        is_results=workbook.is_results,
        read=source.chunks,
        copy=None if workbook.has_macros else source.copy,
    )


def _nothing(scan: SheetScan, place: Place) -> SourceError:
    if next(iter(scan.findings), None) is not None:
        sentence = "The sheet holds formulas whose results were never saved, and nothing else."
        return place.refuse(ProblemCode.FORMULA_NOT_CALCULATED, sentence)
    return place.refuse(ProblemCode.SOURCE_EMPTY, "The sheet is empty.")


@contextmanager
def _package(path: Path, place: Place) -> Iterator[Package]:
    with (
        opened(path, place) as file,
        sound_archive(place),
        zipfile.ZipFile(file) as archive,
    ):
        yield Package(archive, place)


def _scan(
    package: Package, workbook: Workbook, sheet: Sheet, place: Place, *, exact: bool = False
) -> SheetScan:
    waits = workbook.waits_for_calculation
    return scan_sheet(package.blocks(sheet.part), place, waits_for_calculation=waits, exact=exact)


def _load(path: Path, place: Place, sheet: Sheet) -> CalamineSheet:
    """Decode the sheet.

    Raises:
        SourceError: calamine finds it damaged.
    """
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - a refused file

    with opened(path, place) as file:
        try:
            with CalamineWorkbook.from_filelike(file) as workbook:
                return workbook.get_sheet_by_name(sheet.name)
        except CalamineError:
            raise place.refuse(ProblemCode.SOURCE_CORRUPT) from None
        except BaseException as error:
            # A panic of its Rust code is no Exception, and its text may quote the file.
            if type(error).__name__ != "PanicException":
                raise
            raise place.refuse(ProblemCode.SOURCE_CORRUPT) from None


def _prove_extent(source: _XlsxSource, workbook: Workbook) -> None:
    """Check that both readers saw the same rows and columns.

    Raises:
        SourceError: They did not, so that rows could be missing.
    """
    sheet = source.loaded
    seen = None
    if sheet is not None and sheet.start is not None and sheet.end is not None:
        seen = Extent(
            first_row=sheet.start[0],
            first_column=sheet.start[1],
            last_row=sheet.end[0],
            last_column=sheet.end[1],
        )
    if seen == source.scan.extent:
        return
    # Cells that are there without a value count for one reader only.
    with _package(source.path, source.place) as package:
        exact = _scan(package, workbook, source.sheet, source.place, exact=True).extent
    outer = source.scan.extent
    agrees = seen is not None and outer is not None and outer.covers(seen)
    if not agrees or (exact is not None and seen is not None and not seen.covers(exact)):
        sentence = "The rows and columns of the sheet cannot be told for sure."
        raise source.place.refuse(ProblemCode.SOURCE_CORRUPT, sentence)


def _warnings(workbook: Workbook, source: _XlsxSource) -> Iterator[FileProblem]:
    yield from warnings_of(workbook, source.sheet, source.place)
    if source.scan.hidden_rows:
        hint = f"({source.scan.hidden_rows:,} of them)"
        code = ProblemCode.HIDDEN_ROWS
        yield FileProblem(code=code, place=str(source.place), hint=hint)
