"""The heading row: its text, and whether it is one at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import SettingsError
from importer.problems import ProblemCode
from importer.reading.characters import filled_cells, has_odd, odd_code
from importer.reading.table import column_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.reading.table import Place

SAMPLE_ROWS = 500
"""How many rows below the headings are looked at before the first chunk."""
COLUMN_LIMIT = 16_384
"""The most columns that a spreadsheet keeps."""


def checked_header_row(header_row: int) -> int:
    """Return the row number of the headings.

    Raises:
        SettingsError: There is no such row.
    """
    if header_row < 1:
        raise SettingsError(
            "The row of the headings must be 1 or more.", todo="Give --header-row 1."
        )
    return header_row


def trimmed_headings(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the headings without white space around them or empty ones at the end."""
    headings = [cell.strip().strip("\ufeff").strip() for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    return tuple(headings)


def prove_headings(
    cells: Sequence[str], row: int, below: Sequence[tuple[int, Sequence[str]]], place: Place
) -> None:
    """Check that a row may be the headings of the rows below it.

    Args:
        cells: The row's cells.
        row: Its number.
        below: Some rows below it that are not blank, with their numbers.
        place: The file and sheet.

    Raises:
        SourceError: It is blank, a title above the real headings, no text, or too wide.
    """
    if len(cells) > COLUMN_LIMIT:
        text = f"The headings fill {len(cells):,} columns, at most {COLUMN_LIMIT:,} are read."
        raise place.refuse(ProblemCode.SOURCE_TOO_LARGE, text)
    for column, cell in enumerate(cells):
        if has_odd(cell):
            at = f"row {row:,}, column {column_letter(column)}"
            raise place.refuse(odd_code(cell), at=at)
    filled = filled_cells(cells)
    fuller = [number for number, other in below if filled_cells(other) > 1]
    is_title = filled == 1 and len(fuller) * 2 > len(below)
    if filled == 0 or is_title:
        better = next(iter(fuller), None)
        todo = f"If row {better:,} holds the headings, add --header-row {better}." if better else ""
        sentence = f"Row {row:,} does not hold column headings."
        raise place.refuse(ProblemCode.HEADER_ROW_UNCLEAR, sentence, todo=todo)
