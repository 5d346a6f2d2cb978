"""Lines of groups above the headings: over whose columns they name somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.headings import word_of_another
from importer.reading.characters import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.reading.scan import Extent


def others_above(
    above: Sequence[tuple[int, Sequence[str]]],
    headings: Sequence[str],
    merged: Iterable[Extent] = (),
) -> dict[int, str]:
    """Return the columns that a line of groups gives to somebody else, and its word for them.

    A group stands over the columns of its merged cell, or goes on up to the next cell that is
    filled. What stands over every heading is a title: `Emergency clinic, visits of June`.

    Args:
        above: The rows above the headings with their numbers, the first one first.
        headings: The cells of the heading row.
        merged: The areas of merged cells.
    """
    named = {column for column, heading in enumerate(headings) if heading.strip()}
    ends = {(area.first_row + 1, area.first_column): area.last_column for area in merged}
    found: dict[int, str] = {}
    for number, cells in reversed(above):
        if is_blank(cells):  # what is above a blank line belongs to no column
            break
        filled = [column for column, cell in enumerate(cells) if cell.strip()]
        for begin, following in zip(filled, [*filled[1:], max(named, default=0) + 1], strict=True):
            word = word_of_another(cells[begin])
            end = ends.get((number, begin), following - 1)
            columns = named.intersection(range(begin, end + 1))
            if word and columns != named:
                found |= dict.fromkeys(columns, word)
    return found
