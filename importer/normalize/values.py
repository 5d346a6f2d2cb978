"""A clinic's own words for a value, such as its name for a location."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.folding import folded
from importer.normalize.text import tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from importer.normalize.cell import Cell


def mapped_value(text: str, values: Mapping[str, str]) -> str:
    """Return what a cell's word stands for, or the cell as it is when no word is known.

    Args:
        text: What the source holds.
        values: Word, as `folded` leaves it, to value; "" makes the cell an empty one.
    """
    cell = tidy(text)
    return text if cell.is_error else values.get(folded(cell.text), text)


def mapped_id(text: str, values: Mapping[str, str], rule: Callable[[str], Cell]) -> str | None:
    """Return what a cell of ids stands for, or None for an id that no word stands for.

    Where a profile says what a clinic's ids mean, another id is no id of Solv's by chance: 3
    would be somebody else's clinic. `01` and `1.0` are the 1 of a map.

    Args:
        text: What the source holds.
        values: As for `mapped_value`.
        rule: How the field reads an id; what it refuses is left for it to refuse.
    """
    meant = mapped_value(text, values)
    cell = rule(text)
    if meant != text or cell.is_error or not cell.text:
        return meant
    alike = {value for word, value in values.items() if rule(word).text == cell.text}
    if len(alike) == 1:
        return alike.pop()
    return text if cell.text in values.values() and not alike else None
