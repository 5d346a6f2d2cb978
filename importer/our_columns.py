"""The columns that results put behind those of the source, and how they are known again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.headings import heading_key

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

OUR_HEADINGS: tuple[str, ...] = (
    "status",
    "booking_id",
    "what_to_fix",
    "solv_status",
    "emr_booking_id",
    "http",
    "server_ids",
    "row_number",
    "row_key",
)
"""What results put behind the source's own columns."""

SOURCE_SUFFIX = " (source)"
"""What results put after a heading of the source that reads like one of ours."""

_OUR_KEYS = frozenset(heading_key(name) for name in OUR_HEADINGS)
_TELLING = {heading_key(name) for name in ("status", "booking_id", "row_key")}
"""Headings that stand together in our results alone, whatever was added, moved or retyped."""


def our_columns(headings: Sequence[str], *, is_results: bool = False) -> tuple[int, ...]:
    """Return the columns that results added; a stranger's `status` is not ours.

    Args:
        headings: As read.
        is_results: Whether the file says by itself that it is one of our results.
    """
    found = tuple(c for c, text in enumerate(headings) if heading_key(text) in _OUR_KEYS)
    names = {heading_key(headings[c]) for c in found}
    return found if is_results or names >= _TELLING else ()


def their_headings(headings: Sequence[str], ours: Collection[int]) -> dict[int, str]:
    """Return the source's headings by column, as they were before results had to rename some.

    Args:
        headings: As read.
        ours: The columns that results added, none where the file is no results.
    """
    theirs = {c: text for c, text in enumerate(headings) if c not in ours}
    if not ours:
        return theirs
    keys = {heading_key(text) for text in theirs.values()}
    return {c: _as_it_was(text, keys) for c, text in theirs.items()}


def _as_it_was(heading: str, keys: Collection[str]) -> str:
    """Return a heading without what results added; one that they had to get past stays."""
    text = heading.rstrip()
    while text.endswith(SOURCE_SUFFIX):
        text = text.removesuffix(SOURCE_SUFFIX)
    is_theirs = heading_key(text) not in _OUR_KEYS or heading_key(heading + SOURCE_SUFFIX) in keys
    return heading if is_theirs else text
