"""A second table below or beside the first one, whose rows would be read as what they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from importer.problems import ProblemCode
from importer.reading.characters import filled_cells, is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from importer.reading.table import Place

_FEWEST = 2
"""The fewest headings that make a table."""

TableCheck: TypeAlias = "Callable[[int, Sequence[str], bool], None]"


def second_table_check(headings: Sequence[str], place: Place) -> TableCheck:
    """Return what to call with each row: its number, its cells, whether a blank row is above."""
    names = frozenset(heading.casefold() for heading in headings if heading)
    beside = _beside(headings)

    def check(number: int, cells: Sequence[str], is_after_blank: bool) -> None:  # noqa: FBT001 - by place
        if is_after_blank and _are_headings(cells, headings, names):
            raise place.refuse(ProblemCode.TABLES_UNCLEAR, at=f"row {number:,}")
        if beside and is_blank(cells[:beside]) and filled_cells(cells[beside:]) >= _FEWEST:
            raise place.refuse(ProblemCode.TABLES_UNCLEAR, at=f"row {number:,}")

    return check


def _are_headings(cells: Sequence[str], headings: Sequence[str], names: frozenset[str]) -> bool:
    """Return whether a row holds some of the headings again, and nothing else.

    The very same headings again are rows of a joined export, which are one table.
    """
    filled = [cell.strip().casefold() for cell in cells if cell.strip()]
    if len(filled) < _FEWEST or not names.issuperset(filled):
        return False
    return [cell.strip() for cell in cells[: len(headings)]] != list(headings)


def _beside(headings: Sequence[str]) -> int:
    """Return where a table beside the first one may begin: behind an empty heading; else 0."""
    for column, heading in enumerate(headings):
        if heading:
            continue
        sides = (headings[:column], headings[column + 1 :])
        if all(filled_cells(side) >= _FEWEST for side in sides):
            return column
    return 0
