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


def column_index(letters: str) -> int | None:
    """Return which column the letters name, A being 0; None when they name none."""
    number = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            return None
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number - 1 if number else None
