"""Values from a fixed table: yes and no, male and female."""

from __future__ import annotations

from importer.normalize.cell import Cell, without_wide_digits
from importer.normalize.text import tidy
from importer.problems import ProblemCode

_BOOLEANS = dict.fromkeys(["yes", "y", "true", "t", "1", "1.0", "x", "on"], "true") | (
    dict.fromkeys(["no", "n", "false", "f", "0", "0.0", "off"], "false")
)
"""An x is how people tick a box in a spreadsheet; an empty cell is left out, not `false`."""

_SEXES = dict.fromkeys(["male", "m", "man", "boy"], "male") | (
    dict.fromkeys(["female", "f", "woman", "girl"], "female")
)
"""Solv documents no values; anything else is refused, because a guess cannot be seen later."""


def normalize_boolean(text: str) -> Cell:
    """Return `true` or `false`; what is neither is refused, since it decides CONFIRMED."""
    return _looked_up(text, _BOOLEANS, ProblemCode.BOOLEAN_UNKNOWN)


def normalize_birth_sex(text: str) -> Cell:
    """Return `male` or `female`."""
    return _looked_up(text, _SEXES, ProblemCode.BIRTH_SEX_UNKNOWN)


def _looked_up(text: str, table: dict[str, str], refusal: ProblemCode) -> Cell:
    cell = tidy(text)
    if cell.is_error or not cell.text:
        return cell
    word = table.get(without_wide_digits(cell.text).lower())
    return Cell(text, refusal) if word is None else Cell(word, cell.problem)
