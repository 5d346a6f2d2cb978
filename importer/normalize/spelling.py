"""How a cell could be written so that nothing about it is left to say.

A suggestion follows from the text alone, and its rule makes the very same value of it: nobody
else is booked for it, and at no other time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.formulas import looks_like_formula
from importer.model import TEXT_FIELDS
from importer.normalize.cell import without_wide_digits
from importer.normalize.text import tidy
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.normalize.cell import Cell

    Rule = Callable[[str], Cell]

_MENDED = frozenset(
    {ProblemCode.TEXT_INVISIBLE, ProblemCode.APOSTROPHE_REMOVED, ProblemCode.EMAIL_MAILTO}
)
"""The warnings that are gone when the cell is written as suggested."""

_IN_WORDS = frozenset({"address_state", "birth_sex", "is_walk_in"})
"""Fields whose values come from a table: a synonym is suggested in the form that is sent."""
_IN_LETTERS = TEXT_FIELDS | {"email", "custom_booking_management_url"}
"""Fields in which a wide digit may be meant."""

_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_PHONE_WITH_PLUS = re.compile(r"\+[0-9 ().-]+")


def suggesting(field: str, rule: Rule) -> Rule:
    """Return the rule of `field`, whose cells carry a suggestion where one is certain."""

    def suggested(text: str) -> Cell:
        cell = rule(text)
        better = _better(field, text, cell)
        if not better or better == text or not _is_certain(better, cell, rule):
            return cell
        return replace(cell, suggestion=better)

    return suggested


def _better(field: str, text: str, cell: Cell) -> str:
    """Return how the cell could be written, "" when it is well as it is."""
    if cell.problem is not None and cell.problem not in _MENDED:
        return ""
    if field in _IN_WORDS:
        is_plain = text.isascii() and text.strip().casefold() == cell.text.casefold()
        return "" if is_plain else cell.text
    if cell.problem is ProblemCode.EMAIL_MAILTO:
        return cell.text
    if text.isascii() and cell.problem is None:
        return ""
    tidied = tidy(text).text
    plain = tidied if field in _IN_LETTERS else without_wide_digits(tidied)
    is_changed = cell.problem is not None or plain != tidied or _ODD_SPACE.search(text)
    return plain if is_changed else ""


def _is_certain(better: str, cell: Cell, rule: Rule) -> bool:
    """Return whether the suggestion means the same, and no spreadsheet takes it for a formula."""
    if looks_like_formula(better) and not _PHONE_WITH_PLUS.fullmatch(better):
        return False
    again = rule(better)
    return again.text == cell.text and not again.is_error and again.problem not in _MENDED
