"""The sheet Results, or results as CSV, as a person edits them: row by row, then saved."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TypeAlias

from openpyxl import load_workbook

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

Page: TypeAlias = list[dict[str, str]]
"""The rows below the headings: heading -> what the cell shows."""


def page_of(path: Path) -> Page:
    """Return what a person sees in results, sheet Results where there are sheets."""
    lines = csv_lines(path) if path.suffix == ".csv" else _sheet_lines(path)
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def saved(page: Page, path: Path, to: Path, *, hidden: Collection[int] = ()) -> Path:
    """Save results with other rows in them, everything else as it was.

    Args:
        page: The rows; the first one says in which order the columns stand.
        path: The results as they were.
        to: Where the edited ones go.
        hidden: Lines that a filter hides, from 2.
    """
    lines = [list(page[0]), *(list(row.values()) for row in page)]
    if path.suffix == ".csv":
        with to.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(lines)
        return to
    workbook = load_workbook(path)
    _fill(workbook["Results"], lines, hidden)
    workbook.save(to)
    workbook.close()
    return to


def _fill(sheet: Worksheet, lines: Sequence[Sequence[str]], hidden: Collection[int]) -> None:
    for row in sheet.iter_rows():
        for cell in row:
            cell.value = cell.comment = None
    for number, line in enumerate(lines, start=1):
        for column, text in enumerate(line, start=1):
            cell = sheet.cell(number, column)
            cell.value = text or None
            if text:
                cell.data_type = "s"
        sheet.row_dimensions[number].hidden = number in hidden


def csv_lines(path: Path) -> list[list[str]]:
    """Return the cells of a CSV that has a byte order mark, line by line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, strict=True))


def _sheet_lines(path: Path) -> list[list[str]]:
    workbook: Workbook = load_workbook(path)
    sheet = workbook["Results"] if "Results" in workbook.sheetnames else workbook.worksheets[0]
    lines = [
        ["" if cell is None else str(cell) for cell in line]
        for line in sheet.iter_rows(values_only=True)
    ]
    workbook.close()
    return lines
