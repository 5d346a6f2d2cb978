"""A second table below or beside the first one, whose rows would be read as what they are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importer.problems import ASIDES, ProblemCode
from importer.reading.characters import filled_cells, is_blank
from importer.reading.headings_again import HeadingsAgain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.errors import SourceError
    from importer.reading.rows import Row
    from importer.reading.table import Place

_FEWEST = 2
"""The fewest headings that make a table."""
_DIGIT = re.compile("[0-9]")
_DIGITS = re.compile("[0-9]{3}")
"""What every patient has somewhere: a phone number, a date, a time."""

_OTHER = "The row holds headings that are not those of this table, or stand in another order."
_ONE_ORDER = "Put the rows below it under the first headings, or into a file of their own."


class TableCheck:
    """Is met by every row of a table, from the first one below its headings on."""

    def __init__(self, headings: Sequence[str], place: Place) -> None:
        """Begin below the headings."""
        self._headings = headings
        self._names = frozenset(heading.casefold() for heading in headings if heading)
        self._beside = _beside(headings)
        self._headings_again = HeadingsAgain(headings)
        self._place = place
        self._last: Sequence[str] = ()
        """The last row that stands right below another one of the table."""
        self._is_after_title = False
        self._begun: tuple[int, frozenset[int]] | None = None
        """Row number and filled columns of the row above, if it may be a table's headings."""

    def take(self, row: Row, *, is_after_blank: bool) -> None:
        """Take the next row that is not blank.

        Raises:
            SourceError: A second table begins there, or in the row above.
        """
        cells = row.cells
        left, right = cells[: self._beside], cells[self._beside :]
        if self._beside and is_blank(left) and filled_cells(right) >= _FEWEST:
            raise self._refusal(row.number)
        is_aside = any(problem.code in ASIDES for problem in row.problems)
        if not is_aside and self._headings_again.differ(cells):
            at = f"row {row.number:,}"
            raise self._place.refuse(ProblemCode.TABLES_UNCLEAR, _OTHER, at=at, todo=_ONE_ORDER)
        begun, self._begun = self._begun, None
        if begun is not None and not is_after_blank and self._is_of_another(cells, begun[1]):
            raise self._refusal(begun[0])
        if not is_after_blank and not self._is_after_title:
            self._last = cells
            return
        if is_after_blank and self._are_headings(cells):
            raise self._refusal(row.number)
        self._is_after_title = not is_aside and filled_cells(cells) == 1
        if not is_aside and self._may_be_headings(cells):
            self._begun = (row.number, _filled(cells))

    def _refusal(self, number: int) -> SourceError:
        return self._place.refuse(ProblemCode.TABLES_UNCLEAR, at=f"row {number:,}")

    def _are_headings(self, cells: Sequence[str]) -> bool:
        """Return whether a row holds some of the headings again, and nothing else.

        The very same headings again are rows of a joined export, which are one table.
        """
        filled = [cell.strip().casefold() for cell in cells if cell.strip()]
        if len(filled) < _FEWEST or not self._names.issuperset(filled):
            return False
        wanted = self._headings
        return [cell.strip() for cell in cells[: len(wanted)]] != list(wanted)

    def _may_be_headings(self, cells: Sequence[str]) -> bool:
        """Return whether a row holds several words and no digit, below rows that have digits.

        The next row tells whether it is more than a patient without a phone number and dates.
        """
        if filled_cells(cells) < _FEWEST or _DIGIT.search("".join(cells)):
            return False
        return _DIGITS.search("".join(self._last)) is not None

    def _is_of_another(self, cells: Sequence[str], columns: frozenset[int]) -> bool:
        """Return whether a row fills several of these columns, no other one, and not as ours do."""
        filled = _filled(cells)
        if len(filled) < _FEWEST or not filled <= columns:
            return False
        return not _with_digits(self._last) <= _with_digits(cells)


def _with_digits(cells: Sequence[str]) -> frozenset[int]:
    return frozenset(column for column, cell in enumerate(cells) if _DIGIT.search(cell))


def _filled(cells: Sequence[str]) -> frozenset[int]:
    return frozenset(column for column, cell in enumerate(cells) if cell.strip())


def _beside(headings: Sequence[str]) -> int:
    """Return where a table beside the first one may begin: behind an empty heading; else 0.

    The headings alone are judged in `columns`, which knows what is sent; here every row is.
    """
    for column, heading in enumerate(headings):
        if heading:
            continue
        sides = (headings[:column], headings[column + 1 :])
        if all(filled_cells(side) >= _FEWEST for side in sides):
            return column
    return 0
