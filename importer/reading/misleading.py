"""Formats that show another number than the cell keeps, or words in its place.

Zeros in front, spaces and signs between digits are the same number: `(###) ###-####` is no
other phone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.reading.format_codes import Section

MINUS = ("-", "\N{MINUS SIGN}")
TRUTHS = {"yes": 1, "true": 1, "no": 0, "false": 0}
"""Words that may be shown in place of 1 and 0."""
US_DIGITS = 11
"""Of a phone with the calling code of the US."""


def misleads(section: Section, value: float) -> bool:
    """Return whether who sees a number in this section takes it for another one, or for none."""
    if section.is_moment:
        return section.says_more
    if section.is_wordy:
        return TRUTHS.get(section.before.casefold()) != value
    if section.is_scaled or section.hides(value):
        return True
    if _speaks(section.between + section.after):
        return True
    if value > 0 and section.before.endswith(MINUS):
        return True
    return _speaks(section.before) and not _calls_the_us(section.before, value)


def is_honest(section: Section) -> bool:
    """Return whether a section misleads about no number above zero, whichever it is."""
    if section.is_moment or section.is_wordy or section.is_scaled:
        return False
    around = section.before + section.between + section.after
    return not _speaks(around) and not section.before.endswith(MINUS)


def _speaks(text: str) -> bool:
    return any(letter.isalnum() or letter == "+" for letter in text)


def _calls_the_us(before: str, value: float) -> bool:
    """Return whether a plus, and the digits behind it, make a US phone of a number."""
    words, plus, code = before.partition("+")
    digits = "".join(letter for letter in code if letter.isalnum()) + f"{value:.0f}"
    is_whole = digits.isdecimal() and value == int(value)
    is_us = is_whole and len(digits) == US_DIGITS and digits.startswith("1")
    return bool(plus) and is_us and not _speaks(words)
