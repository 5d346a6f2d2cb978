"""A row of headings among the rows of a table, below which the columns mean something else."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from importer.headings import heading_key, known_field, known_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FEWEST = 3
"""A patient may be called Cell or live in a town called State; no row says three headings."""
_BEFORE = " \t\u00a0\ufeff*#\"'"
_LETTERS = 3


class HeadingsAgain:
    """Tells headings in another order, or by other names, from the rows of one table.

    Exports that were joined hold such rows: what is below them stands in other columns.
    """

    def __init__(self, headings: Sequence[str]) -> None:
        """Begin with the headings of the table."""
        self._by_key: dict[str, set[int]] = {}
        self._by_field: dict[str, set[int]] = {}
        for column, heading in enumerate(headings):
            key = heading_key(heading)
            if len(key) > 1:  # a letter is no heading that a cell would not hold as well
                self._by_key.setdefault(key, set()).add(column)
            if field := known_field(heading):
                self._by_field.setdefault(field, set()).add(column)
        spelled = (*known_names(), *headings)
        self._beginnings = frozenset(_beginnings((*spelled, *map(heading_key, spelled))))

    def differ(self, cells: Sequence[str]) -> bool:
        """Return whether a row holds several headings, and one where the table has another."""
        # Every row comes by, and most are told apart here.
        begun = [cell.lstrip(_BEFORE)[:_LETTERS] for cell in cells]
        if sum(map(self._beginnings.__contains__, begun)) < _FEWEST:
            return False
        meant = ((column, cell, self._columns_of(cell)) for column, cell in enumerate(cells))
        filled = [(column, found) for column, cell, found in meant if cell.strip()]
        if sum(1 for _, found in filled if found is not None) < _FEWEST:
            return False
        return any(column not in (found or ()) for column, found in filled)

    def _columns_of(self, cell: str) -> set[int] | None:
        """Return the columns that a heading stands over in the table, None for no heading.

        One that stands there by that very name is meant, not its namesake: Phone is not Mobile.
        """
        own = self._by_key.get(heading_key(cell))
        if own is not None:
            return own
        field = known_field(cell)
        return None if field is None else self._by_field.get(field, set())


def _beginnings(names: Iterable[str]) -> Iterator[str]:
    """Yield the first letters of each name that has any, in every case."""
    for begun in {name.lstrip(_BEFORE)[:_LETTERS].lower() for name in names} - {""}:
        yield from map("".join, product(*({sign, sign.upper()} for sign in begun)))
