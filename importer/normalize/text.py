"""Names and free text: trimmed, composed, and free of what cannot be seen."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from importer.error_values import is_error_value
from importer.formulas import FORMULA
from importer.normalize.cell import Cell, with_plain_digits
from importer.odd_characters import CONTROL, NOT_DECODED
from importer.problems import ProblemCode
from importer.sheet_limits import CELL_LIMIT

LONGEST_NAME = 200
"""Solv names no limit; longer than this it is a moved column, not a name or a street."""

LONGEST_TEXT = 1_000
"""Solv names no limit; a reason for a visit is a sentence or two, not a page."""

_SPACES = " \t\r\n\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
_SPACE_RUN = re.compile(f"[{_SPACES}]+")
_EDGE_SPACES = re.compile(f"^[{_SPACES}]+|[{_SPACES}]+$")
_LINE_BREAK = re.compile("[\r\n\u2028\u2029]")
_NOT_DECODED = re.compile(f"[{NOT_DECODED}]")
_CONTROL = re.compile(f"[{CONTROL}]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")

_INVISIBLE = re.compile(
    "[\u115f\u1160\u3164\uffa0\U000e0000-\U000e007f]"  # fillers, tags
    "|[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]"
    # Signs that lay out hieroglyphs, shorthand and scores; of Unicode's format characters only the
    # Arabic, Syriac and Kaithi number signs are left, which are seen.
    "|[\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]"
    # Behind Han, Mongolian or an emoji they choose its form, and in a keycap: 1, U+FE0F, U+20E3.
    "|(?<![\u00a9\u00ae\u1000-\U0010ffff])[\ufe00-\ufe0f\U000e0100-\U000e01ef](?!\u20e3)"
    # Joiners belong between the letters of Persian and Indic names and inside emoji; elsewhere
    # they are leftovers of a copy.
    "|(?<![\u0590-\u1dff\u2600-\u2fff\u3001-\ufefe\U00010000-\U0010ffff])[\u200c\u200d]"
    "|[\u200c\u200d](?![\u0590-\u1dff\u2600-\u2fff\u3001-\ufefe\U00010000-\U0010ffff])"
)

_TEXT_MARK = re.compile(rf"^'+(?=\d|{FORMULA})")
"""The apostrophe by which spreadsheets, and results of ours, mark text; `'Abdul` is a name.

Digits of any script: they are sent as 0 to 9.
"""

_TEXT_FORMULA = re.compile('="([^"]*)"')
"""A formula that is nothing but a text, by which exports keep the zeros of an id: `="00123"`."""

_EMOJI = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")


def normalize_name(text: str) -> Cell:
    """Return a person's name as it is sent: any script, any length from one letter."""
    cell = tidy(text, joins_lines=False)
    if cell.is_error:
        return cell
    if len(cell.text) > LONGEST_NAME:
        return Cell(text, ProblemCode.CELL_TOO_LONG, f"at most {LONGEST_NAME} characters")
    if _is_formula(cell):
        return Cell(text, ProblemCode.TEXT_IS_FORMULA)
    cell = _with_plain_digits(cell)
    if cell.problem is None and not cell.text.isascii() and _EMOJI.search(cell.text):
        return Cell(cell.text, ProblemCode.TEXT_EMOJI)
    return cell


def normalize_text(text: str, *, longest: int = LONGEST_TEXT) -> Cell:
    """Return free text on one line, of at most `longest` characters, its digits 0 to 9."""
    cell = _with_plain_digits(tidy(text))
    if not cell.is_error and len(cell.text) > longest:
        return Cell(text, ProblemCode.CELL_TOO_LONG, f"at most {longest} characters")
    return Cell(text, ProblemCode.TEXT_IS_FORMULA) if _is_formula(cell) else cell


def _is_formula(cell: Cell) -> bool:
    """Return whether a spreadsheet that opens the file as text shows the cell's result instead."""
    return not cell.is_error and cell.text.startswith("=")


def _with_plain_digits(cell: Cell) -> Cell:
    """Return the cell with digits 0 to 9: systems that look an id up know no others."""
    if cell.is_error or cell.text.isascii():
        return cell
    return replace(cell, text=with_plain_digits(cell.text))


def tidy(text: str, *, joins_lines: bool = True) -> Cell:
    """Return `text` trimmed, in NFC, single-spaced, without invisible characters.

    Args:
        text: What the source holds.
        joins_lines: Whether a line break inside becomes a space; otherwise it is refused.
    """
    if _is_plain(text):
        return Cell(text)
    unmarked = _TEXT_MARK.sub("", text)
    if (refused := _refusal(unmarked, joins_lines=joins_lines)) is not None:
        return Cell(text, refused)
    problem = None if unmarked == text else ProblemCode.APOSTROPHE_REMOVED
    written, settled, text = text, "", unmarked
    # Taking one thing away can bring another to the edge, so it goes on until nothing changes.
    while settled != text:
        settled = text
        text, removed = _without_extras(text)
        problem = problem or removed
    if is_error_value(text):  # what could not be seen hid it
        return Cell(written, ProblemCode.CELL_ERROR_VALUE)
    return Cell(text, problem)


def is_empty(text: str) -> bool:
    """Return whether nobody sees anything in a cell, so that it takes the default."""
    return not text.strip() or (not _is_plain(text) and not tidy(text).text)


def _is_plain(text: str) -> bool:
    """Return whether `text` is ASCII with nothing to tidy, as nearly every cell is."""
    return (
        text.isascii()
        and text.isprintable()
        and len(text) <= CELL_LIMIT
        and text[:1] not in {" ", "'", "#", "="}
        and text[-1:] != " "
        and "  " not in text
    )


def _refusal(text: str, *, joins_lines: bool) -> ProblemCode | None:
    """Return why `text` cannot be mended, or None."""
    if len(text) > CELL_LIMIT:
        return ProblemCode.CELL_TOO_LONG
    if is_error_value(text):
        return ProblemCode.CELL_ERROR_VALUE
    return _refused_character(text, joins_lines=joins_lines)


def _refused_character(text: str, *, joins_lines: bool) -> ProblemCode | None:
    if _NOT_DECODED.search(text):
        return ProblemCode.CELL_NOT_DECODABLE
    if _CONTROL.search(text):
        return ProblemCode.CELL_CONTROL_CHARACTER
    if _BIDI.search(text):
        return ProblemCode.TEXT_BIDI
    if not joins_lines and _LINE_BREAK.search(_EDGE_SPACES.sub("", text)):
        return ProblemCode.CELL_CONTROL_CHARACTER
    return None


def _without_extras(text: str) -> tuple[str, ProblemCode | None]:
    """Return `text` one step tidier, and the warning about what was taken away."""
    composed = unicodedata.normalize("NFC", text)
    spaced = _SPACE_RUN.sub(" ", composed).strip(" ")
    visible = _INVISIBLE.sub("", spaced)
    if visible != spaced:
        return visible, ProblemCode.TEXT_INVISIBLE
    if match := _TEXT_FORMULA.fullmatch(visible):
        return match[1], ProblemCode.TEXT_FORMULA_READ
    unmarked = _TEXT_MARK.sub("", visible)
    return unmarked, None if unmarked == visible else ProblemCode.APOSTROPHE_REMOVED
