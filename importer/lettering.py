"""Columns by the letters that spreadsheets show."""

from __future__ import annotations

_LETTERS = 26


def column_letter(index: int) -> str:
    """Return a column's name as spreadsheets show it: 0 is A, 26 is AA."""
    letters = ""
    rest = index + 1
    while rest:
        rest, letter = divmod(rest - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return letters
