"""Phone numbers to E.164, for the countries that share +1."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from importer.normalize.cell import Cell, without_wide_digits
from importer.normalize.numbers import written_out
from importer.normalize.text import tidy
from importer.problems import ProblemCode

_SEPARATORS = r"[ ().\-\u2010-\u2015\u2212]{0,3}"
_US = re.compile(
    rf"(?:\(?\+? ?1\)?{_SEPARATORS})?\(? ?"
    rf"([2-9][0-9]{{2}}){_SEPARATORS}([2-9][0-9]{{2}}){_SEPARATORS}([0-9]{{4}})"
)
_EXTENSION = re.compile(
    r"(?P<number>.*[0-9)])[ ,;]*(?:extension|ext|x|#)[ .:]*[0-9]{1,7}", re.IGNORECASE
)
_BETWEEN_NUMBERS = re.compile(r"[/,;|&]|\b(?:or|and)\b", re.IGNORECASE)
_FOREIGN = re.compile(r"\+(?! ?1)|00[2-9]|011[ -]?[2-9]")
_NOT_DIGIT = re.compile("[^0-9]")
_SHORTEST_NUMBER = 7
_US_DIGITS = 10


def normalize_phone(text: str) -> Cell:
    """Return a US phone number as E.164, such as `+13125550142`.

    The form decides: area code and exchange begin with 2 to 9. A number whose area code is
    not known to be in use is sent with a warning, because phonenumbers' data lags behind.
    """
    if (match := _US.fullmatch(text)) is not None:
        return _accepted(match, None)
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    plain = written_out(without_wide_digits(cell.text))
    if plain is None:
        return Cell(text, ProblemCode.SCIENTIFIC_PRECISION_LOST)
    if (match := _US.fullmatch(plain)) is not None:
        return _accepted(match, cell.problem)
    if (with_extension := _EXTENSION.fullmatch(plain)) is not None:
        plain = with_extension["number"]
        if (match := _US.fullmatch(plain)) is not None:
            return _accepted(match, ProblemCode.PHONE_EXTENSION)
    return _refused(text, plain)


def _accepted(match: re.Match[str], warning: ProblemCode | None) -> Cell:
    area, exchange, line = match.groups()
    if warning is None and not _is_assigned(area, exchange):
        warning = ProblemCode.PHONE_UNASSIGNED
    return Cell(f"+1{area}{exchange}{line}", warning)


@lru_cache(maxsize=65_536)
def _is_assigned(area: str, exchange: str) -> bool:
    """Return whether the data of phonenumbers knows this area code and exchange.

    The line's four digits decide nothing in North America, so one answer serves 10,000 numbers.
    """
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{area}{exchange}0142"))
    return phonenumbers.is_valid_number(number)


def _refused(text: str, plain: str) -> Cell:
    """Return the most helpful of the reasons for which `text` is not one US number."""
    parts = [_NOT_DIGIT.sub("", part) for part in _BETWEEN_NUMBERS.split(plain)]
    whole = "".join(parts)
    numbers = [part for part in parts if len(part) >= _SHORTEST_NUMBER]
    if len(numbers) > 1 or len(_US.findall(plain)) > 1:
        return Cell(text, ProblemCode.PHONE_TWO_NUMBERS)
    if any(letter.isalpha() for letter in plain):
        return Cell(text, ProblemCode.PHONE_LETTERS)
    if _FOREIGN.match(plain):
        return Cell(text, ProblemCode.PHONE_FOREIGN)
    hint = "the area code is missing" if len(whole) == _SHORTEST_NUMBER else ""
    if len(whole) > _US_DIGITS + 1:
        hint = "more digits than a US number has"
    return Cell(text, ProblemCode.PHONE_NOT_US, hint)
