"""The rows of a decoded sheet as text, each with what both of its readers say of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from importer.problems import ProblemCode, RowProblem
from importer.reading.calamine_errors import calm
from importer.reading.cells import CellValue, cell_text, doubt_of, loss_of
from importer.reading.characters import error_values, has_odd, inspect
from importer.reading.merged import MergedCells
from importer.reading.rows import Row
from importer.sheet_limits import CELL_LIMIT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from python_calamine import CalamineSheet

    from importer.reading.asides import AsideCheck
    from importer.reading.scan import Finding, Findings, SheetScan
    from importer.reading.table import Place

_CELLS_AT_ONCE = 20_000
"""About so many are taken from calamine in one go, while standard error is kept from it."""
_SIGNS_OF_DOUBT = ("1900-0", "1899-", "nan", "inf")
_HALF_CHARACTER = re.compile("_x[dD][89a-fA-F][0-9a-fA-F]{2}_")
"""How XLSX would write half of a character, which calamine leaves as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRows:
    """The values of a sheet by calamine, and what the second reader saw of it."""

    sheet: CalamineSheet = field(repr=False)
    scan: SheetScan
    place: Place
    header_row: int
    """0 where there are no headings."""

    def rows(
        self,
        text_columns: Collection[int] = (),
        aside_of: AsideCheck | None = None,
        date_columns: Collection[int] = (),
    ) -> Iterator[Row]:
        """Yield every row from the first one of the sheet, from column A on.

        Args:
            text_columns: Those whose cells are sent as text: a typed cell there is a problem.
            aside_of: Tells rows that nobody meant to book; None until the headings are known.
            date_columns: Those in which dates of the workbook's own are told from texts.
        """
        sheet, header_row = self.sheet, self.header_row
        findings = _Upcoming(self.scan.findings, text_columns, header_row)
        merged = MergedCells(self.scan.merged)
        # calamine gives the rows above the first value, but not the columns left of it.
        left = sheet.start[1] if sheet.start else 0
        text_places = [column - left for column in text_columns if column >= left]
        for number, values in enumerate(_values_of(sheet, self.place), start=1):
            cells = [""] * left + [v if type(v) is str else cell_text(v) for v in values]
            text = "".join(cells)
            problems: tuple[RowProblem, ...] = ()
            if findings.row == number:
                problems = findings.of_row(number)
            problems += _odd(number, cells, text)
            if any(sign in text for sign in _SIGNS_OF_DOUBT):
                problems += _doubts(number, values, left)
            if any(type(values[place]) is not str for place in text_places):
                problems += _losses(number, values, text_places, left)
            covered = self._covered(merged, number, cells)
            if number > header_row:
                problems += covered
                if aside := aside_of(cells) if aside_of else None:
                    problems = (RowProblem(row_number=number, code=aside),)
            dates = tuple(c for c in date_columns if c >= left and _is_date(values[c - left]))
            yield Row(number, 0, cells, len(text), problems, dates)
        # Rows of nothing but formulas without results lie behind calamine's last one.
        nothing = [""] * width_of(sheet)
        number = sheet.end[0] + 1 if sheet.end else 0
        while findings.row:
            number += 1
            yield Row(number, 0, nothing, 0, findings.of_row(number))

    def _covered(
        self, merged: MergedCells, number: int, cells: list[str]
    ) -> tuple[RowProblem, ...]:
        try:
            return merged.of_row(number, cells)
        except ValueError:
            sentence = "Merged cells lie upon one another."
            raise self.place.refuse(ProblemCode.SOURCE_CORRUPT, sentence) from None


def width_of(sheet: CalamineSheet) -> int:
    """Return how many columns a sheet has, from A to the last one with a value."""
    return sheet.end[1] + 1 if sheet.end else 0


class _Upcoming:
    """The findings of the scan, handed out row by row."""

    def __init__(self, findings: Findings, text_columns: Collection[int], header_row: int) -> None:
        self._rest = iter(findings)
        self._next = next(self._rest, None)
        self._text_columns = text_columns
        self._header_row = header_row

    @property
    def row(self) -> int:
        """Return the row of the next finding, 0 when there is none."""
        return self._next[0] if self._next else 0

    def of_row(self, number: int) -> tuple[RowProblem, ...]:
        """Return the findings of that row, which is the next one that has any."""
        found: list[RowProblem] = []
        while self._next and self._next[0] == number:
            if self._counts(self._next):
                _, column, code, _ = self._next
                found.append(RowProblem(row_number=number, code=code, column=column))
            self._next = next(self._rest, None)
        return tuple(found)

    def _counts(self, finding: Finding) -> bool:
        """Return whether a finding is a problem there; a heading may be shown as it likes."""
        if finding.is_of_text:
            return finding.column in self._text_columns
        is_shown = finding.code is ProblemCode.CELL_SHOWN_OTHERWISE
        return not is_shown or finding.row > self._header_row


def _values_of(sheet: CalamineSheet, place: Place) -> Iterator[list[CellValue]]:
    """Yield the typed cells of each row; calamine makes them some rows at a time.

    Raises:
        SourceError: A value cannot be, so that calamine gives up.
    """
    rows = sheet.iter_rows()
    some = max(1, _CELLS_AT_ONCE // max(1, width_of(sheet)))
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


def _is_date(value: CellValue) -> bool:
    return isinstance(value, date)  # a moment is one, too
