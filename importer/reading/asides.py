"""Rows that stand among the rows of a table and are none of them: comments, totals, footers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from importer.error_values import is_error_value
from importer.headings import SYNONYMS, known_field
from importer.our_columns import our_columns
from importer.problems import ProblemCode
from importer.reading.characters import filled_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AsideCheck: TypeAlias = "Callable[[Sequence[str]], ProblemCode | None]"

_COMMENT = "#"
_RULE = re.compile(r"[-=*_~+|.\s]{3,}")
_THINGS = "rows?|records?|patients?|appointments?|visits?|bookings?|entries"
_FOOTER = re.compile(  # each sign is taken once: cells may be long
    rf"""
    [\W_]*+(?:
        (?:grand|sub|report|page|{_THINGS}|number\ of\ (?:{_THINGS}))?[\s_-]*
        (?:totals?|subtotals?|counts?|sums?)\b
      | (?:end|eof)\b
      | page\s+\d
      | \d[\d,]*\s+(?:{_THINGS})\b
      | (?:generated|printed|exported|created|report\ (?:run|date|generated))\b
      | number\ of\ (?:{_THINGS})\b
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MOST_FILLED = 2


def aside_check(headings: Sequence[str], below: Sequence[Sequence[str]], width: int) -> AsideCheck:
    """Return what to call with the cells of each row: its problem, None for a row of the table.

    Args:
        headings: What stands above the rows; empty where the file has no headings.
        below: The first rows. Where most of them begin with `#`, that is how the column
            is written and no comment.
        width: How many columns there are.
    """
    marked = sum(1 for cells in below if _begins(cells).startswith(_COMMENT))
    has_comments = marked * 2 <= len(below)
    # Behind a total in results of ours stands what we wrote ourselves.
    ours = frozenset(our_columns(headings, is_results=False))
    theirs = [heading for column, heading in enumerate(headings) if column not in ours]
    # A row of so few cells lacks what every booking needs, so no patient is called a footer.
    most = max(1, min(_MOST_FILLED, (width - len(ours)) // 2))
    names = _meanings(theirs)
    spellings = _spellings(_begins(theirs))

    def check(row: Sequence[str]) -> ProblemCode | None:
        cells = [c for n, c in enumerate(row) if n not in ours] if ours else row
        begins = _begins(cells)
        if _plain(begins) in spellings and _meanings(cells)[: len(names)] == names:
            return ProblemCode.HEADER_REPEATED
        if has_comments and begins.startswith(_COMMENT) and not is_error_value(begins):
            return ProblemCode.COMMENT_LINE
        if _FOOTER.match(begins) and filled_cells(cells) <= most:
            return ProblemCode.FOOTER_ROW
        if _RULE.fullmatch(begins) and all(_RULE.fullmatch(c) for c in cells if c.strip()):
            return ProblemCode.FOOTER_ROW
        return None

    return check


def _meanings(headings: Sequence[str]) -> list[str]:
    """Return what headings stand for, however they are spelled."""
    meant = [known_field(heading) or _plain(heading) for heading in headings]
    while meant and not meant[-1]:
        meant.pop()
    return meant


def _spellings(heading: str) -> frozenset[str]:
    """Return the ways to write a heading, as `_plain` has them."""
    field = known_field(heading)
    others = (field, *SYNONYMS[field]) if field else ()
    return frozenset(_plain(one) for one in (heading, *others) if one)


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _begins(cells: Sequence[str]) -> str:
    """Return the first cell that holds anything."""
    for cell in cells:
        text = cell.strip()
        if text:
            return text
    return ""
