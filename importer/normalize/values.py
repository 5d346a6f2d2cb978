"""A clinic's own words for a value, such as its name for a location."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.folding import folded
from importer.normalize.text import tidy

if TYPE_CHECKING:
    from collections.abc import Mapping


def mapped_value(text: str, values: Mapping[str, str]) -> str:
    """Return what a cell's word stands for, or the cell as it is when no word is known.

    Args:
        text: What the source holds.
        values: Word, as `folded` leaves it, to value; "" makes the cell an empty one.
    """
    cell = tidy(text)
    return text if cell.is_error else values.get(folded(cell.text), text)
