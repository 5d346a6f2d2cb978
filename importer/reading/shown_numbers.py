"""The text that people see of a number, held against the number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importer.reading.misleading import MINUS, US_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.number_formats import NumberFormat

_GAPS = "\u00a0\u202f\u2019'"
_PLAIN, _OTHER = (
    re.compile(
        rf"-?(?=[{point}]?[0-9])(?:0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:[{gap}][0-9]{{3}})+)?"
        rf"(?:[{point}][0-9]+)?(?:E[+-]?[0-9]+)?"
    )
    for gap, point in ((f",{_GAPS}", "."), (f".{_GAPS}", ","))
)
"""Numbers with a point, or a comma, and something between the thousands."""
_NO_GAPS = str.maketrans("", "", f".,{_GAPS}")
_NOT_DIGITS, _AROUND = re.compile(r"[^0-9]"), re.compile(r"\A[^0-9.]+|[^0-9]+\Z")
_MOST_DIGITS = 30
_EXPONENT = re.compile(r"-?[0-9][.,]?[0-9]*E[+-]?[0-9]+")


def is_masked_number(shown: str, value: float, shown_as: NumberFormat | None) -> bool:
    """Return whether people see something else than a number, or another one.

    One that is shown as it is may have more digits than there is room for.
    """
    plain = _plain(shown)
    if value < 0 and plain[:1] == "(" and plain[-1:] == ")":
        plain = f"-{plain[1:-1]}"
    readings = set(_readings(plain))
    rounded = {value} if shown_as is not None else {value, *_rounded(plain, value)}
    return not readings & rounded


def is_same_number(shown: str, value: float) -> bool:
    """Return whether people see a number in other characters, and not another one.

    Zeros in front, signs between digits and a sign of money are no other number, and neither
    is one that is shortened to a power of ten.
    """
    plain = _plain(shown)
    if _EXPONENT.fullmatch(plain):
        return not _rounded(plain, value).isdisjoint(_readings(plain))
    digits = _NOT_DIGITS.sub("", plain)
    if not digits or any(letter.isalpha() for letter in plain):
        return False
    if value > 0 and plain.startswith(MINUS):
        return False
    whole = f"{abs(value):.0f}" if value.is_integer() else ""
    if "+" in plain:
        is_us = len(digits) == US_DIGITS and digits.startswith("1")
        return bool(whole) and is_us and digits in (whole, f"1{whole}")
    is_whole = bool(whole) and digits.lstrip("0") == whole.lstrip("0")
    return is_whole or ("%" not in plain and abs(value) in _readings(_AROUND.sub("", plain)))


def _rounded(text: str, value: float) -> set[float]:
    """Return a number rounded to as many digits as a text has, from the first one or behind."""
    mantissa = text.partition("E")[0]
    digits = min(_MOST_DIGITS, len(_NOT_DIGITS.sub("", mantissa).lstrip("0")))
    _, point, behind = mantissa.replace(",", ".").rpartition(".")
    places = min(_MOST_DIGITS, len(behind)) if point else 0
    return {float(f"{value:.{max(0, digits - 1)}e}"), float(f"{value:.{places}f}")}


def _plain(shown: str) -> str:
    return shown.strip().replace("\N{MINUS SIGN}", "-")


def _readings(text: str) -> Iterator[float]:
    """Yield the numbers that a text may be, with a point or with a comma before its decimals."""
    for form, point in ((_PLAIN, "."), (_OTHER, ",")):
        if form.fullmatch(text):
            whole, _, decimals = text.partition(point)
            decimals = f".{decimals}" if decimals else ""
            yield float(whole.translate(_NO_GAPS) + decimals)
