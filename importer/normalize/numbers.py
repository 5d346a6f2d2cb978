"""Whole numbers, exact or refused."""

from __future__ import annotations

import re

from importer.normalize.cell import Cell, without_wide_digits
from importer.normalize.text import LONGEST_NAME, normalize_text, tidy
from importer.problems import ProblemCode
from importer.sheet_limits import EXACT_LIMIT

_FLOAT = re.compile(r"\+?([0-9]+)\.0*")
_SCIENTIFIC = re.compile(r"\+?([0-9]+)(?:\.([0-9]*))?[eE]\+?([0-9]{1,6})")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_DIGITS = re.compile(r"[0-9]+")
_LONGEST_ID = 40
_ROUNDED = re.compile(r"([0-9]{16,}\.0)|[0-9](?:\.[0-9]+)?[eE]\+[0-9]{2,3}")
"""How a number stands that a spreadsheet keeps, or shows, with fewer digits than were typed."""
_TEXT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def normalize_integer(text: str) -> Cell:
    """Return a positive whole number in plain digits, such as a location id.

    `12.0` and `1,234` (groups of exactly three) are whole numbers, because an id has no
    fraction; `12.5`, `12,5`, zero and negative numbers are refused.
    """
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    digits = written_out(without_wide_digits(cell.text))
    if digits is None:
        return Cell(text, ProblemCode.SCIENTIFIC_PRECISION_LOST)
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    if not _DIGITS.fullmatch(digits):
        return Cell(text, ProblemCode.INTEGER_NOT_EXACT)
    digits = digits.lstrip("0")
    if not digits:
        return Cell(text, ProblemCode.INTEGER_NOT_EXACT, "zero is no id")
    if len(digits) > _LONGEST_ID or int(digits) >= EXACT_LIMIT:
        return Cell(text, ProblemCode.INTEGER_TOO_LARGE)
    return Cell(digits, cell.problem)


def normalize_record_number(text: str) -> Cell:
    """Return a patient's id in another system: any text, but no number that lost its digits.

    An id in which a digit is wrong belongs to somebody else.
    """
    cell = normalize_text(text, longest=LONGEST_NAME)
    if cell.is_error:
        return cell
    if match := _ROUNDED.fullmatch(without_wide_digits(cell.text)):
        lost = ProblemCode.INTEGER_TOO_LARGE if match[1] else ProblemCode.SCIENTIFIC_PRECISION_LOST
        return Cell(text, lost)
    return cell


def normalize_location_id(text: str, *, allows_text: bool = False) -> Cell:
    """Return a location id: a whole number, or, where the settings say so, a short code."""
    cell = normalize_integer(text)
    if not allows_text or cell.problem is not ProblemCode.INTEGER_NOT_EXACT:
        return cell
    code = tidy(text)
    has_letter = any(letter.isalpha() for letter in code.text)
    return code if has_letter and _TEXT_ID.fullmatch(code.text) else cell


def written_out(text: str) -> str | None:
    """Return a number's digits without decimal zeros or exponent, other text unchanged.

    Returns:
        None when scientific notation does not show every digit: `5.55123E+09` could be ten
        thousand phone numbers.
    """
    if match := _FLOAT.fullmatch(text):
        return match[1]
    if (match := _SCIENTIFIC.fullmatch(text)) is None:
        return text
    whole, fraction, exponent = match[1], match[2] or "", int(match[3])
    if len(fraction) < exponent:
        return None
    is_whole = not fraction[exponent:].strip("0")
    return whole + fraction[:exponent] if is_whole else text
