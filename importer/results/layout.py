"""How a results row is laid out: their columns first, ours after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.headings import heading_key
from importer.our_columns import OUR_HEADINGS, SOURCE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.results.model import ResultRow

_OURS = frozenset(map(heading_key, OUR_HEADINGS))


def their_headings(headings: Sequence[str]) -> tuple[str, ...]:
    """Return the source's headings, with ` (source)` after those that read like one of ours."""
    taken = {heading_key(heading) for heading in headings}
    return tuple(_renamed(heading, taken) for heading in headings)


def _renamed(heading: str, taken: set[str]) -> str:
    if heading_key(heading) not in _OURS:
        return heading
    renamed = heading
    while heading_key(renamed) in taken:
        renamed += SOURCE_SUFFIX
    taken.add(heading_key(renamed))
    return renamed


def our_cells(row: ResultRow) -> tuple[str, ...]:
    """Return our cells of one row, in the order of `OUR_HEADINGS`."""
    return (
        row.status_word,
        _number(row.booking_id),
        row.what_to_fix,
        row.solv_status,
        row.emr_booking_id,
        _number(row.http_status),
        row.server_ids,
        str(row.row_number),
        row.row_key,
    )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def require_width(row: ResultRow, width: int) -> None:
    """Refuse a row that would shift its cells under other headings.

    Raises:
        ValueError: It has more or fewer cells than there are headings.
    """
    if len(row.cells) != width:
        message = f"row {row.row_number}: {len(row.cells)} cells for {width} headings"
        raise ValueError(message)
