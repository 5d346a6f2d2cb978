"""ZIP codes and states."""

from __future__ import annotations

import re

from importer.normalize.cell import Cell, without_wide_digits
from importer.normalize.text import tidy
from importer.problems import ProblemCode

_ZIP = re.compile(r"([0-9]{3,5})(?: ?[-\u2010-\u2015\u2212] ?| )([0-9]{4})|([0-9]{3,9})(?:\.0*)?")
_CANADIAN = re.compile(r"[A-Za-z][0-9][A-Za-z][ -]?[0-9][A-Za-z][0-9]")
_ZIP_DIGITS = 5
_BETWEEN_LETTERS = re.compile("[ .,-]")

_STATE_LINES = """
AL Alabama, AK Alaska, AZ Arizona, AR Arkansas, CA California, CO Colorado, CT Connecticut,
DE Delaware, DC District of Columbia, FL Florida, GA Georgia, HI Hawaii, ID Idaho, IL Illinois,
IN Indiana, IA Iowa, KS Kansas, KY Kentucky, LA Louisiana, ME Maine, MD Maryland,
MA Massachusetts, MI Michigan, MN Minnesota, MS Mississippi, MO Missouri, MT Montana,
NE Nebraska, NV Nevada, NH New Hampshire, NJ New Jersey, NM New Mexico, NY New York,
NC North Carolina, ND North Dakota, OH Ohio, OK Oklahoma, OR Oregon, PA Pennsylvania,
RI Rhode Island, SC South Carolina, SD South Dakota, TN Tennessee, TX Texas, UT Utah,
VT Vermont, VA Virginia, WA Washington, WV West Virginia, WI Wisconsin, WY Wyoming,
PR Puerto Rico, GU Guam, VI Virgin Islands, AS American Samoa, MP Northern Mariana Islands,
AA Armed Forces Americas, AE Armed Forces Europe, AP Armed Forces Pacific
"""
_STATES: dict[str, str] = {"washingtondc": "DC", "usvirginislands": "VI"}
for _line in _STATE_LINES.replace("\n", " ").split(","):
    _letters, _, _name = _line.strip().partition(" ")
    _STATES[_letters.lower()] = _STATES[_BETWEEN_LETTERS.sub("", _name.lower())] = _letters
STATES = frozenset(_STATES.values())
"""The postal service's two letters: states, DC, territories and the armed forces."""


def normalize_zip(text: str, *, pads: bool = False) -> Cell:
    """Return a ZIP code as `12345` or `12345-6789`.

    Args:
        text: What the source holds.
        pads: Whether the settings allow putting back leading zeros that a spreadsheet took.
    """
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    plain = without_wide_digits(cell.text)
    if _CANADIAN.fullmatch(plain):
        return Cell(plain, cell.problem or ProblemCode.ZIP_FOREIGN)
    match = _ZIP.fullmatch(plain)
    if match is None:
        return Cell(text, ProblemCode.ZIP_INVALID)
    head, tail = match[1] or match[3], match[2] or ""
    if len(head) > _ZIP_DIGITS:
        head, tail = head[:-4], head[-4:]
    return _whole_zip(text, head, tail, pads=pads, warning=cell.problem)


def _whole_zip(text: str, head: str, tail: str, *, pads: bool, warning: ProblemCode | None) -> Cell:
    """Return the ZIP code of a first part of up to five digits, and its four more."""
    if len(head) == _ZIP_DIGITS:
        return Cell(f"{head}-{tail}" if tail else head, warning)
    if len(head) < _ZIP_DIGITS - 2:
        return Cell(text, ProblemCode.ZIP_INVALID)
    if not pads:
        return Cell(text, ProblemCode.LEADING_ZERO_LOST)
    padded = head.zfill(_ZIP_DIGITS)
    return Cell(f"{padded}-{tail}" if tail else padded, ProblemCode.ZIP_PADDED)


def normalize_state(text: str) -> Cell:
    """Return the two letters of a US state from its name or letters."""
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    letters = _STATES.get(_BETWEEN_LETTERS.sub("", without_wide_digits(cell.text).lower()))
    return Cell(text, ProblemCode.STATE_UNKNOWN) if letters is None else Cell(letters, cell.problem)
