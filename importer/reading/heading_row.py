"""The heading row: its text, and whether it is one at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from importer.errors import HeadingsElsewhere, SettingsError
from importer.headings import known_field
from importer.lettering import column_letter
from importer.our_columns import our_columns
from importer.problems import ProblemCode
from importer.reading.characters import filled_cells, has_odd, odd_code
from importer.sheet_limits import COLUMN_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.errors import SourceError
    from importer.reading.table import Place

SAMPLE_ROWS = 500
"""How many rows below the headings are looked at before the first chunk."""

_NEAR = 50
"""How many rows below are looked at for better headings."""
_FEW = 2
_NEARLY_ALL = 0.9
_Unclear: TypeAlias = "tuple[str, str, int | None]"
"""What is wrong, what to do about it, and the row that may hold the headings."""
_DIGIT = re.compile("[0-9]{3}")
_DIGITS = re.compile(r"[+(]?[0-9][0-9\s()./:T-]{5,}(?:[AP]M|Z)?", re.IGNORECASE)
"""A phone number, a date or a time, which no heading is."""


def checked_header_row(header_row: int) -> int:
    """Return the row number of the headings, 0 where there are none.

    Raises:
        SettingsError: There is no such row.
    """
    if header_row < 0:
        raise SettingsError(
            "The row of the headings must be 0 or more.", todo="Give --header-row 1."
        )
    return header_row


def trimmed_headings(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the headings without white space around them or empty ones at the end."""
    headings = [cell.strip().strip("\ufeff").strip() for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    return tuple(headings)


def lettered_headings(width: int) -> tuple[str, ...]:
    """Return what stands for headings where there are none: each column's letters."""
    return tuple(column_letter(column) for column in range(width))


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
        SourceError: It is blank, a title, data, one of two lines of headings, no text, or
            too wide; or another row names more fields.
    """
    if len(cells) > COLUMN_LIMIT and len(cells) - len(our_columns(cells)) > COLUMN_LIMIT:
        text = f"The headings fill {len(cells):,} columns, at most {COLUMN_LIMIT:,} are read."
        raise place.refuse(ProblemCode.SOURCE_TOO_LARGE, text)
    for column, cell in enumerate(cells):
        if has_odd(cell):
            at = f"row {row:,}, column {column_letter(column)}"
            raise place.refuse(odd_code(cell), at=at)
    for found in (_title(cells, row, below), _other_row(cells, row, below)):
        if found is not None:
            raise _unclear(place, *found)


def _unclear(place: Place, sentence: str, todo: str, better: int | None) -> SourceError:
    code = ProblemCode.HEADER_ROW_UNCLEAR
    if better is None:
        return place.refuse(code, sentence, todo=todo)
    message = f"{place}: {sentence}"
    return HeadingsElsewhere(message, todo=todo, code=code.code, row=better)


def _title(
    cells: Sequence[str], row: int, below: Sequence[tuple[int, Sequence[str]]]
) -> _Unclear | None:
    """Return what to say of a row that is blank, or holds one cell above a table of several."""
    filled = filled_cells(cells)
    fuller = [number for number, other in below if filled_cells(other) > 1]
    is_title = filled == 1 and len(fuller) * 2 > len(below)
    if filled and not is_title:
        return None
    better = _most_headings(below) or next(iter(fuller), None)
    return f"Row {row:,} does not hold column headings.", _advice(better), better


def _other_row(
    cells: Sequence[str], row: int, below: Sequence[tuple[int, Sequence[str]]]
) -> _Unclear | None:
    """Return what to say where another row is the headings, or a part of them, or none is."""
    named = _fields_named(cells)
    better = _most_headings(below, more_than=named)
    if better is not None:
        return f"Row {better:,} holds more headings than row {row:,}.", _advice(better), better
    if not named and sum(1 for cell in cells if _DIGITS.fullmatch(cell.strip())) >= _FEW:
        todo = (
            "Add a row of headings; or give --header-row 0, and map the columns "
            "by their letters under [columns] in a profile."
        )
        return f"Row {row:,} looks like a row of data, not like headings.", todo, None
    if _is_second_line(cells, row, below):
        todo = f"Put the headings into one row; if row {row + 1:,} holds all, {_flag(row + 1)}."
        return f"Rows {row:,} and {row + 1:,} both look like headings.", todo, None
    return None


def _most_headings(below: Sequence[tuple[int, Sequence[str]]], more_than: int = 0) -> int | None:
    """Return the row near the top that names the most booking fields, if several."""
    counts = [(_fields_named(cells), -number) for number, cells in below[:_NEAR]]
    count, number = max(counts, default=(0, 0))
    return -number if count > max(more_than, _FEW) else None


def _fields_named(cells: Sequence[str]) -> int:
    return len({field for cell in cells if (field := known_field(cell))})


def _is_second_line(
    cells: Sequence[str], row: int, below: Sequence[tuple[int, Sequence[str]]]
) -> bool:
    """Return whether the next row has words where every other row has numbers."""
    if len(below) <= _FEW or below[0][0] != row + 1:
        return False
    next_row, others = below[0][1], [other for _, other in below[1:]]
    is_full = filled_cells(next_row) * 2 > max(_FEW * 2, filled_cells(cells))
    if not is_full or _has_digits(next_row):
        return False
    return sum(map(_has_digits, others)) > len(others) * _NEARLY_ALL


def _has_digits(cells: Sequence[str]) -> bool:
    return _DIGIT.search("".join(cells)) is not None


def _advice(better: int | None) -> str:
    return f"If row {better:,} holds the headings, {_flag(better)}." if better else ""


def _flag(row: int) -> str:
    return f"add --header-row {row}"
